package aws

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	awsfacts "github.com/eks-platform/eks-platform/internal/facts/aws"
)

// fillName gives a resource the physical name that the program left to Pulumi: the one it has already, or a new
// one. It reports whether it did.
func fillName(a *awsfacts.Autoname, r *pulumirpc.CheckRequest, olds, news resource.PropertyMap) (bool, error) {
	key := resource.PropertyKey(a.Prop)
	if v, ok := news[key]; ok && !bare(v).IsNull() {
		return false, nil
	}
	if v, ok := news[key+"Prefix"]; ok && !bare(v).IsNull() {
		return false, nil // AWS completes the prefix
	}
	if old, ok := olds[key]; ok && defaulted(olds, a.Prop) {
		news[key] = old
		return true, nil
	}
	name, err := propose(a, r, news)
	if err != nil || name == "" {
		return false, err
	}
	news[key] = resource.NewStringProperty(name)
	return true, nil
}

// propose makes a name as the engine's configuration of auto-naming asks for it, by default the logical name and
// random digits.
func propose(a *awsfacts.Autoname, r *pulumirpc.CheckRequest, news resource.PropertyMap) (string, error) {
	if n := r.GetAutonaming(); n != nil {
		switch {
		case n.GetMode() == pulumirpc.CheckRequest_AutonamingOptions_DISABLE:
			return "", nil
		case n.GetMode() == pulumirpc.CheckRequest_AutonamingOptions_ENFORCE:
			return n.GetProposedName(), nil
		case n.GetProposedName() != "":
			return finish(a, n.GetProposedName(), news), nil
		}
	}
	name := r.GetName()
	if name == "" {
		name = resource.URN(r.GetUrn()).Name()
	}
	if a.Rand == 0 {
		return finish(a, name, news), nil
	}
	added := len(suffix(a, news)) + len(a.Prefix)
	limit := a.Max
	if limit > 0 {
		limit -= added
	}
	unique, err := resource.NewUniqueName(r.GetRandomSeed(), name+a.Sep, a.Rand, limit, nil)
	if err != nil {
		return "", err
	}
	return finish(a, unique, news), nil
}

func finish(a *awsfacts.Autoname, name string, news resource.PropertyMap) string {
	if a.Lower {
		name = strings.ToLower(name)
	}
	if !strings.HasPrefix(name, a.Prefix) {
		name = a.Prefix + name
	}
	return name + suffix(a, news)
}

func suffix(a *awsfacts.Autoname, news resource.PropertyMap) string {
	if len(a.SuffixWhen) == 2 {
		if v := bare(news[resource.PropertyKey(a.SuffixWhen[0])]); v.IsBool() && v.BoolValue() {
			return a.SuffixWhen[1]
		}
	}
	return ""
}

// defaulted reports whether Check filled in a property of these inputs.
func defaulted(inputs resource.PropertyMap, name string) bool {
	v := bare(inputs[defaultsKey])
	if !v.IsArray() {
		return false
	}
	for _, x := range v.ArrayValue() {
		if x.IsString() && x.StringValue() == name {
			return true
		}
	}
	return false
}

// keepsOwnName reports whether the program chose the physical name and keeps it, so that the old and the new
// resource cannot exist side by side.
func keepsOwnName(f *resourceFacts, oldInputs, news resource.PropertyMap) bool {
	if f.Autoname == nil || defaulted(news, f.Autoname.Prop) {
		return false
	}
	key := resource.PropertyKey(f.Autoname.Prop)
	o, n := bare(oldInputs[key]), bare(news[key])
	return o.IsString() && n.IsString() && o.StringValue() == n.StringValue()
}

// completePrefixes gives the names that the provider makes from prefixes when it creates a resource: the prefix,
// the time and a counter.
func completePrefixes(f *resourceFacts, attributes map[string]any) {
	for name, p := range f.Props {
		base, isPrefix := strings.CutSuffix(name, "Prefix")
		target := f.Props[base]
		if !isPrefix || p.Type != "string" || target == nil || target.Type != "string" || attributes[base] != nil {
			continue
		}
		if prefix, ok := attributes[name].(string); ok && prefix != "" {
			attributes[base] = fmt.Sprintf("%s%s%s", prefix, time.Now().UTC().Format("20060102150405"), randomDigits(12))
		}
	}
}
