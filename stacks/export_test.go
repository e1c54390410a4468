package stacks

import (
	"encoding/json"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// The schema for editors and the reference, of a schema that is not embedded yet.
var (
	FileSchema  = fileSchema
	ReferenceOf = reference
)

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
	s, err := compiled()
	if err != nil {
		return nil, nil, err
	}
	whole, _ := s.Fill(values).(map[string]any)
	return whole, problems, nil
}

// CheckAlone checks the values of one stack file.
func CheckAlone(values map[string]any) (Values, error) {
	c, problems, err := decode(values, nil)
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
