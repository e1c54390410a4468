package cluster

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/principal"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// clusterAdmin is the access policy that allows everything.
const clusterAdmin = "AmazonEKSClusterAdminPolicy"

// accessPolicies are the EKS access policies for people and their tools; those that AWS services bring for themselves
// are not among them (https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html).
var accessPolicies = []string{
	"AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", clusterAdmin, "AmazonEKSEditPolicy",
	"AmazonEKSSecretReaderPolicy", "AmazonEKSViewPolicy",
}

// reservedPrefixes begin the user and group names that EKS keeps for itself and Kubernetes
// (https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html).
var reservedPrefixes = []string{"system:", "eks:", "aws:", "amazon:", "iam:"}

var (
	entryName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$`)
	namespace = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$|^([a-z0-9][a-z0-9-]{0,61})?\*$`)
)

func (s Settings) accessProblems() problem.List {
	var out problem.List
	names, principals := map[string]int{}, map[string]int{}
	admin := false
	for i, e := range s.Access {
		at := fmt.Sprintf("access[%d]", i)
		if !entryName.MatchString(e.Name) {
			out.Add(at+".name", "must be 1 to 60 lower-case letters, digits and hyphens, got %q", e.Name)
		} else if first, twice := names[e.Name]; twice {
			out.Add(at+".name", "%q is the name of access[%d] already", e.Name, first)
		} else {
			names[e.Name] = i
		}
		if first, twice := principals[e.PrincipalARN]; twice {
			out.Add(at+".principalArn", "has access by access[%d] already; an EKS cluster has one entry per principal: "+
				"put all policies and groups there", first)
		} else {
			principals[e.PrincipalARN] = i
			principal.Check(&out, at+".principalArn", e.PrincipalARN)
		}
		out = append(out, e.problems().Under(at)...)
		admin = admin || slices.ContainsFunc(e.Policies, func(p AccessPolicy) bool {
			return p.Policy == clusterAdmin && len(p.Namespaces) == 0
		})
	}
	if !admin {
		out.Add("access", "no entry has %s for the whole cluster: nobody could administer it, "+
			"not even the identity that creates it", clusterAdmin)
	}
	return out
}

func (e Access) problems() problem.List {
	var out problem.List
	if p := reserved(e.Username); p != "" {
		out.Add("username", "must not begin with %s, which is reserved, got %q", p, e.Username)
	}
	for i, g := range e.KubernetesGroups {
		at := fmt.Sprintf("kubernetesGroups[%d]", i)
		switch p := reserved(g); {
		case g == "":
			out.Add(at, "must not be empty")
		case p != "":
			out.Add(at, "must not begin with %s, which is reserved, got %q: use an access policy such as %s instead", p, g, clusterAdmin)
		case slices.Index(e.KubernetesGroups, g) < i:
			out.Add(at, "%q is listed already", g)
		}
	}
	for i, p := range e.Policies {
		at := fmt.Sprintf("policies[%d]", i)
		first := slices.IndexFunc(e.Policies, func(o AccessPolicy) bool { return o.Policy == p.Policy })
		switch {
		case !slices.Contains(accessPolicies, p.Policy):
			out.Add(at+".policy", "must be one of %s, got %q", strings.Join(accessPolicies, ", "), p.Policy)
		case first < i:
			out.Add(at+".policy", "%s is policies[%d] already: a principal has each policy once; list all its namespaces there",
				p.Policy, first)
		}
		for j, n := range p.Namespaces {
			nth := fmt.Sprintf("%s.namespaces[%d]", at, j)
			switch {
			case !namespace.MatchString(n):
				out.Add(nth, "must be the name of a namespace, or its beginning and a star, got %q", n)
			case slices.Index(p.Namespaces, n) < j:
				out.Add(nth, "%q is listed already", n)
			}
		}
	}
	if len(e.Policies) == 0 && len(e.KubernetesGroups) == 0 {
		out.Add("", "gives no access: it has neither policies nor kubernetesGroups")
	}
	return out
}

func reserved(name string) string {
	i := slices.IndexFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	if i < 0 {
		return ""
	}
	return reservedPrefixes[i]
}
