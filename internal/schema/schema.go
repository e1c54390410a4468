// Package schema turns Go types into a JSON Schema, and holds values against it: unknown keys with the nearest
// valid name, wrong types, values outside their lists and ranges, all at once and by config path. It also fills in
// the defaults that the schema states, so that a default stands in one place: the field's jsonschema tag.
package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/spelling"
)

// OptionalKey marks a nested object whose absence means "off": defaults do not create it.
const OptionalKey = "x-optional"

// Schema is a compiled JSON Schema.
type Schema struct {
	tree     map[string]any
	compiled *jsonschema.Schema
}

// Parse compiles a JSON Schema without references ($ref), as Generate writes it.
func Parse(raw []byte) (*Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		return nil, fmt.Errorf("read JSON schema: %w", err)
	}
	tree, ok := doc.(map[string]any)
	if !ok {
		return nil, errors.New("read JSON schema: not an object")
	}
	c := jsonschema.NewCompiler()
	const at = "schema.json"
	if err := c.AddResource(at, doc); err != nil {
		return nil, fmt.Errorf("read JSON schema: %w", err)
	}
	compiled, err := c.Compile(at)
	if err != nil {
		return nil, fmt.Errorf("compile JSON schema: %w", err)
	}
	return &Schema{tree: tree, compiled: compiled}, nil
}

// Check returns what is wrong with a value. The value consists of what encoding/json decodes into any, with
// numbers as json.Number or float64.
func (s *Schema) Check(value any) problem.List {
	var out problem.List
	err := s.compiled.Validate(value)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		if err != nil {
			out.Add("", "cannot be checked: %v", err)
		}
		return out
	}
	s.collect(invalid, &out)
	sort.SliceStable(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return slices.Compact(out)
}

func (s *Schema) collect(e *jsonschema.ValidationError, out *problem.List) {
	if len(e.Causes) > 0 {
		for _, c := range e.Causes {
			s.collect(c, out)
		}
		return
	}
	at := Path(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		valid := s.keysAt(e.InstanceLocation)
		for _, name := range k.Properties {
			out.Add(join(at, name), "unknown key%s", didYouMean(name, valid))
		}
	case *kind.Required:
		for _, name := range k.Missing {
			out.Add(join(at, name), "is required%s", s.purpose(append(slices.Clone(e.InstanceLocation), name)))
		}
	case *kind.Type:
		out.Add(at, "must be %s, got %s%s", article(strings.Join(k.Want, " or ")), article(k.Got), quoteHint(k))
	case *kind.Enum:
		names := make([]string, 0, len(k.Want))
		for _, w := range k.Want {
			names = append(names, fmt.Sprint(w))
		}
		out.Add(at, "must be one of %s, got %q%s", strings.Join(names, ", "), fmt.Sprint(k.Got), didYouMean(fmt.Sprint(k.Got), names))
	case *kind.Pattern:
		out.Add(at, "%q does not have the required form %s%s", k.Got, k.Want, s.purpose(e.InstanceLocation))
	case *kind.Minimum:
		out.Add(at, "must be at least %s, got %s", rat(k.Want), rat(k.Got))
	case *kind.Maximum:
		out.Add(at, "must be at most %s, got %s", rat(k.Want), rat(k.Got))
	case *kind.MinItems:
		out.Add(at, "must have at least %d items, got %d", k.Want, k.Got)
	case *kind.MaxItems:
		out.Add(at, "must have at most %d items, got %d", k.Want, k.Got)
	case *kind.MinLength:
		out.Add(at, "must be at least %d characters long, got %d", k.Want, k.Got)
	case *kind.MaxLength:
		out.Add(at, "must be at most %d characters long, got %d", k.Want, k.Got)
	case *kind.UniqueItems:
		out.Add(at, "items %d and %d are the same", k.Duplicates[0], k.Duplicates[1])
	default:
		out.Add(at, "%s", e.Error())
	}
}

