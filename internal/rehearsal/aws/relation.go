package aws

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// relation is a rule between properties that the genuine provider enforces before it asks AWS.
type relation struct {
	kind string // conflicts, exactlyOneOf, atLeastOneOf, requires
	// at is the block whose members are related; empty for the resource itself. Where it is a list, the rule
	// holds in each element.
	at []string
	// names are paths below at. Of requires, the first one asks for the others.
	names [][]string
}

func parseRelation(text string) (relation, error) {
	kind, rest, ok := strings.Cut(text, ": ")
	if !ok {
		return relation{}, fmt.Errorf("rule %q: no kind", text)
	}
	r := relation{kind: kind}
	for _, path := range strings.Fields(strings.ReplaceAll(rest, "->", " ")) {
		r.names = append(r.names, strings.Split(path, "."))
	}
	switch kind {
	case "conflicts", "exactlyOneOf", "atLeastOneOf", "requires":
	default:
		return relation{}, fmt.Errorf("rule %q: unknown kind", text)
	}
	if len(r.names) < 2 {
		return relation{}, fmt.Errorf("rule %q: fewer than two properties", text)
	}
	for len(r.names[0]) > 1 {
		head := r.names[0][0]
		for _, n := range r.names {
			if len(n) < 2 || n[0] != head {
				return r, nil
			}
		}
		r.at = append(r.at, head)
		for i := range r.names {
			r.names[i] = r.names[i][1:]
		}
	}
	return r, nil
}

// check reports where a relation does not hold.
func (r relation) check(inputs resource.PropertyMap, report func(path, reason string)) {
	blocksAt(resource.NewObjectProperty(inputs), r.at, "", func(path string, block resource.PropertyMap) {
		var known, unknown []string
		var firstGiven bool
		for i, name := range r.names {
			switch state := presence(resource.NewObjectProperty(block), name); state {
			case given:
				known = append(known, strings.Join(name, "."))
				firstGiven = firstGiven || i == 0
			case givenUnknown:
				unknown = append(unknown, strings.Join(name, "."))
			}
		}
		all := make([]string, len(r.names))
		for i, name := range r.names {
			all[i] = strings.Join(name, ".")
		}
		first := joinPath(path, all[0])
		switch r.kind {
		case "conflicts":
			if len(known) > 1 {
				report(joinPath(path, known[0]), fmt.Sprintf("%q conflicts with %q: give one of them", known[0], known[1]))
			}
		case "exactlyOneOf":
			if len(known) > 1 {
				report(joinPath(path, known[0]), fmt.Sprintf("only one of %s can be given, but %s were", quoted(all), quoted(known)))
			}
			if len(known)+len(unknown) == 0 {
				report(first, fmt.Sprintf("one of %s must be given", quoted(all)))
			}
		case "atLeastOneOf":
			if len(known)+len(unknown) == 0 {
				report(first, fmt.Sprintf("at least one of %s must be given", quoted(all)))
			}
		case "requires":
			if firstGiven && len(known)+len(unknown) < len(all) {
				report(first, fmt.Sprintf("%q requires %s", all[0], quoted(all[1:])))
			}
		}
	})
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = `"` + n + `"`
	}
	return strings.Join(out, ", ")
}

type presenceState int

const (
	absent presenceState = iota
	given
	givenUnknown
)

// presence reports whether a property is there; below a list, in any element.
func presence(v resource.PropertyValue, path []string) presenceState {
	v = bare(v)
	switch {
	case v.IsNull():
		return absent
	case v.IsComputed():
		return givenUnknown
	case len(path) == 0:
		return given
	case v.IsArray():
		state := absent
		for _, x := range v.ArrayValue() {
			state = max(state, presence(x, path))
		}
		return state
	case v.IsObject():
		x, ok := v.ObjectValue()[resource.PropertyKey(path[0])]
		if !ok {
			return absent
		}
		return presence(x, path[1:])
	}
	return absent
}

// blocksAt calls f with every object at a path, in every element of lists on the way.
func blocksAt(v resource.PropertyValue, path []string, at string, f func(string, resource.PropertyMap)) {
	v = bare(v)
	switch {
	case v.IsArray():
		for i, x := range v.ArrayValue() {
			blocksAt(x, path, fmt.Sprintf("%s[%d]", at, i), f)
		}
	case !v.IsObject():
	case len(path) == 0:
		f(at, v.ObjectValue())
	default:
		if x, ok := v.ObjectValue()[resource.PropertyKey(path[0])]; ok {
			blocksAt(x, path[1:], joinPath(at, path[0]), f)
		}
	}
}
