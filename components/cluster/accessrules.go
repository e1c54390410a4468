package cluster

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/arn"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// clusterAdmin is the access policy that allows everything.
const clusterAdmin = "AmazonEKSClusterAdminPolicy"

// reservedPrefixes begin the user and group names that EKS reserves for itself and Kubernetes
// (https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html).
var reservedPrefixes = []string{"system:", "eks:", "aws:", "amazon:", "iam:"}

func (a *Args) accessProblems(out *problem.List) {
	names, principals := map[string]int{}, map[string]int{}
	var reads []string
	admin := false
	for i, e := range a.Access {
		at := fmt.Sprintf("access[%d]", i)
		reads = append(reads, at+".policies")
		if first, twice := names[e.Name]; twice {
			out.Relate(at+".name", []string{at + ".name", fmt.Sprintf("access[%d].name", first)}, "%q is already the name of access[%d]", e.Name, first)
		} else {
			names[e.Name] = i
		}
		if first, twice := principals[e.PrincipalARN]; twice {
			out.Relate(at+".principalArn", []string{at + ".principalArn", fmt.Sprintf("access[%d].principalArn", first)},
				"already has access by access[%d]; an EKS cluster has one entry per principal: put all policies and groups there", first)
		} else {
			principals[e.PrincipalARN] = i
		}
		if wrong := (arn.Place{Region: a.Region}).Elsewhere(e.PrincipalARN); wrong != "" {
			out.Relate(at+".principalArn", []string{at + ".principalArn", "$.aws.region"}, "%s", wrong)
		}
		*out = append(*out, e.problems().Under(at)...)
		admin = admin || slices.ContainsFunc(e.Policies, func(p AccessPolicy) bool {
			return p.Policy == clusterAdmin && len(p.Namespaces) == 0
		})
	}
	if !admin {
		out.Relate("access", reads, "no entry has %s for the whole cluster: no one could administer it, "+
			"not even the identity that creates it", clusterAdmin)
	}
}

func (e Access) problems() problem.List {
	var out problem.List
	if p := reserved(e.Username); p != "" {
		out.Add("username", "must not begin with %s, which is reserved, got %q", p, e.Username)
	}
	for i, g := range e.KubernetesGroups {
		if p := reserved(g); p != "" {
			out.Add(fmt.Sprintf("kubernetesGroups[%d]", i), "must not begin with %s, which is reserved, got %q: use an access policy "+
				"such as %s instead", p, g, clusterAdmin)
		}
	}
	for i, p := range e.Policies {
		at := fmt.Sprintf("policies[%d].policy", i)
		first := slices.IndexFunc(e.Policies, func(o AccessPolicy) bool { return o.Policy == p.Policy })
		if first < i {
			out.Relate(at, []string{at, fmt.Sprintf("policies[%d].policy", first)},
				"%s is already policies[%d]: a principal has each policy once; list all its namespaces there", p.Policy, first)
		}
	}
	if len(e.Policies) == 0 && len(e.KubernetesGroups) == 0 {
		out.Relate("", []string{"policies", "kubernetesGroups"}, "gives no access: set policies or kubernetesGroups")
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
