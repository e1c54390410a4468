package storage

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/service"
)

// Service is the storage's entry in the registry.
var Service = service.Define(service.Definition[Settings]{
	Name: "storage", By: service.Owner, Package: "components/storage",
	Doc: "The storage classes of the cluster that the stack owns. Without it, there are only those that EKS creates.",
	Endpoints: func(s *Settings) []string {
		if s.EFS == nil {
			return nil
		}
		return []string{"elasticfilesystem"}
	},
	Problems: func(s service.Stack, settings *Settings) problem.List { return arguments(s, settings).Problems() },
	New: func(ctx *pulumi.Context, name string, s service.Stack, settings *Settings, aws pulumi.ResourceOption) (service.Install, error) {
		args := arguments(s, settings)
		args.VPCID, args.ClusterSecurityGroupID = s.Cluster.Network.VPCID, s.Cluster.ControlPlane.SecurityGroupID
		args.PrivateSubnetIDs = map[string]pulumi.StringInput{}
		for zone, id := range s.Cluster.Network.PrivateSubnetIDs {
			args.PrivateSubnetIDs[zone] = id
		}
		volumes, err := New(ctx, name, args, aws)
		if err != nil {
			return nil, err
		}
		return func(ctx *pulumi.Context, in service.Inside) ([]pulumi.Resource, error) {
			return nil, volumes.Install(ctx, in.Options...)
		}, nil
	},
})

func arguments(s service.Stack, settings *Settings) *Args {
	drivers := s.Cluster.Addons
	return &Args{
		Settings: *settings, Region: s.Region, Tags: s.Tags,
		EBSDriver: drivers.EBS, EFSDriver: drivers.EFS, DefaultClassElsewhere: drivers.DefaultStorageClass,
		VolumeKeyARN: drivers.VolumeKeyARN,
	}
}
