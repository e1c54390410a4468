package kubernetes

import (
	"reflect"
	"slices"
	"strings"
)

// fieldsSet returns the JSON names, in order, of the fields of an API struct that are set. It answers for unions, of
// which the API server wants one member.
func fieldsSet(union any) []string {
	v := reflect.ValueOf(union)
	var out []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.IsExported() && !v.Field(i).IsZero() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
