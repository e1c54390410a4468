package cluster

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
)

// createRole creates the control plane's role
// (https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html).
func (b *builder) createRole() (pulumi.StringOutput, error) {
	id := b.kids.ID("control-plane")
	role, err := iam.NewRole(b.ctx, id, &iam.RoleArgs{
		Description:      pulumi.String("Control plane of the EKS cluster " + b.settings.Name),
		AssumeRolePolicy: pulumi.String(iamdoc.ServiceTrust("eks.amazonaws.com").JSON()),
		Tags:             b.tags(id),
	}, b.kids.Opts(pulumi.Protect(*b.settings.Protect))...) // changing the role replaces the cluster
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("create the control plane's role: %w", err)
	}
	policies := []string{"AmazonEKSClusterPolicy"}
	if b.args.PodSecurityGroups {
		policies = append(policies, "AmazonEKSVPCResourceController")
	}
	for _, policy := range policies {
		arn := fmt.Sprintf("arn:%s:iam::aws:policy/%s", region.Partition(b.args.Region), policy)
		attached, err := iam.NewRolePolicyAttachment(b.ctx, b.kids.ID("control-plane", policy), &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: pulumi.String(arn),
		}, b.kids.Opts()...)
		if err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("attach %s to the control plane's role: %w", policy, err)
		}
		// Otherwise the control plane could start before it has permissions, and lose them first on destroy.
		b.before = append(b.before, attached)
		b.inputs = append(b.inputs, attached.ID().ToIDOutput())
	}
	return role.Arn, nil
}
