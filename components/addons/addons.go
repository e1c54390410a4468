package addons

import (
	"errors"
	"fmt"
	"slices"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/schema"
	"github.com/eks-platform/eks-platform/internal/tags"
)

// Type is part of every child's URN. It never changes.
const Type = "eks-platform:addons:Addons"

// Addons are the EKS add-ons of one cluster.
type Addons struct {
	pulumi.ResourceState

	b *builder
	// beforeNodes is the first tier.
	beforeNodes []pulumi.Resource
	// ebs and efs are the identities of the storage drivers, created ahead of them.
	ebs, efs *identity
}

// builder registers the children of one component.
type builder struct {
	ctx  *pulumi.Context
	args *Args
	kids child.Of
}

// New registers the add-ons that come before any node, and every IAM role: roles do not wait for the cluster. It registers
// nothing if args are invalid. Call AfterNodes afterwards, once.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Addons, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("add-ons %q: %w", name, err)
	}
	a := &Addons{}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), a, opts...); err != nil {
		return nil, fmt.Errorf("add-ons %q: %w", name, err)
	}
	a.b = &builder{ctx: ctx, args: args, kids: child.Of{Parent: a, Name: name}}
	// vpc-cni first: nodes wait for it longest.
	for _, step := range []func(*Addons) error{
		a.b.createVPCCNI, a.b.createKubeProxy, a.b.createPodIdentityAgent, a.b.createEBSIdentity, a.b.createEFSIdentity,
	} {
		if err := step(a); err != nil {
			return nil, fmt.Errorf("add-ons %q: %w", name, err)
		}
	}
	return a, nil
}

// BeforeNodes returns the add-ons that every node group must depend on: without them a node never becomes ready, and on
// destroy they must outlive it.
func (a *Addons) BeforeNodes() []pulumi.Resource { return slices.Clone(a.beforeNodes) }

// AfterNodes registers the add-ons that need a node to run on. They depend on after: untainted on-demand node groups,
// at least one.
func (a *Addons) AfterNodes(ctx *pulumi.Context, after []pulumi.Resource) error {
	if len(after) == 0 {
		return fmt.Errorf("add-ons %q: %w", a.b.kids.Name, errors.New("no untainted on-demand node group to run the system add-ons on"))
	}
	// coredns first: without it pods resolve no names.
	for _, step := range []func(*Addons, []pulumi.Resource) error{
		a.b.createCoreDNS, a.b.createMetricsServer, a.b.createEBSCSI, a.b.createEFSCSI, a.b.createNodeMonitoringAgent,
	} {
		if err := step(a, after); err != nil {
			return fmt.Errorf("add-ons %q: %w", a.b.kids.Name, err)
		}
	}
	return ctx.RegisterResourceOutputs(a, pulumi.Map{})
}

// addon is one add-on to register.
type addon struct {
	// name is its name in EKS, and the key in its logical name.
	name, version string
	// configuration is its configuration as JSON; nil if nothing can be configured here.
	configuration pulumi.StringPtrInput
	// identity is its AWS identity, if any.
	identity *identity
	// after is what it waits for besides the cluster.
	after []pulumi.Resource
}

// create registers an add-on.
//
// Conflicts with fields that others set, with kubectl for example, are resolved in favour of the stack file, at creation
// and on updates: with PRESERVE a setting made here would be accepted but not take effect. Fields that EKS does not manage,
// such as the replicas of a coredns that was scaled by hand, stay as they are in both cases.
func (b *builder) create(a addon) (*awseks.Addon, error) {
	id := b.kids.ID(a.name)
	args := &awseks.AddonArgs{
		ClusterName:              b.args.ClusterName,
		AddonName:                pulumi.String(a.name),
		AddonVersion:             pulumi.String(a.version),
		ConfigurationValues:      a.configuration,
		ResolveConflictsOnCreate: pulumi.String("OVERWRITE"),
		ResolveConflictsOnUpdate: pulumi.String("OVERWRITE"),
		Preserve:                 pulumi.Bool(false), // deleting the add-on also removes its pods
		Tags:                     b.tags(id),
	}
	after := a.after
	if a.identity != nil {
		args.PodIdentityAssociations = awseks.AddonPodIdentityAssociationArray{awseks.AddonPodIdentityAssociationArgs{
			RoleArn: a.identity.roleARN, ServiceAccount: pulumi.String(a.identity.serviceAccount),
		}}
		after = slices.Concat(after, a.identity.permissions)
	}
	res, err := awseks.NewAddon(b.ctx, id, args, b.kids.Opts(pulumi.DependsOn(after))...)
	if err != nil {
		return nil, fmt.Errorf("create the add-on %s: %w", a.name, err)
	}
	return res, nil
}

// tags returns the tags of a resource.
func (b *builder) tags(name string) pulumi.StringMap {
	return tags.Named(b.args.Tags, name)
}
