package network

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	anywhereIPv6 = "::/0"
	// ipv6SubnetPrefix is the range of every subnet: nodes cut a /80 each from it
	// (https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html).
	ipv6SubnetPrefix = 64
	// ipv6TierSlots is how many ranges a tier has, used or not.
	ipv6TierSlots = 2 * zoneSlots
)

// ipv6Tiers are the tiers with IPv6 ranges, in the order of their ranges. The order never changes: with another range a
// subnet would be replaced, with everything in it.
var ipv6Tiers = map[Tier]int{TierPrivate: 0, TierPublic: 1, TierControlPlane: 2}

// ipv6Range returns the range of a subnet: one of the 256 of /64 in the /56 that Amazon gives to a VPC. Like the plan's
// IPv4 ranges it depends on the tier and on the number of the zone alone.
func ipv6Range(vpc string, tier Tier, zone int) (string, error) {
	p, err := netip.ParsePrefix(vpc)
	slot := ipv6Tiers[tier]*ipv6TierSlots + zone
	if err != nil || !p.Addr().Is6() || p.Bits() > ipv6SubnetPrefix || slot>>(ipv6SubnetPrefix-p.Bits()) > 0 {
		return "", fmt.Errorf("the VPC's IPv6 range is %q, which has no room for subnets of /%d", vpc, ipv6SubnetPrefix)
	}
	b := p.Masked().Addr().As16()
	binary.BigEndian.PutUint64(b[:8], binary.BigEndian.Uint64(b[:8])+uint64(slot)) //nolint:gosec // below 256
	return netip.PrefixFrom(netip.AddrFrom16(b), ipv6SubnetPrefix).String(), nil
}

// addIPv6 gives a subnet its IPv6 range. EKS also requires one on the control plane's subnets, and refuses node groups in
// subnets that do not assign addresses automatically.
func (b *builder) addIPv6(args *ec2.SubnetArgs, vpc *ec2.Vpc, tier Tier, zone int) {
	if !b.args.IPv6 {
		return
	}
	args.Ipv6CidrBlock = vpc.Ipv6CidrBlock.ApplyT(func(block string) (string, error) {
		return ipv6Range(block, tier, zone)
	}).(pulumi.StringOutput)
	args.AssignIpv6AddressOnCreation = pulumi.Bool(tier == TierPrivate)
}

// createEgressOnlyGateway gives private subnets outbound internet access over IPv6, which has no NAT. Without NAT for IPv4
// it is not created.
func (b *builder) createEgressOnlyGateway() error {
	if !b.args.IPv6 || b.args.NAT == NATNone {
		return nil
	}
	var err error
	b.egressOnly, err = ec2.NewEgressOnlyInternetGateway(b.ctx, b.kids.ID("eigw"), &ec2.EgressOnlyInternetGatewayArgs{
		VpcId: b.out.VPCID,
		Tags:  b.tags("eigw"),
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create egress-only internet gateway: %w", err)
	}
	return nil
}

// routePublicIPv6 lets internet-facing load balancers be reached, and answer, over IPv6.
func (b *builder) routePublicIPv6(table *ec2.RouteTable, gateway *ec2.InternetGateway) error {
	if !b.args.IPv6 {
		return nil
	}
	_, err := ec2.NewRoute(b.ctx, b.kids.ID("public-default-ipv6"), &ec2.RouteArgs{
		RouteTableId:             table.ID(),
		DestinationIpv6CidrBlock: pulumi.String(anywhereIPv6),
		GatewayId:                gateway.ID(),
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("route the public subnets to the internet over IPv6: %w", err)
	}
	return nil
}

// routePrivateIPv6 routes a zone's private subnets to the egress-only gateway.
func (b *builder) routePrivateIPv6(table *ec2.RouteTable, zone string) error {
	if b.egressOnly == nil {
		return nil
	}
	route, err := ec2.NewRoute(b.ctx, b.kids.ID("private-default-ipv6", zone), &ec2.RouteArgs{
		RouteTableId:             table.ID(),
		DestinationIpv6CidrBlock: pulumi.String(anywhereIPv6),
		EgressOnlyGatewayId:      b.egressOnly.ID(),
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("route %s out over IPv6: %w", zone, err)
	}
	b.out.egress = append(b.out.egress, route)
	return nil
}
