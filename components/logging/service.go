package logging

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/service"
)

// Service is the logging's entry in the registry.
var Service = service.Define(service.Definition[Settings]{
	Name: "logging", By: service.Every, Package: "components/logging",
	Doc: "The environment's log group and, in the stack that owns the cluster, Fluent Bit. Without it, logs stay on the nodes.",
	Images: func(s *Settings) []string {
		if s.FluentBit == nil {
			return nil
		}
		return []string{s.FluentBit.Image}
	},
	Announce: func(s *Settings, c *contract.Cluster) { c.ControlPlane.FluentBit = s.FluentBit != nil },
	Problems: func(s service.Stack, settings *Settings) problem.List {
		out := (&Args{Settings: *settings, Owner: s.Owner}).Problems()
		if !s.Owner && s.Cluster != nil && !s.Cluster.ControlPlane.FluentBit {
			out.Relate("", []string{"$.logging"}, "nothing would write to the log group, because the cluster has no Fluent Bit: set "+
				"logging.fluentBit in its owner's stack file, and update the owner first")
		}
		return out
	},
	New: func(ctx *pulumi.Context, name string, s service.Stack, settings *Settings, aws pulumi.ResourceOption) (service.Install, error) {
		c := s.Cluster.ControlPlane
		logs, err := New(ctx, name, &Args{
			Settings: *settings, Environment: s.Environment, ClusterName: c.Name, ClusterNameOutput: c.NameOutput,
			Region: s.Region, AccountID: s.AccountID, Owner: s.Owner, IPv6: c.IPv6(),
			ControlPlaneLogGroup: c.LogGroupName, Registries: s.Registries, Tags: s.Tags,
		}, aws)
		if err != nil {
			return nil, err
		}
		s.Publishes.LogGroupName = logs.GroupName
		return func(ctx *pulumi.Context, in service.Inside) ([]pulumi.Resource, error) {
			return nil, logs.Install(ctx, in.Options...)
		}, nil
	},
})
