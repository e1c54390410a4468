package stacks

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/components/addons"
	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/components/nodegroup"
)

// networkArgs are the network's settings with what the rest of the file says about them.
func (c *Config) networkArgs() *network.Args {
	args := &network.Args{
		Settings:  *c.Network,
		Region:    c.AWS.Region,
		AccountID: c.AWS.AccountID,
		Tags:      c.tags(),
		Features:  c.features(),
	}
	args.IPv6 = c.ipv6()
	if c.Cluster != nil && !args.IPv6 { // EKS chooses the range of IPv6 services
		args.ServiceCIDR = c.Cluster.ServiceCIDR
	}
	if c.Addons != nil {
		args.PrefixDelegation = *c.Addons.VPCCNI.PrefixDelegation
	}
	return args
}

// ipv6 tells whether the stack owns a cluster whose pods have IPv6 addresses.
func (c *Config) ipv6() bool { return c.Cluster != nil && c.Cluster.IPFamily == cluster.IPv6 }

// features are the parts of the platform that call AWS services of their own from inside the network.
func (c *Config) features() []network.Feature {
	out := []network.Feature{network.FeatureSSM} // every node has the Session Manager agent and its policy
	for _, f := range []struct {
		on      bool
		feature network.Feature
	}{
		{c.Autoscaling != nil, network.FeatureClusterAutoscaler},
		{c.Ingress != nil, network.FeatureLoadBalancerController},
		{c.Secrets != nil, network.FeatureSecretsManager},
		{c.Storage != nil && c.Storage.EFS != nil, network.FeatureEFS},
	} {
		if f.on {
			out = append(out, f.feature)
		}
	}
	return out
}

// clusterArgs are the cluster's settings with what the rest of the file says about them.
func (c *Config) clusterArgs() *cluster.Args {
	args := &cluster.Args{
		Settings:  *c.Cluster,
		Region:    c.AWS.Region,
		AccountID: c.AWS.AccountID,
		Tags:      c.tags(),
	}
	if c.Addons != nil {
		args.PodSecurityGroups = c.Addons.VPCCNI.PodSecurityGroups
	}
	if c.Network != nil {
		args.ZoneIDs = c.Network.Zones
		args.VPCCIDRs = c.vpcCIDRs()
	}
	return args
}

// vpcCIDRs are the ranges of the stack's VPC.
func (c *Config) vpcCIDRs() []string {
	if c.Network.SecondaryCIDR == "" {
		return []string{c.Network.CIDR}
	}
	return []string{c.Network.CIDR, c.Network.SecondaryCIDR}
}

// controlPlaneSubnets picks the subnets of the control plane's zones.
func (c *Config) controlPlaneSubnets(net *network.Network) pulumi.StringArray {
	if len(c.Cluster.Zones) == 0 {
		return net.ControlPlaneSubnetIDs
	}
	var out pulumi.StringArray
	for i, zone := range c.Network.Zones {
		if slices.Contains(c.Cluster.Zones, zone) {
			out = append(out, net.ControlPlaneSubnetIDs[i])
		}
	}
	return out
}

// addonsArgs are the add-ons' settings with what the rest of the file says about them.
func (c *Config) addonsArgs() *addons.Args {
	return &addons.Args{
		Settings:       *c.Addons,
		ClusterVersion: c.Cluster.Version,
		Region:         c.AWS.Region,
		IPv6:           c.ipv6(),
		Tags:           c.tags(),
	}
}

// nodeGroupArgs are a group's settings with what the file says about the cluster, when it owns it.
func (c *Config) nodeGroupArgs(g nodegroup.Settings) *nodegroup.Args {
	args := &nodegroup.Args{Settings: g, IPv6: c.ipv6(), Tags: c.tags()}
	if c.Cluster != nil {
		args.ClusterVersion = c.Cluster.Version
	}
	if c.Network != nil {
		args.Region, args.ZoneIDs = c.AWS.Region, c.Network.Zones
	}
	if c.Addons != nil {
		args.PrefixDelegation = *c.Addons.VPCCNI.PrefixDelegation
	}
	return args
}

// tags returns the tags of everything that the stack makes.
func (c *Config) tags() map[string]string {
	out := map[string]string{"environment": c.Environment, "managed-by": ProjectName}
	maps.Copy(out, c.Tags)
	return out
}

func inputs(values map[string]pulumi.StringOutput) map[string]pulumi.StringInput {
	out := make(map[string]pulumi.StringInput, len(values))
	for k, v := range values {
		out[k] = v
	}
	return out
}

func plainInputs(values map[string]string) map[string]pulumi.StringInput {
	out := make(map[string]pulumi.StringInput, len(values))
	for k, v := range values {
		out[k] = pulumi.String(v)
	}
	return out
}
