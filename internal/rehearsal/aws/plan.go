package aws

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// planner works out what a resource will look like, as the provider's plan does: what the program gives, the
// provider's defaults, and what only AWS can say, which is unknown for a new resource and stays as it is otherwise.
type planner struct {
	create bool
	// unsettled are outputs of the resource itself that this update may change.
	unsettled []string
}

// resource plans a whole resource. olds is its state; nil for a new one.
func (pl planner) resource(f *resourceFacts, olds, news resource.PropertyMap) resource.PropertyMap {
	out := pl.object(f.Props, olds, news)
	for _, name := range pl.unsettled {
		out[resource.PropertyKey(name)] = unknownValue
	}
	return out
}

func (pl planner) object(props map[string]*prop, olds, news resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for name, p := range props {
		k := resource.PropertyKey(name)
		old, new := olds[k], news[k]
		if p.Output() && name != tagsAllKey {
			new = resource.NewNullProperty()
		}
		v := wanted(p, old, new)
		switch {
		case !bare(v).IsNull():
			out[k] = pl.value(p, old, v)
		case pl.create && p.Filled():
			out[k] = unknownValue
		}
		if x, ok := out[k]; ok && p.Secret && !x.IsSecret() {
			out[k] = resource.MakeSecret(x)
		}
	}
	return out
}

func (pl planner) value(p *prop, old, v resource.PropertyValue) resource.PropertyValue {
	b, o := bare(v), bare(old)
	switch {
	case p.Props == nil:
		return v
	case b.IsObject():
		var olds resource.PropertyMap
		if o.IsObject() {
			olds = o.ObjectValue()
		}
		b = resource.NewObjectProperty(pl.object(p.Props, olds, b.ObjectValue()))
	case b.IsArray():
		var olds []resource.PropertyValue
		if o.IsArray() {
			olds = slices.Clone(o.ArrayValue())
		}
		e := p.Element()
		out := make([]resource.PropertyValue, len(b.ArrayValue()))
		for i, x := range b.ArrayValue() {
			out[i] = pl.value(e, counterpart(p, olds, i, x), x)
		}
		b = resource.NewArrayProperty(out)
	}
	if v.IsSecret() {
		return resource.MakeSecret(b)
	}
	return b
}

// counterpart finds the present element that an element of the inputs speaks of: by index in a list, by equality
// in a set.
func counterpart(p *prop, olds []resource.PropertyValue, i int, x resource.PropertyValue) resource.PropertyValue {
	if p.Type == "list" {
		if i < len(olds) {
			return olds[i]
		}
		return resource.NewNullProperty()
	}
	e := p.Element()
	for _, o := range olds {
		if same(e, o, x) {
			return o
		}
	}
	return resource.NewNullProperty()
}

// unsettledBy lists the outputs that an update of a type may change, as far as the provider marks them unknown in
// its plan; everything else that a change cannot affect stays known.
func unsettledBy(typ string, f *resourceFacts, olds, news resource.PropertyMap) []string {
	switch typ {
	case launchTemplateType:
		// The provider expects a new version for anything but these, although a version holds no tags of the template
		// itself and does hold its description.
		var out []string
		if changesBut(f, olds, news, "name", "namePrefix", "description", "defaultVersion", "updateDefaultVersion") {
			out = append(out, "latestVersion")
		}
		if v := bare(news["updateDefaultVersion"]); v.IsBool() && v.BoolValue() && changesBut(f, olds, news, "name", "namePrefix", "description") {
			out = append(out, "defaultVersion")
		}
		return out
	case vpcType:
		const asked = "assignGeneratedIpv6CidrBlock"
		if !same(f.Props[asked], olds[asked], wanted(f.Props[asked], olds[asked], news[asked])) {
			return []string{"ipv6AssociationId", "ipv6CidrBlock"}
		}
	case "aws:lambda/function:Function":
		return []string{"lastModified", "qualifiedArn", "qualifiedInvokeArn", "version"}
	case "aws:ssm/parameter:Parameter":
		return []string{"version"}
	}
	return nil
}

// changesBut reports whether inputs ask for a change of anything beside some properties.
func changesBut(f *resourceFacts, olds, news resource.PropertyMap, but ...string) bool {
	for name, p := range f.Props {
		if p.Output() && name != tagsAllKey || slices.Contains(but, name) {
			continue
		}
		k := resource.PropertyKey(name)
		if !same(p, olds[k], wanted(p, olds[k], news[k])) {
			return true
		}
	}
	return false
}
