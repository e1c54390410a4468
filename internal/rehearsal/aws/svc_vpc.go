package aws

import (
	"net/netip"
	"slices"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	vpcType             = "aws:ec2/vpc:Vpc"
	cidrAssociationType = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"

	hiddenNetworkACL = "hidden:ec2/networkAcl"
	hiddenRouteTable = "hidden:ec2/routeTable"
)

// maxCIDRs is AWS's default quota of IPv4 networks per VPC
// (https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html).
const maxCIDRs = 5

func init() {
	register(vpcType, &Service{Create: createVPC, Update: updateVPC, Delete: deleteVPC})
	register(cidrAssociationType, &Service{Create: createCIDRAssociation, Delete: deleteCIDRAssociation})
}

func createVPC(c *Call) error {
	text := c.attrs().text("cidrBlock")
	cidr, ok := parseCIDR(text)
	if !ok || cidr.Bits() < 16 || cidr.Bits() > 28 {
		return refuse("InvalidVpc.Range", "The CIDR '%s' is invalid.", text)
	}
	c.Attributes["arn"] = c.arn("ec2", "vpc/"+c.ID)
	c.Attributes["ownerId"] = c.Scope.Account
	c.fill("enableDnsSupport", true)
	c.fill("enableDnsHostnames", false)
	c.fill("enableNetworkAddressUsageMetrics", false)
	c.fill("instanceTenancy", "default")
	c.fill("dhcpOptionsId", newID("dopt"))
	c.fill("assignGeneratedIpv6CidrBlock", false)
	if err := vpcIPv6(c); err != nil {
		return err
	}

	group, acl, table := newID("sg"), newID("acl"), newID("rtb")
	made := []*cloud.Object{
		{Type: hiddenSecurityGroup, ID: group, Attributes: cloud.Attributes{
			"name": "default", "description": "default VPC security group", "vpcId": c.ID,
			"arn": c.arn("ec2", "security-group/"+group), "ownerId": c.Scope.Account,
		}},
		{Type: hiddenNetworkACL, ID: acl, Attributes: cloud.Attributes{"vpcId": c.ID}},
		{Type: hiddenRouteTable, ID: table, Attributes: cloud.Attributes{"vpcId": c.ID, "main": true}},
	}
	for _, o := range made {
		o.Scope, o.Owner = c.Scope, c.self()
		if err := c.Tx.Put(o); err != nil {
			return err
		}
	}
	c.Attributes["defaultSecurityGroupId"] = group
	c.Attributes["defaultNetworkAclId"] = acl
	c.Attributes["defaultRouteTableId"] = table
	c.Attributes["mainRouteTableId"] = table
	return nil
}

func updateVPC(c *Call) error {
	if !c.attrs().flagOr("enableDnsSupport", true) && c.attrs().flag("enableDnsHostnames") {
		return refuse("InvalidParameterCombination", "Enabling DNS hostnames requires DNS support to be enabled for VPC %s.", c.ID)
	}
	return vpcIPv6(c)
}

func deleteVPC(c *Call) error {
	var held []*cloud.Object
	for _, typ := range []string{subnetType, internetGatewayType, egressOnlyGatewayType, endpointType, securityGroupType, routeTableType} {
		held = append(held, c.referring(typ, "vpcId", c.ID)...)
	}
	// A cluster's security group, which EKS owns, holds the VPC as a program's own does.
	for _, g := range c.referring(hiddenSecurityGroup, "vpcId", c.ID) {
		if g.Owner != c.self() {
			held = append(held, g)
		}
	}
	held = append(held, c.referring(hiddenInterface, "vpcId", c.ID)...)
	if len(held) > 0 {
		return refuse("DependencyViolation", "The vpc '%s' has dependencies and cannot be deleted. (%s)", c.ID, heldBy(held))
	}
	return nil
}

// findVPC returns a VPC of the call's scope or EC2's refusal.
func findVPC(c *Call, id string) (*cloud.Object, error) {
	vpc, ok := c.get(vpcType, id)
	if !ok {
		return nil, refuse("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
	}
	return vpc, nil
}

// vpcCIDRs lists a VPC's networks, the primary one first.
func vpcCIDRs(c *Call, vpc *cloud.Object) []netip.Prefix {
	var out []netip.Prefix
	if p, ok := parseCIDR(attrs(vpc.Attributes).text("cidrBlock")); ok {
		out = append(out, p)
	}
	for _, o := range c.referring(cidrAssociationType, "vpcId", vpc.ID) {
		if p, ok := parseCIDR(attrs(o.Attributes).text("cidrBlock")); ok {
			out = append(out, p)
		}
	}
	return out
}

func createCIDRAssociation(c *Call) error {
	vpc, err := findVPC(c, c.attrs().text("vpcId"))
	if err != nil {
		return err
	}
	text := c.attrs().text("cidrBlock")
	cidr, ok := parseCIDR(text)
	if !ok || cidr.Bits() < 16 || cidr.Bits() > 28 {
		return refuse("InvalidVpc.Range", "The CIDR '%s' is invalid.", text)
	}
	present := vpcCIDRs(c, vpc)
	if len(present) >= maxCIDRs {
		return refuse("CidrLimitExceeded", "This network '%s' has met its maximum number of allowed CIDRs: %d", vpc.ID, maxCIDRs)
	}
	if other, clash := overlapping(cidr, present); clash {
		return refuse("CidrConflict", "The CIDR '%s' conflicts with the CIDR '%s' of VPC %s", cidr, other, vpc.ID)
	}
	if _, restricted := overlapping(cidr, restrictedWith(present[0])); restricted {
		return refuse("InvalidVpc.Range", "The CIDR '%s' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, "+
			"or use a publicly-routable CIDR.", cidr)
	}
	return nil
}

// restrictedWith lists what cannot be added to a VPC with a primary network
// (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions).
func restrictedWith(primary netip.Prefix) []netip.Prefix {
	restricted := slices.DeleteFunc(slices.Clone(privateIPv4), func(p netip.Prefix) bool { return within(primary, p) })
	return append(restricted, reservedByVM)
}

func deleteCIDRAssociation(c *Call) error {
	cidr, ok := parseCIDR(c.old().text("cidrBlock"))
	if !ok {
		return nil
	}
	vpc := c.old().text("vpcId")
	for _, s := range c.referring(subnetType, "vpcId", vpc) {
		if p, ok := parseCIDR(attrs(s.Attributes).text("cidrBlock")); ok && within(p, cidr) {
			return refuse("InvalidCidrBlock.InUse", "The vpc %s currently has a subnet within CIDR block %s (%s)", vpc, cidr, s.ID)
		}
	}
	return nil
}
