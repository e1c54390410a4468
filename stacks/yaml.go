package stacks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"go.yaml.in/yaml/v3"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/spelling"
)

// A stack file is read as Pulumi reads it (sdk/go/common/workspace.LoadProjectStackBytes, resource/config.Value): what the
// engine refuses, or reads differently from how it looks, is a problem here.

// maxFile is the largest stack file that is read, in bytes.
const maxFile = 1 << 20

// file remembers the position of each key in a stack file.
type file struct {
	name   string
	config *yaml.Node
}

// parse parses a stack file.
func parse(name string, raw []byte) (*file, map[string]any, problem.List) {
	f := &file{name: name}
	var problems problem.List
	if len(raw) > maxFile {
		problems.Add("", "has %d bytes; the limit for a stack file is %d", len(raw), maxFile)
		return f, map[string]any{}, problems
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // a byte order mark, which Pulumi drops as well
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return f, map[string]any{}, problem.List{syntax(err)}
	}
	var next yaml.Node
	if err := dec.Decode(&next); err == nil {
		problems = append(problems, problem.Problem{Line: next.Line, Message: "a second document begins here, but Pulumi reads only the first: remove it"})
	}
	values, more := f.read(&doc)
	problems = append(problems, more...)
	if size := passedSize(values); size > maxPassed {
		problems.Add("", "the configuration has %d bytes as Pulumi passes it to the program, in one environment variable, and Linux takes %d: "+
			"shorten the longest lists", size, maxPassed)
	}
	return f, values, problems
}

// maxPassed is what an environment variable may have on Linux (MAX_ARG_STRLEN), without its name and the final NUL: beyond
// it, the CLI cannot start the program ("argument list too long").
const maxPassed = 128<<10 - len(pulumi.EnvConfig+"=") - 1

// passedSize is the size in bytes of a configuration as the CLI passes it to a program in its own process: one JSON object,
// whose values are texts, again JSON unless single values.
func passedSize(values map[string]any) int {
	texts := make(map[string]string, len(values))
	for key, v := range values {
		text, single := v.(string)
		if !single {
			raw, err := json.Marshal(v)
			if err != nil {
				continue // nothing that YAML gives
			}
			text = string(raw)
		}
		texts[ProjectName+":"+key] = text
	}
	raw, err := json.Marshal(texts)
	if err != nil {
		return 0
	}
	return len(raw)
}

var syntaxLine = regexp.MustCompile(`^(?:yaml: )?(?:line ([0-9]+): )?`)

// syntax turns an error of the YAML parser, whose text has the line, into a problem.
func syntax(err error) problem.Problem {
	m := syntaxLine.FindStringSubmatch(err.Error())
	line, _ := strconv.Atoi(m[1])
	return problem.Problem{Line: line, Message: "is not valid YAML: " + strings.TrimPrefix(err.Error(), m[0])}
}

// topLevel are the keys that Pulumi allows next to config
// (https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/).
var topLevel = []string{"config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment"}

// read takes the project's keys out of a stack file.
func (f *file) read(doc *yaml.Node) (map[string]any, problem.List) {
	var problems problem.List
	values := map[string]any{}
	if len(doc.Content) == 0 || resolved(doc.Content[0]).Kind != yaml.MappingNode {
		problems.Add("", "must contain a config: mapping")
		return values, problems
	}
	add := func(node *yaml.Node, path, format string, args ...any) {
		problems.Add(path, format, args...)
		problems[len(problems)-1].Line = node.Line
	}
	for key, value := range members(resolved(doc.Content[0]), "", &problems) {
		switch {
		case key.Value == "config":
			f.config = resolved(value)
		case key.Value == "environment":
			add(key, "environment", "must not be set next to config: validation would not see the values that a Pulumi ESC environment "+
				"adds, and only Pulumi Cloud has them; write the values below config")
		case !slices.Contains(topLevel, key.Value):
			hint := ""
			if near := spelling.Nearest(key.Value, topLevel); near != "" {
				hint = "; did you mean " + near + "?"
			}
			add(key, key.Value, "unknown key next to config%s", hint)
		}
	}
	if f.config == nil || f.config.Kind != yaml.MappingNode {
		problems.Add("config", "is required")
		return values, problems
	}
	spelt := map[string]*yaml.Node{}
	for key, node := range members(f.config, "", &problems) {
		namespace, short, qualified := strings.Cut(key.Value, ":")
		switch {
		case !qualified:
			short = key.Value
		case namespace == ProjectName:
		case namespace == "pulumi":
			continue
		default:
			add(key, key.Value, "has no effect: the program creates its own providers from %s:aws; remove it", ProjectName)
			continue
		}
		if first := spelt[short]; first != nil {
			add(key, short, "is in the file twice, on line %d as %s and here as %s, and Pulumi may take either: remove one",
				first.Line, first.Value, key.Value)
			continue
		}
		spelt[short] = key
		value, ok := f.value(node, short, &problems)
		if !ok {
			continue
		}
		switch value.(type) { // Pulumi passes single values to the program as text
		case bool, json.Number, float64:
			value = fmt.Sprint(value)
		}
		values[short] = value
	}
	return values, problems
}

