package stacks

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/spelling"
)

// read returns the stack's configuration as the engine passes it to the program, or everything that is wrong with it.
func (f form) read(ctx *pulumi.Context) (*Config, error) {
	values := map[string]any{}
	var problems problem.List
	for _, key := range f.keys() {
		text, ok := ctx.GetConfig(ctx.Project() + ":" + key)
		if !ok {
			continue
		}
		if ctx.IsConfigSecret(ctx.Project() + ":" + key) {
			problems.Add(key, "is encrypted, but no setting of the platform is secret: write it in plaintext")
			continue
		}
		// Pulumi passes objects and lists as JSON, everything else as its text.
		var v any = text
		if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
			dec := json.NewDecoder(strings.NewReader(text))
			dec.UseNumber()
			if err := dec.Decode(&v); err != nil {
				problems.Add(key, "is not valid JSON: %v", err)
				continue
			}
		}
		values[key] = v
	}
	problems = append(problems, f.undeclared(ctx.Project(), os.Getenv(pulumi.EnvConfig))...)
	cfg, problems, err := f.decode(values, problems)
	if err != nil {
		return nil, err
	}
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("stack file Pulumi.%s.yaml is invalid:\n%w", ctx.Stack(), err)
	}
	return cfg, nil
}

// keys lists the configuration keys that are not a service's: Config's members.
func keys() []string {
	t := reflect.TypeFor[Config]()
	out := make([]string, 0, t.NumField())
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// undeclared finds keys of the project that the program does not know. The SDK cannot list keys; the CLI passes them to a
// program in its own process in an environment variable. The Automation API does not, and checks files instead.
func (f form) undeclared(project, env string) problem.List {
	var problems problem.List
	var all map[string]string
	if json.Unmarshal([]byte(env), &all) != nil {
		return nil
	}
	valid := map[string]bool{}
	for _, k := range f.keys() {
		valid[k] = true
	}
	for full := range all {
		namespace, key, _ := strings.Cut(full, ":")
		if namespace != project || valid[key] {
			continue
		}
		near, hint := spelling.Nearest(key, f.keys()), ""
		if near != "" {
			hint = "; did you mean " + near + "?"
		}
		problems.Unknown(key, near, "unknown key%s", hint)
	}
	return problems
}
