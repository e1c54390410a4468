package ingress

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/helm"
	"github.com/eks-platform/eks-platform/internal/identity"
	"github.com/eks-platform/eks-platform/internal/order"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// Type is part of every child's URN. It never changes.
const Type = "eks-platform:ingress:Ingress"

// ControllerType is the same for what Install registers.
const ControllerType = "eks-platform:ingress:LoadBalancerController"

const (
	chart      = "aws-load-balancer-controller"
	repository = "https://aws.github.io/eks-charts"
	namespace  = "kube-system"
	account    = "aws-load-balancer-controller"
)

// Ingress is what the load balancer controller of one cluster is towards AWS.
type Ingress struct {
	pulumi.ResourceState

	name string
	args *Args
	role *identity.Role
}

// LoadBalancerController is the controller in the cluster.
type LoadBalancerController struct{ pulumi.ResourceState }

// New registers the controller's role and permissions, or nothing when args are invalid. They wait for the VPC alone,
// and the association for the cluster.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Ingress, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("ingress %q: %w", name, err)
	}
	i := &Ingress{name: name, args: args}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), i, opts...); err != nil {
		return nil, fmt.Errorf("ingress %q: %w", name, err)
	}
	if err := i.createRole(ctx); err != nil {
		return nil, fmt.Errorf("ingress %q: %w", name, err)
	}
	return i, ctx.RegisterResourceOutputs(i, pulumi.Map{"roleArn": i.role.ARN})
}

func (i *Ingress) createRole(ctx *pulumi.Context) error {
	a := i.args
	role, err := identity.New(ctx, child.Of{Parent: i, Name: i.name}, identity.Args{
		Key: "load-balancer-controller", Description: "Load balancers of the EKS cluster " + a.ClusterName,
		Region: a.Region, AccountID: a.AccountID, ClusterName: a.ClusterName,
		Namespace: namespace, ServiceAccount: account, Tags: a.Tags,
	})
	if err != nil {
		return err
	}
	i.role = role
	// Two policies: a preview can show the first before the VPC is there.
	if err := role.Allow("balancing", pulumi.String(a.balancingPolicy().JSON())); err != nil {
		return err
	}
	if err := role.Allow("security-groups", a.securityGroupsPolicy()); err != nil {
		return err
	}
	return role.Associate(a.ClusterNameOutput)
}

// Install registers the controller under a component of its own, whose parent and provider come by opts. It waits for
// the role's permissions, before which it goes when both are deleted, and for After.
func (i *Ingress) Install(ctx *pulumi.Context, opts ...pulumi.ResourceOption) error {
	c := &LoadBalancerController{}
	if err := ctx.RegisterComponentResourceV2(ControllerType, i.name, i.args.summary(), c, opts...); err != nil {
		return fmt.Errorf("load balancer controller %q: %w", i.name, err)
	}
	kids := child.Of{Parent: c, Name: i.name}
	_, err := helm.New(ctx, kids.ID("load-balancer-controller"), helm.Release{
		Name: chart, Namespace: namespace, Chart: chart, Repository: repository, Version: i.args.ChartVersion,
		Values: i.args.values(), Computed: map[string]pulumi.Input{"vpcId": i.args.VPCID},
	}, kids.Opts(pulumi.DependsOn(i.role.Permissions()), order.After(ctx, i.args.After...))...)
	if err != nil {
		return fmt.Errorf("load balancer controller %q: %w", i.name, err)
	}
	return ctx.RegisterResourceOutputs(c, pulumi.Map{})
}
