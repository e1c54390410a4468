package ingress

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/controller"
	"github.com/eks-platform/eks-platform/internal/helm"
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

// Ingress is the load balancer controller of one cluster.
type Ingress struct {
	*controller.Controller

	args *Args
}

// New registers the controller's role and permissions, or nothing if args are invalid. They depend only on the VPC; the
// association depends on the cluster.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Ingress, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("ingress %q: %w", name, err)
	}
	c, err := controller.New(ctx, name, controller.Args{
		Type: Type, InsideType: ControllerType, Key: "load-balancer-controller", Summary: args.summary(),
		Description: "Load balancers of the EKS cluster " + args.ClusterName,
		Region:      args.Region, AccountID: args.AccountID, ClusterName: args.ClusterName, ClusterNameOutput: args.ClusterNameOutput,
		ServiceAccount: account,
		// Two policies: a preview can show the first before the VPC exists.
		Policies: []controller.Policy{
			{Key: "balancing", JSON: pulumi.String(args.balancingPolicy().JSON())}, {Key: "security-groups", JSON: args.securityGroupsPolicy()},
		},
		Release: helm.Release{Name: chart, Namespace: namespace, Chart: chart, Repository: repository, Version: args.ChartVersion},
		Tags:    args.Tags,
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("ingress %q: %w", name, err)
	}
	return &Ingress{Controller: c, args: args}, nil
}

// Install registers the controller in the cluster, below the parent in opts, after the nodes that it runs on.
func (i *Ingress) Install(ctx *pulumi.Context, opts ...pulumi.ResourceOption) error {
	return i.Controller.Install(ctx, i.args.values(), map[string]pulumi.Input{"vpcId": i.args.VPCID}, i.args.After, opts...)
}
