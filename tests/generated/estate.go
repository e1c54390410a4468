package generated

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/eks-platform/eks-platform/stacks"
)

// Estate is the configuration of every stack, by stack and key.
type Estate map[string]map[string]any

// Stacks are the stacks of the frozen estate, in the order in which they come up: dev owns a cluster, stg joins it, and
// prod owns one in another account.
var Stacks = []string{"dev", "stg", "prod"}

// root is the repository's root, as seen from the directory that go test starts the tests in.
const root = "../.."

// Frozen returns the frozen estate.
func Frozen() (Estate, error) {
	out := Estate{}
	for _, stack := range Stacks {
		raw, err := os.ReadFile(filepath.Join(root, "tests/testdata/estate", "Pulumi."+stack+".yaml"))
		if err != nil {
			return nil, err
		}
		var file struct{ Config map[string]any }
		if err := yaml.Unmarshal(raw, &file); err != nil {
			return nil, err
		}
		out[stack] = map[string]any{}
		for key, value := range file.Config {
			out[stack][strings.TrimPrefix(key, project+":")] = value
		}
	}
	return out, nil
}

// Clone returns a deep copy.
func (e Estate) Clone() Estate {
	out := Estate{}
	for stack, values := range e {
		out[stack] = clone(values).(map[string]any)
	}
	return out
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = clone(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = clone(value)
		}
		return out
	}
	return v
}

// Config returns a stack's configuration as the engine passes it to a program: objects and lists as JSON.
func (e Estate) Config(stack string) map[string]string {
	out := map[string]string{}
	for key, value := range e[stack] {
		text, ok := value.(string)
		if !ok {
			raw, err := json.Marshal(value)
			if err != nil {
				panic(err) // values are those of YAML and of the generator
			}
			text = string(raw)
		}
		out[project+":"+key] = text
	}
	return out
}

// Write writes the stack files into a directory, as an adopter has them.
func (e Estate) Write(dir string) error {
	err := os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: "+project+"\nruntime: go\n"), 0o600)
	for stack := range e {
		if err != nil {
			return err
		}
		var raw []byte
		if raw, err = e.file(stack); err == nil {
			err = os.WriteFile(filepath.Join(dir, "Pulumi."+stack+".yaml"), raw, 0o600)
		}
	}
	return err
}

func (e Estate) file(stack string) ([]byte, error) {
	config := map[string]any{}
	for key, value := range e[stack] {
		config[project+":"+key] = value
	}
	return yaml.Marshal(map[string]any{"config": config})
}

// Generator changes estates at random, within what validation accepts.
type Generator struct {
	rand   *rand.Rand
	schema *node
	dir    string // where the files are checked
}

// node is a part of the configuration's JSON schema.
type node struct {
	Type                 string
	Enum                 []any
	Default              any
	Examples             []any
	Format, Pattern      string
	Minimum, Maximum     *float64
	MinItems, MaxItems   int
	Properties           map[string]*node
	Required             []string
	Items                *node
	AdditionalProperties json.RawMessage
}

// NewGenerator returns a generator whose choices follow from a seed. The directory is its own, to check files in.
func NewGenerator(seed uint64, dir string) (*Generator, error) {
	raw, err := os.ReadFile(filepath.Join(root, "stacks/config.schema.json"))
	if err != nil {
		return nil, err
	}
	g := &Generator{rand: rand.New(rand.NewPCG(seed, 0)), dir: dir} //nolint:gosec // choices, no secrets
	return g, json.Unmarshal(raw, &g.schema)
}

// Change makes a number of changes to an estate, each of which validation accepts, and says what they are. It changes
// the stacks named, all of them if none is.
func (g *Generator) Change(e Estate, n int, only ...string) (Estate, []string, error) {
	if len(only) == 0 {
		only = slices.Sorted(maps.Keys(e))
	}
	if err := e.Write(g.dir); err != nil {
		return nil, nil, err
	}
	var what []string
	for tries := 0; len(what) < n && tries < 60*n; tries++ {
		stack := pick(g.rand, only)
		next := e.Clone()
		change := g.object(g.schema, next[stack], "", stack)
		before, err := e.file(stack)
		if err != nil {
			return nil, nil, err
		}
		after, err := next.file(stack)
		if err != nil {
			return nil, nil, err
		}
		if string(after) == string(before) {
			continue
		}
		path := filepath.Join(g.dir, "Pulumi."+stack+".yaml")
		if err := os.WriteFile(path, after, 0o600); err != nil {
			return nil, nil, err
		}
		if _, err := stacks.LoadEstate(g.dir); err != nil {
			if err := os.WriteFile(path, before, 0o600); err != nil {
				return nil, nil, err
			}
			continue
		}
		e, what = next, append(what, stack+": "+change)
	}
	return e, what, nil
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

// object changes one thing in an object, and says what.
func (g *Generator) object(n *node, v map[string]any, at, stack string) string {
	if entries := n.entries(); entries != nil && len(n.Properties) == 0 {
		keys := slices.Sorted(maps.Keys(v))
		if len(keys) > 0 && g.rand.IntN(3) == 0 {
			key := pick(g.rand, keys)
			delete(v, key)
			return at + "." + key + " removed"
		}
		key := g.key(at)
		v[key] = g.value(entries, at+"{}", stack)
		return fmt.Sprintf("%s.%s = %s", at, key, show(v[key]))
	}
	key := g.property(n)
	child, path := n.Properties[key], strings.TrimPrefix(at+"."+key, ".")
	present, has := v[key]
	switch {
	case has && !slices.Contains(n.Required, key) && g.rand.IntN(8) == 0:
		delete(v, key)
		return path + " removed"
	case has && child.Type == "object":
		if inner, ok := present.(map[string]any); ok {
			return g.object(child, inner, path, stack)
		}
	case has && child.Type == "array" && g.rand.IntN(6) > 0:
		if inner, ok := present.([]any); ok {
			changed, what := g.array(child, inner, path, stack)
			v[key] = changed
			return what
		}
	}
	v[key] = g.value(child, path, stack)
	return fmt.Sprintf("%s = %s", path, show(v[key]))
}

// property picks a property of an object, the more often the more there is in it to change.
func (g *Generator) property(n *node) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(n.Properties)) {
		for range n.Properties[key].settings() {
			all = append(all, key)
		}
	}
	return pick(g.rand, all)
}

