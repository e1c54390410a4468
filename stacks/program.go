package stacks

import (
	"fmt"
	"slices"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/components/addons"
	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/internal/identity"
	"github.com/eks-platform/eks-platform/internal/order"
)

// Program is the whole platform: pulumi up, previews in pull requests and the Automation API all run it.
func Program(ctx *pulumi.Context) error {
	cfg, err := read(ctx)
	if err != nil {
		return err
	}
	if cfg.Owner() {
		return own(ctx, cfg)
	}
	return join(ctx, cfg)
}

// own builds a cluster with the network under it, and the environment's own nodes on it.
func own(ctx *pulumi.Context, cfg *Config) error {
	providers, err := newProviders(ctx, cfg)
	if err != nil {
		return err
	}
	name := cfg.Cluster.Name
	net, err := network.New(ctx, name, cfg.networkArgs(), providers)
	if err != nil {
		return err
	}
	clusterArgs := cfg.clusterArgs()
	clusterArgs.SubnetIDs = cfg.controlPlaneSubnets(net)
	clusterArgs.VPCID = net.VPCID
	control, err := cluster.New(ctx, name, clusterArgs, providers)
	if err != nil {
		return err
	}
	// From here on everything can wait for the control plane to be on its way.
	order.Settle(ctx.Context(), control.Inputs()...)

	addonsArgs := cfg.addonsArgs()
	addonsArgs.ClusterName = control.Name
	for _, zone := range cfg.Network.Zones {
		if subnet, ok := net.PodSubnetIDByZone[zone]; ok {
			addonsArgs.PodNetworks = append(addonsArgs.PodNetworks, addons.PodNetwork{ZoneName: net.ZoneNames[zone], SubnetID: subnet})
		}
	}
	system, err := addons.New(ctx, name, addonsArgs, providers)
	if err != nil {
		return err
	}
	if err := net.Connect(ctx); err != nil {
		return err
	}
	beforeNodes := slices.Concat(system.BeforeNodes(), net.Egress())
	home, err := nodeGroups(ctx, cfg, place{
		cluster:          control.Resource,
		clusterName:      name,
		version:          cfg.Cluster.Version,
		serviceCIDR:      control.ServiceCIDR,
		prefixDelegation: *cfg.Addons.VPCCNI.PrefixDelegation,
		ipv6:             cfg.ipv6(),
		zoneIDs:          cfg.Network.Zones,
		zoneNames:        inputs(net.ZoneNames),
		subnetIDs:        inputs(net.PrivateSubnetIDByZone),
		after:            beforeNodes,
	}, providers)
	if err != nil {
		return err
	}
	if err := control.Grant(ctx); err != nil {
		return err
	}
	if err := system.AfterNodes(ctx, home.Ready()); err != nil {
		return err
	}
	// What AWS's API makes: most of it waits for nothing, and is done while the control plane comes up.
	serving, err := newServices(ctx, cfg, control, net, home.Ready(), providers)
	if err != nil {
		return err
	}
	own, err := newEnvironment(ctx, cfg, cfg.host(), ground{
		clusterName: control.Name, vpcID: net.VPCID, clusterSecurityGroupID: control.SecurityGroupID,
		oidc:                   &identity.OIDC{Issuer: control.OIDCIssuer, ProviderARN: control.OIDCProviderARN},
		publicSubnetIPv6CIDRs:  net.IPv6CIDRs(network.TierPublic),
		privateSubnetIPv6CIDRs: net.IPv6CIDRs(network.TierPrivate),
		controlPlaneLogGroup:   control.LogGroupName,
	}, providers)
	if err != nil {
		return err
	}
	// What is inside could begin as soon as the control plane is there. It is a hundred small objects, which would take every
	// slot just when the node groups, which take minutes, need one each: they go first.
	order.Settle(ctx.Context(), order.URNs(beforeNodes)...)
	kubeconfig := control.Kubeconfig(cfg.AWS.Region)
	inside, err := newInCluster(ctx, cfg, access{
		kubeconfig: kubeconfig, clusterARN: control.ARN, after: control.Access(), cluster: control.Resource,
	})
	if err != nil {
		return err
	}
	secretsDriver, err := serving.install(ctx, cfg, inside, home.Ready())
	if err != nil {
		return err
	}
	if err := own.install(ctx, inside, secretsDriver); err != nil {
		return err
	}
	publish(ctx, cfg, control, net, kubeconfig)
	return nil
}

// join adds an environment to the cluster of another stack.
func join(ctx *pulumi.Context, cfg *Config) error {
	contract, err := readContract(ctx, cfg)
	if err != nil {
		return err
	}
	providers, err := newProviders(ctx, cfg)
	if err != nil {
		return err
	}
	owned, err := awseks.GetCluster(ctx, contract.Cluster.Name, pulumi.ID(contract.Cluster.Name), nil, providers)
	if err != nil {
		return fmt.Errorf("read the cluster %s: %w", contract.Cluster.Name, err)
	}
	where := place{
		cluster:          owned,
		clusterName:      contract.Cluster.Name,
		version:          contract.Cluster.Version,
		serviceCIDR:      pulumi.String(contract.Cluster.ServiceCIDR),
		prefixDelegation: contract.Cluster.PrefixDelegation,
		ipv6:             contract.Cluster.IPFamily == cluster.IPv6,
		zoneIDs:          contract.Network.ZoneIDs,
		zoneNames:        plainInputs(contract.Network.ZoneNames),
		subnetIDs:        plainInputs(contract.Network.PrivateSubnetIDs),
	}
	if _, err := nodeGroups(ctx, cfg, where, providers); err != nil {
		return err
	}
	joined, err := newEnvironment(ctx, cfg, contract.host(), ground{
		clusterName: pulumi.String(contract.Cluster.Name), vpcID: pulumi.String(contract.Network.VPCID),
		clusterSecurityGroupID: pulumi.String(contract.Cluster.SecurityGroupID),
		oidc: &identity.OIDC{
			Issuer: pulumi.String(contract.Cluster.OIDCIssuer), ProviderARN: pulumi.String(contract.Cluster.OIDCProviderARN),
		},
		publicSubnetIPv6CIDRs:  pulumi.ToStringArray(contract.Network.PublicSubnetIPv6CIDRs),
		privateSubnetIPv6CIDRs: pulumi.ToStringArray(contract.Network.PrivateSubnetIPv6CIDRs),
		controlPlaneLogGroup:   pulumi.String(contract.Cluster.LogGroupName),
	}, providers)
	if err != nil {
		return err
	}
	inside, err := newInCluster(ctx, cfg, access{
		kubeconfig: pulumi.String(contract.Cluster.Kubeconfig), clusterARN: pulumi.String(contract.Cluster.ARN),
	})
	if err != nil {
		return err
	}
	return joined.install(ctx, inside, nil)
}
