package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/components/admission"
	"github.com/eks-platform/eks-platform/components/autoscaling"
	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/components/ingress"
	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/components/podcleanup"
	"github.com/eks-platform/eks-platform/components/secrets"
	"github.com/eks-platform/eks-platform/components/storage"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// services registers what serves every environment of a cluster, and returns what brings the kind
// SecretProviderClass. Pods among them wait for home, the nodes that they run on.
func services(
	ctx *pulumi.Context, cfg *Config, control *cluster.Cluster, net *network.Network, inside *inCluster,
	home []pulumi.Resource, providers pulumi.ResourceOption,
) ([]pulumi.Resource, error) {
	name := cfg.Cluster.Name
	// First what everything else is held against, and what others wait for.
	_, err := admission.New(ctx, name, &admission.Args{ClusterVersion: cfg.Cluster.Version}, inside.opts()...)
	if err != nil {
		return nil, err
	}
	var driver []pulumi.Resource
	if cfg.Secrets != nil {
		args := cfg.secretsArgs()
		args.After = home
		s, err := secrets.New(ctx, name, args, inside.opts()...)
		if err != nil {
			return nil, err
		}
		driver = s.Ready()
	}
	if cfg.Ingress != nil {
		args := cfg.ingressArgs()
		args.ClusterNameOutput, args.VPCID, args.After = control.Name, net.VPCID, home
		i, err := ingress.New(ctx, name, args, providers)
		if err != nil {
			return nil, err
		}
		if err := i.Install(ctx, inside.opts()...); err != nil {
			return nil, err
		}
	}
	if cfg.Autoscaling != nil {
		args := cfg.autoscalingArgs()
		args.ClusterNameOutput, args.After = control.Name, home
		a, err := autoscaling.New(ctx, name, args, providers)
		if err != nil {
			return nil, err
		}
		if err := a.Install(ctx, inside.opts()...); err != nil {
			return nil, err
		}
	}
	if cfg.Storage != nil {
		args := cfg.storageArgs()
		args.VPCID, args.ClusterSecurityGroupID = net.VPCID, control.SecurityGroupID
		args.PrivateSubnetIDs = inputs(net.PrivateSubnetIDByZone)
		s, err := storage.New(ctx, name, args, providers)
		if err != nil {
			return nil, err
		}
		if err := s.Install(ctx, inside.opts()...); err != nil {
			return nil, err
		}
	}
	if cfg.PodCleanup != nil {
		if _, err := podcleanup.New(ctx, name, cfg.podCleanupArgs(), inside.opts()...); err != nil {
			return nil, err
		}
	}
	return driver, nil
}

// serviceProblems checks what serves every environment of the cluster.
func (c *Config) serviceProblems() problem.List {
	out := c.ImageRegistries.Problems().Under("imageRegistries")
	if c.Cluster == nil || c.Network == nil || c.Addons == nil {
		return out
	}
	if c.Ingress != nil {
		out = append(out, c.ingressArgs().Problems().Under("ingress")...)
	}
	if c.Autoscaling != nil {
		out = append(out, c.autoscalingArgs().Problems().Under("autoscaling")...)
	}
	if c.Secrets != nil {
		out = append(out, c.secretsArgs().Problems().Under("secrets")...)
	}
	if c.Storage != nil {
		out = append(out, c.storageArgs().Problems().Under("storage")...)
	}
	if c.PodCleanup != nil {
		out = append(out, c.podCleanupArgs().Problems().Under("podCleanup")...)
	}
	return out
}

// isolated tells whether the network has no way to the internet.
func (c *Config) isolated() bool { return c.Network.NAT == network.NATNone }

func (c *Config) ingressArgs() *ingress.Args {
	return &ingress.Args{
		Settings: *c.Ingress, Region: c.AWS.Region, AccountID: c.AWS.AccountID, ClusterName: c.Cluster.Name,
		Isolated: c.isolated(), Registries: c.ImageRegistries, Tags: c.tags(),
	}
}

func (c *Config) autoscalingArgs() *autoscaling.Args {
	return &autoscaling.Args{
		Settings: *c.Autoscaling, Region: c.AWS.Region, AccountID: c.AWS.AccountID, ClusterName: c.Cluster.Name,
		ClusterVersion: c.Cluster.Version, Isolated: c.isolated(), Registries: c.ImageRegistries, Tags: c.tags(),
	}
}

func (c *Config) secretsArgs() *secrets.Args {
	return &secrets.Args{Settings: *c.Secrets, Region: c.AWS.Region, Registries: c.ImageRegistries}
}

func (c *Config) storageArgs() *storage.Args {
	return &storage.Args{
		Settings: *c.Storage, Region: c.AWS.Region,
		EBSDriver: c.Addons.EBSCSI.Enabled, EFSDriver: c.Addons.EFSCSI != nil,
		DefaultClassElsewhere: c.Addons.EBSCSI.Enabled && c.Addons.EBSCSI.DefaultStorageClass,
		VolumeKeyARN:          c.Addons.EBSCSI.VolumeKeyARN,
		Tags:                  c.tags(),
	}
}

func (c *Config) podCleanupArgs() *podcleanup.Args {
	return &podcleanup.Args{Settings: *c.PodCleanup, ClusterVersion: c.Cluster.Version, Registries: c.ImageRegistries}
}
