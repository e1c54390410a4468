package autoscaling

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/controller"
	"github.com/eks-platform/eks-platform/internal/helm"
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

// Autoscaling is the Cluster Autoscaler of one cluster.
type Autoscaling struct {
	*controller.Controller

	args *Args
}

// New registers the autoscaler's role and permissions, or nothing if args are invalid. They depend on nothing; the
// association depends on the cluster.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Autoscaling, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("autoscaling %q: %w", name, err)
	}
	c, err := controller.New(ctx, name, controller.Args{
		Type: Type, InsideType: AutoscalerType, Key: "cluster-autoscaler", Summary: args.summary(),
		Description: "Numbers of nodes of the EKS cluster " + args.ClusterName,
		Region:      args.Region, AccountID: args.AccountID, ClusterName: args.ClusterName, ClusterNameOutput: args.ClusterNameOutput,
		ServiceAccount: account,
		Policies:       []controller.Policy{{Key: "sizing", JSON: pulumi.String(args.policy().JSON())}},
		Release:        helm.Release{Name: chart, Namespace: namespace, Chart: chart, Repository: repository, Version: args.ChartVersion},
		Tags:           args.Tags,
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("autoscaling %q: %w", name, err)
	}
	return &Autoscaling{Controller: c, args: args}, nil
}

// Install registers the autoscaler in the cluster, below the parent in opts, after the nodes that it runs on.
func (s *Autoscaling) Install(ctx *pulumi.Context, opts ...pulumi.ResourceOption) error {
	return s.Controller.Install(ctx, s.args.values(), nil, s.args.After, opts...)
}
