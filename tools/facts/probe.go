package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/msgpack"
)

// target is a resource type that facts are made of.
type target struct {
	provider *provider
	tf       string
	schema   *schema
	members  []*member
	// large: there are too many members to try each by itself, so that they change together.
	large bool

	rules    []string
	defaults map[*member]any
	outcomes map[*member]map[transition]outcome
	// kept are the members that keep their value when they are left out.
	kept      map[*member]bool
	standings map[[sha256.Size]byte]*standing
}

// largeFrom is the number of settable members from which a type is large, deepFrom the depth at which members are deep.
const (
	largeFrom = 700
	deepFrom  = 2
)

func (t *target) deep(at path) bool { return t.large && len(at) >= deepFrom }

// transition is how a member's value becomes another.
type transition string

// The transitions, as the facts name them.
const (
	change     transition = "change"
	changeBack transition = "change-back"
	appendTo   transition = "append"
	add        transition = "add"
	remove     transition = "remove"
)

// transitions are all, in the order in which the facts name them.
var transitions = []transition{change, changeBack, appendTo, add, remove}

// outcome is what a transition led to; the highest of several tries counts.
type outcome int

const (
	untried outcome = iota
	nothing         // no difference
	updates
	replaces
)

// standing is a resource as a creation leaves it behind.
type standing struct {
	config  cty.Value
	value   cty.Value
	private []byte
	// still is what a plan without a change makes of it.
	still cty.Value
}

// stand returns a resource of a configuration, or nil where the provider makes none of it: it refuses, or it replaces what
// nobody changed, so that a replacement proves nothing.
func (t *target) stand(ctx context.Context, config cty.Value) (*standing, error) {
	packed, err := msgpack.Marshal(config, t.schema.ty)
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256(packed)
	if s, known := t.standings[key]; known {
		return s, nil
	}
	s, err := t.create(ctx, config)
	if err == nil {
		t.standings[key] = s
	}
	return s, err
}

// create finds a state that the provider would leave as it is: what it plans for a creation, with what only AWS knows made up
// or, where the provider sees through that, left empty; and where it refuses the creation, the configuration itself.
func (t *target) create(ctx context.Context, config cty.Value) (*standing, error) {
	p, err := t.provider.plan(ctx, t.tf, t.schema, cty.NullVal(t.schema.ty), nil, config)
	if err != nil {
		return nil, err
	}
	states := []cty.Value{filled(p.value, true), filled(p.value, false)}
	if p.problems.err() != nil || p.value.IsNull() {
		p.private = nil
		states = []cty.Value{t.computed(config, true), t.computed(config, false)}
	}
	for _, state := range states {
		members := state.AsValueMap()
		if id, ok := members["id"]; ok && id.Type() == cty.String {
			members["id"] = cty.StringVal("probe-id")
		}
		s := &standing{config: config, value: object(members), private: p.private}
		still, err := t.provider.plan(ctx, t.tf, t.schema, s.value, s.private, config)
		if err != nil {
			return nil, err
		}
		if still.problems.err() == nil && len(still.replaces) == 0 {
			s.still = still.value
			return s, nil
		}
	}
	return nil, nil
}

// computed makes up what the provider computes at the top of a configuration.
func (t *target) computed(config cty.Value, makeUp bool) cty.Value {
	members := config.AsValueMap()
	for name, a := range t.schema.attributes {
		if members[name].IsNull() && a.output() {
			members[name] = filled(cty.UnknownVal(a.ty), makeUp)
		}
	}
	if id, ok := members["id"]; ok && id.Type() == cty.String {
		members["id"] = cty.StringVal("probe-id")
	}
	return object(members)
}

// filled gives the values that only AWS knows some value, or none: of collections of blocks, none.
func filled(v cty.Value, makeUp bool) cty.Value {
	out, err := cty.Transform(v, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		ty := v.Type()
		switch {
		case v.IsKnown():
			return v, nil
		case ty.IsListType() && ty.ElementType().IsObjectType():
			return cty.ListValEmpty(ty.ElementType()), nil
		case ty.IsSetType() && ty.ElementType().IsObjectType():
			return cty.SetValEmpty(ty.ElementType()), nil
		case !makeUp:
			return cty.NullVal(ty), nil
		}
		return limits{}.sample(ty, 2), nil
	})
	if err != nil {
		return v
	}
	return out
}

