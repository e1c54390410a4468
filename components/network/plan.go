package network

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"go4.org/netipx"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// Tier is the purpose of a subnet.
type Tier string

const (
	// TierPrivate subnets hold nodes, internal load balancers, interface endpoints and, without a secondary range, pods.
	TierPrivate Tier = "private"
	// TierPublic subnets hold NAT gateways and internet-facing load balancers.
	TierPublic Tier = "public"
	// TierControlPlane subnets hold only the network interfaces of the EKS control plane.
	TierControlPlane Tier = "control-plane"
	// TierPods subnets, in the secondary range, hold pods.
	TierPods Tier = "pods"
)

const (
	// zoneSlots is the maximum number of zones of a plan.
	zoneSlots = 4
	// AWS allows VPCs and subnets from /16 to /28
	// (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html).
	largestPrefix, smallestPrefix = 16, 28
	// controlPlanePrefix gives the 16 addresses that AWS recommends for a cluster's subnet; six is the minimum
	// (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html).
	controlPlanePrefix = 28
	// comfortablePrivate is the private prefix down to which room for four zones is kept.
	comfortablePrivate = 20
	// smallestPrivate is the smallest private prefix of a plan, unless a smaller one is set.
	smallestPrivate = 26
	// smallestPublic is the smallest that load balancers accept
	// (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html).
	smallestPublic = 27
	// reservedPerSubnet are the first four addresses and the last one, which AWS keeps
	// (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html).
	reservedPerSubnet = 5
)

var (
	sharedRange   = netip.MustParsePrefix("100.64.0.0/10")
	privateRanges = []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	}
)

// Row is one subnet of a plan.
type Row struct {
	// Zone is the zone's id.
	Zone string `json:"zone"`
	// Tier is the subnet's purpose.
	Tier Tier `json:"tier"`
	// CIDR is the subnet's range.
	CIDR netip.Prefix `json:"cidr"`
	// Usable counts the usable addresses: all but the five that AWS reserves.
	Usable int `json:"usable"`
}

// Plan is the division of a VPC's ranges into subnets.
type Plan struct {
	// VPC is the VPC's range.
	VPC netip.Prefix `json:"vpc"`
	// Secondary is the pods' range; the zero Prefix if there is none.
	Secondary netip.Prefix `json:"secondary,omitzero"`
	// Rows are the subnets: private, public, control plane, pods, each in the order of the zones.
	Rows []Row `json:"rows"`
	// Spare are the ranges that no subnet uses, in order.
	Spare []netip.Prefix `json:"spare"`
}

// Tier returns the subnets of a tier in the order of the zones.
func (p Plan) Tier(t Tier) []Row {
	var out []Row
	for _, r := range p.Rows {
		if r.Tier == t {
			out = append(out, r)
		}
	}
	return out
}

// CustomNetworking reports whether pods have their own subnets.
func (p Plan) CustomNetworking() bool { return p.Secondary.IsValid() }

// NewPlan divides the ranges in the settings. The package comment says how. Its problems are those of cidr,
// secondaryCidr, the prefix lengths and the number of zones; with any of them the plan is empty.
func NewPlan(s Settings) (Plan, problem.List) {
	parts := Settings{
		CIDR: s.CIDR, Zones: s.Zones, SecondaryCIDR: s.SecondaryCIDR,
		PrivatePrefix: s.PrivatePrefix, PublicPrefix: s.PublicPrefix, PodPrefix: s.PodPrefix,
	}
	out := schema.Complete(&parts)
	vpc, err := netip.ParsePrefix(s.CIDR)
	if err == nil {
		out = append(out, vpcProblems(vpc).Under("cidr")...)
	}
	secondary, err := netip.ParsePrefix(s.SecondaryCIDR)
	switch {
	case s.SecondaryCIDR == "" && s.PodPrefix != 0:
		out.Relate("podPrefix", []string{"podPrefix", "secondaryCidr"}, "needs secondaryCidr: without it pods are in the private subnets")
	case err == nil:
		out = append(out, secondaryProblems(secondary, vpc).Under("secondaryCidr")...)
	}
	if len(out) > 0 {
		return Plan{}, out.Settled()
	}

	lengths, fits := chooseLengths(vpc.Bits(), len(s.Zones), s.PrivatePrefix, s.PublicPrefix)
	if !fits {
		out.Relate("cidr", []string{"cidr", "zones", "privatePrefix", "publicPrefix"}, "%s", tooSmall(vpc, s))
	}
	podPrefix := s.PodPrefix
	if secondary.IsValid() && podPrefix == 0 {
		podPrefix = secondary.Bits() + 2
	}
	if secondary.IsValid() && (podPrefix > smallestPrefix || len(s.Zones)<<(32-podPrefix) > 1<<(32-secondary.Bits())) {
		out.Relate("secondaryCidr", []string{"secondaryCidr", "podPrefix", "zones"}, "%s has no room for pod subnets of /%d in %d zones", secondary, podPrefix, len(s.Zones))
	}
	if len(out) > 0 {
		return Plan{}, out
	}

	plan := Plan{VPC: vpc, Secondary: secondary}
	size := 1 << (32 - vpc.Bits())
	for _, tier := range []struct {
		name   Tier
		within netip.Prefix
		bits   int
		offset func(slot int) int
	}{
		{TierPrivate, vpc, lengths.private, func(i int) int { return i << (32 - lengths.private) }},
		{TierPublic, vpc, lengths.public, func(i int) int { return lengths.publicOffset(size, i) }},
		{TierControlPlane, vpc, controlPlanePrefix, func(i int) int { return size - (i+1)<<(32-controlPlanePrefix) }},
		{TierPods, secondary, podPrefix, func(i int) int { return i << (32 - podPrefix) }},
	} {
		if !tier.within.IsValid() {
			continue
		}
		for i, zone := range s.Zones {
			plan.Rows = append(plan.Rows, Row{
				Zone: zone, Tier: tier.name,
				CIDR:   netip.PrefixFrom(addressAt(tier.within, tier.offset(i)), tier.bits),
				Usable: 1<<(32-tier.bits) - reservedPerSubnet,
			})
		}
	}
	plan.Spare = spare(plan)
	return plan, nil
}

