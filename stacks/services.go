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
	"github.com/eks-platform/eks-platform/internal/order"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// services are what serves every environment of a cluster; nil where the stack file leaves them out.
type services struct {
	ingress     *ingress.Ingress
	autoscaling *autoscaling.Autoscaling
	storage     *storage.Storage
}

// newServices registers their AWS side. Pods among them will wait for home, the nodes that they run on.
func newServices(
	ctx *pulumi.Context, cfg *Config, control *cluster.Cluster, net *network.Network, home []pulumi.Resource,
	providers pulumi.ResourceOption,
) (*services, error) {
	name := cfg.Cluster.Name
	s := &services{}
	var err error
	if cfg.Ingress != nil {
		args := cfg.ingressArgs()
		args.ClusterNameOutput, args.VPCID, args.After = control.Name, net.VPCID, home
		if s.ingress, err = ingress.New(ctx, name, args, providers); err != nil {
			return nil, err
		}
	}
	if cfg.Autoscaling != nil {
		args := cfg.autoscalingArgs()
		args.ClusterNameOutput, args.After = control.Name, home
		if s.autoscaling, err = autoscaling.New(ctx, name, args, providers); err != nil {
			return nil, err
		}
	}
	if cfg.Storage != nil {
		args := cfg.storageArgs()
		args.VPCID, args.ClusterSecurityGroupID = net.VPCID, control.SecurityGroupID
		args.PrivateSubnetIDs = inputs(net.PrivateSubnetIDByZone)
		if s.storage, err = storage.New(ctx, name, args, providers); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// install registers what the services have inside the cluster, and returns what brings the kind SecretProviderClass.
func (s *services) install(ctx *pulumi.Context, cfg *Config, inside *inCluster, home []pulumi.Resource) ([]pulumi.Resource, error) {
	name := cfg.Cluster.Name
	// First what everything else is held against.
	policies, err := admission.New(ctx, name, &admission.Args{ClusterVersion: cfg.Cluster.Version}, inside.opts()...)
	if err != nil {
		return nil, err
	}
	order.Settle(ctx.Context(), order.URNs(policies.Policies())...)
	var driver []pulumi.Resource
	if cfg.Secrets != nil {
		args := cfg.secretsArgs()
		args.After = home
		installed, err := secrets.New(ctx, name, args, inside.opts()...)
		if err != nil {
			return nil, err
		}
		driver = installed.Ready()
	}
	if s.ingress != nil {
		if err := s.ingress.Install(ctx, inside.opts()...); err != nil {
			return nil, err
		}
	}
	if s.autoscaling != nil {
		if err := s.autoscaling.Install(ctx, inside.opts()...); err != nil {
			return nil, err
		}
	}
	if s.storage != nil {
		if err := s.storage.Install(ctx, inside.opts()...); err != nil {
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
		EBSDriver: *c.Addons.EBSCSI.Enabled, EFSDriver: c.Addons.EFSCSI != nil,
		DefaultClassElsewhere: *c.Addons.EBSCSI.Enabled && c.Addons.EBSCSI.DefaultStorageClass,
		VolumeKeyARN:          c.Addons.EBSCSI.VolumeKeyARN,
		Tags:                  c.tags(),
	}
}

func (c *Config) podCleanupArgs() *podcleanup.Args {
	return &podcleanup.Args{Settings: *c.PodCleanup, ClusterVersion: c.Cluster.Version, Registries: c.ImageRegistries}
}
