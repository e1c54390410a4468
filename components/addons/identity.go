package addons

import (
	"fmt"
	"path"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
)

// identity is the AWS identity of an add-on's pods.
type identity struct {
	serviceAccount string
	roleARN        pulumi.StringOutput
	// permissions must be in place before the add-on starts, and outlive it.
	permissions []pulumi.Resource

	b    *builder
	key  string
	role *iam.Role
}

// newIdentity creates a role for one service account of an add-on. It waits for nothing, not even the cluster.
func (b *builder) newIdentity(key, serviceAccount, description string) (*identity, error) {
	id := b.kids.ID(key)
	trust := iamdoc.PodIdentityTrust()
	// EKS sets both in the session's tags (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html).
	trust.Statements[0].Conditions = map[string]map[string][]string{"StringEquals": {
		"aws:RequestTag/kubernetes-namespace":       {"kube-system"},
		"aws:RequestTag/kubernetes-service-account": {serviceAccount},
	}}
	role, err := iam.NewRole(b.ctx, id, &iam.RoleArgs{
		Description:      pulumi.String(description),
		AssumeRolePolicy: pulumi.String(trust.JSON()),
		Tags:             b.tags(id),
	}, b.kids.Opts()...)
	if err != nil {
		return nil, fmt.Errorf("create the role of %s: %w", key, err)
	}
	return &identity{serviceAccount: serviceAccount, roleARN: role.Arn, b: b, key: key, role: role}, nil
}

// attach attaches an AWS managed policy to the role. A path in its name, such as service-role/, is not part of the logical
// name.
func (i *identity) attach(policy string) error {
	arn := fmt.Sprintf("arn:%s:iam::aws:policy/%s", region.Partition(i.b.args.Region), policy)
	a, err := iam.NewRolePolicyAttachment(i.b.ctx, i.b.kids.ID(i.key, path.Base(policy)), &iam.RolePolicyAttachmentArgs{
		Role: i.role.Name, PolicyArn: pulumi.String(arn),
	}, i.b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("attach %s to the role of %s: %w", policy, i.key, err)
	}
	i.permissions = append(i.permissions, a)
	return nil
}

// allow adds an inline policy to the role.
func (i *identity) allow(name string, policy iamdoc.Document) error {
	p, err := iam.NewRolePolicy(i.b.ctx, i.b.kids.ID(i.key, name), &iam.RolePolicyArgs{
		Role: i.role.Name, Policy: pulumi.String(policy.JSON()),
	}, i.b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("write the policy %s of the role of %s: %w", name, i.key, err)
	}
	i.permissions = append(i.permissions, p)
	return nil
}
