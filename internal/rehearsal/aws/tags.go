package aws

import (
	"maps"
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

// all merges a resource's own tags over the default ones; one unknown tag makes them unknown, as in the provider.
func (t *tagRules) all(own resource.PropertyValue) resource.PropertyValue {
	b := bare(own)
	if t.unknown || b.ContainsUnknowns() {
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

// managed are the tags that the provider writes for some inputs or a state: also those of the program's own that it
// is told to ignore, which it writes but does not read back. The genuine provider then shows them as a difference in
// every preview; its documentation says so of ignore_tags.
func managed(m resource.PropertyMap) map[string]any {
	out := map[string]any{}
	for _, k := range []resource.PropertyKey{tagsAllKey, "tags"} {
		if tags, ok := toAttribute(m[k]).(map[string]any); ok {
			maps.Copy(out, tags)
		}
	}
	return out
}

// retag applies a change of managed tags to an object's tags and leaves those of others alone.
func retag(present, olds, news map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range present {
		if _, mine := olds[k]; !mine {
			out[k] = v
		}
	}
	maps.Copy(out, news)
	return out
}
