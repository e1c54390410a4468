package nodegroup_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

func role(t *testing.T, preview bool, regionName string) (ptest.Registrations, error) {
	t.Helper()
	return ptest.Run(t, preview, func(ctx *pulumi.Context) error {
		p, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{})
		if err != nil {
			return err
		}
		r, err := nodegroup.NewRole(ctx, "dev-node", &nodegroup.RoleArgs{
			Region: regionName, Tags: map[string]string{"environment": "dev"},
		}, pulumi.Providers(p))
		if err != nil {
			return err
		}
		assert.Len(t, r.Ready(), 3)
		return nil
	})
}

func TestTheNodeRoleMayJoinPullAndBeReachedAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{false, true} {
		regs, err := role(t, preview, "eu-west-1")
		require.NoError(t, err)
		r := one(t, regs, "aws:iam/role:Role", "dev-node-role")
		assert.NotEmpty(t, r.Provider)
		assert.Contains(t, r.Parent, nodegroup.RoleType)
		assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Service":["ec2.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`, r.Input("assumeRolePolicy").(string))
		assert.Equal(t, map[string]any{"environment": "dev", "Name": "dev-node-role"}, r.Input("tags"))
		policies := []any{}
		for _, a := range regs.ByType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
			policies = append(policies, a.Input("policyArn"))
			assert.NotEmpty(t, a.Provider)
		}
		assert.ElementsMatch(t, []any{
			"arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
			"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
			"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
		}, policies)
	}
}

func TestTheNodeRoleSpeaksThePartitionOfItsRegion(t *testing.T) {
	t.Parallel()
	regs, err := role(t, false, "cn-north-1")
	require.NoError(t, err)
	assert.Contains(t, one(t, regs, "aws:iam/role:Role", "dev-node-role").Input("assumeRolePolicy"), "ec2.amazonaws.com.cn")
	for _, a := range regs.ByType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		assert.Contains(t, a.Input("policyArn"), "arn:aws-cn:")
	}
}

func TestTheNodeRoleWantsARegion(t *testing.T) {
	t.Parallel()
	regs, err := role(t, false, "Frankfurt")
	require.ErrorContains(t, err, "region: \"Frankfurt\" is not the name of an AWS region")
	assert.Empty(t, regs.WithTypePrefix("aws:iam"))
}
