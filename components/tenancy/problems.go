package tenancy

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/eks-platform/eks-platform/internal/principal"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/region"
)

// dnsLabel is the form of every name here. Hyphens join the parts of what is made of several.
var dnsLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// maxTenant keeps <environment>-<tenant> within the 63 characters of a namespace, with 20 for the environment.
const maxTenant = 40

// Problems returns everything that is wrong with the settings of an environment, with paths relative to them.
func (s Settings) Problems(environment string) problem.List {
	var out problem.List
	if s.Capacity != "" && s.Capacity != Spot && s.Capacity != OnDemand {
		out.Add("capacity", "must be spot or onDemand, got %q", s.Capacity)
	}
	podSecurityProblem(&out, "podSecurity", s.PodSecurity)
	out = append(out, quotaProblems(s.Quota)...)
	out = append(out, s.Limits.problems()...)
	out = append(out, s.Limits.complete(s.Quota).conflicts(s.Quota)...)
	out = append(out, s.NetworkPolicy.problems()...)
	out = append(out, s.namespaceProblems(environment)...)
	out = append(out, s.tenantProblems()...)
	out = append(out, s.accessProblems(environment)...)
	return append(out, s.priorityProblems(environment)...)
}

// Problems returns what is wrong with the settings, and with them on this cluster. Paths are those of the settings.
func (a *Args) Problems() problem.List {
	out := a.Settings.Problems(a.Environment)
	if !a.NetworkPolicy {
		out.Add("networkPolicy", "the cluster does not enforce network policies, so nothing would separate its namespaces: "+
			"turn on addons.vpcCni.networkPolicy")
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
			out.Add(fmt.Sprintf("tenants[%d].podSecurityGroup", i), "the cluster gives pods no security groups: "+
				"turn on addons.vpcCni.podSecurityGroups")
		}
	}
	for _, g := range a.grants(a.Environment) {
		got, want := principal.Partition(g.PrincipalARN), region.Partition(a.Region)
		if got != "" && got != want {
			out.Add(g.at+".principalArn", "must be in partition %s, that of %s, got %s", want, a.Region, got)
		}
	}
	return out
}

func podSecurityProblem(out *problem.List, at string, p PodSecurity) {
	if p != "" && p != Privileged && p != Baseline && p != Restricted {
		out.Add(at, "must be one of privileged, baseline, restricted, got %q", p)
	}
}

// namespaceProblems checks names across the whole file, and each listed namespace.
func (s Settings) namespaceProblems(environment string) problem.List {
	var out problem.List
	names := map[string]space{}
	for _, n := range s.spaces(environment) {
		if n.listed {
			out = append(out, s.listedProblems(n.own).Under(n.at)...)
		}
		at, what := n.at+".name", "it"
		if !n.listed {
			what = "its namespace"
		}
		other, twice := names[n.Name]
		switch {
		case twice && !n.listed && n.tenant == other.tenant: // the tenant's own name is there twice
		case twice && other.at == "":
			out.Add(at, "%s would be called %q, like the one that the environment has by default", what, n.Name)
		case twice:
			out.Add(at, "%s would be called %q, which %s is called already", what, n.Name, other.at)
		case n.listed:
			nameProblem(&out, at, n.Name, environment)
		case n.at == "" && reserved(n.Name):
			out.Add("namespaces", "the one by default would be called %q, which is reserved for Kubernetes", n.Name)
		case reserved(n.Name):
			out.Add(at, "its namespace would be called %q, which is reserved for Kubernetes", n.Name)
		}
		if !twice {
			names[n.Name] = n
		}
	}
	return out
}

// nameProblem checks the name of a namespace.
func nameProblem(out *problem.List, at, name, environment string) {
	switch {
	case !dnsLabel.MatchString(name):
		out.Add(at, "must be lower-case letters, digits and hyphens, the first and last no hyphen, got %q", name)
	case len(name) > 63:
		out.Add(at, "must be at most 63 characters long, got %d: %q", len(name), name)
	case reserved(name):
		out.Add(at, "%q is reserved for Kubernetes", name)
	case name != environment && !strings.HasPrefix(name, environment+"-"):
		out.Add(at, "must be %s, or begin with %s-, so that the environments of a cluster never meet, got %q",
			environment, environment, name)
	}
}

// reserved tells whether Kubernetes keeps the name of a namespace for itself
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/).
func reserved(name string) bool { return name == "default" || strings.HasPrefix(name, "kube-") }

// listedProblems checks a namespace that the file lists, but for its name.
func (s Settings) listedProblems(n Namespace) problem.List {
	var out problem.List
	podSecurityProblem(&out, "podSecurity", n.PodSecurity)
	out = append(out, quotaProblems(n.Quota)...)
	out = append(out, n.Limits.problems()...)
	own := n.Limits.Default != nil || n.Limits.DefaultRequest != nil || n.Limits.Max != nil || n.Limits.Min != nil
	if own || n.Quota != nil { // what is the environment's in whole is reported there
		whole := s.inherit(space{Namespace: n})
		out = append(out, whole.Limits.complete(whole.Quota).conflicts(whole.Quota)...)
	}
	out = append(out, n.NetworkPolicy.problems()...)
	names := map[string]int{}
	for i, sa := range n.ServiceAccounts {
		at := fmt.Sprintf("serviceAccounts[%d]", i)
		if first, twice := names[sa.Name]; twice {
			out.Add(at+".name", "%q is serviceAccounts[%d] already", sa.Name, first)
		} else {
			names[sa.Name] = i
		}
		out = append(out, sa.problems().Under(at)...)
	}
	return out
}

func (s Settings) tenantProblems() problem.List {
	var out problem.List
	names := map[string]int{}
	for i, t := range s.Tenants {
		at := fmt.Sprintf("tenants[%d]", i)
		if !dnsLabel.MatchString(t.Name) || len(t.Name) > maxTenant {
			out.Add(at+".name", "must be 1 to %d lower-case letters, digits and hyphens, the first and last no hyphen, got %q",
				maxTenant, t.Name)
		} else if first, twice := names[t.Name]; twice {
			out.Add(at+".name", "%q is tenants[%d] already", t.Name, first)
		} else {
			names[t.Name] = i
		}
		out = append(out, t.groupProblems().Under(at)...)
	}
	return out
}
