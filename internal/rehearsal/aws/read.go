package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// Read says what a resource looks like now: for a refresh, an import or a lookup. One that does not exist has no id.
func (p *Provider) Read(ctx context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	t, err := p.target(ctx, r.GetType(), r.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, inputs, err := bothFromWire(r.GetProperties(), r.GetInputs())
	if err != nil {
		return nil, err
	}
	if t.session.unknown {
		return nil, errUnconfigured
	}
	refreshing := len(inputs) > 0
	if !refreshing && len(olds) == 0 && t.facts.Import == nil {
		return nil, fmt.Errorf("importing %s (%s): the AWS provider cannot import this type", typeName(t.typ), r.GetId())
	}
	o, err := t.find(p.options.Store, r.GetId())
	if err != nil {
		return nil, t.explain("reading", r.GetId(), err)
	}
	if o == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	outs := t.outputs(o.Attributes, inputs)
	if refreshing {
		inputs = t.refreshedInputs(inputs, olds, outs)
	} else {
		inputs = t.importedInputs(outs)
	}
	out := &pulumirpc.ReadResponse{Id: o.ID}
	if out.Properties, err = toWire(outs); err != nil {
		return nil, err
	}
	out.Inputs, err = toWire(inputs)
	return out, err
}

// find reads an object by id or, failing that, by the form that imports take. Its rules may bring it up to date
// first, which is kept.
func (t *target) find(store *cloud.Store, id string) (*cloud.Object, error) {
	var found *cloud.Object
	locate := func(tx cloud.Tx) {
		if o, ok := tx.Get(t.scope, t.typ, id); ok {
			found = o
			return
		}
		if t.facts.Import == nil || *t.facts.Import == t.facts.ID {
			return
		}
		for _, o := range tx.List(t.scope, t.typ) {
			c := t.call(tx, o.ID)
			c.Attributes = cloud.CloneAttributes(o.Attributes)
			c.Attributes["id"] = o.ID
			if text, err := fillForm(t.facts, *t.facts.Import, c, false); err == nil && text == id {
				found = o
				return
			}
		}
	}
	if t.service.Read == nil {
		return found, store.View(func(tx cloud.Tx) error { locate(tx); return nil })
	}
	err := store.Update(func(tx cloud.Tx) error {
		if locate(tx); found == nil {
			return nil
		}
		c := t.call(tx, found.ID)
		c.Attributes, c.Old = found.Attributes, cloud.CloneAttributes(found.Attributes)
		if err := t.service.Read(c); err != nil {
			return err
		}
		found.Attributes = c.Attributes
		if err := tx.Put(found); err != nil {
			return err
		}
		found, _ = tx.Get(t.scope, t.typ, found.ID)
		return nil
	})
	return found, err
}

// refreshedInputs brings inputs up to what was read. A property that reads as before stays as the program wrote
// it; one that has drifted takes the value that it has now, so that the next preview shows the way back.
func (t *target) refreshedInputs(inputs, olds, outs resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for k, v := range inputs {
		p := t.facts.Props[string(k)]
		if p == nil || internal(k) || same(p, outs[k], olds[k]) && same(p, olds[k], outs[k]) {
			out[k] = v
			continue
		}
		now := inputView(p, outs[k])
		if now.IsNull() {
			continue
		}
		if v.ContainsSecrets() && !now.IsSecret() {
			now = resource.MakeSecret(now)
		}
		out[k] = now
	}
	return out
}

// inputView is a value without what only AWS sets.
func inputView(p *prop, v resource.PropertyValue) resource.PropertyValue {
	b := bare(v)
	switch {
	case p.Props == nil:
		return v
	case b.IsObject():
		m := resource.PropertyMap{}
		for k, x := range b.ObjectValue() {
			if sub := p.Props[string(k)]; sub != nil && !sub.Output() {
				m[k] = inputView(sub, x)
			}
		}
		return resource.NewObjectProperty(m)
	case b.IsArray():
		e := p.Element()
		out := make([]resource.PropertyValue, len(b.ArrayValue()))
		for i, x := range b.ArrayValue() {
			out[i] = inputView(e, x)
		}
		return resource.NewArrayProperty(out)
	}
	return v
}

// importedInputs derives inputs from an object that no program has described yet. Of properties that exclude each
// other, the one that AWS would have chosen itself goes, a prefix before a name.
func (t *target) importedInputs(outs resource.PropertyMap) resource.PropertyMap {
	inputs := resource.PropertyMap{defaultsKey: resource.NewArrayProperty([]resource.PropertyValue{})}
	for name, p := range t.facts.Props {
		k := resource.PropertyKey(name)
		if v, ok := outs[k]; ok && (!p.Output() || name == tagsAllKey && t.facts.taggable) {
			if v = inputView(p, v); name == tagsAllKey || !empty(v) {
				inputs[k] = v
			}
		}
	}
	for _, rel := range t.facts.relations {
		if rel.kind == "requires" || len(rel.at) > 0 {
			continue
		}
		for i := len(rel.names) - 1; i > 0; i-- {
			if conflict := !relationHolds(rel, inputs); conflict {
				delete(inputs, resource.PropertyKey(t.excludable(rel, inputs)))
			}
		}
	}
	return inputs
}

func relationHolds(rel relation, inputs resource.PropertyMap) bool {
	holds := true
	rel.check(inputs, func(string, string) { holds = false })
	return holds
}

// excludable is the property of a violated relation that an import can do without.
func (t *target) excludable(rel relation, inputs resource.PropertyMap) string {
	last := ""
	for _, name := range rel.names {
		if _, given := inputs[resource.PropertyKey(name[0])]; !given {
			continue
		}
		if strings.HasSuffix(name[0], "Prefix") {
			return name[0]
		}
		if p := t.facts.Props[name[0]]; last == "" || p != nil && p.Filled() {
			last = name[0]
		}
	}
	return last
}