// lengths are the prefix lengths of the tiers whose size is chosen.
type lengths struct{ private, public int }

// publicOffset returns where public subnet number i begins: below the control plane's subnets, downwards.
func (l lengths) publicOffset(vpcSize, i int) int {
	subnet := 1 << (32 - l.public)
	end := (vpcSize - zoneSlots<<(32-controlPlanePrefix)) / subnet * subnet
	return end - (i+1)*subnet
}

// fit reports whether the private subnets, from below, and the public ones, from above, do not meet.
func (l lengths) fit(vpcBits, zones int) bool {
	return zones<<(32-l.private) <= l.publicOffset(1<<(32-vpcBits), zones-1)
}

// chooseLengths returns the given lengths, or the largest subnets that fit.
func chooseLengths(vpcBits, zones, private, public int) (lengths, bool) {
	if public == 0 {
		public = min(vpcBits+6, smallestPublic)
	}
	if private != 0 {
		l := lengths{private, public}
		return l, l.fit(vpcBits, zones)
	}
	for _, try := range []struct{ zones, smallest int }{
		{zoneSlots, comfortablePrivate}, // with room for more zones
		{zones, smallestPrivate},
	} {
		for p := vpcBits + 1; p <= try.smallest; p++ {
			if l := (lengths{p, public}); l.fit(vpcBits, try.zones) {
				return l, true
			}
		}
	}
	return lengths{}, false
}

// tooSmall explains why the VPC cannot hold the subnets, and which size could.
func tooSmall(vpc netip.Prefix, s Settings) string {
	private, public := s.PrivatePrefix, s.PublicPrefix
	if private == 0 {
		private = smallestPrivate
	}
	if public == 0 {
		public = smallestPublic
	}
	need := fmt.Sprintf("%s is too small for %d zones: each needs a private subnet of at least /%d, a public one of at least "+
		"/%d and a control-plane /%d", vpc, len(s.Zones), private, public, controlPlanePrefix)
	for bits := vpc.Bits() - 1; bits >= largestPrefix; bits-- {
		if _, fits := chooseLengths(bits, len(s.Zones), s.PrivatePrefix, s.PublicPrefix); fits {
			return fmt.Sprintf("%s; use a /%d or larger (a /%d leaves room for pods)", need, bits, min(bits, 18))
		}
	}
	return need + "; no VPC is large enough: make the subnets smaller"
}

// vpcProblems checks a VPC's range.
func vpcProblems(vpc netip.Prefix) problem.List {
	var out problem.List
	switch {
	case vpc.Bits() < largestPrefix || vpc.Bits() > smallestPrefix:
		out.Add("", "%s: AWS allows VPC ranges from /%d to /%d", vpc, largestPrefix, smallestPrefix)
	case rangeOf(vpc) == (netip.Prefix{}):
		out.Add("", "%s is not private: use a range of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10", vpc)
	}
	return out
}

// secondaryProblems checks the pods' range, and what AWS allows together with the VPC's
// (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions).
func secondaryProblems(secondary, vpc netip.Prefix) problem.List {
	var out problem.List
	family := rangeOf(secondary)
	firstSixteen := netip.MustParsePrefix("10.0.0.0/16")
	both := []string{"", "$.network.cidr"}
	switch {
	case secondary.Bits() < largestPrefix || secondary.Bits() > smallestPrefix-2:
		out.Add("", "%s must be from /%d to /%d, so that each zone gets a quarter", secondary, largestPrefix, smallestPrefix-2)
	case !vpc.IsValid():
	case secondary.Overlaps(vpc):
		out.Relate("", both, "%s overlaps the VPC's own range %s", secondary, vpc)
	case family != sharedRange && family != rangeOf(vpc), family == (netip.Prefix{}):
		out.Relate("", both, "AWS refuses %s together with %s: use a range of 100.64.0.0/10 or of the VPC's own private range", secondary, vpc)
	case netip.MustParsePrefix("10.0.0.0/15").Overlaps(vpc) && secondary.Overlaps(firstSixteen):
		out.Relate("", both, "AWS refuses a range of %s in a VPC whose own range is in 10.0.0.0/15", firstSixteen)
	}
	return out
}

// rangeOf returns the private range that holds a prefix, or the zero Prefix.
func rangeOf(p netip.Prefix) netip.Prefix {
	for _, r := range append([]netip.Prefix{sharedRange}, privateRanges...) {
		if r.Bits() <= p.Bits() && r.Contains(p.Addr()) {
			return r
		}
	}
	return netip.Prefix{}
}

// addressAt returns the address at an offset into a range.
func addressAt(p netip.Prefix, offset int) netip.Addr {
	b := p.Addr().As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+uint32(offset)) //nolint:gosec // below 2^16
	return netip.AddrFrom4(b)
}

// spare returns the unused parts of the plan's ranges.
func spare(plan Plan) []netip.Prefix {
	var b netipx.IPSetBuilder
	b.AddPrefix(plan.VPC)
	if plan.CustomNetworking() {
		b.AddPrefix(plan.Secondary)
	}
	for _, r := range plan.Rows {
		b.RemovePrefix(r.CIDR)
	}
	set, err := b.IPSet()
	if err != nil { // unreachable: every prefix above is valid
		return nil
	}
	return set.Prefixes()
}
