package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// facts are the members of one JSON object; false, zero and empty ones are left out.
type facts map[string]any

func (f facts) set(key string, value any) {
	switch v := value.(type) {
	case bool:
		if !v {
			return
		}
	case int:
		if v == 0 {
			return
		}
	case string:
		if v == "" {
			return
		}
	case []string:
		if len(v) == 0 {
			return
		}
	}
	f[key] = value
}

// resourceFacts puts together what is known of a resource type. what is written by hand comes last.
func resourceFacts(t *target, r *sdkResource, by *written) (facts, error) {
	out := facts{"tf": t.tf}
	props := facts{}
	for _, m := range t.members {
		if m.name == "" {
			continue
		}
		p := t.property(m, r)
		p.set("required", r.required[m.name])
		if !r.required[m.name] && m.mustBeSet() {
			p["tfRequired"] = true
		}
		if m.sdk != nil && r.in[m.name] == nil && r.out[m.name] != nil {
			delete(p, "replace")
			p["io"] = "out"
		}
		if text := r.managed[m.name]; text != "" {
			p["default"] = text
		}
		props[m.name] = p
	}
	out["props"] = props
	out.set("aliases", r.aliases)
	out.set("rules", t.rules)
	return out, by.into(out, t)
}

// property describes a member; as a member of a block, with what Terraform requires.
func (t *target) property(m *member, r *sdkResource) facts {
	p := facts{}
	typ, elem := typeOfMember(m)
	p["type"] = typ
	p.set("elem", elem)
	if m.flat && typ == "object" {
		p["flat"] = "list"
	}
	switch {
	case m.tf == "":
		p["tf"] = nil
	case m.tf != snake(m.name):
		p["tf"] = m.tf
	}
	if m.output {
		p["io"] = "out"
	}
	if len(m.members) > 0 {
		inner := facts{}
		for _, x := range m.members {
			if x.name == "" {
				continue
			}
			q := t.property(x, nil)
			q.set("required", x.mustBeSet() || m.nest == nil && x.sdk.isRequired() && !x.output)
			inner[x.name] = q
		}
		p["props"] = inner
	}
	if m.sameAs != nil {
		p["sameAs"] = t.pathOf(m.sameAs)
	}
	if a := m.attr; a != nil {
		p.set("deprecated", a.deprecated)
		p.set("secret", a.sensitive || a.writeOnly)
	}
	if r != nil && slices.Contains(r.secrets, m.name) {
		p["secret"] = true
	}
	if m.output {
		return p
	}
	if a := m.attr; a != nil {
		p.set("computed", a.computed)
	}
	if n := m.nest; n != nil {
		p.set("deprecated", n.block.deprecated)
		if !m.flat {
			p.set("min", int(n.min))
			p.set("max", int(n.max))
		}
	}
	m.limits.into(p, typ)
	if v, ok := t.defaults[m]; ok {
		p["default"] = v
	}
	t.replacement(m, p)
	return p
}

// typeOfMember is the Pulumi type of a member, and of its elements.
func typeOfMember(m *member) (typ, elem string) {
	scalar := func(ty cty.Type, s *sdkType) string {
		switch {
		case s != nil && s.kind != "list" && s.kind != "map":
			return s.kind
		case ty == cty.Bool:
			return "boolean"
		case ty == cty.Number:
			return "number"
		case ty.IsObjectType():
			return "object"
		case ty.IsListType(), ty.IsSetType():
			return "list"
		case ty.IsMapType():
			return "map"
		case ty == cty.String:
			return "string"
		}
		return "any"
	}
	var inner *sdkType
	if m.sdk != nil {
		inner = m.sdk.elem
	}
	switch {
	case m.tf == "":
		if m.sdk.kind == "list" || m.sdk.kind == "map" {
			return m.sdk.kind, m.sdk.elem.kind
		}
		return m.sdk.kind, ""
	case m.flat:
		return scalar(m.element(), m.sdk), ""
	case m.ty.IsListType():
		return "list", scalar(m.element(), inner)
	case m.ty.IsSetType():
		return "set", scalar(m.element(), inner)
	case m.ty.IsMapType():
		return "map", scalar(m.element(), inner)
	}
	return scalar(m.ty, m.sdk), ""
}

func (l limits) into(p facts, typ string) {
	if len(l.enum) > 0 {
		p["enum"] = l.enum
		if typ == "integer" || typ == "number" {
			var numbers []float64
			for _, text := range l.enum {
				numbers = append(numbers, number(text))
			}
			p["enum"] = numbers
		}
	}
	if !l.loose && !(l.format == "boolean" && typ == "boolean") {
		p.set("format", l.format)
	}
	if l.length != nil {
		p["length"] = *l.length
	}
	if l.between != nil {
		p["range"] = *l.between
	}
	if l.atLeast != nil {
		p["atLeast"] = *l.atLeast
	}
	if l.atMost != nil {
		p["atMost"] = *l.atMost
	}
}

