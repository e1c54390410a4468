package stacks

import (
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
	"github.com/eks-platform/eks-platform/internal/service"
)

// The schema for editors and the reference, of a schema that is not embedded yet.
var (
	FileSchema  = fileSchema
	ReferenceOf = reference
)

// Services is the platform's own registry.
var Services = services

// With returns the program with the services of another registry, and the schema that goes with it.
func With(registry service.Registry, raw []byte) pulumi.RunFunc {
	return form{services: registry, schema: func() (*schema.Schema, error) { return schema.Parse(raw) }}.program
}

// Values are the configuration values of a stack file, read and checked alone.
type Values struct {
	config *Config
	alone  problem.List
}

// Tree returns the configuration's schema.
func Tree() (map[string]any, error) {
	var out map[string]any
	return out, json.Unmarshal(configSchema, &out)
}

// Parse reads the text of a stack file, and fills in what it leaves to defaults.
func Parse(name string, raw []byte) (map[string]any, problem.List, error) {
	_, values, problems := parse(name, raw)
	s, err := shipped.schema()
	if err != nil {
		return nil, nil, err
	}
	whole, _ := s.Fill(values).(map[string]any)
	return whole, problems, nil
}

// CheckAlone checks the values of one stack file.
func CheckAlone(values map[string]any) (Values, error) {
	c, problems, err := shipped.decode(values, nil)
	return Values{c, problems}, err
}

// CheckTogether returns the problems of stack files, each alone and against each other.
func CheckTogether(all map[string]Values) problem.List {
	e := &Estate{configs: map[string]*Config{}, files: map[string]*file{}}
	alone := map[string]problem.List{}
	for name, v := range all {
		e.configs[name], e.files[name], alone[name] = v.config, &file{name: name}, v.alone
	}
	return e.check(alone, nil)
}
