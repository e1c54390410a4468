package stacks

import (
	"encoding/json"
	"fmt"
	"strings"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/internal/contract"
)

// The stack outputs: contractOutput is the owner's contract.Cluster, environmentOutput every stack's contract.Environment.
const (
	contractOutput    = "contract"
	environmentOutput = "environment"
)

// cluster returns the cluster that the stack owns, as far as its file says, or nil if it owns none or the file is
// incomplete.
func (c *Config) cluster() *contract.Cluster {
	if !c.Owner() || c.Cluster == nil || c.Network == nil || c.Addons == nil {
		return nil
	}
	plan, _ := network.NewPlan(*c.Network) // its problems are reported with the network's
	out := &contract.Cluster{
		Version: contract.Version, Environment: c.Environment, AccountID: c.AWS.AccountID, Region: c.AWS.Region,
		ControlPlane: contract.ControlPlane{
			Name: c.Cluster.Name, KubernetesVersion: c.Cluster.Version, IPFamily: string(c.Cluster.IPFamily),
			PrefixDelegation: *c.Addons.VPCCNI.PrefixDelegation, NetworkPolicy: *c.Addons.VPCCNI.NetworkPolicy,
			PodSecurityGroups: c.Addons.VPCCNI.PodSecurityGroups, CustomNetworking: new(c.customNetworking()),
		},
		Network: contract.Network{
			ZoneIDs: c.Network.Zones, Isolated: c.Network.NAT == network.NATNone, VPCCIDRs: c.vpcCIDRs(),
			PublicSubnetCIDRs: subnetCIDRs(plan, network.TierPublic), PrivateSubnetCIDRs: subnetCIDRs(plan, network.TierPrivate),
		},
		Addons: contract.Addons{
			EBS: *c.Addons.EBSCSI.Enabled, EFS: c.Addons.EFSCSI != nil,
			DefaultStorageClass: *c.Addons.EBSCSI.Enabled && c.Addons.EBSCSI.DefaultStorageClass,
			VolumeKeyARN:        c.Addons.EBSCSI.VolumeKeyARN,
		},
	}
	c.services.Announce(out)
	return out
}

func subnetCIDRs(plan network.Plan, tier network.Tier) []string {
	var out []string
	for _, row := range plan.Tier(tier) {
		out = append(out, row.CIDR.String())
	}
	return out
}

// complete adds what AWS has chosen for a control plane and its network.
func complete(c *contract.Cluster, control *cluster.Cluster, net *network.Network) {
	p := &c.ControlPlane
	p.NameOutput, p.ARN, p.Kubeconfig = control.Name, control.ARN, control.Kubeconfig(c.Region)
	p.ServiceCIDR, p.SecurityGroupID, p.LogGroupName = control.ServiceCIDR, control.SecurityGroupID, control.LogGroupName
	p.OIDCIssuer = control.OIDCIssuer
	c.Resource = control.Resource
	n := &c.Network
	n.VPCID, n.ZoneNames, n.PrivateSubnetIDs = net.VPCID, net.ZoneNames, net.PrivateSubnetIDByZone
	n.PublicSubnetIPv6CIDRs = net.IPv6CIDRs(network.TierPublic).ToStringArrayOutput()
	n.PrivateSubnetIPv6CIDRs = net.IPv6CIDRs(network.TierPrivate).ToStringArrayOutput()
}

// joined returns the cluster that the stack joins, from its owner's contract, once the stack file fits it.
func (c *Config) joined(ctx *pulumi.Context) (*contract.Cluster, error) {
	owner := c.Join.Stack
	name := fmt.Sprintf("%s/%s/%s", ctx.Organization(), ctx.Project(), owner)
	absent := fmt.Errorf("join.stack: stack %q has no cluster to join yet: bring it up first (pulumi up -s %s)", owner, owner)
	if unknownStack(ctx, name) {
		return nil, absent
	}
	ref, err := pulumi.NewStackReference(ctx, owner, &pulumi.StackReferenceArgs{Name: pulumi.String(name)})
	if err != nil {
		return nil, absent
	}
	details, err := ref.GetOutputDetails(contractOutput)
	if err != nil || details == nil || details.Value == nil {
		return nil, absent
	}
	raw, err := json.Marshal(details.Value)
	if err != nil {
		return nil, fmt.Errorf("join.stack: read the contract of %q: %w", owner, err)
	}
	out := &contract.Cluster{}
	missing, err := contract.Decode(raw, out)
	switch {
	case err != nil:
		return nil, fmt.Errorf("join.stack: the contract of %q does not have the form that this program reads: "+
			"run both stacks with the same program, the owner first", owner)
	case out.Version != contract.Version:
		return nil, fmt.Errorf("join.stack: %q publishes version %d of the contract and this program reads version %d: "+
			"run both stacks with the same program, the owner first", owner, out.Version, contract.Version)
	case len(missing) > 0:
		return nil, fmt.Errorf("join.stack: the contract of %q is incomplete, without %s: its last update did not finish, or was made "+
			"by an older program; update it first (pulumi up -s %s)", owner, strings.Join(missing, ", "), owner)
	}
	out.ControlPlane.NameOutput = pulumi.String(out.ControlPlane.Name).ToStringOutput()
	return out, c.joinable(out)
}

// unknownStack reports whether the backend has no such stack. Reading a StackReference to one fails in the engine, which
// then ends the run without showing the program's message; a failing function call leaves the error to the program. Any
// other error of the call is better reported by the StackReference.
func unknownStack(ctx *pulumi.Context, name string) bool {
	var ignored struct{}
	err := ctx.Invoke("pulumi:pulumi:readStackOutputs", map[string]any{"name": name}, &ignored)
	return err != nil && strings.Contains(err.Error(), "unknown stack")
}

// joinable checks a joining stack's file against the cluster that it joins: before anything registers, and completely.
func (c *Config) joinable(on *contract.Cluster) error {
	switch {
	case on.Environment == c.Environment:
		return fmt.Errorf("environment: %q is already the owner's environment, on the same cluster", c.Environment)
	case on.AccountID != c.AWS.AccountID:
		return fmt.Errorf("aws.accountId: must be that of %q, whose cluster it joins (%s), got %s", c.Join.Stack, on.AccountID, c.AWS.AccountID)
	case on.Region != c.AWS.Region:
		return fmt.Errorf("aws.region: must be that of %q, whose cluster it joins (%s), got %s", c.Join.Stack, on.Region, c.AWS.Region)
	}
	if err := c.problemsOn(on).Err(); err != nil {
		return fmt.Errorf("the stack file does not fit the cluster of %q:\n%w", c.Join.Stack, err)
	}
	return nil
}

// readCluster adds the control plane as a resource, which pulumi-eks wants, to a cluster that the stack joins.
func readCluster(ctx *pulumi.Context, c *contract.Cluster, providers pulumi.ResourceOption) error {
	name := c.ControlPlane.Name
	raw, err := awseks.GetCluster(ctx, name, pulumi.ID(name), nil, providers)
	if err != nil {
		return fmt.Errorf("read the cluster %s: %w", name, err)
	}
	c.Resource = raw
	return nil
}
