package network

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// delegatedPrefix is the length of the prefixes that the CNI asks for: 16 addresses
// (https://docs.aws.amazon.com/eks/latest/userguide/cni-increase-ip-addresses.html).
const delegatedPrefix = 28

// reservedFor returns the parts of a subnet that are reserved for delegated prefixes: its upper half and the quarter below.
// The lowest quarter is for single addresses of nodes, load balancers and endpoints, of which there are far fewer. The
// second result names the parts, as keys of resources.
func reservedFor(subnet netip.Prefix) (ranges []netip.Prefix, keys []string) {
	for _, part := range []struct {
		key    string
		offset int
		bits   int
	}{
		{"upper-half", 1 << (31 - subnet.Bits()), subnet.Bits() + 1},
		{"second-quarter", 1 << (30 - subnet.Bits()), subnet.Bits() + 2},
	} {
		if part.bits <= delegatedPrefix {
			ranges = append(ranges, netip.PrefixFrom(addressAt(subnet, part.offset), part.bits))
			keys = append(keys, part.key)
		}
	}
	return ranges, keys
}

// reservePrefixes keeps single addresses out of the ranges that prefixes are cut from. Without it every address in a
// block of 16 takes the whole block from prefix delegation
// (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-cidr-reservation.html). With IPv6, prefixes come from the
// subnets' IPv6 ranges, which nothing else could fill.
func (b *builder) reservePrefixes() error {
	if !b.args.PrefixDelegation || b.args.IPv6 {
		return nil
	}
	tiers := []Tier{podTier(b.out.Plan)}
	if b.args.PodsLeave && tiers[0] == TierPods {
		tiers = append(tiers, TierPrivate)
	}
	for _, tier := range tiers {
		if err := b.reserveIn(tier); err != nil {
			return err
		}
	}
	return nil
}

// reserveIn sets ranges of a tier's subnets aside.
func (b *builder) reserveIn(tier Tier) error {
	for i, row := range b.out.Plan.Tier(tier) {
		ranges, keys := reservedFor(row.CIDR)
		for k, r := range ranges {
			_, err := ec2.NewSubnetCidrReservation(b.ctx, b.kids.ID(string(tier), row.Zone, keys[k]), &ec2.SubnetCidrReservationArgs{
				SubnetId:        b.subnets[tier][i].ID(),
				CidrBlock:       pulumi.String(r.String()),
				ReservationType: pulumi.String("prefix"),
				Description:     pulumi.String("Prefixes that the CNI assigns to nodes"),
			}, b.kids.Opts()...)
			if err != nil {
				return fmt.Errorf("reserve %s for prefixes: %w", r, err)
			}
		}
	}
	return nil
}

// podTier returns the tier from which pods take their addresses.
func podTier(p Plan) Tier {
	if p.CustomNetworking() {
		return TierPods
	}
	return TierPrivate
}
