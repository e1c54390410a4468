package aws

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// errUnconfigured refuses a change through a provider whose configuration a preview does not know.
var errUnconfigured = errors.New("the provider's account or region is not known yet")

// target is the resource that a request is about.
type target struct {
	typ     string
	facts   *resourceFacts
	service *Service
	session *session
	scope   cloud.Scope
	// warnings are what the rules noted about the request.
	warnings []string
}

func (p *Provider) target(ctx context.Context, typ, urn string) (*target, error) {
	s, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	typ = typeOf(typ, urn)
	f, err := resourceFactsOf(typ)
	if err != nil {
		return nil, err
	}
	t := &target{typ: typ, facts: f, session: s, scope: cloud.Scope{Account: s.account, Region: s.region}}
	if t.service = services[typ]; t.service == nil {
		t.service = &Service{}
	}
	if t.service.Global {
		t.scope.Region = ""
	}
	return t, nil
}

func (t *target) call(tx cloud.Tx, id string) *Call {
	return &Call{Tx: tx, Scope: t.scope, Region: t.session.region, Partition: t.session.partition, Type: t.typ, ID: id}
}

// explain says which operation on which object AWS refused.
func (t *target) explain(operation, id string, err error) error {
	if err == nil {
		return nil
	}
	if id != "" {
		id = " (" + id + ")"
	}
	return fmt.Errorf("%s %s%s: %w", operation, typeName(t.typ), id, err)
}

// Create makes a resource; in a preview it only says what the resource will look like.
func (p *Provider) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	t, err := p.target(ctx, r.GetType(), r.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := fromWire(r.GetProperties())
	if err != nil {
		return nil, err
	}
	planned := planner{create: true}.resource(t.facts, nil, inputs)
	if r.GetPreview() {
		out, err := toWire(planned)
		return &pulumirpc.CreateResponse{Properties: out}, err
	}
	if t.session.unknown {
		return nil, errUnconfigured
	}
	var made *cloud.Object
	if err := p.options.Store.Update(func(tx cloud.Tx) error {
		made, err = t.create(tx, planned)
		return err
	}); err != nil {
		return nil, t.explain("creating", "", err)
	}
	p.log(ctx, r.GetUrn(), t.warnings)
	out, err := t.wireOutputs(made.Attributes, inputs)
	return &pulumirpc.CreateResponse{Id: made.ID, Properties: out}, err
}

// create makes the object of a planned resource.
func (t *target) create(tx cloud.Tx, planned resource.PropertyMap) (*cloud.Object, error) {
	c := t.call(tx, "")
	c.Attributes = attributesOf(planned)
	t.storeTags(c.Attributes, nil, nil, planned)
	completePrefixes(t.facts, c.Attributes)
	id, err := t.newID(c)
	if err != nil {
		return nil, err
	}
	c.ID = id
	if _, exists := tx.Get(t.scope, t.typ, c.ID); exists && !t.service.Again {
		return nil, refuse("ResourceAlreadyExists", "%s %s exists already in account %s", typeName(t.typ), c.ID, t.scope.Account)
	}
	if t.service.Create != nil {
		if err := t.service.Create(c); err != nil {
			return nil, err
		}
		t.warnings = c.warnings
	}
	t.fillGeneric(c)
	if t.service.NewID == nil && placeholder.MatchString(t.facts.ID) {
		// Rules may have given the ARN that the id is made of.
		if again, err := fillForm(t.facts, t.facts.ID, c, false); err == nil && !hasRandomPart(t.facts.ID) {
			c.ID = again
		}
	}
	o := &cloud.Object{Scope: t.scope, Type: t.typ, ID: c.ID, Attributes: c.Attributes}
	if err := tx.Put(o); err != nil {
		return nil, err
	}
	o, _ = tx.Get(t.scope, t.typ, c.ID)
	return o, nil
}

func (t *target) newID(c *Call) (string, error) {
	if t.service.NewID != nil {
		return t.service.NewID(c)
	}
	return makeID(t.facts, c)
}

// fillGeneric gives an object what every object of AWS has, where its rules give nothing.
func (t *target) fillGeneric(c *Call) {
	for _, name := range []string{"arn", "ownerId"} {
		if p := t.facts.Props[name]; p != nil && p.Output() && attributeText(c.Attributes, name) == "" {
			c.Attributes[name] = madeUp(t.facts, c, name)
		}
	}
}

// storeTags puts the one set of tags that an object has in AWS into its attributes.
func (t *target) storeTags(attributes cloud.Attributes, present map[string]any, olds, news resource.PropertyMap) {
	if !t.facts.taggable {
		return
	}
	delete(attributes, tagsAllKey)
	attributes["tags"] = retag(present, managed(olds), managed(news))
}

