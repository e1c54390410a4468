package bootstrap

import (
	"strings"

	"github.com/eks-platform/eks-platform/internal/deployorder"
	"github.com/eks-platform/eks-platform/stacks"
)

// Workflow is what a workflow needs to know about an environment: its account and region, and the roles and the state with
// which it is previewed and deployed. All of it follows from the stack file and from bootstrap's defaults.
type Workflow struct {
	// Environment is the stack's name; Owner is the stack whose cluster it joins, if it joins one.
	Environment string `json:"environment"`
	Owner       string `json:"owner,omitempty"`
	// Variable is the name as part of a GitHub variable's name: upper case, underscores for hyphens.
	Variable string `json:"variable"`
	// AccountID and Region say where it is.
	AccountID string `json:"accountId"`
	Region    string `json:"region"`
	// RequireApproval is delivery.requireApproval of the stack file.
	RequireApproval bool `json:"requireApproval"`
	// PlanRole and DeployRole are the ARNs of the environment's roles.
	PlanRole   string `json:"planRole"`
	DeployRole string `json:"deployRole"`
	// Backend is the argument of pulumi login, for the bucket's default name.
	Backend string `json:"backend"`
}

// Workflows returns all environments of an estate in the order in which they are deployed: those that wait for no approval
// first, then cluster by cluster, and the owner of a cluster before those who join it.
func Workflows(e *stacks.Estate) []Workflow {
	var out []Workflow
	for _, name := range deployorder.Of(e) {
		c := e.Config(name)
		site := &Site{AccountID: c.AWS.AccountID, Region: c.AWS.Region, Bucket: defaultBucket(c.AWS.AccountID, c.AWS.Region)}
		names := Environment{Name: name}
		out = append(out, Workflow{
			Environment: name, Owner: e.Owner(name), Variable: strings.ToUpper(strings.ReplaceAll(name, "-", "_")), AccountID: site.AccountID, Region: site.Region,
			RequireApproval: e.RequiresApproval(name),
			PlanRole:        site.RoleARN(names.PlanRole()), DeployRole: site.RoleARN(names.DeployRole()), Backend: site.BackendURL(),
		})
	}
	return out
}
