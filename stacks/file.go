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
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
	"github.com/eks-platform/eks-platform/internal/spelling"
)

//go:embed config.schema.json
var configSchema []byte

// compiled parses the schema once.
var compiled = sync.OnceValues(func() (*schema.Schema, error) { return schema.Parse(configSchema) })

// decode turns the values of a stack's configuration keys into a Config. The problems are complete: those of the
// schema, and those of the values' meaning wherever the schema has not complained already.
func decode(values map[string]any) (*Config, problem.List, error) {
	s, err := compiled()
	if err != nil {
		return nil, nil, err
	}
	c := &Config{}
	problems, err := s.Decode(values, c)
	if err != nil {
		return nil, nil, fmt.Errorf("decode configuration: %w", err)
	}
	for _, p := range c.Problems() {
		if !covered(problems, p.Path) {
			problems = append(problems, p)
		}
	}
	return c, problems, nil
}

// covered tells whether a path, or one above or below it, has a problem already: saying it twice helps nobody.
func covered(list problem.List, path string) bool {
	return slices.ContainsFunc(list, func(p problem.Problem) bool {
		return p.Path == path || below(p.Path, path) || below(path, p.Path)
	})
}

func below(path, prefix string) bool {
	return strings.HasPrefix(path, prefix) && len(path) > len(prefix) && (path[len(prefix)] == '.' || path[len(prefix)] == '[')
}

// fileName matches a stack file and captures the stack's name. Beside a Pulumi.yaml, Pulumi reads no other ending.
var fileName = regexp.MustCompile(`^Pulumi\.([A-Za-z0-9_.-]+)\.yaml$`)

// LoadFile reads and checks one stack file. What is wrong with it is a *problem.Error whose paths begin with the
// file's name and line.
func LoadFile(path string) (*Config, error) {
	c, f, problems, err := load(path)
	if err != nil {
		return nil, err
	}
	if err := f.locate(problems).Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// file remembers where in a stack file each key stands.
type file struct {
	name   string
	config *yaml.Node
}

func load(path string) (*Config, *file, problem.List, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, nil, fmt.Errorf("there is no stack file %s", path)
		}
		return nil, nil, nil, fmt.Errorf("read stack file: %w", err)
	}
	name := filepath.Base(path)
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, nil, nil, (problem.List{{Path: name, Message: strings.TrimPrefix(err.Error(), "yaml: ")}}).Err()
	}
	f := &file{name: name}
	values, problems := f.read(&doc)
	c, more, err := decode(values)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, f, append(problems, more...), nil
}

// topLevel are the keys that Pulumi allows beside config
// (https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/).
var topLevel = []string{"config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment"}

// read takes the project's keys out of a stack file.
func (f *file) read(doc *yaml.Node) (map[string]any, problem.List) {
	var problems problem.List
	values := map[string]any{}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		problems.Add("", "must hold a config: mapping")
		return values, problems
	}
	root := doc.Content[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if !slices.Contains(topLevel, key.Value) {
			hint := ""
			if near := spelling.Nearest(key.Value, topLevel); near != "" {
				hint = "; did you mean " + near + "?"
			}
			problems.Add(fmt.Sprintf("line %d", key.Line), "unknown key %s beside config%s", key.Value, hint)
		}
		if key.Value == "config" {
			f.config = value
		}
	}
	if f.config == nil || f.config.Kind != yaml.MappingNode {
		problems.Add("config", "is required")
		return values, problems
	}
	for i := 0; i+1 < len(f.config.Content); i += 2 {
		key, node := f.config.Content[i], f.config.Content[i+1]
		namespace, short, qualified := strings.Cut(key.Value, ":")
		switch {
		case !qualified:
			short = key.Value
		case namespace == ProjectName:
		case namespace == "pulumi":
			continue
		default:
			problems.Add(fmt.Sprintf("line %d", key.Line), "%s has no effect: the program makes its own providers from %s:aws; remove it",
				key.Value, ProjectName)
			continue
		}
		value, err := plain(node)
		if err != nil {
			problems.Add(short, "%v", err)
			continue
		}
		values[short] = value
	}
	return values, problems
}