// step plans the step from one configuration to another; it returns nil where the provider makes none of it.
func (t *target) step(ctx context.Context, from, to cty.Value) (*standing, *plan, error) {
	s, err := t.stand(ctx, from)
	if err != nil || s == nil {
		return nil, nil, err
	}
	p, err := t.provider.plan(ctx, t.tf, t.schema, s.value, s.private, to)
	if err != nil || p.problems.err() != nil {
		return nil, nil, err
	}
	return s, p, nil
}

// try plans the step from one configuration to another, which differ in one member.
func (t *target) try(ctx context.Context, at path, from, to cty.Value) (found outcome, kept bool, err error) {
	s, p, err := t.step(ctx, from, to)
	if err != nil || p == nil {
		return untried, false, err
	}
	kept = at.isSame(s.still, p.value)
	switch {
	case len(p.replaces) > 0:
		return replaces, kept, nil
	case p.value.RawEquals(s.still):
		return nothing, kept, nil
	}
	return updates, kept, nil
}

// isSame reports whether the same stands at a path in two resources.
func (p path) isSame(a, b cty.Value) bool {
	before, after := p.in(a), p.in(b)
	return before != cty.NilVal && after != cty.NilVal && before.RawEquals(after)
}

// in returns what stands at a path in a resource, of collections on the way in their first element; NilVal for nothing.
func (p path) in(v cty.Value) cty.Value {
	for i, m := range p {
		v = v.GetAttr(m.tf)
		if i < len(p)-1 {
			if v = firstOf(v); v == cty.NilVal {
				return v
			}
		}
	}
	return v
}

// probe tries the transitions of every member, with the least and with everything else set.
func (t *target) probe(ctx context.Context) error {
	t.outcomes, t.kept = map[*member]map[transition]outcome{}, map[*member]bool{}
	t.standings = map[[sha256.Size]byte]*standing{}
	var all []path
	settable(t.members, nil, func(at path) { all = append(all, at) })
	if t.large {
		return t.probeTogether(ctx, all)
	}
	for _, at := range all {
		for _, probe := range []func(context.Context, path) error{t.probeAlone, t.probeAmongAll} {
			if err := probe(ctx, at); err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
		}
	}
	return nil
}

// probeAlone tries the transitions of a member with the least else set.
func (t *target) probeAlone(ctx context.Context, at path) error {
	m := at.last()
	config := func(v cty.Value) cty.Value { return build(t.members, t.schema.ty, least, at, v) }
	steps := map[transition][2]cty.Value{}
	first := config(sample(m, least, 0))
	if !m.mustBeSet() {
		telling := config(t.telling(m))
		steps[add], steps[remove] = [2]cty.Value{config(absent(m)), telling}, [2]cty.Value{telling, config(absent(m))}
	}
	if m.isBlock() && m.mustBeSet() && m.flat && slices.ContainsFunc(m.members, (*member).mustBeSet) {
		steps[change] = [2]cty.Value{first, config(wrap(m, varied(m.members, m.element(), least, 1)))}
	}
	if !m.isBlock() {
		second := config(t.second(m))
		steps[change], steps[changeBack] = [2]cty.Value{first, second}, [2]cty.Value{second, first}
	}
	if more := appended(m, least); more != cty.NilVal {
		steps[appendTo] = [2]cty.Value{first, config(more)}
	}
	if err := t.take(ctx, at, steps, true); err != nil {
		return err
	}
	if m.mustBeSet() || !m.isBlock() || m.sameAs != nil || slices.ContainsFunc(m.members, (*member).mustBeSet) {
		return nil
	}
	// The block was empty, which is as good as none to some: whether it stays is asked of a full one.
	none, full := config(absent(m)), config(sample(m, everything, 0))
	added, _, err := t.try(ctx, at, none, full)
	if err != nil {
		return err
	}
	found, kept, err := t.try(ctx, at, full, none)
	if err == nil && found != untried {
		t.kept[m] = kept && added != nothing
	}
	return err
}

// probeAmongAll tries the transitions of a member with everything else set, from there on.
func (t *target) probeAmongAll(ctx context.Context, at path) error {
	m := at.last()
	all := build(t.members, t.schema.ty, everything, nil, cty.NilVal)
	config := func(v cty.Value) cty.Value { return build(t.members, t.schema.ty, everything, at, v) }
	steps := map[transition][2]cty.Value{}
	if !m.mustBeSet() {
		steps[remove] = [2]cty.Value{all, config(absent(m))}
	}
	if !m.isBlock() {
		steps[change] = [2]cty.Value{all, config(t.second(m))}
	}
	if more := appended(m, everything); more != cty.NilVal {
		steps[appendTo] = [2]cty.Value{all, config(more)}
	}
	if err := t.take(ctx, at, steps, false); err != nil {
		return err
	}
	// What replaces only with something else set may do so on the way back, too.
	if o := t.outcomes[m]; !m.isBlock() && o[change] == replaces && o[changeBack] != replaces {
		return t.take(ctx, at, map[transition][2]cty.Value{changeBack: {config(t.second(m)), all}}, false)
	}
	return nil
}

