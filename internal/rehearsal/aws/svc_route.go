package aws

import (
	"fmt"
	"hash/crc32"
	"net/netip"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	routeTableType            = "aws:ec2/routeTable:RouteTable"
	routeType                 = "aws:ec2/route:Route"
	routeTableAssociationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
)

func init() {
	register(routeTableType, &Service{Create: createRouteTable, Update: updateRouteTable, Delete: deleteRouteTable})
	register(routeType, &Service{NewID: routeID, Create: createRoute, Update: updateRoute})
	register(routeTableAssociationType, &Service{Create: associateRouteTable, Update: associateRouteTable})
}

func createRouteTable(c *Call) error {
	vpc := c.attrs().text("vpcId")
	if _, err := findVPC(c, vpc); err != nil {
		return err
	}
	c.Attributes["arn"] = c.arn("ec2", "route-table/"+c.ID)
	c.Attributes["ownerId"] = c.Scope.Account
	return inlineRoutes(c, vpc)
}

func updateRouteTable(c *Call) error {
	return inlineRoutes(c, c.attrs().text("vpcId"))
}

// inlineRoutes checks the routes that a program writes into the table itself.
func inlineRoutes(c *Call, vpc string) error {
	seen := map[string]bool{}
	for _, r := range c.attrs().blocks("routes") {
		destination := r.text("cidrBlock") + r.text("ipv6CidrBlock") + r.text("destinationPrefixListId")
		if seen[destination] {
			return refuse("RouteAlreadyExists", "The route identified by %s already exists.", destination)
		}
		seen[destination] = true
		if err := routeTarget(c, c.ID, vpc, r); err != nil {
			return err
		}
	}
	return nil
}

func deleteRouteTable(c *Call) error {
	if held := c.referring(routeTableAssociationType, "routeTableId", c.ID); len(held) > 0 {
		return refuse("DependencyViolation", "The routeTable '%s' has dependencies and cannot be deleted. (%s)", c.ID, heldBy(held))
	}
	return nil
}

// findRouteTable returns a route table, a VPC's main one included, or EC2's refusal.
func findRouteTable(c *Call, id string) (*cloud.Object, error) {
	for _, typ := range []string{routeTableType, hiddenRouteTable} {
		if o, ok := c.get(typ, id); ok {
			return o, nil
		}
	}
	return nil, refuse("InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist", id)
}

// destination is where a route leads from, in whichever of its three properties it stands.
func destination(a attrs) string {
	return a.text("destinationCidrBlock") + a.text("destinationIpv6CidrBlock") + a.text("destinationPrefixListId")
}

// routeID is the provider's own: EC2 has no ids for routes. A table has one route per destination.
func routeID(c *Call) (string, error) {
	table, err := findRouteTable(c, c.attrs().text("routeTableId"))
	if err != nil {
		return "", err
	}
	to := destination(c.attrs())
	for _, r := range routesOf(c, table) {
		if r.destination == to {
			return "", refuse("RouteAlreadyExists", "The route identified by %s already exists.", to)
		}
	}
	return fmt.Sprintf("r-%s%d", table.ID, crc32.ChecksumIEEE([]byte(to))), nil
}

func createRoute(c *Call) error {
	a := c.attrs()
	table, err := findRouteTable(c, a.text("routeTableId"))
	if err != nil {
		return err
	}
	to := destination(a)
	vpcID := attrs(table.Attributes).text("vpcId")
	if vpc, ok := c.get(vpcType, vpcID); ok {
		if cidr, err := netip.ParsePrefix(to); err == nil && withinAny(cidr, vpcCIDRs(c, vpc)) && (a.has("gatewayId") || a.has("natGatewayId")) {
			return refuse("InvalidParameterValue", "Route destination %s is within the local CIDR of %s and cannot lead to a gateway", to, vpcID)
		}
	}
	if err := routeTarget(c, table.ID, vpcID, a); err != nil {
		return err
	}
	c.Attributes["origin"], c.Attributes["state"] = "CreateRoute", "active"
	return nil
}

