package aws

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const egressOnlyGatewayType = "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"

// amazonIPv6 is the documentation network (RFC 3849) that the rehearsal cuts VPCs' IPv6 ranges from, so that no address
// of a real host ever shows in a report.
var amazonIPv6 = netip.MustParsePrefix("2001:db8::/32")

// amazonIPv6Bits is the size of the range that Amazon gives to a VPC
// (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html).
const amazonIPv6Bits = 56

func init() {
	register(egressOnlyGatewayType, &Service{Create: createEgressOnlyGateway})
}

// parseIPv6CIDR reads an IPv6 network whose host bits are zero.
func parseIPv6CIDR(s string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(s)
	if err != nil || !p.Addr().Is6() || p != p.Masked() {
		return netip.Prefix{}, false
	}
	return p, true
}

// vpcIPv6 gives a VPC the IPv6 range that it asks Amazon for, or takes it away.
func vpcIPv6(c *Call) error {
	held := c.old().text("ipv6CidrBlock")
	switch {
	case c.attrs().flag("assignGeneratedIpv6CidrBlock"):
		if held == "" {
			c.Attributes["ipv6CidrBlock"] = newIPv6Range(c).String()
			c.Attributes["ipv6AssociationId"] = newID("vpc-cidr-assoc")
			c.Attributes["ipv6CidrBlockNetworkBorderGroup"] = c.Scope.Region
		}
	case held != "":
		for _, s := range c.referring(subnetType, "vpcId", c.ID) {
			if attrs(s.Attributes).text("ipv6CidrBlock") != "" {
				return refuse("InvalidCidrBlock.InUse", "The vpc %s currently has a subnet within CIDR block %s (%s)", c.ID, held, s.ID)
			}
		}
		for _, key := range []string{"ipv6CidrBlock", "ipv6AssociationId", "ipv6CidrBlockNetworkBorderGroup"} {
			delete(c.Attributes, key)
		}
	}
	return nil
}

// newIPv6Range chooses a range by the VPC's id, or the next one that no VPC of the region has.
func newIPv6Range(c *Call) netip.Prefix {
	taken := map[string]bool{}
	for _, o := range c.Tx.List(c.Scope, vpcType) {
		taken[attrs(o.Attributes).text("ipv6CidrBlock")] = true
	}
	for n := crc32.ChecksumIEEE([]byte(c.ID)) >> 8; ; n++ {
		b := amazonIPv6.Addr().As16()
		binary.BigEndian.PutUint32(b[4:8], n<<(64-amazonIPv6Bits))
		if p := netip.PrefixFrom(netip.AddrFrom16(b), amazonIPv6Bits); !taken[p.String()] {
			return p
		}
	}
}

// subnetIPv6 checks a subnet's IPv6 range
// (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html).
func subnetIPv6(c *Call, vpc *cloud.Object) error {
	a := c.attrs()
	text := a.text("ipv6CidrBlock")
	if text == "" {
		delete(c.Attributes, "ipv6CidrBlockAssociationId")
		if a.flag("assignIpv6AddressOnCreation") {
			return refuse("InvalidParameterValue", "Invalid value 'true' for assignIpv6AddressOnCreation. Subnet %s has no IPv6 CIDR block.", c.ID)
		}
		return nil
	}
	cidr, ok := parseIPv6CIDR(text)
	whole, dual := parseIPv6CIDR(attrs(vpc.Attributes).text("ipv6CidrBlock"))
	if !ok || !dual || !within(cidr, whole) || cidr.Bits() > 64 || cidr.Bits()%4 != 0 {
		return refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid.", text)
	}
	for _, sibling := range c.others(c.referring(subnetType, "vpcId", vpc.ID)) {
		if p, ok := parseIPv6CIDR(attrs(sibling.Attributes).text("ipv6CidrBlock")); ok && p.Overlaps(cidr) {
			return refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet (%s, %s)", cidr, sibling.ID, p)
		}
	}
	if text != c.old().text("ipv6CidrBlock") {
		c.Attributes["ipv6CidrBlockAssociationId"] = newID("subnet-cidr-assoc")
	}
	return nil
}

func updateSubnet(c *Call) error {
	vpc, err := findVPC(c, c.attrs().text("vpcId"))
	if err != nil {
		return err
	}
	return subnetIPv6(c, vpc)
}

func createEgressOnlyGateway(c *Call) error {
	_, err := findVPC(c, c.attrs().text("vpcId"))
	return err
}

// ipv6Target checks what leads where in a route: an egress-only gateway takes IPv6 alone, and a NAT gateway translates
// IPv6 for NAT64 alone (https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html).
func ipv6Target(c *Call, table, vpc string, r attrs) error {
	to, err := netip.ParsePrefix(r.text("destinationIpv6CidrBlock") + r.text("ipv6CidrBlock"))
	ipv6 := err == nil && to.Addr().Is6()
	if id := r.text("egressOnlyGatewayId"); id != "" {
		gateway, ok := c.get(egressOnlyGatewayType, id)
		switch {
		case !ok:
			return refuse("InvalidEgressOnlyInternetGatewayId.NotFound", "The egressOnlyInternetGateway ID '%s' does not exist", id)
		case attrs(gateway.Attributes).text("vpcId") != vpc:
			return refuse("InvalidParameterValue", "route table %s and network gateway %s belong to different networks", table, id)
		case !ipv6:
			return refuse("InvalidParameterValue", "Egress-only internet gateway %s can only be the next hop for an IPv6 destination CIDR block", id)
		}
	}
	if r.has("natGatewayId") && ipv6 && to != nat64 {
		return refuse("InvalidParameterValue", "An interface that is part of a NAT gateway cannot be the next hop for an IPv6 destination CIDR block "+
			"or IPv6 prefix list.")
	}
	return nil
}

// nat64 is the well-known prefix that stands for all of IPv4 (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")
