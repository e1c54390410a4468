package stacks

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/components/addons"
	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/service"
)

// nodeServices are the AWS services that every node calls in addition to the network's own list, for the Session Manager
// agent.
var nodeServices = []string{"ssm", "ssmmessages", "ec2messages"}

// networkArgs returns the network's settings, completed from the rest of the file.
func (c *Config) networkArgs() *network.Args {
	args := &network.Args{
		Settings:  *c.Network,
		Region:    c.AWS.Region,
		AccountID: c.AWS.AccountID,
		Tags:      c.tags(),
		Services:  append(c.services.Endpoints(), nodeServices...),
	}
	args.IPv6 = c.ipv6()
	if c.Cluster != nil && !args.IPv6 { // EKS chooses the range of IPv6 services
		args.ServiceCIDR = c.Cluster.ServiceCIDR
	}
	if c.Addons != nil {
		args.PrefixDelegation = *c.Addons.VPCCNI.PrefixDelegation
		args.PodsLeave = args.SecondaryCIDR != "" && !c.customNetworking()
	}
	return args
}

// customNetworking reports whether pods have subnets of their own.
func (c *Config) customNetworking() bool {
	on := c.Addons.VPCCNI.CustomNetworking
	return c.Network.SecondaryCIDR != "" && (on == nil || *on)
}

// ipv6 reports whether the stack owns a cluster whose pods have IPv6 addresses.
func (c *Config) ipv6() bool { return c.Cluster != nil && c.Cluster.IPFamily == cluster.IPv6 }

// clusterArgs returns the cluster's settings, completed from the rest of the file.
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

// addonsArgs returns the add-ons' settings, completed from the rest of the file.
func (c *Config) addonsArgs() *addons.Args {
	return &addons.Args{
		Settings:       *c.Addons,
		ClusterVersion: c.Cluster.Version,
		Region:         c.AWS.Region,
		IPv6:           c.ipv6(),
		Tags:           c.tags(),
	}
}

// nodeGroupArgs returns a group's settings, completed with what is known about its cluster; on is nil if nothing is.
func (c *Config) nodeGroupArgs(g nodegroup.Settings, on *contract.Cluster) *nodegroup.Args {
	args := &nodegroup.Args{Settings: g, Tags: c.tags()}
	if on != nil {
		args.Cluster, args.ClusterName, args.ClusterVersion = on.Resource, on.ControlPlane.Name, on.ControlPlane.KubernetesVersion
		args.Networking, args.Region, args.ZoneIDs = on.Networking(), on.Region, on.Network.ZoneIDs
		args.DaemonSets = daemonSets(on)
		args.ZoneNames, args.SubnetIDs = inputs(on.Network.ZoneNames), inputs(on.Network.PrivateSubnetIDs)
	}
	return args
}

// daemonSets returns what the platform's DaemonSets on a cluster ask for on every node: the defaults of the add-ons
// (https://github.com/aws/eks-charts, https://github.com/kubernetes-sigs/aws-ebs-csi-driver) and of the services.
func daemonSets(on *contract.Cluster) nodegroup.Requests {
	out := nodegroup.Requests{MilliCPU: 50 + 100 + 10, MemoryMiB: 30} // vpc-cni, kube-proxy, node monitoring
	for _, d := range []struct {
		on     bool
		cpu, m int
	}{
		{on.Addons.EBS, 30, 120},
		{on.ControlPlane.FluentBit, 50, 128},
		{on.ControlPlane.SecretsDriver, 120, 240}, // the driver with its two helpers, and AWS's provider
	} {
		if d.on {
			out.MilliCPU, out.MemoryMiB = out.MilliCPU+d.cpu, out.MemoryMiB+d.m
		}
	}
	return out
}

// service returns what services are told about the stack and its cluster.
func (c *Config) service(on *contract.Cluster) service.Stack {
	return service.Stack{
		Environment: c.Environment, Owner: c.Owner(), AccountID: c.AWS.AccountID, Region: c.AWS.Region,
		Tags: c.tags(), Registries: c.ImageRegistries, Cluster: on,
	}
}

// tags returns the tags of all resources of the stack.
func (c *Config) tags() map[string]string {
	out := map[string]string{"environment": c.Environment, "managed-by": ProjectName}
	maps.Copy(out, c.Tags)
	return out
}

func inputs(values map[string]pulumi.StringOutput) map[string]pulumi.StringInput {
	if values == nil {
		return nil
	}
	out := make(map[string]pulumi.StringInput, len(values))
	for k, v := range values {
		out[k] = v
	}
	return out
}
