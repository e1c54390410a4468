package aws

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	internetGatewayType = "aws:ec2/internetGateway:InternetGateway"
	eipType             = "aws:ec2/eip:Eip"
	natGatewayType      = "aws:ec2/natGateway:NatGateway"
)

func init() {
	register(internetGatewayType, &Service{Create: createInternetGateway, Update: updateInternetGateway, Delete: deleteInternetGateway})
	register(eipType, &Service{Create: createEIP, Delete: deleteEIP})
	register(natGatewayType, &Service{Create: createNATGateway})
}

func createInternetGateway(c *Call) error {
	c.Attributes["arn"] = c.arn("ec2", "internet-gateway/"+c.ID)
	c.Attributes["ownerId"] = c.Scope.Account
	return attachInternetGateway(c)
}

func attachInternetGateway(c *Call) error {
	vpc := c.attrs().text("vpcId")
	if vpc == "" {
		return nil
	}
	if _, err := findVPC(c, vpc); err != nil {
		return err
	}
	if held := c.others(c.referring(internetGatewayType, "vpcId", vpc)); len(held) > 0 {
		return refuse("InvalidParameterValue", "Network %s already has an internet gateway attached (%s)", vpc, held[0].ID)
	}
	return nil
}

func updateInternetGateway(c *Call) error {
	if c.attrs().text("vpcId") == c.old().text("vpcId") {
		return nil
	}
	if err := deleteInternetGateway(c); err != nil {
		return err
	}
	return attachInternetGateway(c)
}

func deleteInternetGateway(c *Call) error {
	vpc := c.old().text("vpcId")
	mapped := c.mentioning(hiddenInterface, vpc, func(a attrs) bool { return a.text("vpcId") == vpc && a.text("publicIp") != "" })
	if len(mapped) > 0 {
		return refuse("DependencyViolation", "Network %s has some mapped public address(es). Please unmap those public address(es) "+
			"before detaching the gateway. (%s)", vpc, describeInterfaces(mapped))
	}
	return nil
}

// elasticAddresses are the documentation networks (RFC 5737) that the rehearsal hands out as Elastic IPs, so that
// no address of a real host ever shows in a report.
var elasticAddresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("198.51.100.0/24")}

func createEIP(c *Call) error {
	taken := map[netip.Addr]bool{}
	for _, o := range c.Tx.List(c.Scope, eipType) {
		if a, err := netip.ParseAddr(attrs(o.Attributes).text("publicIp")); err == nil {
			taken[a] = true
		}
	}
	for _, pool := range elasticAddresses {
		address, ok := nextAddress(pool, taken, nil)
		if !ok {
			continue
		}
		name := strings.ReplaceAll(address.String(), ".", "-")
		c.Attributes["publicIp"] = address.String()
		c.Attributes["publicDns"] = fmt.Sprintf("ec2-%s.%s.compute.%s", name, c.Scope.Region, c.dnsSuffix())
		c.Attributes["allocationId"] = c.ID
		c.Attributes["arn"] = c.arn("ec2", "elastic-ip/"+c.ID)
		c.fill("domain", "vpc")
		c.fill("networkBorderGroup", c.Scope.Region)
		c.fill("publicIpv4Pool", "amazon")
		c.fill("vpc", true)
		return nil
	}
	return refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.")
}

func deleteEIP(c *Call) error {
	if held := c.referring(natGatewayType, "allocationId", c.ID); len(held) > 0 {
		return refuse("InvalidIPAddress.InUse", "Address %s is in use. (%s)", c.old().text("publicIp"), heldBy(held))
	}
	return nil
}

func createNATGateway(c *Call) error {
	a := c.attrs()
	subnet, err := findSubnet(c, a.text("subnetId"))
	if err != nil {
		return err
	}
	public := ""
	if a.text("connectivityType") != "private" {
		if public, err = natAddress(c, subnet); err != nil {
			return err
		}
	} else if a.has("allocationId") {
		return refuse("InvalidParameterCombination", "AllocationId cannot be specified with a private NAT gateway")
	}
	eni, private, err := placeInterface(c, netInterface{
		subnet: subnet, publicIP: public, description: "Interface for NAT Gateway " + c.ID,
	})
	if err != nil {
		return err
	}
	c.Attributes["networkInterfaceId"] = eni
	c.fill("privateIp", private)
	if public != "" {
		c.Attributes["publicIp"] = public
		c.Attributes["associationId"] = newID("eipassoc")
	}
	return nil
}

// natAddress checks what a public NAT gateway needs and returns its public address.
func natAddress(c *Call, subnet *cloud.Object) (string, error) {
	id := c.attrs().text("allocationId")
	if id == "" {
		return "", refuse("MissingParameter", "The request must contain the parameter allocationId")
	}
	eip, ok := c.get(eipType, id)
	if !ok {
		return "", refuse("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", id)
	}
	if held := c.others(c.referring(natGatewayType, "allocationId", id)); len(held) > 0 {
		return "", refuse("Resource.AlreadyAssociated", "Elastic IP address [%s] is already associated (%s)", id, heldBy(held))
	}
	vpc := attrs(subnet.Attributes).text("vpcId")
	if len(c.referring(internetGatewayType, "vpcId", vpc)) == 0 {
		// EC2 accepts the request; the gateway then goes to state failed.
		return "", fmt.Errorf("waiting for EC2 NAT Gateway (%s) create: unexpected state 'failed', wanted target 'available'. "+
			"last error: Gateway.NotAttached: Network %s has no Internet gateway attached", c.ID, vpc)
	}
	return attrs(eip.Attributes).text("publicIp"), nil
}
