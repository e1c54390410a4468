package aws

import (
	"net/netip"
	"slices"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// hiddenInterface is a network interface that a service places into a subnet: NAT gateways, interface
// endpoints, the control plane, nodes. It takes an address and holds the subnet and its security groups.
const hiddenInterface = "hidden:ec2/networkInterface"

// netInterface says what a service wants of a network interface.
type netInterface struct {
	subnet      *cloud.Object
	groups      []string
	description string
	// publicIP is the Elastic IP address that the interface carries, if any.
	publicIP string
	// address is the private address that it asks for; any free one when it is the zero value.
	address netip.Addr
}

// placeInterface makes a network interface that dies with the object that the call is about. It returns its id and
// its private address.
func placeInterface(c *Call, want netInterface) (id, address string, err error) {
	s := attrs(want.subnet.Attributes)
	cidr, _ := parseCIDR(s.text("cidrBlock")) // which every subnet here has
	taken := map[netip.Addr]bool{}
	for _, o := range c.referring(hiddenInterface, "subnetId", want.subnet.ID) {
		if a, err := netip.ParseAddr(attrs(o.Attributes).text("privateIp")); err == nil {
			taken[a] = true
		}
	}
	if taken[want.address] {
		return "", "", refuse("IpAddressInUse", "The address %s is in use in %s", want.address, want.subnet.ID)
	}
	free, ok := nextAddress(cidr, taken, reservationsOf(c, want.subnet.ID))
	if want.address.IsValid() {
		free, ok = want.address, true
	}
	if !ok {
		return "", "", refuse("InsufficientFreeAddressesInSubnet",
			"The specified subnet does not have enough free addresses to satisfy the request. (%s, %s)", want.subnet.ID, cidr)
	}
	id = newID("eni")
	return id, free.String(), c.Tx.Put(&cloud.Object{
		Scope: c.Scope, Type: hiddenInterface, ID: id, Owner: c.self(),
		Attributes: cloud.Attributes{
			"subnetId": want.subnet.ID, "vpcId": s.text("vpcId"), "privateIp": free.String(), "publicIp": want.publicIP,
			"securityGroupIds": anyList(want.groups), "description": want.description,
		},
	})
}

// ownInterfaces lists the interfaces that die with the object that the call is about.
func (c *Call) ownInterfaces() []*cloud.Object {
	owned := c.Tx.Owned(&cloud.Object{Scope: c.Scope, Type: c.Type, ID: c.ID})
	return slices.DeleteFunc(owned, func(o *cloud.Object) bool { return o.Type != hiddenInterface })
}

// removeInterfaces removes those interfaces, for an object that places new ones.
func (c *Call) removeInterfaces() error {
	for _, o := range c.ownInterfaces() {
		if err := c.Tx.Delete(o.Scope, o.Type, o.ID); err != nil {
			return err
		}
	}
	return nil
}

// interfacesWith lists the interfaces that a security group is on.
func interfacesWith(c *Call, group string) []*cloud.Object {
	return c.mentioning(hiddenInterface, group, func(a attrs) bool { return slices.Contains(a.texts("securityGroupIds"), group) })
}

// describeInterfaces names interfaces with what placed them.
func describeInterfaces(list []*cloud.Object) string {
	named := make([]*cloud.Object, 0, len(list))
	for _, o := range list {
		named = append(named, &cloud.Object{Type: o.ID, ID: "(" + attrs(o.Attributes).text("description") + ")"})
	}
	return heldBy(named)
}
