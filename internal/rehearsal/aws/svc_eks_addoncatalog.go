package aws

import (
	"bytes"
	"errors"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/eks-platform/eks-platform/internal/facts"
)

// compiledSchemas are the schemas of configuration values that have been asked for, by add-on.
var compiledSchemas sync.Map

// configurationSchema returns the schema of an add-on's configuration values. An add-on without one takes any object.
func configurationSchema(name string) (*jsonschema.Schema, error) {
	if s, ok := compiledSchemas.Load(name); ok {
		return s.(*jsonschema.Schema), nil
	}
	text := facts.AddonSchema(name)
	if text == nil {
		return nil, nil
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name+".json", document); err != nil {
		return nil, err
	}
	schema, err := compiler.Compile(name + ".json")
	if err != nil {
		return nil, err
	}
	compiledSchemas.Store(name, schema)
	return schema, nil
}

// checkConfiguration checks an add-on's configuration values, which are JSON or YAML.
func checkConfiguration(name, text string) error {
	if text == "" {
		return nil
	}
	unsupported := func(why string) error {
		return refuse("InvalidParameterException", "ConfigurationValue provided in request is not supported: %s (add-on %s)", why, name)
	}
	var values any
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		return unsupported("it is neither JSON nor YAML: " + err.Error())
	}
	if _, ok := values.(map[string]any); !ok {
		return unsupported("it is not an object")
	}
	schema, err := configurationSchema(name)
	if err != nil || schema == nil {
		return err
	}
	err = schema.Validate(values)
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		return unsupported("Json schema validation failed with error: [" + strings.Join(leaves(invalid), "; ") + "]")
	}
	return err
}

// leaves lists the innermost findings, which name a path each.
func leaves(e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		at := "$"
		if len(e.InstanceLocation) > 0 {
			at += "." + strings.Join(e.InstanceLocation, ".")
		}
		text := e.Error()
		return []string{at + ": " + strings.TrimSpace(text[strings.LastIndex(text, "': ")+len("': "):])}
	}
	var out []string
	for _, cause := range e.Causes {
		out = append(out, leaves(cause)...)
	}
	return out
}
