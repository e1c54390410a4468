package network

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/schema"
	"github.com/eks-platform/eks-platform/internal/tags"
)

// Type is the component's type token. It is part of every child's URN and never changes.
const Type = "eks-platform:network:Network"

// Network is a VPC with its subnets, routes and endpoints.
type Network struct {
	pulumi.ResourceState

	// VPCID is the VPC's id.
	VPCID pulumi.StringOutput `pulumi:"vpcId"`
	// VPCCIDR is the VPC's own range, without the secondary one.
	VPCCIDR string
	// Plan is the division of addresses.
	Plan Plan

	// The subnets of each tier, in the order of the zones. They are arrays of outputs, not outputs of arrays: when a
	// zone is added, a preview still knows the ids of the others.

	// PrivateSubnetIDs are for nodes.
	PrivateSubnetIDs pulumi.StringArray
	// PublicSubnetIDs are for internet-facing load balancers.
	PublicSubnetIDs pulumi.StringArray
	// ControlPlaneSubnetIDs are for the EKS control plane alone.
	ControlPlaneSubnetIDs pulumi.StringArray
	// PodSubnetIDs are for pods; empty without a secondary range.
	PodSubnetIDs pulumi.StringArray

	// PrivateSubnetIDByZone is PrivateSubnetIDs by zone id.
	PrivateSubnetIDByZone map[string]pulumi.StringOutput
	// PodSubnetIDByZone is PodSubnetIDs by zone id.
	PodSubnetIDByZone map[string]pulumi.StringOutput
	// ZoneNames are the zones' names in this account (eu-west-1a) by zone id; what Kubernetes labels nodes with.
	ZoneNames map[string]pulumi.StringOutput

	ipv6CIDRs map[Tier]pulumi.StringArray

	builder *builder
	egress  []pulumi.Resource
}

// IPv6CIDRs returns the IPv6 ranges of a tier's subnets, in the order of the zones; none in a network without IPv6.
func (n *Network) IPv6CIDRs(t Tier) pulumi.StringArray { return n.ipv6CIDRs[t] }

// builder is the shared state of the construction steps.
type builder struct {
	ctx  *pulumi.Context
	args *Args
	kids child.Of
	out  *Network

	subnets map[Tier][]*ec2.Subnet

	nat           []*ec2.NatGateway
	egressOnly    *ec2.EgressOnlyInternetGateway
	privateTables []*ec2.RouteTable
}

// New registers the component, the VPC and the subnets, or nothing if args are invalid. Connect registers the rest and must
// be called once, after what should start before it. The name also appears in Name tags and the flow logs' group, so it
// must be unique within an account and region. Changing it replaces everything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Network, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("network %q: %w", name, err)
	}
	plan, _ := NewPlan(args.Settings) // its problems are among those above
	n := &Network{
		VPCCIDR: plan.VPC.String(), Plan: plan,
		PrivateSubnetIDByZone: map[string]pulumi.StringOutput{},
		PodSubnetIDByZone:     map[string]pulumi.StringOutput{},
		ZoneNames:             map[string]pulumi.StringOutput{},
		ipv6CIDRs:             map[Tier]pulumi.StringArray{},
	}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), n, opts...); err != nil {
		return nil, fmt.Errorf("network %q: %w", name, err)
	}
	n.builder = &builder{
		ctx: ctx, args: args, kids: child.Of{Parent: n, Name: name}, out: n, subnets: map[Tier][]*ec2.Subnet{},
	}
	if err := n.builder.createSubnets(); err != nil {
		return nil, fmt.Errorf("network %q: %w", name, err)
	}
	return n, nil
}

// Connect registers everything besides VPC and subnets: gateways, routes, endpoints, reservations, flow logs.
func (n *Network) Connect(ctx *pulumi.Context) error {
	b := n.builder
	if b == nil {
		return errors.New("network: Connect was called twice, or on a network that New did not return")
	}
	n.builder = nil
	// Long operations first. A step waits for another one only as far as it uses its results.
	for _, step := range []func() error{
		b.createInternetGateway,
		b.createEgressOnlyGateway,
		b.createPrivateTables,
		b.createInterfaceEndpoints,
		b.createGatewayEndpoint,
		b.createControlPlaneTable,
		b.reservePrefixes,
		b.closeDefaultSecurityGroup,
		b.createFlowLogs,
	} {
		if err := step(); err != nil {
			return fmt.Errorf("network %q: %w", b.kids.Name, err)
		}
	}
	return ctx.RegisterResourceOutputs(n, pulumi.Map{
		"vpcId":                 n.VPCID,
		"vpcCidr":               pulumi.String(n.VPCCIDR),
		"privateSubnetIds":      n.PrivateSubnetIDs,
		"publicSubnetIds":       n.PublicSubnetIDs,
		"controlPlaneSubnetIds": n.ControlPlaneSubnetIDs,
		"podSubnetIds":          n.PodSubnetIDs,
	})
}

// Egress returns what nodes need before they can join and must outlive them: routes and their associations, NAT
// behind them, endpoints and the rules that admit nodes to them. Node groups depend on all of it. It is complete
// after Connect.
func (n *Network) Egress() []pulumi.Resource {
	return append([]pulumi.Resource(nil), n.egress...)
}

// summary is what a preview shows of the component itself.
func (a *Args) summary() pulumi.Map {
	out := pulumi.Map{
		"cidr":      pulumi.String(a.CIDR),
		"zones":     pulumi.ToStringArray(a.Zones),
		"nat":       pulumi.String(a.NAT),
		"endpoints": pulumi.ToStringArray(a.services()),
	}
	if a.IPv6 {
		out["ipv6"] = pulumi.Bool(true)
	}
	if a.SecondaryCIDR != "" {
		out["secondaryCidr"] = pulumi.String(a.SecondaryCIDR)
	}
	return out
}

// tags returns the tags of the child that kids.ID(parts...) names.
func (b *builder) tags(parts ...string) pulumi.StringMap {
	return tags.Named(b.args.Tags, b.kids.ID(parts...))
}
