package admission

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/service"
)

// Service is the admission policies' entry in the registry. Everything else in the cluster is checked by them.
var Service = service.Define(service.Definition[struct{}]{
	Name: "admission", AlwaysOn: true, By: service.Owner, Gate: true,
	Problems: func(service.Stack, *struct{}) problem.List { return nil }, // cluster.version has been checked
	New: func(_ *pulumi.Context, name string, s service.Stack, _ *struct{}, _ pulumi.ResourceOption) (service.Install, error) {
		return func(ctx *pulumi.Context, in service.Inside) ([]pulumi.Resource, error) {
			a, err := New(ctx, name, &Args{ClusterVersion: s.Cluster.ControlPlane.KubernetesVersion}, in.Options...)
			if err != nil {
				return nil, err
			}
			return a.Policies(), nil
		}, nil
	},
})
