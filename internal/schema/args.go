package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// Complete fills the defaults of the struct tags into settings that were written in Go, and returns what is wrong with them
// by the tags. An absent value is nil, an empty string, or a zero with omitempty; where zero is meaningful, the field is a
// pointer.
func Complete[S any](settings *S) problem.List {
	var problems problem.List
	s, err := Of(reflect.TypeFor[S]())
	if err == nil {
		value, _ := plain(reflect.ValueOf(*settings)).(map[string]any)
		whole := new(S)
		if problems, err = s.Decode(value, whole); err == nil {
			*settings = *whole
		}
	}
	if err != nil {
		problems.Add("", "cannot be checked: %v", err)
	}
	return problems
}

// Args completes the Settings of a component's arguments. It returns a copy of the arguments with their defaults, and
// everything that is wrong: with the settings by their tags, and what relations finds.
func Args[A, S any](args *A, settings func(*A) *S, relations func(*A) problem.List) (*A, problem.List) {
	whole := *args
	problems := Complete(settings(&whole))
	return &whole, append(problems, relations(&whole)...).Settled()
}

// Prepare is for a component's constructor: it fills the defaults into the Settings of its arguments, and returns
// everything that is wrong with them as an error. It also rejects missing fields of Args with the tag args:"required", and
// values that do not match a tag such as format:"aws-region". These are not problems of a stack file.
func Prepare[A, S any](args *A, settings func(*A) *S, relations func(*A) problem.List) error {
	whole, problems := Args(args, settings, relations)
	if err := errors.Join(problems.Err(), missing(reflect.ValueOf(whole).Elem())); err != nil {
		return err
	}
	*args = *whole
	return nil
}

// missing returns an error that names the required fields of a struct that are empty, and those with a wrong format.
func missing(v reflect.Value) error {
	var errs []error
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Tag.Get("args") == "required" && v.Field(i).IsZero() {
			errs = append(errs, fmt.Errorf("field %s of Args is required", f.Name))
		} else if name := f.Tag.Get("format"); name != "" && v.Field(i).String() != "" {
			if wrong := formats[name].Problem(v.Field(i).String()); wrong != "" {
				errs = append(errs, fmt.Errorf("field %s of Args %s", f.Name, wrong))
			}
		}
	}
	return errors.Join(errs...)
}

func required(f reflect.StructField) bool {
	return slices.Contains(strings.Split(f.Tag.Get("jsonschema"), ","), "required")
}

// plain turns a Go value into what encoding/json would decode into any from an equivalent stack file.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || name == "-" {
				continue
			}
			value := plain(v.Field(i))
			nested, object := value.(map[string]any)
			switch {
			case value == nil, value == "":
			case object && len(nested) == 0 && f.Type.Kind() == reflect.Struct && !required(f):
			case !object && v.Field(i).IsZero() && strings.Contains(options, "omitempty"):
			default:
				out[name] = value
			}
		}
		return out
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		out := make([]any, v.Len())
		for i := range out {
			out[i] = plain(v.Index(i))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return nil
		}
		out := make(map[string]any, v.Len())
		for _, k := range v.MapKeys() {
			out[k.String()] = plain(v.MapIndex(k))
		}
		return out
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return json.Number(strconv.FormatInt(v.Int(), 10))
	case reflect.Float32, reflect.Float64:
		return v.Float()
	default:
		return fmt.Sprint(v)
	}
}
