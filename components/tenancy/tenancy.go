package tenancy

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/identity"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// Type is part of the URN of every child on the AWS side. It never changes.
const Type = "eks-platform:tenancy:Tenancy"

// Tenancy is the AWS side of an environment's tenancy.
type Tenancy struct {
	pulumi.ResourceState
	// PodSecurityGroupIDs are the security groups of tenants' pods, by tenant, for example for a database to admit.
	PodSecurityGroupIDs pulumi.StringMapOutput `pulumi:"podSecurityGroupIds"`

	b *builder
	// roles are the roles of service accounts, by accountKey.
	roles map[string]*identity.Role
	// groups are the security groups, by tenant.
	groups map[string]*ec2.SecurityGroup
}

// builder registers the children of one environment, on both sides.
type builder struct {
	ctx    *pulumi.Context
	args   *Args
	spaces []space
	grants []grant
	// kids are the children on the AWS side, inside those in the cluster.
	kids, inside child.Of
}

// New registers what goes through the AWS API, or nothing if args are invalid: roles, which depend on nothing, then
// security groups, access entries and Pod Identity associations. Call Install afterwards, once.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Tenancy, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("tenancy %q: %w", name, err)
	}
	t := &Tenancy{roles: map[string]*identity.Role{}, groups: map[string]*ec2.SecurityGroup{}}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), t, opts...); err != nil {
		return nil, fmt.Errorf("tenancy %q: %w", name, err)
	}
	t.b = &builder{
		ctx: ctx, args: args, spaces: args.spaces(args.Environment), grants: args.grants(args.Environment),
		kids: child.Of{Parent: t, Name: name},
	}
	for _, step := range []func(*Tenancy) error{t.b.createRoles, t.b.createSecurityGroups, t.b.createAccess} {
		if err := step(t); err != nil {
			return nil, fmt.Errorf("tenancy %q: %w", name, err)
		}
	}
	ids := pulumi.StringMap{}
	for tenant, group := range t.groups {
		ids[tenant] = group.ID()
	}
	t.PodSecurityGroupIDs = ids.ToStringMapOutput()
	return t, ctx.RegisterResourceOutputs(t, pulumi.Map{"podSecurityGroupIds": t.PodSecurityGroupIDs})
}
