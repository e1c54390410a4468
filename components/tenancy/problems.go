package tenancy

import (
	"fmt"
	"strings"

	"github.com/eks-platform/eks-platform/internal/arn"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// Problems returns everything that is wrong with the settings of an environment, as far as it shows without the cluster,
// with paths relative to them.
func (s Settings) Problems(environment string) problem.List {
	problems := schema.Complete(&s)
	return append(problems, s.relations(environment)...).Settled()
}

// Problems returns what is wrong with the settings, and with them on this cluster. Paths are those of the settings.
func (a *Args) Problems() problem.List {
	_, problems := schema.Args(a, (*Args).settings, (*Args).relations)
	return problems
}

func (a *Args) settings() *Settings { return &a.Settings }

// relations returns what is wrong with the settings beyond the struct tags.
func (s Settings) relations(environment string) problem.List {
	out := quotaProblems(s.Quota)
	out = append(out, s.Limits.problems()...)
	out = append(out, s.Limits.complete(s.Quota).conflicts(s.Quota)...)
	out = append(out, s.namespaceProblems(environment)...)
	out = append(out, s.tenantProblems()...)
	out = append(out, s.accessProblems(environment)...)
	return append(out, s.priorityProblems(environment)...)
}

// relations returns what is wrong beyond the struct tags.
func (a *Args) relations() problem.List {
	out := a.Settings.relations(a.Environment)
	if !a.NetworkPolicy {
		out.Relate("networkPolicy", []string{"$.addons.vpcCni.networkPolicy"}, "the cluster does not enforce network policies, so "+
			"nothing would separate its namespaces: turn on addons.vpcCni.networkPolicy")
	}
	out = append(out, a.policyProblems(a.Settings.NetworkPolicy)...)
	for _, n := range a.spaces(a.Environment) {
		out = append(out, a.policyProblems(n.own.NetworkPolicy).Under(n.at)...)
		for i, sa := range n.ServiceAccounts {
			at := fmt.Sprintf("%s.serviceAccounts[%d]", n.at, i)
			out = append(out, a.accountProblems(sa).Under(at)...)
		}
	}
	for i, t := range a.Tenants {
		if t.PodSecurityGroup != nil && !a.PodSecurityGroups {
			at := fmt.Sprintf("tenants[%d].podSecurityGroup", i)
			out.Relate(at, []string{at, "$.addons.vpcCni.podSecurityGroups"}, "the cluster does not support security groups for pods: "+
				"turn on addons.vpcCni.podSecurityGroups")
		}
	}
	for _, g := range a.grants(a.Environment) {
		if wrong := (arn.Place{Region: a.Region}).Elsewhere(g.PrincipalARN); wrong != "" {
			at := g.at + ".principalArn"
			out.Relate(at, []string{at, "$.aws.region"}, "%s", wrong)
		}
	}
	return out
}

// namespaceProblems checks names across the whole file, and each listed namespace.
func (s Settings) namespaceProblems(environment string) problem.List {
	var out problem.List
	names := map[string]space{}
	for _, n := range s.spaces(environment) {
		if n.listed {
			out = append(out, s.listedProblems(n.own).Under(n.at)...)
		}
		at, what, reads := n.at+".name", "it", []string{n.at + ".name", "$.environment"}
		if !n.listed {
			what = "its namespace"
		}
		if n.at == "" { // the one by default
			at, reads = "namespaces", []string{"namespaces", "$.environment"}
		}
		other, twice := names[n.Name]
		if twice && other.at != "" {
			reads = append(reads, other.at+".name")
		}
		switch {
		case twice && !n.listed && n.tenant == other.tenant: // the tenant's own name is a duplicate
		case twice && other.at == "":
			out.Relate(at, append(reads, "namespaces"), "%s would be called %q, like the environment's default namespace", what, n.Name)
		case twice:
			out.Relate(at, reads, "%s would be called %q, which is already the name of %s", what, n.Name, other.at)
		case n.listed && reserved(n.Name):
			out.Add(at, "%q is reserved for Kubernetes", n.Name)
		case n.listed && n.Name != environment && !strings.HasPrefix(n.Name, environment+"-"):
			out.Relate(at, reads, "must be %s, or begin with %s-, so that the environments of a cluster never collide, got %q",
				environment, environment, n.Name)
		case !n.listed && n.at == "" && reserved(n.Name):
			out.Relate(at, reads, "the default namespace would be called %q, which is reserved for Kubernetes", n.Name)
		case !n.listed && reserved(n.Name):
			out.Relate(at, reads, "its namespace would be called %q, which is reserved for Kubernetes", n.Name)
		}
		if !twice {
			names[n.Name] = n
		}
	}
	return out
}

// reserved reports whether the name of a namespace is reserved for Kubernetes
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/).
func reserved(name string) bool { return name == "default" || strings.HasPrefix(name, "kube-") }

// listedProblems checks a namespace that the file lists, except for its name.
func (s Settings) listedProblems(n Namespace) problem.List {
	out := quotaProblems(n.Quota)
	out = append(out, n.Limits.problems()...)
	own := n.Limits.Default != nil || n.Limits.DefaultRequest != nil || n.Limits.Max != nil || n.Limits.Min != nil
	if own || n.Quota != nil { // what is inherited from the environment is reported there
		whole := s.inherit(space{Namespace: n})
		out = append(out, whole.Limits.complete(whole.Quota).conflicts(whole.Quota)...)
	}
	names := map[string]int{}
	for i, sa := range n.ServiceAccounts {
		at := fmt.Sprintf("serviceAccounts[%d]", i)
		duplicate(&out, names, "serviceAccounts", i, sa.Name)
		out = append(out, sa.problems().Under(at)...)
	}
	return out
}

// duplicate reports a name in a list that an earlier entry already has.
func duplicate(out *problem.List, names map[string]int, list string, i int, name string) {
	at := fmt.Sprintf("%s[%d]", list, i)
	if first, twice := names[name]; twice {
		out.Relate(at+".name", []string{at + ".name", fmt.Sprintf("%s[%d].name", list, first)}, "%q is already the name of %s[%d]", name, list, first)
		return
	}
	names[name] = i
}

func (s Settings) tenantProblems() problem.List {
	var out problem.List
	names := map[string]int{}
	for i, t := range s.Tenants {
		duplicate(&out, names, "tenants", i, t.Name)
		out = append(out, t.groupProblems().Under(fmt.Sprintf("tenants[%d]", i))...)
	}
	return out
}
