// Package schema turns Go types into a JSON Schema, and validates values with it: unknown keys with the nearest valid name,
// wrong types, values outside their lists, ranges and formats, all at once and by config path. It also fills in the
// schema's defaults. So a rule about one value, and its default, are in one place, the field's jsonschema tag, for stack
// files and for callers in Go.
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
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/eks-platform/eks-platform/internal/format"
	"github.com/eks-platform/eks-platform/internal/plural"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/spelling"
)

// OptionalKey marks a nested object whose absence means "off": defaults do not create it. Pointers to structs have it.
const OptionalKey = "x-optional"

// Schema is a compiled JSON Schema.
type Schema struct {
	tree     map[string]any
	compiled *jsonschema.Schema
}

// Parse compiles a JSON Schema without references ($ref), as Generate writes it.
func Parse(raw []byte) (*Schema, error) {
	tree, err := decodeTree(raw)
	if err != nil {
		return nil, err
	}
	return compile(tree)
}

func compile(tree map[string]any) (*Schema, error) {
	c := jsonschema.NewCompiler()
	for _, f := range format.All {
		c.RegisterFormat(&jsonschema.Format{Name: f.Name, Validate: func(v any) error {
			if text, ok := v.(string); ok {
				if wrong := f.Problem(text); wrong != "" {
					return errors.New(wrong)
				}
			}
			return nil
		}})
	}
	c.AssertFormat()
	const at = "schema.json"
	if err := c.AddResource(at, tree); err != nil {
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
	out, _ := s.check(value)
	return out
}

// check returns what is wrong with a value, and the value with whatever exceeds the general bounds replaced.
func (s *Schema) check(value any) (problem.List, any) {
	var out problem.List
	value = bound(value, "", &out)
	err := s.compiled.Validate(value)
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		s.collect(invalid, value, &out)
	} else if err != nil {
		out.Add("", "cannot be checked: %v", err)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out.Settled(), value
}

// The general bounds of values, if the schema has none. Integers are those that JSON numbers represent exactly.
const (
	maxInteger = 1<<53 - 1
	maxText    = 1 << 16
	maxItems   = 10_000
	maxKeys    = 10_000
)

// bound replaces whatever exceeds the general bounds, so that later code need not handle it.
func bound(value any, path string, out *problem.List) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil && n >= -maxInteger && n <= maxInteger {
			return v
		}
		f, err := v.Float64()
		if err == nil && f >= -maxInteger && f <= maxInteger {
			return f
		}
		out.Add(path, "must be a number from %d to %d, got %s", -maxInteger, maxInteger, problem.Shorten(v.String()))
		return json.Number("0")
	case float64:
		if v >= -maxInteger && v <= maxInteger {
			return v
		}
		out.Add(path, "must be a number from %d to %d, got %g", -maxInteger, maxInteger, v)
		return json.Number("0")
	case string:
		if len(v) <= maxText {
			return v
		}
		out.Add(path, "must be at most %d characters long, got %d", maxText, utf8.RuneCountInString(v))
		return v[:1]
	case []any:
		if len(v) > maxItems {
			out.Add(path, "must have at most %d items, got %d", maxItems, len(v))
			return []any{}
		}
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = bound(x, path+"["+strconv.Itoa(i)+"]", out)
		}
		return list
	case map[string]any:
		if len(v) > maxKeys {
			out.Add(path, "must have at most %d keys, got %d", maxKeys, len(v))
			return map[string]any{}
		}
		object := make(map[string]any, len(v))
		for k, x := range v {
			object[k] = bound(x, join(path, k), out)
		}
		return object
	default:
		return value
	}
}

// maxUnknown is how many unknown keys of an object are named individually.
const maxUnknown = 20

