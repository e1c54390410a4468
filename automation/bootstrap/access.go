package bootstrap

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/stacks"
)

// Entry is an access entry that a stack file lacks: one of the roles and its permissions in a cluster.
type Entry struct {
	// Stack is the stack that owns the cluster: the entry belongs under cluster.access of its file.
	Stack string `json:"stack"`
	// Name, PrincipalARN and Policy are the entry's keys.
	Name         string `json:"name"`
	PrincipalARN string `json:"principalArn"`
	Policy       string `json:"policy"`
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// Entries returns the access entries that the stack files lack for the site's roles. A preview reads what a run would
// change, including the secrets of Helm releases; a deploy writes roles and bindings, which takes an administrator. EKS
// access policies apply to namespaces or to the whole cluster, and not all of an environment's objects are in namespaces.
func (s *Site) Entries(estate *stacks.Estate) []Entry {
	var out []Entry
	if s.stateOnly {
		return out
	}
	for _, e := range s.Environments {
		owner := cmp.Or(e.Owner, e.Name)
		for _, r := range []struct{ use, role, policy string }{
			{"plan", e.PlanRole(), "AmazonEKSAdminViewPolicy"}, {"deploy", e.DeployRole(), "AmazonEKSClusterAdminPolicy"},
		} {
			arn := s.RoleARN(r.role)
			known := false
			for _, a := range estate.Config(owner).Cluster.Access {
				known = known || a.PrincipalARN == arn
			}
			if !known {
				name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(e.Name), "-"), "-")
				out = append(out, Entry{Stack: owner, Name: r.use + "-" + name, PrincipalARN: arn, Policy: r.policy})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return strings.Compare(a.Stack, b.Stack) })
	return out
}

// YAML formats entries as in a stack file, under cluster.access.
func YAML(entries []Entry) string {
	var out strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&out, "      - name: %s\n        principalArn: %s\n        policies:\n          - policy: %s\n", e.Name, e.PrincipalARN, e.Policy)
	}
	return out.String()
}
