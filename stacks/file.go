package stacks

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
	"github.com/eks-platform/eks-platform/internal/service"
)

//go:embed config.schema.json
var configSchema []byte

// form is the format of stack files.
type form struct {
	services service.Registry
	// schema is the schema of the configuration, with the services' keys.
	schema func() (*schema.Schema, error)
}

// shipped is the format of the platform's own stack files.
var shipped = form{
	services: services,
	schema:   sync.OnceValues(func() (*schema.Schema, error) { return schema.Parse(configSchema) }),
}

// filled decodes a configuration, and the services' keys of a form.
type filled struct {
	*Config
	services service.Registry
}

// UnmarshalJSON decodes both from one object.
func (f filled) UnmarshalJSON(raw []byte) error {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		return err
	}
	err := json.Unmarshal(raw, f.Config)
	set, wrong := f.services.Read(values)
	f.Config.services = set
	if err == nil {
		err = wrong
	}
	return err
}

// keys lists the configuration keys.
func (f form) keys() []string { return append(keys(), f.services.Keys()...) }

// decode turns the values of a stack's configuration keys into a Config. The problems are complete, without duplicates: of
// the schema, those found before, and of the values' meaning.
func (f form) decode(values map[string]any, before problem.List) (*Config, problem.List, error) {
	s, err := f.schema()
	if err != nil {
		return nil, nil, err
	}
	c := &Config{}
	problems, err := s.Decode(values, &filled{c, f.services})
	if err != nil {
		return nil, nil, err
	}
	problems = append(before, problems...)
	return c, append(problems, c.problems()...).Settled(), nil
}

// fileName matches a stack file and captures the stack's name. With a Pulumi.yaml, Pulumi reads no other extension.
var fileName = regexp.MustCompile(`^Pulumi\.([A-Za-z0-9_.-]+)\.yaml$`)

// LoadFile reads and checks one stack file. Problems are a *problem.Error with file and line.
func LoadFile(path string) (*Config, error) {
	c, f, problems, err := load(path)
	if err != nil {
		return nil, err
	}
	if err := problems.In(f.name, f.line).Err(); err != nil {
		return nil, err
	}
	return c, nil
}

func load(path string) (*Config, *file, problem.List, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, nil, fmt.Errorf("there is no stack file %s", path)
		}
		return nil, nil, nil, fmt.Errorf("read stack file: %w", err)
	}
	f, values, problems := parse(filepath.Base(path), raw)
	if f.config == nil {
		return nil, f, problems, nil
	}
	c, problems, err := shipped.decode(values, problems)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return c, f, problems, nil
}

// Estate is every environment of a project directory.
type Estate struct {
	// Dir is the project's directory.
	Dir     string
	configs map[string]*Config
	files   map[string]*file
}

// LoadEstate reads every stack file of a project directory and checks them against each other: who joins whom, names that
// collide, ranges that overlap, addresses that environments need together. Problems are a *problem.Error for all files.
func LoadEstate(dir string) (*Estate, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read project directory: %w", err)
	}
	e := &Estate{Dir: dir, configs: map[string]*Config{}, files: map[string]*file{}}
	var problems problem.List
	alone, broken := map[string]problem.List{}, map[string]bool{}
	for _, entry := range entries {
		m := fileName.FindStringSubmatch(entry.Name())
		if m == nil || entry.IsDir() || strings.HasSuffix(m[1], ".deploy") { // Pulumi Cloud's deployment settings
			continue
		}
		c, f, list, err := load(filepath.Join(dir, entry.Name()))
		switch {
		case err != nil:
			return nil, err
		case c == nil: // it cannot be checked against the others
			problems = append(problems, list.In(f.name, f.line)...)
			broken[m[1]] = true
			continue
		}
		e.configs[m[1]], e.files[m[1]], alone[m[1]] = c, f, list
	}
	if len(e.configs) == 0 && len(problems) == 0 {
		return nil, fmt.Errorf("there is no stack file (Pulumi.<environment>.yaml) in %s", dir)
	}
	return e, append(problems, e.check(alone, broken)...).Err()
}

// check returns the problems of all files: of each on its own, and between them. broken are stacks whose file cannot be
// read.
func (e *Estate) check(alone map[string]problem.List, broken map[string]bool) problem.List {
	var problems problem.List
	together := e.problems(broken)
	for _, name := range e.Names() {
		var others []problem.List // of the files that the rules of this one read
		for _, member := range e.Names() {
			if e.Owner(member) == name || e.Owner(name) == member {
				others = append(others, alone[member])
			}
		}
		list := append(slices.Clone(alone[name]), together[name].After(alone[name], others...)...)
		problems = append(problems, list.In(e.files[name].name, e.files[name].line)...)
	}
	return problems
}

// Names returns the stacks' names in alphabetical order.
func (e *Estate) Names() []string {
	names := make([]string, 0, len(e.configs))
	for name := range e.configs {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Config returns the configuration of a stack, or nil if the directory has no file for it.
func (e *Estate) Config(stack string) *Config { return e.configs[stack] }

// RequiresApproval reports whether deploys of a stack need a reference to an approval (delivery.requireApproval).
func (e *Estate) RequiresApproval(stack string) bool {
	return e.configs[stack].Delivery.RequireApproval
}

// Owner returns the stack whose cluster a stack joins, or "" if it owns one.
func (e *Estate) Owner(stack string) string {
	if c := e.configs[stack]; c != nil && c.Join != nil {
		return c.Join.Stack
	}
	return ""
}

// Joined returns the stacks that join the cluster of a stack, in alphabetical order.
func (e *Estate) Joined(owner string) []string {
	var out []string
	for _, name := range e.Names() {
		if e.Owner(name) == owner {
			out = append(out, name)
		}
	}
	return out
}
