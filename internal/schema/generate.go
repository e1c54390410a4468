package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/invopop/jsonschema"
)

// Generate writes the JSON Schema of a Go value's type. Descriptions are the fields' doc comments, read from the
// Go sources of the given packages (directories relative to the module's root, which must be the working
// directory): it is for tests and generators, not for the running program.
func Generate(value any, module string, packages ...string) ([]byte, error) {
	r := &jsonschema.Reflector{
		DoNotReference:             true,
		ExpandedStruct:             true,
		Anonymous:                  true,
		RequiredFromJSONSchemaTags: true,
	}
	for _, dir := range packages {
		if err := r.AddGoComments(module, dir); err != nil {
			return nil, fmt.Errorf("read comments of %s: %w", dir, err)
		}
	}
	s := r.Reflect(value)
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode JSON schema: %w", err)
	}
	var tree map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read JSON schema back: %w", err)
	}
	delete(tree, "$schema")
	tidy(tree)
	return json.MarshalIndent(tree, "", "  ")
}

// tidy joins the lines of descriptions, and turns the marks that struct tags can only write as text into booleans.
func tidy(node any) {
	switch v := node.(type) {
	case map[string]any:
		if text, ok := v["description"].(string); ok {
			v["description"] = strings.Join(strings.Fields(text), " ")
		}
		if v[OptionalKey] == "true" {
			v[OptionalKey] = true
		}
		for _, x := range v {
			tidy(x)
		}
	case []any:
		for _, x := range v {
			tidy(x)
		}
	}
}