// Fill returns a copy of a JSON value in which every absent key that has a default in the schema holds it. Nested
// objects that are absent come into being unless they are marked optional.
func (s *Schema) Fill(value any) any { return fill(s.tree, value) }

func fill(schema map[string]any, value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = x
		}
		props, _ := schema["properties"].(map[string]any)
		for name, p := range props {
			ps, _ := p.(map[string]any)
			present, has := out[name]
			switch {
			case has && present != nil:
				out[name] = fill(ps, present)
			case ps["default"] != nil:
				out[name] = ps["default"]
			case ps["type"] == "object" && ps["properties"] != nil && ps[OptionalKey] == nil:
				if nested, _ := fill(ps, map[string]any{}).(map[string]any); len(nested) > 0 {
					out[name] = nested
				}
			}
		}
		if extra, ok := schema["additionalProperties"].(map[string]any); ok {
			for k, x := range out {
				if _, known := props[k]; !known {
					out[k] = fill(extra, x)
				}
			}
		}
		return out
	case []any:
		items, ok := schema["items"].(map[string]any)
		if !ok {
			return v
		}
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = fill(items, x)
		}
		return out
	default:
		return value
	}
}

// at walks to the schema of a location.
func (s *Schema) at(location []string) map[string]any {
	node := s.tree
	for _, step := range location {
		props, _ := node["properties"].(map[string]any)
		next, ok := props[step].(map[string]any)
		if !ok {
			if next, ok = node["items"].(map[string]any); !ok {
				if next, ok = node["additionalProperties"].(map[string]any); !ok {
					return nil
				}
			}
		}
		node = next
	}
	return node
}

func (s *Schema) keysAt(location []string) []string {
	props, _ := s.at(location)["properties"].(map[string]any)
	names := make([]string, 0, len(props))
	for name := range props {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// purpose returns the first sentence of a key's description, so that a message says what is missing.
func (s *Schema) purpose(location []string) string {
	text, _ := s.at(location)["description"].(string)
	if text == "" {
		return ""
	}
	return " (" + strings.TrimSuffix(FirstSentence(text), ".") + ")"
}

var sentenceEnd = regexp.MustCompile(`\.(\s|$)`)

// FirstSentence returns a text up to its first full stop.
func FirstSentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if i := sentenceEnd.FindStringIndex(text); i != nil {
		return text[:i[0]+1]
	}
	return text
}

// Path writes a location in a value as people write config paths: nodeGroups[2].scaling.min.
func Path(location []string) string {
	out := ""
	for _, step := range location {
		out = join(out, step)
	}
	return out
}

func join(path, step string) string {
	if _, err := strconv.Atoi(step); err == nil && path != "" {
		return path + "[" + step + "]"
	}
	if path == "" {
		return step
	}
	return path + "." + step
}

func didYouMean(name string, valid []string) string {
	if best := spelling.Nearest(name, valid); best != "" {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	if len(valid) > 0 && len(valid) <= 12 {
		return "; valid keys are " + strings.Join(valid, ", ")
	}
	return ""
}

func article(word string) string {
	switch word {
	case "null":
		return "nothing"
	case "array", "object", "integer":
		return "an " + word
	default:
		return "a " + word
	}
}

func quoteHint(k *kind.Type) string {
	if slices.Contains(k.Want, "string") && (k.Got == "number" || k.Got == "boolean" || k.Got == "integer") {
		return "; put it in quotes"
	}
	return ""
}

func rat(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return r.FloatString(2)
}

// Decode fills in defaults and decodes a value into out. It returns what is wrong with the value; out then holds
// what could be read of it.
func (s *Schema) Decode(value any, out any) (problem.List, error) {
	problems := s.Check(value)
	raw, err := json.Marshal(s.Fill(value))
	if err != nil {
		return problems, fmt.Errorf("encode configuration: %w", err)
	}
	err = json.Unmarshal(raw, out)
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) && len(problems) > 0 {
		err = nil // Check has said so, by path
	}
	return problems, err
}
