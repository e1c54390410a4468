package ingress

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/service"
)

// Service is the load balancer controller's entry in the registry.
var Service = service.Define(service.Definition[Settings]{
	Name: "ingress", By: service.Owner, Package: "components/ingress",
	Doc: "The AWS Load Balancer Controller of the cluster that the stack owns. Without it, Ingresses and load balancer Services " +
		"do nothing.",
	Endpoints: func(*Settings) []string { return []string{"elasticloadbalancing"} },
	Chart:     service.Chart{Name: chart, Repository: repository},
	Images:    func(s *Settings) []string { return []string{s.Image} },
	Problems:  func(s service.Stack, settings *Settings) problem.List { return arguments(s, settings).Problems() },
	New: func(ctx *pulumi.Context, name string, s service.Stack, settings *Settings, aws pulumi.ResourceOption) (service.Install, error) {
		args := arguments(s, settings)
		args.ClusterNameOutput, args.VPCID, args.After = s.Cluster.ControlPlane.NameOutput, s.Cluster.Network.VPCID, s.Nodes
		controller, err := New(ctx, name, args, aws)
		if err != nil {
			return nil, err
		}
		return func(ctx *pulumi.Context, in service.Inside) ([]pulumi.Resource, error) {
			return nil, controller.Install(ctx, in.Options...)
		}, nil
	},
})

func arguments(s service.Stack, settings *Settings) *Args {
	return &Args{
		Settings: *settings, Region: s.Region, AccountID: s.AccountID, ClusterName: s.Cluster.ControlPlane.Name,
		Isolated: s.Cluster.Network.Isolated, Registries: s.Registries, Tags: s.Tags,
	}
}
