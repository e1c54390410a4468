package aws

import (
	"net/netip"
	"strings"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	subnetType      = "aws:ec2/subnet:Subnet"
	reservationType = "aws:ec2/subnetCidrReservation:SubnetCidrReservation"
)

func init() {
	register(subnetType, &Service{Create: createSubnet, Update: updateSubnet, Delete: deleteSubnet})
	register(reservationType, &Service{Create: createReservation})
}

func createSubnet(c *Call) error {
	a := c.attrs()
	vpc, err := findVPC(c, a.text("vpcId"))
	if err != nil {
		return err
	}
	z, err := subnetZone(c)
	if err != nil {
		return err
	}
	cidr, ok := parseCIDR(a.text("cidrBlock"))
	if !ok || cidr.Bits() < 16 || cidr.Bits() > 28 || !withinAny(cidr, vpcCIDRs(c, vpc)) {
		return refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid.", a.text("cidrBlock"))
	}
	for _, sibling := range c.others(c.referring(subnetType, "vpcId", vpc.ID)) {
		if p, ok := parseCIDR(attrs(sibling.Attributes).text("cidrBlock")); ok && p.Overlaps(cidr) {
			return refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet (%s, %s)", cidr, sibling.ID, p)
		}
	}
	if err := subnetIPv6(c, vpc); err != nil {
		return err
	}
	c.Attributes["availabilityZone"], c.Attributes["availabilityZoneId"] = z.name, z.id
	c.Attributes["arn"] = c.arn("ec2", "subnet/"+c.ID)
	c.Attributes["ownerId"] = c.Scope.Account
	c.fill("privateDnsHostnameTypeOnLaunch", "ip-name")
	for _, off := range []string{
		"assignIpv6AddressOnCreation", "enableDns64", "enableResourceNameDnsARecordOnLaunch",
		"enableResourceNameDnsAaaaRecordOnLaunch", "ipv6Native", "mapPublicIpOnLaunch",
	} {
		c.fill(off, false)
	}
	return nil
}

// subnetZone returns the zone that a new subnet asks for, or the region's first when it asks for none.
func subnetZone(c *Call) (zone, error) {
	zones := zonesOf(c.Scope) // at least three: a provider takes no region that is none
	for _, parameter := range []string{"availabilityZone", "availabilityZoneId"} {
		asked := c.attrs().text(parameter)
		if asked == "" {
			continue
		}
		var known []string
		for _, z := range zones {
			have := z.name
			if parameter == "availabilityZoneId" {
				have = z.id
			}
			if have == asked {
				return z, nil
			}
			known = append(known, have)
		}
		return zone{}, refuse("InvalidParameterValue", "Value (%s) for parameter %s is invalid. Subnets can currently only be created in the "+
			"following availability zones: %s.", asked, parameter, strings.Join(known, ", "))
	}
	return zones[0], nil
}

func deleteSubnet(c *Call) error {
	if held := c.referring(hiddenInterface, "subnetId", c.ID); len(held) > 0 {
		return refuse("DependencyViolation", "The subnet '%s' has dependencies and cannot be deleted. (%s)", c.ID, describeInterfaces(held))
	}
	return nil
}

// findSubnet returns a subnet of the call's scope or EC2's refusal.
func findSubnet(c *Call, id string) (*cloud.Object, error) {
	s, ok := c.get(subnetType, id)
	if !ok {
		return nil, refuse("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
	}
	return s, nil
}

func createReservation(c *Call) error {
	a := c.attrs()
	subnet, err := findSubnet(c, a.text("subnetId"))
	if err != nil {
		return err
	}
	parent, _ := parseCIDR(attrs(subnet.Attributes).text("cidrBlock"))
	cidr, ok := parseCIDR(a.text("cidrBlock"))
	if !ok || !within(cidr, parent) {
		return refuse("InvalidParameterValue", "The CIDR '%s' is not within the CIDR '%s' of subnet %s", a.text("cidrBlock"), parent, subnet.ID)
	}
	if other, clash := overlapping(cidr, reservationsOf(c, subnet.ID)); clash {
		return refuse("InvalidParameterValue", "The CIDR '%s' overlaps with an existing reservation '%s' of subnet %s", cidr, other, subnet.ID)
	}
	c.Attributes["ownerId"] = c.Scope.Account
	return nil
}

// reservationsOf lists the CIDR reservations of a subnet.
func reservationsOf(c *Call, subnetID string) []netip.Prefix {
	var out []netip.Prefix
	for _, o := range c.others(c.referring(reservationType, "subnetId", subnetID)) {
		if p, ok := parseCIDR(attrs(o.Attributes).text("cidrBlock")); ok {
			out = append(out, p)
		}
	}
	return out
}
