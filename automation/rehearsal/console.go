package rehearsal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
	"github.com/eks-platform/eks-platform/internal/spelling"
)

// ErrNoObject means that what was named is not in the rehearsal's cloud, or cannot be told from something else.
var ErrNoObject = errors.New("no such object in the rehearsal's cloud")

// Existing is something that exists in a rehearsal, as its state names it.
type Existing struct {
	Object
	// AccountID is the AWS account that it is in, or that its cluster is in.
	AccountID string
}

// Properties returns the properties of something that exists.
func (r *Rehearsal) Properties(of Existing) (map[string]any, error) {
	o, err := r.find(of)
	if err != nil {
		return nil, err
	}
	return cloud.CloneAttributes(o.Attributes), nil
}

// Edit changes properties of something that exists as a person in the console would, behind Pulumi's back: the next look for
// drift finds it. The values are JSON values by path in Pulumi's notation; nil removes a property. A property that the object
// does not have, or a value of another type, is refused.
func (r *Rehearsal) Edit(of Existing, changes map[string]any) error {
	o, err := r.find(of)
	if err != nil {
		return err
	}
	properties := resource.NewProperty(resource.NewPropertyMapFromMap(o.Attributes))
	for _, text := range slices.Sorted(maps.Keys(changes)) {
		if properties, err = changed(properties, o, text, changes[text]); err != nil {
			return err
		}
	}
	after, _ := properties.Mappable().(map[string]any)
	return r.cloud.Change(o.Scope, o.Type, o.ID, func(a cloud.Attributes) {
		clear(a)
		maps.Copy(a, after)
	})
}

// changed sets or removes one property.
func changed(properties resource.PropertyValue, o *cloud.Object, text string, value any) (resource.PropertyValue, error) {
	path, err := resource.ParsePropertyPath(text)
	if err != nil || len(path) == 0 {
		return properties, fmt.Errorf("%q is no path of a property, such as scalingConfig.maxSize or tags[\"team/name\"]", text)
	}
	top, _ := path[0].(string)
	if _, known := o.Attributes[top]; !known && top != "tags" {
		valid := slices.Sorted(maps.Keys(o.Attributes))
		hint := "it has " + strings.Join(valid, ", ")
		if best := spelling.Nearest(top, valid); best != "" {
			hint = fmt.Sprintf("did you mean %s?", best)
		}
		return properties, fmt.Errorf("%s %s has no property %s; %s", o.Type, o.ID, top, hint)
	}
	before, there := path.Get(properties)
	switch after := resource.NewPropertyValue(value); {
	case value == nil && !there:
		return properties, fmt.Errorf("%s %s has no property %s", o.Type, o.ID, text)
	case value == nil:
		path.Delete(properties)
		return properties, nil
	case there && !before.IsNull() && before.TypeString() != after.TypeString():
		return properties, fmt.Errorf("%s of %s %s must stay a %s, got a %s", text, o.Type, o.ID, before.TypeString(), after.TypeString())
	default:
		out, ok := path.Add(properties, after)
		if !ok {
			return properties, fmt.Errorf("%s %s has nothing at %s", o.Type, o.ID, text)
		}
		return out, nil
	}
}

// Delete removes something that exists, with everything that goes with it, as a person in the console would. It does not ask
// whether something else still needs it.
func (r *Rehearsal) Delete(of Existing) error {
	o, err := r.find(of)
	if err != nil {
		return err
	}
	return r.cloud.Remove(o.Scope, o.Type, o.ID)
}

// find looks an object up. An object in a cluster has the cluster's name before its ID.
func (r *Rehearsal) find(of Existing) (*cloud.Object, error) {
	if r.cloud == nil {
		return nil, fmt.Errorf("%w: it has other providers", ErrNoObject)
	}
	all, err := r.cloud.Objects()
	if err != nil {
		return nil, err
	}
	typ, inCluster := of.Type, false
	if rest, ok := strings.CutPrefix(of.Type, "kubernetes:"); ok {
		version, kind, _ := strings.Cut(strings.TrimPrefix(rest, "core/"), ":")
		typ, inCluster = "kubernetes:"+version+"/"+kind, true
	}
	all = slices.DeleteFunc(all, func(o *cloud.Object) bool {
		return o.Type != typ || o.Scope.Account != of.AccountID || o.ID != of.ID && !(inCluster && strings.HasSuffix(o.ID, "/"+of.ID))
	})
	switch len(all) {
	case 1:
		return all[0], nil
	case 0:
		return nil, fmt.Errorf("%w: %s %s in account %s", ErrNoObject, of.Type, of.ID, of.AccountID)
	}
	return nil, fmt.Errorf("%w: there are %d of %s %s in account %s", ErrNoObject, len(all), of.Type, of.ID, of.AccountID)
}
