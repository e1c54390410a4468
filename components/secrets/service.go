package secrets

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/service"
)

// Service is the secrets driver's entry in the registry.
var Service = service.Define(service.Definition[Settings]{
	Name: "secrets", By: service.Owner, Package: "components/secrets",
	Doc: "The Secrets Store CSI driver with the AWS provider, in the cluster that the stack owns. Service accounts with secrets " +
		"or parameters, those of joining stacks, need it.",
	Endpoints: func(*Settings) []string { return []string{"secretsmanager"} },
	Chart:     service.Chart{Name: chart, Repository: repository},
	Images: func(*Settings) []string {
		return []string{providerImage, driverImage, crdsImage, registrarImage, livenessProbeImage}
	},
	Announce: func(_ *Settings, c *contract.Cluster) { c.ControlPlane.SecretsDriver = true },
	Problems: func(s service.Stack, settings *Settings) problem.List { return arguments(s, settings).Problems() },
	New: func(_ *pulumi.Context, name string, s service.Stack, settings *Settings, _ pulumi.ResourceOption) (service.Install, error) {
		return func(ctx *pulumi.Context, in service.Inside) ([]pulumi.Resource, error) {
			driver, err := New(ctx, name, arguments(s, settings), in.Options...)
			if err != nil {
				return nil, err
			}
			return driver.Ready(), nil
		}, nil
	},
})

func arguments(s service.Stack, settings *Settings) *Args {
	return &Args{Settings: *settings, Region: s.Region, Registries: s.Registries, After: s.Nodes}
}