// Update changes a resource in place; in a preview it only says what the resource will look like.
func (p *Provider) Update(ctx context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	t, err := p.target(ctx, r.GetType(), r.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, news, err := bothFromWire(r.GetOlds(), r.GetNews())
	if err != nil {
		return nil, err
	}
	news = ignoring(olds, news, r.GetIgnoreChanges())
	if r.GetPreview() {
		planned := planner{unsettled: unsettledBy(t.typ, t.facts, olds, news)}.resource(t.facts, olds, news)
		out, err := toWire(planned)
		return &pulumirpc.UpdateResponse{Properties: out}, err
	}
	if t.session.unknown {
		return nil, errUnconfigured
	}
	var after cloud.Attributes
	if err := p.options.Store.Update(func(tx cloud.Tx) error {
		after, err = t.update(tx, r.GetId(), olds, news)
		return err
	}); err != nil {
		return nil, t.explain("updating", r.GetId(), err)
	}
	p.log(ctx, r.GetUrn(), t.warnings)
	out, err := t.wireOutputs(after, news)
	return &pulumirpc.UpdateResponse{Properties: out}, err
}

func (t *target) update(tx cloud.Tx, id string, olds, news resource.PropertyMap) (cloud.Attributes, error) {
	o, ok := tx.Get(t.scope, t.typ, id)
	if !ok {
		return nil, refuse("ResourceNotFound", "%s %s does not exist (any more); a refresh tells Pulumi so", typeName(t.typ), id)
	}
	present := fromAttribute(&prop{Type: "object", Props: t.facts.Props}, o.Attributes).ObjectValue()
	planned := planner{}.resource(t.facts, present, news)
	t.unchanged(planned, present, olds, news)
	c := t.call(tx, id)
	c.Old = cloud.CloneAttributes(o.Attributes)
	c.Attributes = cloud.CloneAttributes(o.Attributes)
	for name := range t.facts.Props {
		delete(c.Attributes, name)
	}
	for name, v := range attributesOf(planned) {
		c.Attributes[name] = v
	}
	tags, _ := o.Attributes["tags"].(map[string]any)
	t.storeTags(c.Attributes, tags, olds, news)
	if t.service.Update != nil {
		if err := t.service.Update(c); err != nil {
			return nil, err
		}
		t.warnings = c.warnings
	}
	t.fillGeneric(c)
	o.Attributes = c.Attributes
	if err := tx.Put(o); err != nil {
		return nil, err
	}
	o, _ = tx.Get(t.scope, t.typ, id)
	return o.Attributes, nil
}

// Delete removes a resource. One that is gone already counts as removed, as in the genuine provider.
func (p *Provider) Delete(ctx context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	t, err := p.target(ctx, r.GetType(), r.GetUrn())
	if err != nil {
		return nil, err
	}
	if t.session.unknown {
		return nil, errUnconfigured
	}
	err = p.options.Store.Update(func(tx cloud.Tx) error {
		o, ok := tx.Get(t.scope, t.typ, r.GetId())
		if !ok {
			return nil
		}
		c := t.call(tx, r.GetId())
		c.Attributes, c.Old = o.Attributes, cloud.CloneAttributes(o.Attributes)
		if t.service.Delete != nil {
			if err := t.service.Delete(c); err != nil {
				return err
			}
		}
		return tx.Delete(t.scope, t.typ, r.GetId())
	})
	if err != nil {
		return nil, t.explain("deleting", r.GetId(), err)
	}
	return &emptypb.Empty{}, nil
}

// attributesOf turns a planned resource into attributes; what is unknown is left for the rules to fill.
func attributesOf(planned resource.PropertyMap) cloud.Attributes {
	a, _ := toAttribute(resource.NewObjectProperty(planned)).(map[string]any)
	if a == nil {
		a = cloud.Attributes{}
	}
	return a
}

// outputs shows an object as the provider does: what the facts know of it, its tags in both views, and secrets
// where the inputs are secret.
func (t *target) outputs(attributes cloud.Attributes, inputs resource.PropertyMap) resource.PropertyMap {
	out := fromAttribute(&prop{Type: "object", Props: t.facts.Props}, attributes).ObjectValue()
	if t.facts.taggable {
		tags, _ := attributes["tags"].(map[string]any)
		mine, all := t.session.tags.split(tags, inputs["tags"])
		delete(out, "tags")
		if _, given := inputs["tags"]; given || len(mine) > 0 {
			out["tags"] = resource.NewObjectProperty(mine)
		}
		out[tagsAllKey] = resource.NewObjectProperty(all)
	}
	for k, v := range inputs {
		o, ok := out[k]
		if !ok {
			continue
		}
		if b := bare(v); b.IsAsset() || b.IsArchive() {
			o = b
		}
		if v.ContainsSecrets() && !o.IsSecret() {
			o = resource.MakeSecret(o)
		}
		out[k] = o
	}
	return out
}

func (t *target) wireOutputs(attributes cloud.Attributes, inputs resource.PropertyMap) (*structpb.Struct, error) {
	return toWire(t.outputs(attributes, inputs))
}

// hasRandomPart reports whether an id form holds parts that are made anew each time.
func hasRandomPart(form string) bool {
	for _, m := range placeholder.FindAllStringSubmatch(form, -1) {
		if m[1] == "hash" || m[1] == "unique" || m[1] == "uuid" {
			return true
		}
	}
	return false
}