// plain turns a YAML node into what encoding/json decodes into any.
func plain(node *yaml.Node) (any, error) {
	var v any
	if err := node.Decode(&v); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, errors.New("keys must be strings")
	}
	var out any
	return out, json.Unmarshal(raw, &out)
}

// locate puts the file's name, and the line where it is known, before each problem's path.
func (f *file) locate(problems problem.List) problem.List {
	out := make(problem.List, 0, len(problems))
	for _, p := range problems {
		at := f.name
		if line := f.line(p.Path); line > 0 {
			at = fmt.Sprintf("%s:%d", f.name, line)
		}
		if p.Path != "" {
			at += ": " + p.Path
		}
		out = append(out, problem.Problem{Path: at, Message: p.Message})
	}
	return out
}

var steps = regexp.MustCompile(`[^.\[\]]+|\[[0-9]+\]`)

// line finds the line of a config path, or of the deepest part of it that stands in the file.
func (f *file) line(path string) int {
	if f.config == nil {
		return 0
	}
	node, line := f.config, 0
	for depth, step := range steps.FindAllString(path, -1) {
		var next *yaml.Node
		if strings.HasPrefix(step, "[") {
			i, err := strconv.Atoi(strings.Trim(step, "[]"))
			if err == nil && node.Kind == yaml.SequenceNode && i < len(node.Content) {
				next = node.Content[i]
				line = next.Line
			}
		} else if node.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(node.Content); i += 2 {
				key := node.Content[i].Value
				if key == step || depth == 0 && key == ProjectName+":"+step {
					line, next = node.Content[i].Line, node.Content[i+1]
					break
				}
			}
		}
		if next == nil {
			break
		}
		node = next
	}
	return line
}

// Estate is every environment of a project directory.
type Estate struct {
	// Dir is the project's directory.
	Dir     string
	configs map[string]*Config
	files   map[string]*file
}

// LoadEstate reads every stack file of a project directory and holds them against each other: who joins whom, names
// that collide, ranges that overlap, addresses that two environments need together. What is wrong is a
// *problem.Error that covers all files.
func LoadEstate(dir string) (*Estate, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read project directory: %w", err)
	}
	e := &Estate{Dir: dir, configs: map[string]*Config{}, files: map[string]*file{}}
	var problems problem.List
	alone := map[string]problem.List{}
	for _, entry := range entries {
		m := fileName.FindStringSubmatch(entry.Name())
		if m == nil || entry.IsDir() || strings.HasSuffix(m[1], ".deploy") { // Pulumi Cloud's settings of deployments
			continue
		}
		c, f, list, err := load(filepath.Join(dir, entry.Name()))
		var invalid *problem.Error
		switch {
		case errors.As(err, &invalid):
			problems = append(problems, invalid.Problems...)
			continue
		case err != nil:
			return nil, err
		}
		e.configs[m[1]], e.files[m[1]], alone[m[1]] = c, f, list
	}
	if len(e.configs) == 0 && len(problems) == 0 {
		return nil, fmt.Errorf("there is no stack file (Pulumi.<environment>.yaml) in %s", dir)
	}
	together := e.problems()
	for _, name := range e.Names() {
		list := alone[name]
		for _, p := range together[name] {
			if !covered(list, p.Path) {
				list = append(list, p)
			}
		}
		problems = append(problems, e.files[name].locate(list)...)
	}
	return e, problems.Err()
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

// Config returns the configuration of a stack, or nil when the directory has no file for it.
func (e *Estate) Config(stack string) *Config { return e.configs[stack] }

// RequiresApproval reports whether deploys of a stack need a reference to an approval (delivery.requireApproval).
func (e *Estate) RequiresApproval(stack string) bool {
	return e.configs[stack].Delivery.RequireApproval
}

// Owner returns the stack whose cluster a stack joins, or "" when it owns one.
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
