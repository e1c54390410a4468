package bootstrap

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/stacks"
)

// Entry is an access entry that a stack file lacks: one of the roles, and what it may do in a cluster.
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
// change, secrets of Helm releases among it; a deploy writes roles and bindings, which only an administrator may. EKS
// access policies hold for namespaces or for the whole cluster, and an environment's objects are not all in namespaces.
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

// YAML spells entries as a stack file does, to be put under cluster.access.
func YAML(entries []Entry) string {
	var out strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&out, "      - name: %s\n        principalArn: %s\n        policies:\n          - policy: %s\n", e.Name, e.PrincipalARN, e.Policy)
	}
	return out.String()
}