// resolved follows an alias to its anchor.
func resolved(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// members returns the keys and values of a mapping, and reports duplicate keys, with which Pulumi cannot read the file. The
// first value is used.
func members(node *yaml.Node, path string, problems *problem.List) func(func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		first := map[string]*yaml.Node{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			if other := first[key.Value]; other != nil {
				problems.Add(problem.Join(path, key.Value), "is a duplicate key, first on line %d, and Pulumi cannot read such a file: remove one", other.Line)
				(*problems)[len(*problems)-1].Line = key.Line
				continue
			}
			first[key.Value] = key
			if !yield(key, value) {
				return
			}
		}
	}
}

// value turns a node into what encoding/json decodes into any, as Pulumi's engine would pass it on. It returns false if it
// reported a problem.
func (f *file) value(node *yaml.Node, path string, problems *problem.List) (any, bool) {
	return (&reader{problems: problems}).value(node, path, 0)
}

// reader turns nodes into values.
type reader struct {
	problems *problem.List
	// nodes counts the nodes that have been read, aliases every time.
	nodes int
}

const (
	maxNodes = 200_000
	maxDepth = 50
)

func (r *reader) add(node *yaml.Node, path, format string, args ...any) (any, bool) {
	r.problems.Add(path, format, args...)
	(*r.problems)[len(*r.problems)-1].Line = node.Line
	return nil, false
}

func (r *reader) value(node *yaml.Node, path string, depth int) (any, bool) {
	node = resolved(node)
	r.nodes++
	if r.nodes > maxNodes || depth > maxDepth {
		return r.add(node, path, "is nested too deeply, or too large")
	}
	switch node.Kind {
	case yaml.MappingNode:
		return r.mapping(node, path, depth)
	case yaml.SequenceNode:
		out := make([]any, 0, len(node.Content))
		for i, item := range node.Content {
			v, _ := r.value(item, path+"["+strconv.Itoa(i)+"]", depth+1)
			out = append(out, v)
		}
		return out, true
	default:
		return r.scalar(node, path)
	}
}

func (r *reader) mapping(node *yaml.Node, path string, depth int) (any, bool) {
	out := make(map[string]any, len(node.Content)/2)
	var merged []*yaml.Node
	for key, value := range members(node, path, r.problems) {
		if key.Tag == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if resolved(key).Kind != yaml.ScalarNode {
			return r.add(key, path, "must have only string keys")
		}
		if v, ok := r.value(value, problem.Join(path, resolved(key).Value), depth+1); ok {
			out[resolved(key).Value] = v
		}
	}
	for _, from := range merged {
		v, ok := r.value(from, path, depth+1)
		bases, list := v.([]any)
		if !list {
			bases = []any{v}
		}
		for _, base := range bases {
			m, isMap := base.(map[string]any)
			if !ok || !isMap {
				return r.add(from, path, "must merge mappings only")
			}
			for k, x := range m {
				if _, has := out[k]; !has {
					out[k] = x
				}
			}
		}
	}
	if text, ok := out["secure"].(string); ok && len(out) == 1 && text != "" {
		return r.add(node, path, "is encrypted (secure:), but no setting of the platform is secret, and validation could not see it: "+
			"write it in plaintext")
	}
	return out, true
}

func (r *reader) scalar(node *yaml.Node, path string) (any, bool) {
	var v any
	if err := node.Decode(&v); err != nil {
		return r.add(node, path, "cannot be read: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	switch v := v.(type) {
	case int:
		return json.Number(strconv.Itoa(v)), true
	case int64:
		return json.Number(strconv.FormatInt(v, 10)), true
	case uint64:
		return json.Number(strconv.FormatUint(v, 10)), true
	case time.Time:
		return r.add(node, path, "is a date, which Pulumi reformats: put it in quotes")
	case []byte:
		return string(v), true
	default:
		return v, true
	}
}

// line finds the line of a config path, or of the deepest part of it that is in the file.
func (f *file) line(path string) int {
	if f.config == nil {
		return 0
	}
	node, line := f.config, 0
	for top := true; path != ""; top = false {
		next, at, rest := step(node, path, top)
		if next == nil {
			break
		}
		node, line, path = next, at, rest
	}
	return line
}

// step goes from a node to the next element of a path, and returns it, its line and the rest of the path. Keys may contain
// dots.
func step(node *yaml.Node, path string, top bool) (*yaml.Node, int, string) {
	node = resolved(node)
	if index, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]"); ok && strings.HasPrefix(path, "[") {
		i, err := strconv.Atoi(index)
		if err != nil || node.Kind != yaml.SequenceNode || i >= len(node.Content) {
			return nil, 0, ""
		}
		return node.Content[i], node.Content[i].Line, strings.TrimPrefix(rest, ".")
	}
	if node.Kind != yaml.MappingNode {
		return nil, 0, ""
	}
	var found, value *yaml.Node
	after := ""
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i].Value
		if top {
			name = strings.TrimPrefix(name, ProjectName+":")
		}
		rest, ok := strings.CutPrefix(path, name)
		if ok && name != "" && (rest == "" || rest[0] == '.' || rest[0] == '[') && (found == nil || len(rest) < len(after)) {
			found, value, after = node.Content[i], node.Content[i+1], rest
		}
	}
	if found == nil {
		return nil, 0, ""
	}
	return value, found.Line, strings.TrimPrefix(after, ".")
}
