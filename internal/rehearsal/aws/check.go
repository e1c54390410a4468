package aws

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// checker holds inputs against the facts, and collects everything that is wrong with them by property path.
type checker struct {
	failures []*pulumirpc.CheckFailure
}

func (c *checker) fail(path, format string, args ...any) {
	c.failures = append(c.failures, &pulumirpc.CheckFailure{Property: path, Reason: fmt.Sprintf(format, args...)})
}

// object checks the members of a resource or a block and returns them with every value in the type that the
// provider stores (a number given for a string becomes one).
func (c *checker) object(props map[string]*prop, m resource.PropertyMap, path string) resource.PropertyMap {
	out := make(resource.PropertyMap, len(m))
	for _, k := range sortedKeys(m) {
		v := m[k]
		if internal(k) {
			if path == "" {
				out[k] = v
			}
			continue
		}
		at := joinPath(path, string(k))
		p, known := props[string(k)]
		switch {
		case !known:
			c.fail(at, "unknown property %q%s", k, nearest(string(k), settable(props)))
		case bare(v).IsNull():
		case p.Output() && string(k) == tagsAllKey:
			out[k] = v // computed by Check itself
		case p.Output():
			c.fail(at, "%q is set by AWS and cannot be given", k)
		default:
			out[k] = c.value(p, v, at)
		}
	}
	for _, name := range sortedNames(props) {
		if _, given := out[resource.PropertyKey(name)]; props[name].Required && !given {
			c.fail(joinPath(path, name), "missing required property %q", name)
		}
	}
	return out
}

// settable returns the names that a program may give.
func settable(props map[string]*prop) []string {
	return slices.DeleteFunc(sortedNames(props), func(n string) bool { return props[n].Output() })
}

// value checks one value and keeps its secrecy.
func (c *checker) value(p *prop, v resource.PropertyValue, path string) resource.PropertyValue {
	b := bare(v)
	out := b
	switch {
	case b.IsNull() || b.IsComputed():
		return v
	case v.IsSecret():
		return c.secret(p, v, path)
	case p.Type == "list" || p.Type == "set":
		out = c.collection(p, b, path)
	case p.Type == "map":
		out = c.stringMap(p, b, path)
	case p.Type == "object":
		if !b.IsObject() {
			c.fail(path, "expected an object, got %s", describe(b))
			return v
		}
		out = resource.NewObjectProperty(c.object(p.Props, b.ObjectValue(), path))
	case p.Type == "archive" || p.Type == "asset":
		if !b.IsAsset() && !b.IsArchive() {
			c.fail(path, "expected an %s, got %s", p.Type, describe(b))
		}
	default:
		out = c.scalar(p, b, path)
	}
	return out
}

// secret checks a secret value without quoting it in what is wrong.
func (c *checker) secret(p *prop, v resource.PropertyValue, path string) resource.PropertyValue {
	inner := &checker{}
	out := inner.value(p, v.SecretValue().Element, path)
	for _, f := range inner.failures {
		c.fail(f.GetProperty(), "the value is not allowed; it is secret and therefore not shown (expected %s)", expects(p))
	}
	if out.IsSecret() {
		return out
	}
	return resource.MakeSecret(out)
}

// expects describes the values that a property takes.
func expects(p *prop) string {
	switch {
	case p.Format != "":
		return p.Type + " in the form " + p.Format
	case len(p.Enum) > 0:
		return "one of " + quoted(p.Enum)
	}
	return p.Type
}

func (c *checker) collection(p *prop, v resource.PropertyValue, path string) resource.PropertyValue {
	if !v.IsArray() {
		c.fail(path, "expected a list, got %s", describe(v))
		return v
	}
	vs := v.ArrayValue()
	if len(vs) < p.Min {
		c.fail(path, "expected at least %d, got %d", p.Min, len(vs))
	}
	if p.Max > 0 && len(vs) > p.Max {
		c.fail(path, "expected at most %d, got %d", p.Max, len(vs))
	}
	e := p.Element()
	out := make([]resource.PropertyValue, len(vs))
	for i, x := range vs {
		at := fmt.Sprintf("%s[%d]", path, i)
		if bare(x).IsNull() {
			c.fail(at, "null is not a value of this list")
		}
		out[i] = c.value(e, x, at)
	}
	return resource.NewArrayProperty(out)
}