func (s *Schema) collect(e *jsonschema.ValidationError, value any, out *problem.List) {
	if len(e.Causes) > 0 {
		for _, c := range e.Causes {
			s.collect(c, value, out)
		}
		return
	}
	at := s.path(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		object, _ := find(value, e.InstanceLocation).(map[string]any)
		s.unknown(at, k.Properties, s.keysAt(e.InstanceLocation), object, out)
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
		got, quoted := fmt.Sprint(k.Got), "%q"
		if _, text := k.Got.(string); !text {
			quoted = "%s"
		}
		hint := ""
		if near := spelling.Nearest(got, names); near != "" && quoted == "%q" {
			hint = "; did you mean " + near + "?"
		}
		out.Add(at, "must be one of %s, got "+quoted+"%s", strings.Join(names, ", "), problem.Shorten(got), hint)
	case *kind.Format:
		out.Add(at, "%s", k.Err.Error())
	case *kind.Pattern:
		if _, known := s.at(e.InstanceLocation)["format"].(string); !known { // it has a better message
			out.Add(at, "%q does not match the required pattern %s%s", problem.Shorten(k.Got), k.Want, s.purpose(e.InstanceLocation))
		}
	case *kind.Minimum:
		out.Add(at, "must be at least %s, got %s", rat(k.Want), rat(k.Got))
	case *kind.Maximum:
		out.Add(at, "must be at most %s, got %s", rat(k.Want), rat(k.Got))
	case *kind.MinItems:
		out.Add(at, "must have at least %s, got %d", plural.Of(k.Want, "item"), k.Got)
	case *kind.MaxItems:
		out.Add(at, "must have at most %s, got %d", plural.Of(k.Want, "item"), k.Got)
	case *kind.MinLength:
		out.Add(at, "must be at least %s long, got %d", plural.Of(k.Want, "character"), k.Got)
	case *kind.MaxLength:
		out.Add(at, "must be at most %s long, got %d", plural.Of(k.Want, "character"), k.Got)
	case *kind.UniqueItems:
		out.Add(at+"["+strconv.Itoa(max(k.Duplicates[0], k.Duplicates[1]))+"]", "is the same as item %d of the list",
			min(k.Duplicates[0], k.Duplicates[1])+1)
	default:
		out.Add(at, "%s", e.Error())
	}
}

// find returns what is at a location in a value.
func find(value any, location []string) any {
	for _, step := range location {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		}
	}
	return value
}

// unknown reports keys that are not in the schema.
func (s *Schema) unknown(at string, names, valid []string, object map[string]any, out *problem.List) {
	sort.Strings(names)
	for i, name := range names {
		if i == maxUnknown {
			out.Add(join(at, name), "unknown key, as are %d more", len(names)-maxUnknown-1)
			return
		}
		meant := ""
		near := spelling.Nearest(name, valid)
		if _, present := object[near]; near != "" && !present {
			meant = join(at, near)
		}
		out.Unknown(join(at, name), meant, "unknown key%s", didYouMean(name, valid))
	}
}

// Fill returns a copy of a JSON value with the schema's defaults for absent keys. Absent nested objects are created unless
// they are marked optional.
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

// typed returns a copy of a value without what has a wrong type: such keys are left out, such items are null. The rest can
// be decoded into the Go type.
func typed(schema map[string]any, value any) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		if schema["type"] != "object" {
			return nil, false
		}
		props, _ := schema["properties"].(map[string]any)
		extra, _ := schema["additionalProperties"].(map[string]any)
		out := make(map[string]any, len(v))
		for k, x := range v {
			ps, known := props[k].(map[string]any)
			if !known {
				ps = extra
			}
			if next, ok := typed(ps, x); ok {
				out[k] = next
			}
		}
		return out, true
	case []any:
		if schema["type"] != "array" {
			return nil, false
		}
		items, _ := schema["items"].(map[string]any)
		out := make([]any, len(v))
		for i, x := range v {
			if next, ok := typed(items, x); ok {
				out[i] = next
			} else if items["type"] == "object" {
				out[i] = map[string]any{} // to be filled with defaults
			}
		}
		return out, true
	case string:
		return v, schema["type"] == "string"
	case bool:
		return v, schema["type"] == "boolean"
	case json.Number:
		_, err := v.Int64()
		return v, schema["type"] == "integer" && err == nil || schema["type"] == "number"
	case float64:
		whole := v == float64(int64(v))
		if schema["type"] == "integer" && whole {
			return int64(v), true
		}
		return v, schema["type"] == "number"
	default:
		return nil, false
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

// purpose returns the first sentence of a key's description, for messages about missing keys.
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

// path formats a location in a value as a config path: nodeGroups[2].scaling.min.
func (s *Schema) path(location []string) string {
	out, node := "", s.tree
	for _, step := range location {
		if node["type"] == "array" {
			out += "[" + step + "]"
		} else {
			out = join(out, step)
		}
		node = (&Schema{tree: node}).at([]string{step})
	}
	return out
}

func join(path, step string) string {
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

// Decode fills in defaults and decodes a value into out. It returns what is wrong with the value; out then has what could
// be decoded, and defaults in place of what has a wrong type.
func (s *Schema) Decode(value any, out any) (problem.List, error) {
	problems, value := s.check(value)
	whole, _ := typed(s.tree, value)
	if whole == nil {
		whole = map[string]any{}
	}
	raw, err := json.Marshal(s.Fill(whole))
	if err != nil {
		return problems, fmt.Errorf("encode configuration: %w", err)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return problems, fmt.Errorf("decode configuration: %w", err)
	}
	return problems, nil
}
