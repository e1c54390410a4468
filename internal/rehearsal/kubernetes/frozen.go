package kubernetes

import (
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// refuseChange returns the API server's error about a change of what it never changes. The genuine provider replaces
// the objects in its own table; for the rest it sends the change, and gets this.
func (k *kind) refuseChange(name string, live, before, after map[string]any) error {
	frozen := k.frozen
	reason := "may not be changed in an update"
	if live["immutable"] == true {
		frozen = append(slices.Clone(frozen), append(k.replaceData, "immutable")...)
		reason = "field is immutable when `immutable` is set"
	}
	var errs field.ErrorList
	for _, path := range frozen {
		if path == "stringData" {
			continue
		}
		old, wanted := valueAt(live, path), valueAt(after, path)
		// What was never spoken of may stay as the API server set it.
		if wanted == nil && valueAt(before, path) == nil {
			continue
		}
		if !reflect.DeepEqual(old, wanted) {
			parts := strings.Split(path, ".")
			errs = append(errs, field.Forbidden(field.NewPath(parts[0], parts[1:]...), reason))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errors.NewInvalid(k.gvk().GroupKind(), name, errs)
}

// valueAt returns the value at a property path without lists, or nil.
func valueAt(m map[string]any, path string) any {
	var v any = m
	for _, key := range strings.Split(path, ".") {
		inner, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = inner[key]
	}
	return v
}
