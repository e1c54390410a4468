package logging

import (
	"reflect"

	"github.com/eks-platform/eks-platform/internal/schema"
)

// Plugin is a plugin's options as typed values, by the names that the configuration gives them.
type Plugin = map[string]any

// Typed is the configuration of Fluent Bit before it became text.
type Typed struct {
	Service                           Plugin
	Parsers, Inputs, Filters, Outputs []Plugin
	Text                              string
}

// Configuration returns the configuration that args lead to.
func Configuration(a *Args) (Typed, error) {
	whole, _ := schema.Args(a, (*Args).settings, (*Args).relations)
	b := &builder{args: whole, settings: whole.Settings}
	c := b.configuration()
	text, err := c.text()
	out := Typed{Service: options(c.Service), Text: text}
	for _, p := range c.Parsers {
		out.Parsers = append(out.Parsers, options(p))
	}
	for _, p := range c.Pipeline.Inputs {
		out.Inputs = append(out.Inputs, options(p))
	}
	for _, p := range c.Pipeline.Filters {
		out.Filters = append(out.Filters, options(p))
	}
	for _, p := range c.Pipeline.Outputs {
		out.Outputs = append(out.Outputs, options(p))
	}
	return out, err
}

// options reads a plugin's fields by their tags, without the library that writes them.
func options(plugin any) Plugin {
	out := Plugin{}
	v := reflect.ValueOf(plugin)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		optional := false
		for j := range len(name) {
			if name[j] == ',' {
				name, optional = name[:j], name[j+1:] == "omitempty"
				break
			}
		}
		field := v.Field(i)
		if optional && field.IsZero() {
			continue
		}
		switch field.Kind() {
		case reflect.String:
			out[name] = field.String()
		case reflect.Slice:
			list := []any{}
			for j := range field.Len() {
				list = append(list, field.Index(j).Interface())
			}
			out[name] = list
		default:
			out[name] = field.Interface()
		}
	}
	return out
}
