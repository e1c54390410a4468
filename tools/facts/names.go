package main

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/pulumi/inflector"
	"github.com/zclconf/go-cty/cty"
)

// member is one property of a resource, a block or an element, under both its names.
type member struct {
	// name is Pulumi's, tf Terraform's; one of them is empty where only one side knows the property.
	name, tf string
	// attr or nest says which it is in the schema; both are nil for a member of an attribute's object type.
	attr *attribute
	nest *nest
	ty   cty.Type
	sdk  *sdkType
	// flat: a list or set of at most one, which Pulumi shows as its element.
	flat bool
	// members are those of the object, or of a collection's elements.
	members []*member
	// output: only the provider sets it.
	output bool
	// sameAs is the member that this one is inside of and whose members are its own, too: a statement within a statement.
	sameAs *member

	limits limits
}

func (m *member) isList() bool { return m.ty.IsListType() || m.ty.IsSetType() }

// isBlock reports whether its elements have members.
func (m *member) isBlock() bool { return m.nest != nil || m.element().IsObjectType() }

// element returns the type of a collection's elements, or the type itself.
func (m *member) element() cty.Type {
	if m.ty.IsListType() || m.ty.IsSetType() || m.ty.IsMapType() {
		return m.ty.ElementType()
	}
	return m.ty
}

// mustBeSet reports whether Terraform requires it.
func (m *member) mustBeSet() bool {
	return m.attr != nil && m.attr.required || m.nest != nil && m.nest.min > 0
}

// namer pairs Terraform's names with Pulumi's: by the rule that Pulumi derives them by, by variants of it, and at last, where
// one is left over on both sides, by that.
type namer struct {
	types map[string]map[string]*sdkType
	// inside are the members on the way, by the names of their SDK's structs.
	inside map[string]*member
}

// block returns a block's members.
func (n namer) block(b *block, props map[string]*sdkType, explicit map[string]string, hidden ...string) []*member {
	var all []*member
	for _, name := range sorted(b.attributes) {
		a := b.attributes[name]
		all = append(all, &member{tf: name, ty: a.ty, attr: a, output: a.output()})
	}
	for _, name := range sorted(b.nests) {
		x := b.nests[name]
		all = append(all, &member{tf: name, ty: x.ty(), nest: x})
	}
	return n.pair(all, props, explicit, hidden)
}

// object returns the members of an attribute's object type.
func (n namer) object(t cty.Type, props map[string]*sdkType, output bool) []*member {
	var all []*member
	types := t.AttributeTypes()
	for _, name := range sorted(types) {
		all = append(all, &member{tf: name, ty: types[name], output: output})
	}
	return n.pair(all, props, nil, nil)
}

func (n namer) pair(all []*member, props map[string]*sdkType, explicit map[string]string, hidden []string) []*member {
	all = slices.DeleteFunc(all, func(m *member) bool { return slices.Contains(hidden, m.tf) })
	claimed := map[string]bool{}
	put := func(m *member, name string) {
		m.name, claimed[name] = name, true
	}
	for _, m := range all {
		if name := explicit[m.tf]; name != "" && props[name] != nil {
			put(m, name)
		}
	}
	for _, m := range all {
		if name := defaultName(m); m.name == "" && props[name] != nil && !claimed[name] {
			put(m, name)
		}
	}
	for _, m := range all {
		for _, name := range variants(m) {
			if m.name == "" && props[name] != nil && !claimed[name] {
				put(m, name)
			}
		}
	}
	var left []*member
	for _, m := range all {
		if m.name == "" {
			left = append(left, m)
		}
	}
	var free []string
	for _, name := range sorted(props) {
		if !claimed[name] && !(name == "id" && slices.Contains(hidden, "id")) {
			free = append(free, name)
		}
	}
	if len(left) == 1 && len(free) == 1 && left[0].isList() == (props[free[0]].kind == "list") {
		put(left[0], free[0])
		left, free = nil, nil
	}
	for _, m := range left {
		// Where the SDK has no struct for an object, its members go by the rule. Where it has one, Pulumi hides the member.
		if props == nil {
			put(m, defaultName(m))
		}
	}
	for _, m := range all {
		n.describe(m, props[m.name])
	}
	for _, name := range free {
		m := &member{name: name, ty: cty.DynamicPseudoType, sdk: props[name]}
		all = append(all, m)
	}
	return all
}