func updateRoute(c *Call) error {
	table, err := findRouteTable(c, c.attrs().text("routeTableId"))
	if err != nil {
		return err
	}
	return routeTarget(c, table.ID, attrs(table.Attributes).text("vpcId"), c.attrs())
}

// routeTarget checks that a route's target exists in the table's VPC.
func routeTarget(c *Call, table, vpc string, r attrs) error {
	if id := r.text("gatewayId"); id != "" && id != "local" {
		gateway, ok := c.get(internetGatewayType, id)
		if !ok {
			return refuse("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", id)
		}
		if attrs(gateway.Attributes).text("vpcId") != vpc {
			return refuse("InvalidParameterValue", "route table %s and network gateway %s belong to different networks", table, id)
		}
	}
	if id := r.text("natGatewayId"); id != "" {
		gateway, ok := c.get(natGatewayType, id)
		if !ok {
			return refuse("InvalidNatGatewayID.NotFound", "The natGateway ID '%s' does not exist", id)
		}
		if natVPC(c, gateway) != vpc {
			return refuse("InvalidParameterValue", "route table %s and nat gateway %s belong to different networks", table, id)
		}
	}
	if id := r.text("vpcEndpointId"); id != "" {
		if _, ok := c.get(endpointType, id); !ok {
			return refuse("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist", id)
		}
	}
	return ipv6Target(c, table, vpc, r)
}

func natVPC(c *Call, nat *cloud.Object) string {
	subnet, ok := c.get(subnetType, attrs(nat.Attributes).text("subnetId"))
	if !ok {
		return ""
	}
	return attrs(subnet.Attributes).text("vpcId")
}

// tableRoute is one route of a table, however the program wrote it.
type tableRoute struct {
	destination string
	target      attrs
}

// routesOf lists a table's routes: those in the table itself and those of their own.
func routesOf(c *Call, table *cloud.Object) []tableRoute {
	var out []tableRoute
	for _, r := range attrs(table.Attributes).blocks("routes") {
		out = append(out, tableRoute{r.text("cidrBlock") + r.text("ipv6CidrBlock") + r.text("destinationPrefixListId"), r})
	}
	for _, o := range c.others(c.referring(routeType, "routeTableId", table.ID)) {
		out = append(out, tableRoute{destination(o.Attributes), o.Attributes})
	}
	return out
}

// tableOf returns the route table that a subnet uses: the one associated with it, or its VPC's main one.
func tableOf(c *Call, subnet *cloud.Object) (*cloud.Object, bool) {
	for _, o := range c.referring(routeTableAssociationType, "subnetId", subnet.ID) {
		if table, err := findRouteTable(c, attrs(o.Attributes).text("routeTableId")); err == nil {
			return table, true
		}
	}
	for _, o := range c.referring(hiddenRouteTable, "vpcId", attrs(subnet.Attributes).text("vpcId")) {
		return o, true
	}
	return nil, false
}

func associateRouteTable(c *Call) error {
	a := c.attrs()
	table, err := findRouteTable(c, a.text("routeTableId"))
	if err != nil {
		return err
	}
	vpc := attrs(table.Attributes).text("vpcId")
	if id := a.text("gatewayId"); id != "" {
		if _, ok := c.get(internetGatewayType, id); !ok {
			return refuse("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", id)
		}
		return nil
	}
	subnet, err := findSubnet(c, a.text("subnetId"))
	if err != nil {
		return err
	}
	if attrs(subnet.Attributes).text("vpcId") != vpc {
		return refuse("InvalidParameterValue", "Route table %s and subnet %s belong to different networks", table.ID, subnet.ID)
	}
	if held := c.others(c.referring(routeTableAssociationType, "subnetId", subnet.ID)); len(held) > 0 {
		return refuse("Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association (%s of %s)",
			table.ID, held[0].ID, subnet.ID)
	}
	return nil
}
