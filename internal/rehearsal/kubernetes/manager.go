package kubernetes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// forceAnnotation is what an object carries to take fields over from other managers.
const forceAnnotation = "pulumi.com/patchForce"

// managers are the field managers of an object, each with the paths of what it last applied. They lie in the store
// under metadata.managedFields, one line for each path, which is simpler than the API server's own form and says the
// same.
type managers map[string][]string

// managersOf reads the managers of a live object.
func managersOf(live map[string]any) managers {
	meta, _ := live["metadata"].(map[string]any)
	list, _ := meta["managedFields"].([]any)
	out := managers{}
	for _, e := range list {
		if e, ok := e.(map[string]any); ok {
			out[text(e, "manager")] = strings.Split(text(e, "fields"), "\n")
		}
	}
	return out
}

// write puts the managers into a live object.
func (m managers) write(live map[string]any) {
	var list []any
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, map[string]any{
			"manager": name, "operation": string(metav1.ManagedFieldsOperationApply), "fields": strings.Join(m[name], "\n"),
		})
	}
	child(live, "metadata")["managedFields"] = list
}

// claim checks that one manager may apply a manifest to a live object, and makes it the manager of what it applies.
// A field that another manager applied with another value is a conflict, unless it is forced; a change that nobody
// signed is none.
func (m managers) claim(name string, live, manifest map[string]any, force bool) error {
	wanted := leaves(manifest)
	var conflicts []metav1.StatusCause
	for _, other := range slices.Sorted(maps.Keys(m)) {
		if other == name {
			continue
		}
		var kept []string
		for _, path := range m[other] {
			value, claimed := wanted[path]
			if claimed && !reflect.DeepEqual(value, leafAt(live, path)) {
				if !force {
					conflicts = append(conflicts, metav1.StatusCause{
						Type: metav1.CauseTypeFieldManagerConflict, Message: fmt.Sprintf("conflict with %q", other), Field: "." + strings.ReplaceAll(path, pathSeparator, "."),
					})
				}
				continue
			}
			kept = append(kept, path)
		}
		if force {
			m[other] = kept
		}
	}
	if len(conflicts) > 0 {
		messages := make([]string, len(conflicts))
		for i, c := range conflicts {
			messages[i] = c.Message + ": " + c.Field
		}
		noun := "conflict"
		if len(conflicts) > 1 {
			noun = "conflicts"
		}
		return fmt.Errorf("Server-Side Apply field conflict detected: the resource managed by field manager %q had an apply conflict: %w",
			name, errors.NewApplyConflict(conflicts, fmt.Sprintf("Apply failed with %d %s: %s", len(conflicts), noun, strings.Join(messages, ", "))))
	}
	m[name] = slices.Sorted(maps.Keys(wanted))
	return nil
}

// pathSeparator stands between the parts of a leaf's path; keys may contain dots.
const pathSeparator = "\x1f"

// leaves returns the values of a manifest that are no objects, by path. Lists are taken whole.
func leaves(manifest map[string]any) map[string]any {
	out := map[string]any{}
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		for key, value := range m {
			if inner, ok := value.(map[string]any); ok {
				walk(prefix+key+pathSeparator, inner)
			} else {
				out[prefix+key] = value
			}
		}
	}
	for key, value := range manifest {
		switch key {
		case "apiVersion", "kind":
		case "metadata":
			meta, _ := value.(map[string]any)
			for _, part := range []string{"labels", "annotations"} {
				if inner, ok := meta[part].(map[string]any); ok {
					walk("metadata"+pathSeparator+part+pathSeparator, inner)
				}
			}
		default:
			walk("", map[string]any{key: value})
		}
	}
	return out
}

// leafAt returns the value at a leaf's path.
func leafAt(live map[string]any, path string) any {
	var v any = live
	for _, key := range strings.Split(path, pathSeparator) {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}