// take tries steps. A member keeps its value when it is left out if it does so wherever that can be tried, from a value that is
// not its default.
func (t *target) take(ctx context.Context, at path, steps map[transition][2]cty.Value, alone bool) error {
	m := at.last()
	for _, kind := range transitions {
		step, ok := steps[kind]
		if !ok {
			continue
		}
		found, kept, err := t.try(ctx, at, step[0], step[1])
		if err != nil {
			return err
		}
		t.note(m, kind, found)
		if kind == remove && found != untried && (alone || t.defaults[m] == nil) {
			before, asked := t.kept[m]
			t.kept[m] = kept && (before || !asked)
		}
	}
	return nil
}

// second is a member's second value.
func (t *target) second(m *member) cty.Value {
	if len(m.limits.enum) == 1 {
		return wrap(m, limits{}.sample(m.element(), 1))
	}
	return sample(m, least, 1)
}

// telling is a value that is not the one that a member has without it.
func (t *target) telling(m *member) cty.Value {
	given := sample(m, least, 0)
	if v, ok := plainValue(given); ok && t.defaults[m] != nil && reflect.DeepEqual(v, t.defaults[m]) {
		return t.second(m)
	}
	return given
}

func (t *target) note(m *member, kind transition, found outcome) {
	if t.outcomes[m] == nil {
		t.outcomes[m] = map[transition]outcome{}
	}
	t.outcomes[m][kind] = max(t.outcomes[m][kind], found)
}

// probeTogether changes all members of a large type at once, and believes the provider about which of them replace. Whether
// it matters that one comes or goes is asked of those at the top.
func (t *target) probeTogether(ctx context.Context, all []path) error {
	config := func(how fill, variant int) cty.Value { return varied(t.members, t.schema.ty, how, variant) }
	none, first, second := config(least, 0), config(everything, 0), config(everything, 1)
	steps := map[transition][2]cty.Value{
		change: {first, second}, changeBack: {second, first}, add: {none, first}, remove: {first, none},
	}
	for _, kind := range transitions {
		from, to := steps[kind][0], steps[kind][1]
		if from == cty.NilVal {
			continue
		}
		s, p, err := t.step(ctx, from, to)
		if err != nil {
			return err
		}
		if p == nil {
			return fmt.Errorf("the provider does not plan its %s with everything set", kind)
		}
		for _, at := range all {
			comesOrGoes := kind == add || kind == remove
			if comesOrGoes && (t.deep(at) || at.last().mustBeSet()) {
				continue
			}
			t.note(at.last(), kind, t.outcomeOf(at, s, p))
			if kind == remove {
				t.kept[at.last()] = at.isSame(s.still, p.value)
			}
		}
	}
	return nil
}

// outcomeOf is what became of one of many members that changed at once.
func (t *target) outcomeOf(at path, s *standing, p *plan) outcome {
	names := at.terraform()
	found := updates
	// Of a member of a set's element it cannot be seen what stood there before.
	if !t.deep(at) && at.isSame(s.still, p.value) {
		found = nothing
	}
	for _, r := range p.replaces {
		switch {
		case slices.Equal(r.names(), names):
			return replaces
		case leadsTo(r.names(), names): // it, or what is beside it
			found = untried
		}
	}
	return found
}

// varied builds a block with every value in one variant.
func varied(members []*member, ty cty.Type, how fill, variant int) cty.Value {
	out := map[string]cty.Value{}
	for name, t := range ty.AttributeTypes() {
		out[name] = cty.NullVal(t)
	}
	for _, m := range members {
		switch {
		case m.tf == "":
		case m.output || m.name == "" || how == least && !m.mustBeSet():
			out[m.tf] = absent(m)
		case m.sameAs != nil:
			out[m.tf] = absent(m)
		case m.isBlock():
			out[m.tf] = wrap(m, varied(m.members, m.element(), how, variant))
		default:
			out[m.tf] = sample(m, how, variant)
		}
	}
	return object(out)
}