// describe fills in what the SDK says of a member, and its own members.
func (n namer) describe(m *member, t *sdkType) {
	m.sdk = t
	inner := t
	if m.isList() {
		m.flat = t != nil && t.kind != "list" || t == nil && m.nest != nil && m.nest.max == 1
	}
	if t != nil && (m.isList() && !m.flat || m.ty.IsMapType()) {
		inner = t.elem
	}
	var props map[string]*sdkType
	if inner != nil && inner.kind == "object" {
		props = n.types[inner.ref]
		if m.sameAs = n.inside[inner.ref]; m.sameAs != nil {
			return
		}
		n.inside = maps.Clone(n.inside)
		if n.inside == nil {
			n.inside = map[string]*member{}
		}
		n.inside[inner.ref] = m
	}
	switch {
	case m.nest != nil:
		m.members = n.block(m.nest.block, props, nil)
	case m.element().IsObjectType():
		m.members = n.object(m.element(), props, m.output)
	}
	for _, x := range m.members {
		x.output = x.output || m.output
	}
}

// camel turns scaling_config into scalingConfig.
func camel(s string) string {
	var b strings.Builder
	for i, word := range strings.Split(s, "_") {
		if word == "" {
			continue
		}
		if i > 0 {
			r := []rune(word)
			r[0] = unicode.ToUpper(r[0])
			word = string(r)
		}
		b.WriteString(word)
	}
	return b.String()
}

// snake turns scalingConfig into scaling_config, as the reader of the facts does.
func snake(s string) string {
	var b strings.Builder
	for i, r := range s {
		if unicode.IsUpper(r) {
			if i > 0 {
				b.WriteByte('_')
			}
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// defaultName is camel case, with lists in the plural unless they hold at most one.
func defaultName(m *member) string {
	name := camel(m.tf)
	if m.isList() && !(m.nest != nil && m.nest.max == 1) {
		return inflector.Pluralize(name)
	}
	return name
}

func variants(m *member) []string {
	name := camel(m.tf)
	out := []string{name}
	if m.isList() {
		out = append(out, inflector.Pluralize(name))
	}
	out = append(out, name+"s", name+"es")
	if x, ok := strings.CutSuffix(name, "y"); ok {
		out = append(out, x+"ies")
	}
	for _, suffix := range []string{"s", "Id", "Arn", "Name"} {
		if x, ok := strings.CutSuffix(name, suffix); ok {
			out = append(out, x)
		}
	}
	if strings.HasSuffix(name, "Name") {
		out = append(out, "name")
	}
	return out
}

// tokens finds the token of a Terraform type: by the module that its name begins with.
type tokens map[string]string // module/name in lower case -> token

func indexTokens(all []string) tokens {
	out := tokens{}
	for _, tok := range all {
		parts := strings.Split(tok, ":")
		if len(parts) == 3 && parts[0] == "aws" {
			module, _, _ := strings.Cut(parts[1], "/")
			out[strings.ToLower(module+"/"+parts[2])] = tok
		}
	}
	return out
}

// modules are the prefixes of Terraform names that Pulumi's modules are not called by.
var modules = map[string]string{
	"db": "rds", "config": "cfg", "prometheus": "amp", "dx": "directconnect", "ec2_client_vpn": "ec2clientvpn",
	"ec2_transit_gateway": "ec2transitgateway", "kinesis_firehose": "kinesis", "ce": "costexplorer",
	"service_discovery": "servicediscovery", "api_gateway": "apigateway", "directory_service": "directoryservice",
}

// find returns a type's token; verb is "get" for functions.
func (t tokens) find(tf, verb string) string {
	name := strings.TrimPrefix(tf, "aws_")
	words := strings.Split(name, "_")
	try := func(module, name string) string { return t[strings.ToLower(module+"/"+verb+name)] }
	for i := len(words) - 1; i >= 1; i-- {
		module, rest := strings.Join(words[:i], "_"), camel("_"+strings.Join(words[i:], "_"))
		for _, m := range []string{modules[module], strings.ReplaceAll(module, "_", "")} {
			if tok := try(m, rest); tok != "" {
				return tok
			}
		}
	}
	for _, module := range []string{"ec2", "vpc", "elb"} {
		if tok := try(module, camel("_"+name)); tok != "" {
			return tok
		}
	}
	return ""
}
