package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// differ collects what inputs change in a resource, by property path.
type differ struct {
	out  map[string]pulumirpc.PropertyDiff_Kind
	news resource.PropertyMap
}

// changeKind is how one value becomes another, in the words of the facts' replaceOn.
type changeKind string

const (
	kindAdded      changeKind = "add"
	kindRemoved    changeKind = "remove"
	kindChanged    changeKind = "change"
	kindChangeBack changeKind = "change-back"
	kindAppended   changeKind = "append"
)

// conditional is a note of the facts about a property that replaces only when another one is true.
var conditional = regexp.MustCompile(`^replaces when (\w+) is true$`)

// replaces reports whether a change of a property replaces the resource.
func (d *differ) replaces(p *prop, kind changeKind) bool {
	if m := conditional.FindStringSubmatch(p.ReplaceNote); m != nil {
		when := bare(d.news[resource.PropertyKey(m[1])])
		return when.IsBool() && when.BoolValue()
	}
	replace := p.Replace != nil && *p.Replace
	if len(p.ReplaceOn) > 0 {
		return replace && slices.Contains(p.ReplaceOn, string(kind))
	}
	switch kind {
	case kindAdded:
		return (replace || p.ReplaceOnAdd) && !p.AddInPlace
	case kindRemoved:
		return (replace || p.ReplaceOnRemove) && !p.RemoveInPlace
	}
	return replace
}

// kindOf says which of the probed changes a change is. The facts call the first pair of values "change" and its
// reverse "change-back": that is the order of an enumeration, and true before false.
func kindOf(p *prop, old, new resource.PropertyValue) changeKind {
	switch {
	case !present(p, old):
		return kindAdded
	case !present(p, new):
		return kindRemoved
	case old.IsBool() && new.IsBool() && new.BoolValue():
		return kindChangeBack
	case old.IsString() && new.IsString() && len(p.Enum) > 0:
		if slices.Index(p.Enum, old.StringValue()) > slices.Index(p.Enum, new.StringValue()) {
			return kindChangeBack
		}
	case old.IsArray() && new.IsArray() && len(new.ArrayValue()) > len(old.ArrayValue()):
		e := p.Element()
		for _, o := range old.ArrayValue() {
			if !slices.ContainsFunc(new.ArrayValue(), func(n resource.PropertyValue) bool { return same(e, o, n) }) {
				return kindChanged
			}
		}
		return kindAppended
	}
	return kindChanged
}

// present reports whether a value is there for a diff: a zero is, and a block without members; an empty list is not.
func present(p *prop, v resource.PropertyValue) bool {
	return v.IsBool() || v.IsNumber() || v.IsString() || p.Type == "object" && v.IsObject() || !empty(v)
}

func (d *differ) add(path string, kind changeKind, replace bool) {
	k := pulumirpc.PropertyDiff_UPDATE
	switch kind {
	case kindAdded:
		k = pulumirpc.PropertyDiff_ADD
	case kindRemoved:
		k = pulumirpc.PropertyDiff_DELETE
	}
	if replace {
		k++ // each kind is followed by its replacing twin
	}
	d.out[path] = k
}

// object compares the members of a resource or a block.
func (d *differ) object(props map[string]*prop, olds, news resource.PropertyMap, path string) {
	for name, p := range props {
		if p.Output() && !(path == "" && name == tagsAllKey) {
			continue
		}
		k := resource.PropertyKey(name)
		if p.Output() && bare(news[k]).IsComputed() {
			continue // what only the provider computes is no change that anyone asked for
		}
		d.value(p, olds[k], wanted(p, olds[k], news[k]), joinPath(path, name))
	}
}

func (d *differ) value(p *prop, old, new resource.PropertyValue, path string) {
	old, new = bare(old), bare(new)
	if same(p, old, new) {
		return
	}
	if new.IsComputed() || old.IsComputed() {
		kind := kindChanged
		if !old.IsComputed() && !present(p, old) {
			kind = kindAdded
		}
		d.add(path, kind, d.replaces(p, kind))
		return
	}
	kind := kindOf(p, old, new)
	switch {
	case p.Type == "object" && (kind == kindAdded || kind == kindRemoved):
		d.add(path, kind, d.replaces(p, kind) || d.memberReplaces(p, old, new, kind))
	case p.Type == "object":
		d.object(p.Props, old.ObjectValue(), new.ObjectValue(), path)
	case p.Type == "map" && !empty(old) && !empty(new) && !new.ContainsUnknowns():
		d.entries(p, old.ObjectValue(), new.ObjectValue(), path)
	case p.Type == "list" && !empty(old) && !empty(new):
		d.elements(p, old.ArrayValue(), new.ArrayValue(), path, kind)
	case (p.Type == "set" || p.Type == "list") && p.Elem == "object":
		d.add(path, kind, d.replaces(p, kind) || d.setReplaces(p, elementsOf(old), elementsOf(new)))
	default:
		d.add(path, kind, d.replaces(p, kind))
	}
}

