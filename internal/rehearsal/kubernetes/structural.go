package kubernetes

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// structural checks a value against a structural schema of a CustomResourceDefinition: types, required and unknown
// properties, enumerations, patterns and bounds. The root has metadata of a type of its own.
func structural(schema map[string]any, value any, at *field.Path, root bool) field.ErrorList {
	var errs field.ErrorList
	if value == nil {
		return nil
	}
	if schema["x-kubernetes-int-or-string"] == true {
		switch value.(type) {
		case string, float64:
			return nil
		}
		return field.ErrorList{field.Invalid(at, value, "must be an integer or a string")}
	}
	if want := text(schema, "type"); want != "" && !hasType(value, want) {
		return field.ErrorList{field.Invalid(at, value, "must be of type "+want)}
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.ContainsFunc(enum, func(e any) bool { return reflect.DeepEqual(e, value) }) {
		errs = append(errs, field.Invalid(at, value, fmt.Sprintf("must be one of %v", enum)))
	}
	switch v := value.(type) {
	case string:
		if pattern := text(schema, "pattern"); pattern != "" {
			if re, err := regexp.Compile(pattern); err == nil && !re.MatchString(v) {
				errs = append(errs, field.Invalid(at, v, "must match "+pattern))
			}
		}
		errs = append(errs, within(schema, "minLength", "maxLength", float64(len([]rune(v))), at)...)
	case float64:
		errs = append(errs, within(schema, "minimum", "maximum", v, at)...)
	case []any:
		errs = append(errs, within(schema, "minItems", "maxItems", float64(len(v)), at)...)
		if items, ok := schema["items"].(map[string]any); ok {
			for i, e := range v {
				errs = append(errs, structural(items, e, at.Index(i), false)...)
			}
		}
	case map[string]any:
		errs = append(errs, structuralObject(schema, v, at, root)...)
	}
	return errs
}

func structuralObject(schema, v map[string]any, at *field.Path, root bool) field.ErrorList {
	var errs field.ErrorList
	properties, _ := schema["properties"].(map[string]any)
	additional, isMap := schema["additionalProperties"].(map[string]any)
	open := schema["x-kubernetes-preserve-unknown-fields"] == true || schema["additionalProperties"] == true
	required, _ := schema["required"].([]any)
	for _, name := range required {
		name, _ := name.(string)
		if _, has := v[name]; !has {
			errs = append(errs, field.Required(at.Child(name), ""))
		}
	}
	for name, e := range v {
		if root && (name == "apiVersion" || name == "kind" || name == "metadata") {
			continue
		}
		if property, ok := properties[name].(map[string]any); ok {
			errs = append(errs, structural(property, e, at.Child(name), false)...)
		} else if isMap {
			errs = append(errs, structural(additional, e, at.Key(name), false)...)
		} else if !open {
			errs = append(errs, field.Invalid(at.Child(name), e, "unknown field"))
		}
	}
	return errs
}

func within(schema map[string]any, low, high string, n float64, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if bound, ok := schema[low].(float64); ok && n < bound {
		errs = append(errs, field.Invalid(at, n, fmt.Sprintf("%s is %v", low, bound)))
	}
	if bound, ok := schema[high].(float64); ok && n > bound {
		errs = append(errs, field.Invalid(at, n, fmt.Sprintf("%s is %v", high, bound)))
	}
	return errs
}

func hasType(value any, want string) bool {
	switch v := value.(type) {
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "number" || want == "integer" && v == float64(int64(v))
	case []any:
		return want == "array"
	case map[string]any:
		return want == "object"
	}
	return false
}