// learnDefaults finds the values that a creation has and nobody configured.
func (t *target) learnDefaults(ctx context.Context) error {
	t.defaults = map[*member]any{}
	configs := []path{nil}
	settable(t.members, nil, func(at path) {
		if at.last().isBlock() && !t.deep(at) {
			configs = append(configs, at)
		}
	})
	for _, at := range configs {
		config := build(t.members, t.schema.ty, least, at, cty.NilVal)
		if at != nil {
			config = build(t.members, t.schema.ty, least, at, sample(at.last(), least, 0))
		}
		p, err := t.provider.plan(ctx, t.tf, t.schema, cty.NullVal(t.schema.ty), nil, config)
		if err != nil {
			return err
		}
		if p.problems.err() != nil || p.value.IsNull() {
			// What is refused when it is new may pass as an update.
			prior := t.computed(config, true)
			if p, err = t.provider.plan(ctx, t.tf, t.schema, prior, nil, config); err != nil {
				return err
			}
			if p.problems.err() != nil || p.value.IsNull() {
				if err := t.defaultsAmongAll(ctx, at); err != nil {
					return err
				}
				continue
			}
		}
		planned, given, members, inSet := p.value, config, t.members, false
		for _, m := range at {
			planned, given = firstOf(planned.GetAttr(m.tf)), firstOf(given.GetAttr(m.tf))
			members, inSet = m.members, inSet || m.ty.IsSetType()
			if planned == cty.NilVal || given == cty.NilVal {
				break
			}
		}
		if planned == cty.NilVal || given == cty.NilVal {
			continue
		}
		for _, m := range members {
			if m.tf == "" || m.output || m.isBlock() || m.mustBeSet() || !given.GetAttr(m.tf).IsNull() {
				continue
			}
			if v, ok := plainValue(planned.GetAttr(m.tf)); ok && !(inSet && zero(v)) {
				t.defaults[m] = v
			}
		}
	}
	return nil
}

// defaultsAmongAll finds the defaults of a block's members one by one, with everything else set: for types that the provider
// does not plan with the least.
func (t *target) defaultsAmongAll(ctx context.Context, block path) error {
	if t.large {
		return nil
	}
	members := t.members
	if block != nil {
		members = block.last().members
	}
	for _, m := range members {
		if m.tf == "" || m.name == "" || m.output || m.isBlock() || m.mustBeSet() {
			continue
		}
		at := append(slices.Clone(block), m)
		config := build(t.members, t.schema.ty, everything, at, absent(m))
		p, err := t.provider.plan(ctx, t.tf, t.schema, cty.NullVal(t.schema.ty), nil, config)
		if err == nil && (p.problems.err() != nil || p.value.IsNull()) {
			p, err = t.provider.plan(ctx, t.tf, t.schema, t.computed(config, true), nil, config)
		}
		if err != nil {
			return err
		}
		if p.problems.err() != nil || p.value.IsNull() {
			continue
		}
		if planned := at.in(p.value); planned != cty.NilVal {
			if v, ok := plainValue(planned); ok && !(inSet(at) && zero(v)) {
				t.defaults[m] = v
			}
		}
	}
	return nil
}

// firstOf returns a collection's first element, or a block itself; NilVal where there is none.
func firstOf(v cty.Value) cty.Value {
	switch {
	case !v.IsKnown() || v.IsNull():
		return cty.NilVal
	case v.Type().IsObjectType():
		return v
	}
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		if !e.IsKnown() || e.IsNull() {
			return cty.NilVal
		}
		return e
	}
	return cty.NilVal
}

// plainValue is a known value in JSON's types; false for one that is unknown, null or an empty collection.
func plainValue(v cty.Value) (any, bool) {
	if !v.IsWhollyKnown() || v.IsNull() {
		return nil, false
	}
	switch {
	case v.Type() == cty.String:
		return v.AsString(), true
	case v.Type() == cty.Bool:
		return v.True(), true
	case v.Type() == cty.Number:
		f, _ := v.AsBigFloat().Float64()
		return f, true
	case v.CanIterateElements() && (v.Type().IsListType() || v.Type().IsSetType()):
		var out []any
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			x, ok := plainValue(e)
			if !ok {
				return nil, false
			}
			out = append(out, x)
		}
		return out, len(out) > 0
	}
	return nil, false
}

func zero(v any) bool { return v == "" || v == false || v == 0.0 }
