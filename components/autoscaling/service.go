package autoscaling

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/service"
)

// Service is the Cluster Autoscaler's entry in the registry.
var Service = service.Define(service.Definition[Settings]{
	Name: "autoscaling", By: service.Owner, Package: "components/autoscaling",
	Doc: "The Cluster Autoscaler of the cluster that the stack owns. Node groups with scaling.autoscaled, including those of joining " +
		"stacks, need it.",
	Endpoints: func(*Settings) []string { return []string{"autoscaling"} },
	Chart:     service.Chart{Name: chart, Repository: repository},
	Images:    func(s *Settings) []string { return []string{s.Image} },
	Announce:  func(_ *Settings, c *contract.Cluster) { c.ControlPlane.Autoscaler = true },
	Problems:  func(s service.Stack, settings *Settings) problem.List { return arguments(s, settings).Problems() },
	New: func(ctx *pulumi.Context, name string, s service.Stack, settings *Settings, aws pulumi.ResourceOption) (service.Install, error) {
		args := arguments(s, settings)
		args.ClusterNameOutput, args.After = s.Cluster.ControlPlane.NameOutput, s.Nodes
		autoscaler, err := New(ctx, name, args, aws)
		if err != nil {
			return nil, err
		}
		return func(ctx *pulumi.Context, in service.Inside) ([]pulumi.Resource, error) {
			return nil, autoscaler.Install(ctx, in.Options...)
		}, nil
	},
})

func arguments(s service.Stack, settings *Settings) *Args {
	c := s.Cluster.ControlPlane
	return &Args{
		Settings: *settings, Region: s.Region, AccountID: s.AccountID, ClusterName: c.Name, ClusterVersion: c.KubernetesVersion,
		Isolated: s.Cluster.Network.Isolated, Registries: s.Registries, Tags: s.Tags,
	}
}
