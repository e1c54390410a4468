package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// fill says what a configuration holds beside what a probe is about.
type fill int

const (
	// least is what Terraform requires, and nothing else.
	least fill = iota
	// everything is every member that can be set.
	everything
)

// path leads to a member, from the resource down.
type path []*member

func (p path) last() *member { return p[len(p)-1] }

// String is the path in Pulumi's names: scalingConfig.desiredSize.
func (p path) String() string {
	names := make([]string, len(p))
	for i, m := range p {
		names[i] = m.name
	}
	return strings.Join(names, ".")
}

// terraform is the path in Terraform's names.
func (p path) terraform() []string {
	names := make([]string, len(p))
	for i, m := range p {
		names[i] = m.tf
	}
	return names
}

// settable calls f with every member that a program can set, parents first.
func settable(members []*member, at path, f func(path)) {
	for _, m := range members {
		if m.output || m.tf == "" || m.name == "" {
			continue
		}
		p := append(slices.Clone(at), m)
		f(p)
		settable(m.members, p, f)
	}
}

// build returns a configuration with a value at a path; an empty path changes nothing. Blocks on the way are there once.
func build(members []*member, ty cty.Type, how fill, at path, value cty.Value) cty.Value {
	out := map[string]cty.Value{}
	for name, t := range ty.AttributeTypes() {
		out[name] = cty.NullVal(t)
	}
	for _, m := range members {
		if m.tf == "" {
			continue
		}
		switch {
		case len(at) > 0 && m == at[0] && len(at) == 1:
			out[m.tf] = value
		case len(at) > 0 && m == at[0]:
			out[m.tf] = wrap(m, build(m.members, m.element(), how, at[1:], value))
		case m.mustBeSet() || how == everything && !m.output && m.name != "":
			out[m.tf] = sample(m, how, 0)
		default:
			out[m.tf] = absent(m)
		}
	}
	// What Pulumi hides (timeouts) is a block without mention.
	return object(out)
}

// absent is the value of a member that a configuration does not mention.
func absent(m *member) cty.Value {
	if m.nest != nil {
		return m.nest.absent()
	}
	return cty.NullVal(m.ty)
}

// wrap makes an element the only one of its collection.
func wrap(m *member, v cty.Value) cty.Value {
	switch {
	case m.ty.IsListType():
		return cty.ListVal([]cty.Value{v})
	case m.ty.IsSetType():
		return cty.SetVal([]cty.Value{v})
	case m.ty.IsMapType():
		return cty.MapVal(map[string]cty.Value{"key": v})
	}
	return v
}

// sample returns a value that a member takes. Different variants differ.
func sample(m *member, how fill, variant int) cty.Value {
	if m.sameAs != nil {
		return wrap(m, m.nest.block.empty())
	}
	if m.isBlock() {
		return wrap(m, build(m.members, m.element(), how, nil, cty.NilVal))
	}
	return wrap(m, m.limits.sample(m.element(), variant))
}

// appended returns a collection with one element more than its sample, or NilVal for what takes no more.
func appended(m *member, how fill) cty.Value {
	if m.flat || m.ty.Equals(m.element()) || m.sameAs != nil || m.nest != nil && m.nest.max == 1 {
		return cty.NilVal
	}
	element := func(variant int) cty.Value {
		if !m.isBlock() {
			return m.limits.sample(m.element(), variant)
		}
		if variant > 0 {
			return varied(m.members, m.element(), least, variant)
		}
		return build(m.members, m.element(), how, nil, cty.NilVal)
	}
	a, b := element(0), element(1)
	switch {
	case a.RawEquals(b):
		return cty.NilVal
	case m.ty.IsListType():
		return cty.ListVal([]cty.Value{a, b})
	case m.ty.IsSetType():
		return cty.SetVal([]cty.Value{a, b})
	}
	return cty.MapVal(map[string]cty.Value{"key": a, "other": b})
}

// limits are what a value must be like.
type limits struct {
	enum   []string
	format string
	// loose: the format is right, but more is, too, so that it is no fact.
	loose           bool
	length          *[2]int
	between         *[2]float64
	atLeast, atMost *float64
}

// texts are samples of the formats that the provider asks for.
var texts = map[string][3]string{
	"arn": {
		"arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:role/b", "arn:aws:iam::123456789012:role/c",
	},
	"json":    {`{"Version":"2012-10-17","Statement":[]}`, `{"Version":"2012-10-17","Id":"b","Statement":[]}`, `{"Version":"2012-10-17","Id":"c","Statement":[]}`},
	"cidr":    {"10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"},
	"ip":      {"10.0.0.4", "10.0.0.5", "10.0.0.6"},
	"rfc3339": {"2030-01-01T00:00:00Z", "2030-02-01T00:00:00Z", "2030-03-01T00:00:00Z"},
	"boolean": {"true", "false", "true"},
}

func (l limits) sample(ty cty.Type, variant int) cty.Value {
	switch {
	case ty == cty.Bool:
		return cty.BoolVal(variant%2 == 0)
	case ty == cty.Number:
		return cty.NumberFloatVal(l.number(variant))
	case ty == cty.String || ty == cty.DynamicPseudoType:
		return cty.StringVal(l.text(variant))
	case ty.IsListType():
		return cty.ListVal([]cty.Value{l.sample(ty.ElementType(), variant)})
	case ty.IsSetType():
		return cty.SetVal([]cty.Value{l.sample(ty.ElementType(), variant)})
	case ty.IsMapType():
		return cty.MapVal(map[string]cty.Value{"key": l.sample(ty.ElementType(), variant)})
	case ty.IsObjectType():
		members := map[string]cty.Value{}
		for name, t := range ty.AttributeTypes() {
			members[name] = l.sample(t, variant)
		}
		return object(members)
	}
	return cty.NullVal(ty)
}

func (l limits) number(variant int) float64 {
	low, high := 1.0, 1e9
	switch {
	case l.between != nil:
		low, high = l.between[0], l.between[1]
	case l.atLeast != nil:
		low = *l.atLeast
	case l.atMost != nil:
		low, high = *l.atMost-2, *l.atMost
	}
	// To the older of the provider's libraries, zero is unset.
	if low <= 0 && high >= 3 {
		low = 1
	}
	return min(low+float64(variant), high)
}

func (l limits) text(variant int) string {
	if len(l.enum) > 0 {
		return l.enum[variant%len(l.enum)]
	}
	if of, ok := texts[l.format]; ok {
		return of[variant]
	}
	text := fmt.Sprintf("probe-%c", 'a'+variant)
	if l.length != nil {
		if l.length[1] > 0 && len(text) > l.length[1] {
			text = text[len(text)-l.length[1]:]
		}
		for len(text) < l.length[0] {
			text += "x"
		}
	}
	return text
}
