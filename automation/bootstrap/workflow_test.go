package bootstrap_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/bootstrap"
)

func TestWorkflowsGetTheRolesAndTheStateThatBootstrapMakes(t *testing.T) {
	t.Parallel()
	o := options(t)
	site, err := bootstrap.NewSite(o, account)
	require.NoError(t, err)
	of := map[string]bootstrap.Workflow{}
	for _, w := range bootstrap.Workflows(o.Estate) {
		of[w.Environment] = w
	}
	for _, e := range site.Environments {
		w := of[e.Name]
		assert.Equal(t, site.RoleARN(e.PlanRole()), w.PlanRole)
		assert.Equal(t, site.RoleARN(e.DeployRole()), w.DeployRole)
		assert.Equal(t, site.BackendURL(), w.Backend)
		assert.Equal(t, site.Region, w.Region)
		assert.Equal(t, e.Owner, w.Owner)
	}
}

func TestEnvironmentsAreDeployedAfterWhatTheyStandOnAndBeforeThoseThatNeedApproval(t *testing.T) {
	t.Parallel()
	order := func(stack string, changes ...string) []string {
		var out []string
		for _, w := range bootstrap.Workflows(estate(t, stack, changes...)) {
			out = append(out, w.Environment)
		}
		return out
	}
	assert.Equal(t, []string{"dev", "stg", "prod"}, order(""))
	assert.Equal(t, []string{"dev", "stg", "prod"}, order("dev", "config:\n", "config:\n  eks-platform:delivery: {requireApproval: true}\n"),
		"what joins waits for its owner")
	assert.Equal(t, []string{"dev", "stg", "prod"}, order("prod", "requireApproval: true", "requireApproval: false"))
}

func TestWhatNeedsAnApprovalIsPreviewedWithOneToo(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Estate = estate(t, "stg", "config:\n", "config:\n  eks-platform:delivery: {requireApproval: true}\n")
	site, err := bootstrap.NewSite(o, account)
	require.NoError(t, err)
	assert.Equal(t, []bootstrap.GitHubEnvironment{
		{Name: "preview-dev", Role: "eks-platform-plan-dev"},
		{Name: "dev", Role: "eks-platform-deploy-dev", MainOnly: true},
		{Name: "preview-stg", Role: "eks-platform-plan-stg", Approval: true},
		{Name: "stg", Role: "eks-platform-deploy-stg", MainOnly: true, Approval: true},
	}, site.GitHubEnvironments())
}
