package bootstrap

import (
	"cmp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/stacks"
)

// Workflow is what a workflow needs to know of an environment: where it is, and with which roles and which state it is
// previewed and deployed. All of it follows from the stack file and from what bootstrap makes by default.
type Workflow struct {
	// Environment is the stack's name; Owner is the stack whose cluster it joins, if it joins one.
	Environment string `json:"environment"`
	Owner       string `json:"owner,omitempty"`
	// Variable is the name in the form that GitHub's names of variables take: upper case, underscores for hyphens.
	Variable string `json:"variable"`
	// AccountID and Region say where it is.
	AccountID string `json:"accountId"`
	Region    string `json:"region"`
	// RequireApproval is delivery.requireApproval of the stack file.
	RequireApproval bool `json:"requireApproval"`
	// PlanRole and DeployRole are the ARNs of the environment's roles.
	PlanRole   string `json:"planRole"`
	DeployRole string `json:"deployRole"`
	// Backend is what pulumi login takes, for the bucket's default name.
	Backend string `json:"backend"`
}

// Workflows returns all environments of an estate in the order in which they are deployed: those that need no approval
// before those that do, an owner before the environments that join its cluster, and otherwise by name.
func Workflows(e *stacks.Estate) []Workflow {
	approval := func(stack string) bool { return e.Config(stack).Delivery.RequireApproval }
	var out []Workflow
	for _, name := range e.Names() {
		c := e.Config(name)
		site := &Site{AccountID: c.AWS.AccountID, Region: c.AWS.Region, Bucket: defaultBucket(c.AWS.AccountID, c.AWS.Region)}
		names := Environment{Name: name}
		out = append(out, Workflow{
			Environment: name, Owner: e.Owner(name), Variable: strings.ToUpper(strings.ReplaceAll(name, "-", "_")), AccountID: site.AccountID, Region: site.Region,
			RequireApproval: approval(name),
			PlanRole:        site.RoleARN(names.PlanRole()), DeployRole: site.RoleARN(names.DeployRole()), Backend: site.BackendURL(),
		})
	}
	// A joining environment must never come before its owner, so that one whose owner needs an approval waits with it.
	rank := func(w Workflow) int {
		late := w.RequireApproval || w.Owner != "" && approval(w.Owner)
		switch {
		case !late && w.Owner == "":
			return 0
		case !late:
			return 1
		case w.Owner == "":
			return 2
		}
		return 3
	}
	slices.SortStableFunc(out, func(a, b Workflow) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Environment, b.Environment))
	})
	return out
}
