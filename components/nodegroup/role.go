package nodegroup

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/region"
	"github.com/eks-platform/eks-platform/internal/tags"
)

// RoleType is part of the URN of every child of a Role. It never changes.
const RoleType = "eks-platform:nodegroup:Role"

// rolePolicies are AWS's managed policies for nodes
// (https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html). The first lets nodes join and serve Pod
// Identity credentials, the second lets them pull images, the third is for Session Manager. AmazonEKS_CNI_Policy is not
// among them: the CNI has its own role, which other pods cannot use.
var rolePolicies = []string{
	"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore",
}

// RoleArgs are the arguments of a Role.
type RoleArgs struct {
	// Region is the AWS region, which decides the partition of ARNs and the name of the EC2 service.
	Region string
	// Tags are the stack's tags.
	Tags map[string]string
}

// Problems returns what is wrong with the arguments.
func (a *RoleArgs) Problems() problem.List {
	var out problem.List
	if !region.Valid(a.Region) {
		out.Add("region", "%q is not the name of an AWS region, such as eu-west-1", a.Region)
	}
	return out
}

// Role is the IAM role of the nodes of an environment's groups. EKS itself gives it access to the cluster when a managed
// node group uses it.
type Role struct {
	pulumi.ResourceState

	// ARN identifies the role, for Args.RoleARN.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// Name is the role's name, for attaching other policies.
	Name pulumi.StringOutput `pulumi:"name"`

	attachments []pulumi.Resource
}

// Ready returns what nodes must depend on: without the policies they cannot join, and on destroy the policies outlive them.
func (r *Role) Ready() []pulumi.Resource { return r.attachments }

// NewRole registers a Role and its children, or nothing if args are invalid. opts carries its aws provider.
func NewRole(ctx *pulumi.Context, name string, args *RoleArgs, opts ...pulumi.ResourceOption) (*Role, error) {
	if err := args.Problems().Err(); err != nil {
		return nil, fmt.Errorf("node role %q: %w", name, err)
	}
	r := &Role{}
	if err := ctx.RegisterComponentResourceV2(RoleType, name, pulumi.Map{}, r, opts...); err != nil {
		return nil, fmt.Errorf("node role %q: %w", name, err)
	}
	kids := child.Of{Parent: r, Name: name}
	roleName := kids.ID("role")
	role, err := iam.NewRole(ctx, roleName, &iam.RoleArgs{
		Description:      pulumi.String("EKS nodes of " + name),
		AssumeRolePolicy: pulumi.String(iamdoc.ServiceTrust("ec2." + region.DNSSuffix(args.Region)).JSON()),
		Tags:             tags.Named(args.Tags, roleName),
	}, kids.Opts()...)
	if err != nil {
		return nil, fmt.Errorf("node role %q: create role: %w", name, err)
	}
	for _, policy := range rolePolicies {
		attachment, err := iam.NewRolePolicyAttachment(ctx, kids.ID("policy", policy), &iam.RolePolicyAttachmentArgs{
			Role:      role.Name,
			PolicyArn: pulumi.String(fmt.Sprintf("arn:%s:iam::aws:policy/%s", region.Partition(args.Region), policy)),
		}, kids.Opts()...)
		if err != nil {
			return nil, fmt.Errorf("node role %q: attach %s: %w", name, policy, err)
		}
		r.attachments = append(r.attachments, attachment)
	}
	r.ARN, r.Name = role.Arn, role.Name
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"arn": r.ARN, "name": r.Name})
}
