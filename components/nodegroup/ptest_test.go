package nodegroup_test

import (
	"testing"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-eks/sdk/v2/go/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/ptest"
)

// What ptest does for this package is tested here: its own tests need no AWS types, which take seconds to link.
func TestTheNodeGroupBehindARemoteComponentCanBeRead(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{true, false} {
		regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error {
			group, err := eks.NewManagedNodeGroup(ctx, "spot", &eks.ManagedNodeGroupArgs{
				Cluster: eks.CoreDataArgs{},
			})
			if err != nil {
				return err
			}
			asg := group.NodeGroup.ApplyT(func(g *awseks.NodeGroup) awseks.NodeGroupResourceArrayOutput {
				return g.Resources
			}).(awseks.NodeGroupResourceArrayOutput).Index(pulumi.Int(0)).AutoscalingGroups().Index(pulumi.Int(0)).Name()
			_, err = iam.NewRole(ctx, "r", &iam.RoleArgs{AssumeRolePolicy: pulumi.String("{}"), Description: asg})
			return err
		})
		require.NoError(t, err)
		assert.Len(t, regs, 2, "the node group behind the component is not the program's")
		role, ok := regs.Named("aws:iam/role:Role", "r")
		require.True(t, ok)
		if preview {
			assert.True(t, role.Inputs["description"].IsComputed())
			continue
		}
		assert.Equal(t, "spot-asg", role.Input("description"))
	}
}
