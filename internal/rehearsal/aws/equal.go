package aws

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// same reports whether an input asks for what a resource has already. old is state, new is input: what the input
// leaves out and AWS may choose is the same whatever the state says.
func same(p *prop, old, new resource.PropertyValue) bool {
	old, new = bare(old), bare(new)
	if new.IsComputed() || old.IsComputed() {
		return false
	}
	if empty(new) && empty(old) {
		return p.Type != "object" || old.IsObject() == new.IsObject()
	}
	switch {
	case p.Type == "set" && old.IsArray() && new.IsArray():
		return sameSet(p.Element(), old.ArrayValue(), new.ArrayValue())
	case p.Type == "list" && old.IsArray() && new.IsArray():
		os, ns := old.ArrayValue(), new.ArrayValue()
		if len(os) != len(ns) {
			return false
		}
		e := p.Element()
		for i := range os {
			if !same(e, os[i], ns[i]) {
				return false
			}
		}
		return true
	case p.Type == "object" && old.IsObject() && new.IsObject():
		for name, sub := range p.Props {
			if !sameMember(sub, old.ObjectValue()[resource.PropertyKey(name)], new.ObjectValue()[resource.PropertyKey(name)]) {
				return false
			}
		}
		return true
	case old.IsObject() && new.IsObject():
		om, nm := old.ObjectValue(), new.ObjectValue()
		e := p.Element()
		for k := range om {
			if _, ok := nm[k]; !ok && !internal(k) {
				return false
			}
		}
		for k, n := range nm {
			if o, ok := om[k]; !internal(k) && (!ok || !same(e, o, n)) {
				return false
			}
		}
		return true
	case p.Format == "json" && old.IsString() && new.IsString():
		return sameDocument(old.StringValue(), new.StringValue())
	case p.Format == formatIssuer && old.IsString() && new.IsString():
		return strings.TrimPrefix(old.StringValue(), "https://") == strings.TrimPrefix(new.StringValue(), "https://")
	}
	return old.DeepEquals(new)
}

// sameMember compares a member of a resource or block, which the input may leave out.
func sameMember(p *prop, old, new resource.PropertyValue) bool {
	if p.Output() {
		return true
	}
	return same(p, old, wanted(p, old, new))
}

// wanted is the value that an input asks for: itself, else the default, else the present value where the
// provider keeps it.
func wanted(p *prop, old, new resource.PropertyValue) resource.PropertyValue {
	if !bare(new).IsNull() {
		return new
	}
	if p.Default != nil {
		return defaultValue(p)
	}
	if p.Filled() {
		return old
	}
	return resource.NewNullProperty()
}

// defaultValue is the default in the property's own type; the facts hold some numbers as text.
func defaultValue(p *prop) resource.PropertyValue {
	v := resource.NewPropertyValue(p.Default)
	if p.Type == "integer" || p.Type == "number" {
		v = (&checker{}).scalar(&prop{Type: p.Type}, v, "")
	}
	return v
}

func sameSet(e *prop, olds, news []resource.PropertyValue) bool {
	if len(olds) != len(news) {
		return false
	}
	taken := make([]bool, len(olds))
next:
	for _, n := range news {
		for i, o := range olds {
			if !taken[i] && same(e, o, n) {
				taken[i] = true
				continue next
			}
		}
		return false
	}
	return true
}

// sameDocument compares JSON documents by what they say. In policies, one string and a list of it are the same,
// and the order of a list does not matter.
func sameDocument(a, b string) bool {
	if a == b {
		return true
	}
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	if isPolicy(x) && isPolicy(y) {
		x, y = policyForm(x), policyForm(y)
	}
	return reflect.DeepEqual(x, y)
}

func isPolicy(v any) bool {
	m, ok := v.(map[string]any)
	return ok && m["Statement"] != nil
}

func policyForm(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = policyForm(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = policyForm(x)
		}
		if len(out) == 1 {
			return out[0]
		}
		slices.SortFunc(out, func(a, b any) int {
			x, _ := json.Marshal(a)
			y, _ := json.Marshal(b)
			return strings.Compare(string(x), string(y))
		})
		return out
	}
	return v
}