// replacement says which changes replace.
func (t *target) replacement(m *member, p facts) {
	found := t.outcomes[m]
	var changes, replacing, all []string
	for _, kind := range transitions {
		o := found[kind]
		if o == untried {
			continue
		}
		all = append(all, string(kind))
		if o == replaces {
			replacing = append(replacing, string(kind))
		}
		if kind != add && kind != remove {
			changes = append(changes, string(kind))
		}
	}
	count := func(kinds []string) int {
		return len(slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return !slices.Contains(replacing, k) }))
	}
	suppressed := len(changes) > 0 && !slices.ContainsFunc(changes, func(k string) bool { return found[transition(k)] != nothing })
	p.set("keepsOnRemove", t.kept[m] && !suppressed)
	switch {
	case len(all) == 0 && m.isBlock() && m.mustBeSet(): // only its members can change
		p["replace"] = false
		return
	case len(all) == 0:
		p["replace"] = nil
		return
	case m.isBlock():
		p["replace"] = len(replacing) > 0
		if n := len(replacing); n > 0 && n < len(all) {
			p["replaceOn"] = replacing
		}
		return
	}
	switch n := count(changes); {
	case n == 0:
		p["replace"] = false
		p.set("replaceOnAdd", found[add] == replaces)
		p.set("replaceOnRemove", found[remove] == replaces)
		if suppressed {
			p["replaceNote"] = "suppressed: its change alone gave no difference"
		}
	case n < len(changes):
		// What could not be tried back counts as the way there.
		if found[changeBack] == untried && found[change] == replaces {
			replacing = append([]string{string(change), string(changeBack)}, slices.DeleteFunc(replacing, func(k string) bool { return k == string(change) })...)
		}
		p["replace"], p["replaceOn"] = true, replacing
	default:
		p["replace"] = true
		p.set("addInPlace", found[add] == updates)
		p.set("removeInPlace", found[remove] == updates)
	}
}

// functionFacts puts together what is known of a function.
func functionFacts(tf string, members []*member, r *sdkResource) facts {
	t := &target{tf: tf}
	props := facts{}
	for _, m := range members {
		if m.name == "" {
			continue
		}
		p := t.property(m, nil)
		strip(p)
		switch {
		case r.in[m.name] == nil:
			delete(p, "computed")
			p["io"] = "out"
		case r.out[m.name] == nil:
			p["io"] = "in"
		}
		p.set("required", r.required[m.name] || m.mustBeSet())
		props[m.name] = p
	}
	return facts{"tf": tf, "props": props}
}

// strip takes away what only changes of resources have.
func strip(p facts) {
	delete(p, "replace")
	delete(p, "keepsOnRemove")
	if inner, ok := p["props"].(facts); ok {
		for _, x := range inner {
			strip(x.(facts))
		}
	}
}

// encode prints facts so that a change of one property is a change of one line: objects without objects in them on one line.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := write(&b, v, 0); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func write(b *bytes.Buffer, v any, depth int) error {
	f, ok := v.(facts)
	if !ok {
		return writeScalar(b, v)
	}
	line := depth > 0
	for _, x := range f {
		if _, nested := x.(facts); nested {
			line = false
		}
	}
	separator, end := ", ", ""
	if !line {
		separator, end = ",\n"+strings.Repeat(" ", depth+1), "\n"+strings.Repeat(" ", depth)
	}
	b.WriteByte('{')
	for i, key := range sorted(f) {
		switch {
		case i > 0:
			b.WriteString(separator)
		case !line:
			b.WriteString(separator[1:])
		}
		name, err := json.Marshal(key)
		if err != nil {
			return err
		}
		b.Write(name)
		b.WriteString(": ")
		if err := write(b, f[key], depth+1); err != nil {
			return err
		}
	}
	b.WriteString(end)
	b.WriteByte('}')
	return nil
}

// writeScalar writes a value on one line, lists with a blank after each comma.
func writeScalar(b *bytes.Buffer, v any) error {
	text, err := marshal(v)
	if err != nil {
		return err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil || list == nil {
		b.Write(text)
		return nil
	}
	b.WriteByte('[')
	for i, x := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.Write(x)
	}
	b.WriteByte(']')
	return nil
}

// marshal is json.Marshal without its escapes for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// pathOf is the path of a member.
func (t *target) pathOf(m *member) string {
	var found string
	settable(t.members, nil, func(at path) {
		if at.last() == m {
			found = at.String()
		}
	})
	return found
}
