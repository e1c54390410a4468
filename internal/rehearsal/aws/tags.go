package aws

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// An object in AWS has one set of tags. The provider splits them: tags are the program's own, tagsAll are those
// with the provider's default tags, and ignored ones are in neither. The store holds the one set, as "tags".

// tagRules are a provider's default tags and the tags that it does not look at.
type tagRules struct {
	defaults resource.PropertyMap
	keys     map[string]bool
	prefixes []string
	// unknown says that a preview does not know the default tags yet.
	unknown bool
}

func (t *tagRules) ignores(key string) bool {
	if t.keys[key] {
		return true
	}
	for _, p := range t.prefixes {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}

// all merges a resource's own tags over the default ones.
func (t *tagRules) all(own resource.PropertyValue) resource.PropertyValue {
	b := bare(own)
	if t.unknown || b.IsComputed() {
		return unknownValue
	}
	out := resource.PropertyMap{}
	put := func(from resource.PropertyMap) {
		for k, v := range from {
			if !internal(k) && !t.ignores(string(k)) {
				out[k] = v
			}
		}
	}
	put(t.defaults)
	if b.IsObject() {
		put(b.ObjectValue())
	}
	if own.IsSecret() {
		return resource.MakeSecret(resource.NewObjectProperty(out))
	}
	return resource.NewObjectProperty(out)
}

// split turns an object's tags into the provider's two views. own are the tags that the program gives: a default
// tag that the program gives too is its own.
func (t *tagRules) split(tags map[string]any, own resource.PropertyValue) (mine, all resource.PropertyMap) {
	mine, all = resource.PropertyMap{}, resource.PropertyMap{}
	var given resource.PropertyMap
	if b := bare(own); b.IsObject() {
		given = b.ObjectValue()
	}
	for k, v := range tags {
		if t.ignores(k) {
			continue
		}
		key, value := resource.PropertyKey(k), resource.NewPropertyValue(v)
		all[key] = value
		_, isOwn := given[key]
		if d, ok := t.defaults[key]; !ok || isOwn || !bare(d).DeepEquals(value) {
			mine[key] = value
		}
	}
	return mine, all
}

// retag applies a change of managed tags to an object's tags and leaves those of others alone.
func retag(tags map[string]any, olds, news resource.PropertyValue) map[string]any {
	out := map[string]any{}
	for k, v := range tags {
		out[k] = v
	}
	if o := bare(olds); o.IsObject() {
		for k := range o.ObjectValue() {
			delete(out, string(k))
		}
	}
	if n, ok := toAttribute(news).(map[string]any); ok {
		for k, v := range n {
			out[k] = v
		}
	}
	return out
}
