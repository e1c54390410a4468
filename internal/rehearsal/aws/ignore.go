package aws

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// ignoring gives the properties that the program ignores the values of the state. The engine leaves that to providers:
// in a refresh, and wherever a state holds another value than the inputs that made it.
func ignoring(olds, news resource.PropertyMap, paths []string) resource.PropertyMap {
	out := resource.NewObjectProperty(news)
	for _, text := range paths {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			continue // the engine refuses such a program
		}
		if old, ok := path.Get(resource.NewObjectProperty(olds)); ok {
			path.Set(out, old)
			continue
		}
		path.Delete(out)
	}
	return out.ObjectValue()
}

// unchanged takes what an update does not touch from the object as it is. The provider sends AWS the properties that
// the program has changed against the state; others keep what they have, also where that has drifted from the state.
// A launch template is sent as a whole: it is a new version.
func (t *target) unchanged(planned, present, olds, news resource.PropertyMap) {
	if t.typ == launchTemplateType {
		return
	}
	for name, p := range t.facts.Props {
		k := resource.PropertyKey(name)
		if p.Output() || !same(p, olds[k], wanted(p, olds[k], news[k])) {
			continue
		}
		if v, ok := present[k]; ok {
			planned[k] = v
		} else {
			delete(planned, k)
		}
	}
}
