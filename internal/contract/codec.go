package contract

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Encode returns a struct as a stack output: its members by their json names, with the outputs among them resolved.
// Outputs that are unset, nil pointers and members without a json name are left out.
func Encode(v any) pulumi.Map {
	out, _ := encode(reflect.ValueOf(v)).(pulumi.Map)
	return out
}

func encode(v reflect.Value) pulumi.Input {
	switch x := v.Interface().(type) {
	case pulumi.Output:
		if v.IsZero() {
			return nil
		}
		return x
	case string:
		return pulumi.String(x)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return encode(v.Elem())
	case reflect.Struct:
		out := pulumi.Map{}
		for _, m := range members(v.Type()) {
			if input := encode(v.FieldByIndex(m.Index)); input != nil {
				out[m.key] = input
			}
		}
		return out
	case reflect.Map:
		out := pulumi.Map{}
		for _, key := range v.MapKeys() {
			if input := encode(v.MapIndex(key)); input != nil {
				out[key.String()] = input
			}
		}
		return out
	case reflect.Slice:
		out := pulumi.Array{}
		for i := range v.Len() {
			out = append(out, encode(v.Index(i)))
		}
		return out
	case reflect.Bool:
		return pulumi.Bool(v.Bool())
	case reflect.Int:
		return pulumi.Int(v.Int())
	case reflect.String:
		return pulumi.String(v.String())
	default:
		panic(fmt.Sprintf("contract: a member of type %s cannot be published", v.Type())) // a test publishes every member
	}
}

// Decode decodes what Encode has written into a struct. It returns the paths of required members that are missing, and an
// error if a value does not match the struct.
func Decode(raw []byte, into any) (missing []string, err error) {
	err = decode(raw, reflect.ValueOf(into).Elem(), "", &missing)
	return missing, err
}

func decode(raw []byte, v reflect.Value, at string, missing *[]string) error {
	switch v.Interface().(type) {
	case pulumi.StringOutput:
		return decodeOutput(raw, v, func(s string) pulumi.Output { return pulumi.String(s).ToStringOutput() })
	case pulumi.StringArrayOutput:
		return decodeOutput(raw, v, func(s []string) pulumi.Output { return pulumi.ToStringArray(s).ToStringArrayOutput() })
	}
	switch v.Kind() {
	case reflect.Struct:
		var given map[string]json.RawMessage
		if err := json.Unmarshal(raw, &given); err != nil {
			return err
		}
		for _, m := range members(v.Type()) {
			path := strings.TrimPrefix(at+"."+m.key, ".")
			value, ok := given[m.key]
			if ok = ok && !empty(value); !ok && m.required {
				*missing = append(*missing, path)
			}
			if !ok {
				if value = m.zero(); value == nil {
					continue
				}
			}
			if err := decode(value, v.FieldByIndex(m.Index), path, missing); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		var given map[string]json.RawMessage
		if err := json.Unmarshal(raw, &given); err != nil {
			return err
		}
		v.Set(reflect.MakeMap(v.Type()))
		for key, value := range given {
			element := reflect.New(v.Type().Elem()).Elem()
			if err := decode(value, element, at+"."+key, missing); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(key), element)
		}
		return nil
	default:
		return json.Unmarshal(raw, v.Addr().Interface())
	}
}

func decodeOutput[T any](raw []byte, v reflect.Value, output func(T) pulumi.Output) error {
	var plain T
	if err := json.Unmarshal(raw, &plain); err != nil {
		return err
	}
	v.Set(reflect.ValueOf(output(plain)))
	return nil
}

// empty reports whether a JSON value is empty.
func empty(raw json.RawMessage) bool {
	switch string(raw) {
	case "null", `""`, "{}", "[]":
		return true
	}
	return false
}

// member is a field that is published.
type member struct {
	reflect.StructField
	key      string
	required bool
}

// zero returns what a member without a value is decoded from: an output is then known and empty, and the members of a
// struct are missing one by one. Nil leaves everything else as it is.
func (m member) zero() json.RawMessage {
	switch reflect.Zero(m.Type).Interface().(type) {
	case pulumi.StringOutput:
		return json.RawMessage(`""`)
	case pulumi.StringArrayOutput:
		return json.RawMessage("[]")
	}
	if m.Type.Kind() == reflect.Struct {
		return json.RawMessage("{}")
	}
	return nil
}

func members(t reflect.Type) []member {
	var out []member
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "" || key == "-" {
			continue
		}
		out = append(out, member{StructField: f, key: key, required: f.Tag.Get("contract") == "required"})
	}
	return out
}
