package podcleanup

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/service"
)

// Service is the pod cleanup's entry in the registry.
var Service = service.Define(service.Definition[Settings]{
	Name: "podCleanup", By: service.Owner, Package: "components/podcleanup",
	Doc: "The job that removes failed pods from the cluster that the stack owns. Without it, they stay until the cluster has " +
		"12,500 of them.",
	Images:   func(s *Settings) []string { return []string{s.Image} },
	Problems: func(s service.Stack, settings *Settings) problem.List { return arguments(s, settings).Problems() },
	New: func(_ *pulumi.Context, name string, s service.Stack, settings *Settings, _ pulumi.ResourceOption) (service.Install, error) {
		return func(ctx *pulumi.Context, in service.Inside) ([]pulumi.Resource, error) {
			_, err := New(ctx, name, arguments(s, settings), in.Options...)
			return nil, err
		}, nil
	},
})

func arguments(s service.Stack, settings *Settings) *Args {
	return &Args{Settings: *settings, ClusterVersion: s.Cluster.ControlPlane.KubernetesVersion, Registries: s.Registries}
}