// entries compares maps key by key; a map with an unknown value is unknown as a whole to the provider.
func (d *differ) entries(p *prop, olds, news resource.PropertyMap, path string) {
	for k, o := range olds {
		if n, ok := news[k]; internal(k) {
			continue
		} else if !ok {
			d.add(mapKeyPath(path, string(k)), kindRemoved, d.replaces(p, kindChanged))
		} else if !same(p.Element(), o, n) {
			d.add(mapKeyPath(path, string(k)), kindChanged, d.replaces(p, kindChanged))
		}
	}
	for k := range news {
		if _, ok := olds[k]; !ok && !internal(k) {
			d.add(mapKeyPath(path, string(k)), kindAdded, d.replaces(p, kindChanged))
		}
	}
}

// elements compares lists by index.
func (d *differ) elements(p *prop, olds, news []resource.PropertyValue, path string, whole changeKind) {
	e := p.Element()
	e.Replace, e.ReplaceOn, e.ReplaceNote = p.Replace, p.ReplaceOn, p.ReplaceNote
	for i := range max(len(olds), len(news)) {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case i >= len(olds):
			d.add(at, kindAdded, d.replaces(p, whole) || d.memberReplaces(e, resource.NewNullProperty(), bare(news[i]), kindAdded))
		case i >= len(news):
			d.add(at, kindRemoved, d.replaces(p, whole) || d.memberReplaces(e, bare(olds[i]), resource.NewNullProperty(), kindRemoved))
		case e.Type == "object":
			d.value(e, olds[i], news[i], at)
		case !same(e, olds[i], news[i]):
			d.add(at, kindChanged, d.replaces(p, whole))
		}
	}
}

// memberReplaces reports whether a block that comes or goes carries a member whose setting or unsetting replaces.
func (d *differ) memberReplaces(p *prop, old, new resource.PropertyValue, kind changeKind) bool {
	holder := new
	if kind == kindRemoved {
		holder = old
	}
	if !holder.IsObject() {
		return false
	}
	for name, sub := range p.Props {
		v := bare(holder.ObjectValue()[resource.PropertyKey(name)])
		if sub.Output() || v.IsNull() || !v.IsComputed() && empty(v) || kind == kindRemoved && sub.Filled() {
			continue
		}
		if d.replaces(sub, kind) || sub.Type == "object" && d.memberReplaces(sub, v, v, kind) {
			return true
		}
	}
	return false
}

func elementsOf(v resource.PropertyValue) []resource.PropertyValue {
	if v.IsArray() {
		return v.ArrayValue()
	}
	return nil
}

// setReplaces reports whether an element that a set gains or loses has a member that replaces.
func (d *differ) setReplaces(p *prop, olds, news []resource.PropertyValue) bool {
	e := p.Element()
	lost := func(from, in []resource.PropertyValue, swap bool) bool {
		return slices.ContainsFunc(from, func(x resource.PropertyValue) bool {
			if slices.ContainsFunc(in, func(y resource.PropertyValue) bool {
				if swap {
					return same(e, x, y)
				}
				return same(e, y, x)
			}) {
				return false
			}
			kind := kindAdded
			if swap {
				kind = kindRemoved
			}
			return d.memberReplaces(e, bare(x), bare(x), kind)
		})
	}
	return lost(olds, news, true) || lost(news, olds, false)
}

// diff says what new inputs change in a resource. olds is the state, oldInputs what the program asked for before.
func diff(f *resourceFacts, olds, oldInputs, news resource.PropertyMap) *pulumirpc.DiffResponse {
	d := &differ{out: map[string]pulumirpc.PropertyDiff_Kind{}, news: news}
	d.object(f.Props, olds, news, "")
	r := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true, DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
	}
	if len(d.out) == 0 {
		return r
	}
	r.Changes = pulumirpc.DiffResponse_DIFF_SOME
	roots := map[string]bool{}
	for path, kind := range d.out {
		root := rootOf(path)
		roots[root] = true
		o, n := oldInputs[resource.PropertyKey(root)], news[resource.PropertyKey(root)]
		r.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: !deepBare(o).DeepEquals(deepBare(n))}
		if kind%2 == 1 {
			r.Replaces = append(r.Replaces, path)
		}
	}
	slices.Sort(r.Replaces)
	r.Diffs = sortedNames(roots)
	r.DeleteBeforeReplace = len(r.Replaces) > 0 && (f.DeleteBeforeReplace || keepsOwnName(f, oldInputs, news))
	return r
}

func rootOf(path string) string {
	if i := strings.IndexAny(path, ".["); i > 0 {
		return path[:i]
	}
	return path
}

// deepBare takes secrets and outputs off a value at every level.
func deepBare(v resource.PropertyValue) resource.PropertyValue {
	v = bare(v)
	switch {
	case v.IsArray():
		out := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, x := range v.ArrayValue() {
			out[i] = deepBare(x)
		}
		return resource.NewArrayProperty(out)
	case v.IsObject():
		out := resource.PropertyMap{}
		for k, x := range v.ObjectValue() {
			out[k] = deepBare(x)
		}
		return resource.NewObjectProperty(out)
	}
	return v
}
