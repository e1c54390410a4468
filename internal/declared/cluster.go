package declared

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Stack is one environment's part of a cluster.
type Stack struct {
	// Name is the stack's name; Environment is the environment's name in its file.
	Name, Environment string
	// Registrations are what the program registers for it.
	Registrations Registrations
}

// Cluster runs a program for the stack that owns a cluster and for those that join it, with the stack files of a
// directory, and returns what each registers: the owner first, then the others in the given order. Those who join read
// the owner's outputs.
func Cluster(program pulumi.RunFunc, dir, owner string, joined []string) ([]Stack, error) {
	first, outputs, err := stack(program, dir, owner, nil)
	if err != nil {
		return nil, err
	}
	published := map[string]map[string]any{fmt.Sprintf("%s/%s/%s", Organization, Project, owner): outputs}
	out := []Stack{first}
	for _, name := range joined {
		s, _, err := stack(program, dir, name, published)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func stack(program pulumi.RunFunc, dir, name string, published map[string]map[string]any) (Stack, map[string]any, error) {
	config, err := Config(filepath.Join(dir, "Pulumi."+name+".yaml"))
	if err != nil {
		return Stack{}, nil, err
	}
	result, err := Run(program, Options{Stack: name, Config: config, StackOutputs: published})
	if err != nil {
		return Stack{}, nil, fmt.Errorf("run the program for %s: %w", name, err)
	}
	if twice := result.Registrations.Twice(); len(twice) > 0 {
		return Stack{}, nil, errors.New(twice[0] + " is registered twice, which an engine refuses")
	}
	environment := config[Qualified("environment")]
	if environment == "" {
		environment = name
	}
	return Stack{Name: name, Environment: environment, Registrations: result.Registrations}, result.Outputs, nil
}
