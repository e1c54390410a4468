package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/invopop/jsonschema"

	"github.com/eks-platform/eks-platform/internal/format"
)

// Generate writes the JSON Schema of a Go value's type. Descriptions are the fields' doc comments, read from the
// Go sources of the given packages (directories relative to the module's root, which must be the working
// directory): it is for tests and generators, not for the running program, which has no sources.
func Generate(value any, module string, packages ...string) ([]byte, error) {
	r := reflector()
	for _, dir := range packages {
		if err := r.AddGoComments(module, dir); err != nil {
			return nil, fmt.Errorf("read comments of %s: %w", dir, err)
		}
	}
	tree, err := treeOf(r, reflect.TypeOf(value))
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(tree, "", "  ")
}

// ofTypes holds the schemas of types by reflect.Type, each made once.
var ofTypes sync.Map

// Of returns the JSON Schema of a Go type as its struct tags have it, without descriptions.
func Of(t reflect.Type) (*Schema, error) {
	once, _ := ofTypes.LoadOrStore(t, sync.OnceValues(func() (*Schema, error) {
		tree, err := treeOf(reflector(), t)
		if err != nil {
			return nil, err
		}
		return compile(tree)
	}))
	make, ok := once.(func() (*Schema, error))
	if !ok {
		return nil, fmt.Errorf("no schema of %s", t)
	}
	return make()
}

func reflector() *jsonschema.Reflector {
	return &jsonschema.Reflector{
		DoNotReference:             true,
		ExpandedStruct:             true,
		Anonymous:                  true,
		RequiredFromJSONSchemaTags: true,
	}
}

func treeOf(r *jsonschema.Reflector, t reflect.Type) (map[string]any, error) {
	raw, err := json.Marshal(r.ReflectFromType(t))
	if err != nil {
		return nil, fmt.Errorf("encode JSON schema: %w", err)
	}
	tree, err := decodeTree(raw)
	if err != nil {
		return nil, err
	}
	delete(tree, "$schema")
	complete(tree, t)
	return tree, nil
}

func decodeTree(raw []byte) (map[string]any, error) {
	var tree map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read JSON schema: %w", err)
	}
	if tree == nil {
		return nil, errors.New("read JSON schema: not an object")
	}
	return tree, nil
}

// complete adds to a schema what the struct tags leave to the types: pointers to structs are optional, and formats have
// patterns, which editors understand. It also joins the lines of descriptions.
func complete(node map[string]any, t reflect.Type) {
	if text, ok := node["description"].(string); ok {
		node["description"] = strings.Join(strings.Fields(text), " ")
	}
	if name, ok := node["format"].(string); ok && node["pattern"] == nil {
		if f, known := formats[name]; known && f.Pattern != "" {
			node["pattern"] = f.Pattern
		}
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		props, _ := node["properties"].(map[string]any)
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			p, ok := props[name].(map[string]any)
			if !ok {
				continue
			}
			if f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct {
				p[OptionalKey] = true
			}
			complete(p, f.Type)
		}
	case reflect.Slice, reflect.Map:
		for _, key := range []string{"items", "additionalProperties"} {
			if p, ok := node[key].(map[string]any); ok {
				complete(p, t.Elem())
			}
		}
	}
}

// formats holds the platform's formats by name.
var formats = func() map[string]format.Format {
	out := map[string]format.Format{}
	for _, f := range format.All {
		out[f.Name] = f
	}
	return out
}()