// settings returns the number of values that a part of the schema can have.
func (n *node) settings() int {
	if n.Items != nil {
		return n.Items.settings()
	}
	out := 0
	for _, child := range n.Properties {
		out += child.settings()
	}
	return max(out, 1)
}

// array changes, adds or removes an item.
func (g *Generator) array(n *node, v []any, at, stack string) ([]any, string) {
	v = slices.Clone(v)
	if len(v) > 0 {
		i := g.rand.IntN(len(v))
		path := fmt.Sprintf("%s[%d]", at, i)
		inner, object := v[i].(map[string]any)
		switch choice := g.rand.IntN(8); {
		case choice == 0:
			return slices.Delete(v, i, i+1), path + " removed"
		case choice == 1 && object: // another one that is almost the same
			twin := clone(inner).(map[string]any)
			if _, named := twin["name"]; named {
				twin["name"] = g.name()
			}
			what := g.object(n.Items, twin, path, stack)
			return append(v, twin), fmt.Sprintf("%s copied to %s[%d] as %v, with %s", path, at, len(v), twin["name"], what)
		case choice > 1 && object:
			return v, g.object(n.Items, inner, path, stack)
		case choice > 4:
			v[i] = g.value(n.Items, at+"[]", stack)
			return v, fmt.Sprintf("%s = %s", path, show(v[i]))
		}
	}
	v = append(v, g.value(n.Items, at+"[]", stack))
	return v, fmt.Sprintf("%s[%d] = %s", at, len(v)-1, show(v[len(v)-1]))
}

func show(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

// entries is the schema of an object's entries whose keys are free.
func (n *node) entries() *node {
	out := &node{}
	if json.Unmarshal(n.AdditionalProperties, out) != nil || out.Type == "" {
		return nil
	}
	return out
}

// value makes a value of its own.
func (g *Generator) value(n *node, at, stack string) any {
	if len(n.Enum) > 0 {
		return pick(g.rand, n.Enum)
	}
	switch n.Type {
	case "boolean":
		return g.rand.IntN(2) == 0
	case "integer":
		return g.integer(n)
	case "array":
		out := []any{}
		for range max(n.MinItems, 1) + g.rand.IntN(3) {
			item := g.value(n.Items, at+"[]", stack)
			if !slices.ContainsFunc(out, func(other any) bool { return show(other) == show(item) }) {
				out = append(out, item)
			}
		}
		return out
	case "object":
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(n.Properties)) {
			if slices.Contains(n.Required, key) || g.rand.IntN(4) == 0 {
				out[key] = g.value(n.Properties[key], at+"."+key, stack)
			}
		}
		if key := g.rand.IntN(1 + len(n.Properties)); len(out) == 0 && key < len(n.Properties) {
			key := slices.Sorted(maps.Keys(n.Properties))[key]
			out[key] = g.value(n.Properties[key], at+"."+key, stack)
		}
		if entries := n.entries(); entries != nil {
			for range 1 + g.rand.IntN(2) {
				out[g.key(at)] = g.value(entries, at+"{}", stack)
			}
		}
		return out
	}
	return g.text(n, at, stack)
}

// integer returns one of the bounds, something near them or the default, or anything small.
func (g *Generator) integer(n *node) int {
	least, most := 0, 1<<20
	if n.Minimum != nil {
		least = int(*n.Minimum)
	}
	if n.Maximum != nil {
		most = int(*n.Maximum)
	}
	choices := []int{least, least + 1, least + g.rand.IntN(12), least + g.rand.IntN(12), most}
	if d, ok := n.Default.(float64); ok {
		choices = append(choices, int(d)+1, int(d)*2)
	}
	return min(max(pick(g.rand, choices), least), most)
}
