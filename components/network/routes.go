package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const anywhere = "0.0.0.0/0"

// createInternetGateway connects the public subnets, and puts NAT gateways into them. Public subnets exist even without
// NAT, for internet-facing load balancers.
func (b *builder) createInternetGateway() error {
	gateway, err := ec2.NewInternetGateway(b.ctx, b.kids.ID("igw"), &ec2.InternetGatewayArgs{
		VpcId: b.out.VPCID,
		Tags:  b.tags("igw"),
		// It could move, but not before the NAT gateways of the old VPC are gone.
	}, b.kids.Opts(pulumi.ReplacementTrigger(b.out.VPCID))...)
	if err != nil {
		return fmt.Errorf("create internet gateway: %w", err)
	}
	if err := b.createNATGateways(gateway); err != nil {
		return err
	}
	table, err := b.routeTable("public")
	if err != nil {
		return err
	}
	route, err := ec2.NewRoute(b.ctx, b.kids.ID("public-default"), &ec2.RouteArgs{
		RouteTableId:         table.ID(),
		DestinationCidrBlock: pulumi.String(anywhere),
		GatewayId:            gateway.ID(),
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("route the public subnets to the internet: %w", err)
	}
	if err := b.routePublicIPv6(table, gateway); err != nil {
		return err
	}
	associations, err := b.associate(TierPublic, func(int) *ec2.RouteTable { return table })
	if err != nil {
		return err
	}
	if b.args.NAT != NATNone {
		// The NAT gateways' own route.
		b.out.egress = append(append(b.out.egress, route), associations...)
	}
	return nil
}

// createNATGateways creates a NAT gateway for every zone, or one for all.
func (b *builder) createNATGateways(gateway *ec2.InternetGateway) error {
	zones := b.args.Zones
	switch b.args.NAT {
	case NATNone:
		return nil
	case NATSingle:
		zones = zones[:1]
	case NATPerZone:
	}
	for i, zone := range zones {
		address, err := ec2.NewEip(b.ctx, b.kids.ID("nat", zone), &ec2.EipArgs{
			Domain: pulumi.String("vpc"),
			Tags:   b.tags("nat", zone),
		}, b.kids.Opts()...)
		if err != nil {
			return fmt.Errorf("allocate address for NAT in %s: %w", zone, err)
		}
		nat, err := ec2.NewNatGateway(b.ctx, b.kids.ID("nat", zone), &ec2.NatGatewayArgs{
			AllocationId: address.AllocationId,
			SubnetId:     b.subnets[TierPublic][i].ID(),
			Tags:         b.tags("nat", zone),
			// AWS refuses a public NAT gateway in a VPC without an internet gateway, and to detach the internet
			// gateway while the NAT gateway's address is mapped.
		}, b.kids.Opts(
			pulumi.DependsOn([]pulumi.Resource{gateway}),
			// A replacement keeps the address, which others may have in their allow lists.
			pulumi.DeleteBeforeReplace(true),
		)...)
		if err != nil {
			return fmt.Errorf("create NAT gateway in %s: %w", zone, err)
		}
		b.nat = append(b.nat, nat)
	}
	return nil
}

// createPrivateTables gives every zone its own route table, for its private and pods' subnets.
func (b *builder) createPrivateTables() error {
	for i, zone := range b.args.Zones {
		table, err := b.routeTable("private", zone)
		if err != nil {
			return err
		}
		b.privateTables = append(b.privateTables, table)
		if err := b.routePrivateIPv6(table, zone); err != nil {
			return err
		}
		if len(b.nat) == 0 {
			continue
		}
		route, err := ec2.NewRoute(b.ctx, b.kids.ID("private-default", zone), &ec2.RouteArgs{
			RouteTableId:         table.ID(),
			DestinationCidrBlock: pulumi.String(anywhere),
			NatGatewayId:         b.nat[min(i, len(b.nat)-1)].ID(),
		}, b.kids.Opts()...)
		if err != nil {
			return fmt.Errorf("route %s to NAT: %w", zone, err)
		}
		b.out.egress = append(b.out.egress, route)
	}
	for _, tier := range []Tier{TierPrivate, TierPods} {
		associations, err := b.associate(tier, func(i int) *ec2.RouteTable { return b.privateTables[i] })
		if err != nil {
			return err
		}
		b.out.egress = append(b.out.egress, associations...)
	}
	return nil
}

// createControlPlaneTable keeps the control plane's subnets without a route out of the VPC, whatever happens to the VPC's
// main table.
func (b *builder) createControlPlaneTable() error {
	table, err := b.routeTable("control-plane")
	if err != nil {
		return err
	}
	_, err = b.associate(TierControlPlane, func(int) *ec2.RouteTable { return table })
	return err
}

func (b *builder) routeTable(key ...string) (*ec2.RouteTable, error) {
	table, err := ec2.NewRouteTable(b.ctx, b.kids.ID(key...), &ec2.RouteTableArgs{
		VpcId: b.out.VPCID,
		Tags:  b.tags(key...),
	}, b.kids.Opts()...)
	if err != nil {
		return nil, fmt.Errorf("create route table %v: %w", key, err)
	}
	return table, nil
}

// associate associates each subnet of a tier with a route table.
func (b *builder) associate(tier Tier, tableOf func(zone int) *ec2.RouteTable) ([]pulumi.Resource, error) {
	var out []pulumi.Resource
	for i, subnet := range b.subnets[tier] {
		zone := b.args.Zones[i]
		association, err := ec2.NewRouteTableAssociation(b.ctx, b.kids.ID(string(tier), zone), &ec2.RouteTableAssociationArgs{
			SubnetId:     subnet.ID(),
			RouteTableId: tableOf(i).ID(),
		}, b.kids.Opts()...)
		if err != nil {
			return nil, fmt.Errorf("associate %s subnet in %s with its routes: %w", tier, zone, err)
		}
		out = append(out, association)
	}
	return out, nil
}
