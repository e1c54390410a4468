package ingress

import (
	"maps"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// ownTags are the prefixes of the controller's own tags. It does not start if they are among its default tags
// (https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/configurations/).
var ownTags = []string{"elbv2.k8s.aws/", "ingress.k8s.aws/", "service.k8s.aws/"}

// Problems returns everything that is wrong with the settings, and with them on this cluster. Paths are those of the
// settings.
func (a *Args) Problems() problem.List {
	_, problems := schema.Args(a, (*Args).settings, (*Args).relations)
	return problems
}

func (a *Args) settings() *Settings { return &a.Settings }

// relations returns what is wrong beyond the struct tags.
func (a *Args) relations() problem.List {
	var out problem.List
	if a.Isolated {
		// https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
		for _, p := range []struct {
			path string
			on   bool
		}{{"waf", a.WAF}, {"shield", a.Shield}, {"cognito", a.Cognito}} {
			if p.on {
				out.Relate(p.path, []string{p.path, "$.network.nat"}, "must be off in a network without NAT: the controller would call a service that it cannot reach, "+
					"and every load balancer would fail")
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(a.Tags)) {
		value := a.Tags[key]
		switch {
		case slices.ContainsFunc(ownTags, func(p string) bool { return strings.HasPrefix(key, p) }):
			out.Relate("", []string{"$.tags"}, "the stack's tag %s is reserved for the load balancer controller: choose another key", key)
		// The chart writes the tags into YAML unquoted, as one argument: key=value,key=value.
		case strings.ContainsAny(key, "=,"), strings.ContainsAny(value, ","), strings.Contains(key+"="+value+" ", ": "):
			out.Relate("", []string{"$.tags"}, "the load balancer controller cannot take the stack's tag %s with the value %q: "+
				"avoid commas, = in its key, and a colon before a space or at the end", key, value)
		}
	}
	return out
}
