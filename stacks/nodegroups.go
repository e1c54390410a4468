package stacks

import (
	"fmt"
	"slices"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/components/nodegroup"
)

// place is where an environment's nodes stand: a cluster and its network, the stack's own or another's.
type place struct {
	cluster          *awseks.Cluster
	clusterName      string
	version          string
	serviceCIDR      pulumi.StringInput
	prefixDelegation bool
	ipv6             bool
	zoneIDs          []string
	zoneNames        map[string]pulumi.StringInput
	subnetIDs        map[string]pulumi.StringInput
	// after is what nodes cannot be without; empty where the owner's update has seen to it.
	after []pulumi.Resource
}

// nodeGroups registers the environment's node role and its groups. It returns the group that the system add-ons wait
// for: the first that can carry them, nil in a joining stack without one. One is enough; waiting for all would keep
// coredns back for nothing.
func nodeGroups(ctx *pulumi.Context, cfg *Config, p place, providers pulumi.ResourceOption) (*nodegroup.Group, error) {
	role, err := nodegroup.NewRole(ctx, cfg.Environment+"-node", &nodegroup.RoleArgs{
		Region: cfg.AWS.Region, Tags: cfg.tags(),
	}, providers)
	if err != nil {
		return nil, err
	}
	after := slices.Concat(role.Ready(), p.after)
	var home *nodegroup.Group
	for _, settings := range cfg.NodeGroups {
		group, err := nodegroup.New(ctx, cfg.Environment+"-"+settings.Name, &nodegroup.Args{
			Settings:         settings,
			Cluster:          p.cluster,
			ClusterName:      p.clusterName,
			ClusterVersion:   p.version,
			ServiceCIDR:      p.serviceCIDR,
			Region:           cfg.AWS.Region,
			RoleARN:          role.ARN,
			ZoneIDs:          p.zoneIDs,
			SubnetIDs:        p.subnetIDs,
			ZoneNames:        p.zoneNames,
			PrefixDelegation: p.prefixDelegation,
			IPv6:             p.ipv6,
			Tags:             cfg.tags(),
			After:            after,
		}, providers)
		if err != nil {
			return nil, err
		}
		if home == nil && carriesSystemAddons(settings) {
			home = group
		}
	}
	if home == nil && cfg.Owner() {
		return nil, fmt.Errorf("nodeGroups: no group can carry the system add-ons") // validation has refused this
	}
	return home, nil
}