func (c *checker) stringMap(p *prop, v resource.PropertyValue, path string) resource.PropertyValue {
	if !v.IsObject() {
		c.fail(path, "expected a map, got %s", describe(v))
		return v
	}
	e := p.Element()
	out := resource.PropertyMap{}
	for _, k := range sortedKeys(v.ObjectValue()) {
		if !internal(k) {
			out[k] = c.value(e, v.ObjectValue()[k], mapKeyPath(path, string(k)))
		}
	}
	return resource.NewObjectProperty(out)
}

// scalar converts as the provider does (numbers and booleans have one spelling as text) and checks the limits.
func (c *checker) scalar(p *prop, v resource.PropertyValue, path string) resource.PropertyValue {
	switch p.Type {
	case "boolean":
		if v.IsString() && (v.StringValue() == "true" || v.StringValue() == "false") {
			v = resource.NewBoolProperty(v.StringValue() == "true")
		}
		if !v.IsBool() {
			c.fail(path, "expected a boolean, got %s", describe(v))
		}
		return v
	case "integer", "number":
		if v.IsString() {
			if n, err := strconv.ParseFloat(v.StringValue(), 64); err == nil {
				v = resource.NewNumberProperty(n)
			}
		}
		if !v.IsNumber() {
			c.fail(path, "expected a number, got %s", describe(v))
			return v
		}
		n := v.NumberValue()
		if p.Type == "integer" && n != math.Trunc(n) {
			c.fail(path, "expected a whole number, got %v", n)
		}
		c.numberLimits(p, n, path)
		return v
	case "any":
		if v.IsObject() || v.IsArray() {
			if v.ContainsUnknowns() {
				return unknownValue
			}
			text, err := jsonText(v)
			if err != nil {
				c.fail(path, "cannot be written as JSON: %v", err)
				return v
			}
			v = resource.NewStringProperty(text)
		}
	}
	switch {
	case v.IsBool():
		v = resource.NewStringProperty(strconv.FormatBool(v.BoolValue()))
	case v.IsNumber():
		v = resource.NewStringProperty(strconv.FormatFloat(v.NumberValue(), 'f', -1, 64))
	}
	if !v.IsString() {
		c.fail(path, "expected a string, got %s", describe(v))
		return v
	}
	c.stringLimits(p, v.StringValue(), path)
	return v
}

func (c *checker) numberLimits(p *prop, n float64, path string) {
	if len(p.Enum) > 0 && !slices.Contains(p.Enum, strconv.FormatFloat(n, 'f', -1, 64)) {
		c.fail(path, "expected one of %s, got %v", strings.Join(p.Enum, ", "), n)
	}
	if r := p.Range; r != nil && r[1] >= 0 && (n < r[0] || n > r[1]) {
		c.fail(path, "expected %v to %v, got %v", r[0], r[1], n)
	}
	if p.AtLeast != nil && n < *p.AtLeast {
		c.fail(path, "expected at least %v, got %v", *p.AtLeast, n)
	}
	if p.AtMost != nil && n > *p.AtMost {
		c.fail(path, "expected at most %v, got %v", *p.AtMost, n)
	}
}

func (c *checker) stringLimits(p *prop, s, path string) {
	if len(p.Enum) > 0 && !slices.Contains(p.Enum, s) {
		c.fail(path, "expected one of %s, got %q%s", quoted(p.Enum), s, nearest(s, p.Enum))
		return
	}
	if l := p.Length; l != nil && (len(s) < l[0] || len(s) > l[1]) {
		c.fail(path, "expected %d to %d characters, got %d", l[0], l[1], len(s))
	}
	if wrong := formatProblem(p.Format, s); wrong != "" {
		c.fail(path, "%s", wrong)
	}
}

// describe names a value's type for an error; never the value, which may be secret.
func describe(v resource.PropertyValue) string {
	switch {
	case v.IsArray():
		return "a list"
	case v.IsObject():
		return "an object"
	case v.IsBool():
		return "a boolean"
	case v.IsNumber():
		return "a number"
	case v.IsString():
		return "a string"
	}
	return v.TypeString()
}
