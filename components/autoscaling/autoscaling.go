package autoscaling

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
const Type = "eks-platform:autoscaling:Autoscaling"

// AutoscalerType is the same for what Install registers.
const AutoscalerType = "eks-platform:autoscaling:ClusterAutoscaler"

const (
	chart      = "cluster-autoscaler"
	repository = "https://kubernetes.github.io/autoscaler"
	namespace  = "kube-system"
	account    = "cluster-autoscaler"
)

// Autoscaling is what the Cluster Autoscaler of one cluster is towards AWS.
type Autoscaling struct {
	pulumi.ResourceState

	name string
	args *Args
	role *identity.Role
}

// ClusterAutoscaler is the autoscaler in the cluster.
type ClusterAutoscaler struct{ pulumi.ResourceState }

// New registers the autoscaler's role and permissions, or nothing when args are invalid. They wait for nothing, and the
// association for the cluster.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Autoscaling, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("autoscaling %q: %w", name, err)
	}
	s := &Autoscaling{name: name, args: args}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), s, opts...); err != nil {
		return nil, fmt.Errorf("autoscaling %q: %w", name, err)
	}
	if err := s.createRole(ctx); err != nil {
		return nil, fmt.Errorf("autoscaling %q: %w", name, err)
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"roleArn": s.role.ARN})
}

func (s *Autoscaling) createRole(ctx *pulumi.Context) error {
	a := s.args
	role, err := identity.New(ctx, child.Of{Parent: s, Name: s.name}, identity.Args{
		Key: "cluster-autoscaler", Description: "Numbers of nodes of the EKS cluster " + a.ClusterName,
		Region: a.Region, AccountID: a.AccountID, ClusterName: a.ClusterName,
		Namespace: namespace, ServiceAccount: account, Tags: a.Tags,
	})
	if err != nil {
		return err
	}
	s.role = role
	if err := role.Allow("sizing", pulumi.String(a.policy().JSON())); err != nil {
		return err
	}
	return role.Associate(a.ClusterNameOutput)
}

// Install registers the autoscaler under a component of its own, whose parent and provider come by opts. It waits for
// the role's permissions, before which it goes when both are deleted, and for After.
func (s *Autoscaling) Install(ctx *pulumi.Context, opts ...pulumi.ResourceOption) error {
	c := &ClusterAutoscaler{}
	if err := ctx.RegisterComponentResourceV2(AutoscalerType, s.name, s.args.summary(), c, opts...); err != nil {
		return fmt.Errorf("cluster autoscaler %q: %w", s.name, err)
	}
	kids := child.Of{Parent: c, Name: s.name}
	_, err := helm.New(ctx, kids.ID("cluster-autoscaler"), helm.Release{
		Name: chart, Namespace: namespace, Chart: chart, Repository: repository, Version: s.args.ChartVersion,
		Values: s.args.values(),
	}, kids.Opts(pulumi.DependsOn(s.role.Permissions()), order.After(ctx, s.args.After...))...)
	if err != nil {
		return fmt.Errorf("cluster autoscaler %q: %w", s.name, err)
	}
	return ctx.RegisterResourceOutputs(c, pulumi.Map{})
}
