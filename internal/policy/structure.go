package policy

import (
	_ "embed"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

//go:generate sh -c "go run generate.go > structures.yaml"

//go:embed structures.yaml
var structuresYAML string

// structures are those of the API types that clusters take objects of: which lists are sets or have keys, what is
// replaced as a whole. To read them takes a moment, and few policies need them.
var structures = sync.OnceValues(func() (*typed.Parser, error) { return typed.NewParser(typed.YAMLObject(structuresYAML)) })

// structureOf finds the structure of an object's type; of an object without a Go type of k8s.io/api it is deduced from
// the object, as the API server does for custom resources without a schema.
func structureOf(o runtime.Object) (typed.ParseableType, error) {
	t := reflect.TypeOf(o).Elem()
	path, ok := strings.CutPrefix(t.PkgPath(), "k8s.io/api/")
	if !ok {
		return typed.DeducedParseableType, nil
	}
	parser, err := structures()
	if err != nil {
		return typed.ParseableType{}, fmt.Errorf("read the structures of the API: %w", err)
	}
	found := parser.Type("io.k8s.api." + strings.ReplaceAll(path, "/", ".") + "." + t.Name())
	if !found.IsValid() {
		return typed.ParseableType{}, fmt.Errorf("the structure of %s is not known", t)
	}
	return found, nil
}

// structured takes an object apart.
func structured(t typed.ParseableType, o runtime.Object, options ...typed.ValidationOptions) (*typed.TypedValue, error) {
	if u, ok := o.(*unstructured.Unstructured); ok {
		return t.FromUnstructured(u.Object, options...)
	}
	return t.FromStructured(o, options...)
}
