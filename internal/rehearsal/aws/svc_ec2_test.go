package aws

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

func TestAVPCComesWithWhatAWSMakesWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vpc()
	for _, output := range []string{"arn", "defaultSecurityGroupId", "defaultNetworkAclId", "defaultRouteTableId", "mainRouteTableId", "dhcpOptionsId"} {
		assert.NotEmpty(t, v.text(output), output)
	}
	assert.Equal(t, testAccount, v.text("ownerId"))
	assert.Equal(t, true, v.flag("enableDnsSupport"))
	require.Len(t, w.all(), 4)
	require.NoError(t, w.remove(v))
	assert.Empty(t, w.all(), "a VPC's own objects go with it")
}

func TestVPCsAreRefusedAsAWSRefusesThem(t *testing.T) {
	t.Parallel()
	refuses(t, nil, []refusal{
		{"a VPC that is too large", func(w *world) error { return w.tryErr(vpcType, m{"cidrBlock": "10.0.0.0/8"}) }, "InvalidVpc.Range"},
		{"a VPC that is too small", func(w *world) error { return w.tryErr(vpcType, m{"cidrBlock": "10.0.0.0/29"}) }, "InvalidVpc.Range"},
		{"deletion with a subnet in it", func(w *world) error {
			v := w.vpc()
			w.subnet(v, "10.0.0.0/24", "a")
			return w.remove(v)
		}, "DependencyViolation"},
		{"deletion with an internet gateway", func(w *world) error {
			v := w.vpc()
			w.make(internetGatewayType, m{"vpcId": v.id})
			return w.remove(v)
		}, "DependencyViolation"},
		{"deletion with a route table", func(w *world) error {
			v := w.vpc()
			w.make(routeTableType, m{"vpcId": v.id})
			return w.remove(v)
		}, "DependencyViolation"},
		{"deletion with a security group", func(w *world) error {
			v := w.vpc()
			w.make(securityGroupType, m{"vpcId": v.id})
			return w.remove(v)
		}, "DependencyViolation"},
		{"deletion with an endpoint", func(w *world) error {
			v := w.vpc()
			w.make(endpointType, m{"vpcId": v.id, "serviceName": "com.amazonaws.eu-west-1.s3"})
			return w.remove(v)
		}, "DependencyViolation"},
		{"DNS names without DNS", func(w *world) error {
			return w.changeErr(w.vpc(), m{"enableDnsSupport": false})
		}, "InvalidParameterCombination"},
		{"a second network that overlaps", func(w *world) error {
			return w.tryErr(cidrAssociationType, m{"vpcId": w.vpc().id, "cidrBlock": "10.0.128.0/17"})
		}, "CidrConflict"},
		{"a second network from another private range", func(w *world) error {
			return w.tryErr(cidrAssociationType, m{"vpcId": w.vpc().id, "cidrBlock": "192.168.0.0/16"})
		}, "is restricted"},
		{"a second network that is too large", func(w *world) error {
			return w.tryErr(cidrAssociationType, m{"vpcId": w.vpc().id, "cidrBlock": "100.64.0.0/10"})
		}, "InvalidVpc.Range"},
		{"a second network of no VPC", func(w *world) error {
			return w.tryErr(cidrAssociationType, m{"vpcId": "vpc-0", "cidrBlock": "100.64.0.0/16"})
		}, "InvalidVpcID.NotFound"},
		{"a sixth network", func(w *world) error {
			v := w.vpc()
			for _, cidr := range []string{"10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "100.64.0.0/16"} {
				w.make(cidrAssociationType, m{"vpcId": v.id, "cidrBlock": cidr})
			}
			return w.tryErr(cidrAssociationType, m{"vpcId": v.id, "cidrBlock": "100.65.0.0/16"})
		}, "CidrLimitExceeded"},
		{"taking away a network in use", func(w *world) error {
			v := w.vpc()
			second := w.make(cidrAssociationType, m{"vpcId": v.id, "cidrBlock": "100.64.0.0/16"})
			w.subnet(v, "100.64.0.0/20", "a")
			return w.remove(second)
		}, "InvalidCidrBlock.InUse"},
	})
}

func TestASubnetKnowsItsZoneByNameAndID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vpc()
	byName := w.subnet(v, "10.0.0.0/24", "a")
	require.NotEmpty(t, byName.text("availabilityZoneId"))
	byID := w.make(subnetType, m{"vpcId": v.id, "cidrBlock": "10.0.1.0/24", "availabilityZoneId": byName.text("availabilityZoneId")})
	assert.Equal(t, testRegion+"a", byID.text("availabilityZone"))
	names, ids := map[string]bool{}, map[string]bool{}
	for _, z := range zonesOf(w.ofType(vpcType)[0].Scope) {
		names[z.name], ids[z.id] = true, true
	}
	assert.Equal(t, map[string]bool{"eu-west-1a": true, "eu-west-1b": true, "eu-west-1c": true}, names)
	assert.Equal(t, map[string]bool{"euw1-az1": true, "euw1-az2": true, "euw1-az3": true}, ids)
}

func TestSubnetsAreRefusedAsAWSRefusesThem(t *testing.T) {
	t.Parallel()
	refuses(t, nil, []refusal{
		{"no such VPC", func(w *world) error {
			return w.tryErr(subnetType, m{"vpcId": "vpc-0", "cidrBlock": "10.0.0.0/24"})
		}, "InvalidVpcID.NotFound"},
		{"outside the VPC", func(w *world) error {
			return w.tryErr(subnetType, m{"vpcId": w.vpc().id, "cidrBlock": "10.1.0.0/24"})
		}, "InvalidSubnet.Range"},
		{"larger than the VPC", func(w *world) error {
			v := w.make(vpcType, m{"cidrBlock": "10.0.0.0/20"})
			return w.tryErr(subnetType, m{"vpcId": v.id, "cidrBlock": "10.0.0.0/16"})
		}, "InvalidSubnet.Range"},
		{"over a sibling", func(w *world) error {
			v := w.vpc()
			w.subnet(v, "10.0.0.0/20", "a")
			return w.tryErr(subnetType, m{"vpcId": v.id, "cidrBlock": "10.0.8.0/24"})
		}, "InvalidSubnet.Conflict"},
		{"in a zone of another region", func(w *world) error {
			return w.tryErr(subnetType, m{"vpcId": w.vpc().id, "cidrBlock": "10.0.0.0/24", "availabilityZone": "us-east-1a"})
		}, "eu-west-1a, eu-west-1b, eu-west-1c"},
		{"in a zone id that is none", func(w *world) error {
			return w.tryErr(subnetType, m{"vpcId": w.vpc().id, "cidrBlock": "10.0.0.0/24", "availabilityZoneId": "euw1-az9"})
		}, "parameter availabilityZoneId is invalid"},
		{"deletion with a NAT gateway in it", func(w *world) error { return w.remove(w.network().public[0]) }, "Interface for NAT Gateway"},
		{"a reservation outside its subnet", func(w *world) error {
			s := w.subnet(w.vpc(), "10.0.0.0/20", "a")
			return w.tryErr(reservationType, m{"subnetId": s.id, "cidrBlock": "10.0.16.0/24", "reservationType": "prefix"})
		}, "is not within the CIDR"},
		{"a reservation over another", func(w *world) error {
			s := w.subnet(w.vpc(), "10.0.0.0/20", "a")
			w.make(reservationType, m{"subnetId": s.id, "cidrBlock": "10.0.8.0/21", "reservationType": "prefix"})
			return w.tryErr(reservationType, m{"subnetId": s.id, "cidrBlock": "10.0.12.0/24", "reservationType": "prefix"})
		}, "overlaps with an existing reservation"},
		{"a reservation in no subnet", func(w *world) error {
			return w.tryErr(reservationType, m{"subnetId": "subnet-0", "cidrBlock": "10.0.12.0/24", "reservationType": "prefix"})
		}, "InvalidSubnetID.NotFound"},
	})
}

func TestAddressesSkipWhatIsTakenAndReserved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vpc()
	w.make(internetGatewayType, m{"vpcId": v.id})
	s := w.subnet(v, "10.0.0.0/28", "a")
	w.make(reservationType, m{"subnetId": s.id, "cidrBlock": "10.0.0.4/30", "reservationType": "explicit"})
	nat := func() (thing, error) {
		return w.try(natGatewayType, m{"subnetId": s.id, "allocationId": w.make(eipType, m{"domain": "vpc"}).id})
	}
	first, err := nat()
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.8", first.text("privateIp"))
	assert.Equal(t, "203.0.113.4", first.text("publicIp"))
	assert.NotEmpty(t, first.text("networkInterfaceId"))
	for range 6 { // 10.0.0.9 to .14
		_, err := nat()
		require.NoError(t, err)
	}
	_, err = nat()
	assert.ErrorContains(t, err, "InsufficientFreeAddressesInSubnet")
}

func TestGatewaysAndRoutesAreRefusedAsAWSRefusesThem(t *testing.T) {
	t.Parallel()
	refuses(t, nil, []refusal{
		{"a second internet gateway", func(w *world) error {
			return w.tryErr(internetGatewayType, m{"vpcId": w.network().vpc.id})
		}, "already has an internet gateway attached"},
		{"an internet gateway for no VPC", func(w *world) error {
			return w.tryErr(internetGatewayType, m{"vpcId": "vpc-0"})
		}, "InvalidVpcID.NotFound"},
		{"deletion of an internet gateway under a NAT gateway", func(w *world) error { return w.remove(w.network().igw) }, "mapped public address"},
		{"deletion of an address in use", func(w *world) error { return w.remove(w.network().eip) }, "InvalidIPAddress.InUse"},
		{"a NAT gateway in no subnet", func(w *world) error {
			return w.tryErr(natGatewayType, m{"subnetId": "subnet-0", "allocationId": w.make(eipType, m{"domain": "vpc"}).id})
		}, "InvalidSubnetID.NotFound"},
		{"a NAT gateway without address", func(w *world) error {
			return w.tryErr(natGatewayType, m{"subnetId": w.network().public[0].id})
		}, "MissingParameter"},
		{"a NAT gateway with no such address", func(w *world) error {
			return w.tryErr(natGatewayType, m{"subnetId": w.network().public[0].id, "allocationId": "eipalloc-0"})
		}, "InvalidAllocationID.NotFound"},
		{"a NAT gateway with another's address", func(w *world) error {
			n := w.network()
			return w.tryErr(natGatewayType, m{"subnetId": n.public[1].id, "allocationId": n.eip.id})
		}, "Resource.AlreadyAssociated"},
		{"a private NAT gateway with an address", func(w *world) error {
			n := w.network()
			return w.tryErr(natGatewayType, m{"subnetId": n.public[1].id, "allocationId": n.eip.id, "connectivityType": "private"})
		}, "private NAT gateway"},
		{"a NAT gateway in a VPC without internet gateway", func(w *world) error {
			s := w.subnet(w.vpc(), "10.0.0.0/24", "a")
			return w.tryErr(natGatewayType, m{"subnetId": s.id, "allocationId": w.make(eipType, m{"domain": "vpc"}).id})
		}, "Gateway.NotAttached"},
		{"a route table of no VPC", func(w *world) error { return w.tryErr(routeTableType, m{"vpcId": "vpc-0"}) }, "InvalidVpcID.NotFound"},
		{"a route table with the same destination twice", func(w *world) error {
			n := w.network()
			r := m{"cidrBlock": "0.0.0.0/0", "natGatewayId": n.nat.id}
			return w.tryErr(routeTableType, m{"vpcId": n.vpc.id, "routes": list(r, m{"cidrBlock": "0.0.0.0/0", "gatewayId": n.igw.id})})
		}, "RouteAlreadyExists"},
		{"deletion of a route table in use", func(w *world) error { return w.remove(w.network().privateTable) }, "DependencyViolation"},
		{"a route in no table", func(w *world) error {
			return w.tryErr(routeType, m{"routeTableId": "rtb-0", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": w.network().igw.id})
		}, "InvalidRouteTableID.NotFound"},
		{"a route with a destination that is taken", func(w *world) error {
			n := w.network()
			return w.tryErr(routeType, m{"routeTableId": n.privateTable.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": n.igw.id})
		}, "RouteAlreadyExists"},
		{"a route to no internet gateway", func(w *world) error {
			return w.tryErr(routeType, m{"routeTableId": w.privateNetwork().privateTable.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-0"})
		}, "InvalidGatewayID.NotFound"},
		{"a route to no NAT gateway", func(w *world) error {
			return w.tryErr(routeType, m{"routeTableId": w.privateNetwork().privateTable.id, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "nat-0"})
		}, "InvalidNatGatewayID.NotFound"},
		{"a route to another VPC's internet gateway", func(w *world) error {
			n, other := w.network(), w.privateNetwork()
			return w.tryErr(routeType, m{"routeTableId": other.privateTable.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": n.igw.id})
		}, "belong to different networks"},
		{"a route to another VPC's NAT gateway", func(w *world) error {
			n, other := w.network(), w.privateNetwork()
			return w.tryErr(routeType, m{"routeTableId": other.privateTable.id, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": n.nat.id})
		}, "belong to different networks"},
		{"a route of local addresses to a gateway", func(w *world) error {
			n := w.network()
			return w.tryErr(routeType, m{"routeTableId": n.privateTable.id, "destinationCidrBlock": "10.0.0.0/16", "gatewayId": n.igw.id})
		}, "within the local CIDR"},
		{"a second route table for a subnet", func(w *world) error {
			n := w.network()
			return w.tryErr(routeTableAssociationType, m{"routeTableId": n.publicTable.id, "subnetId": n.private[0].id})
		}, "Resource.AlreadyAssociated"},
		{"another VPC's route table", func(w *world) error {
			n := w.network()
			s := w.subnet(w.vpc(), "10.0.0.0/24", "a")
			return w.tryErr(routeTableAssociationType, m{"routeTableId": n.publicTable.id, "subnetId": s.id})
		}, "belong to different networks"},
		{"no such route table", func(w *world) error {
			return w.tryErr(routeTableAssociationType, m{"routeTableId": "rtb-0", "subnetId": w.subnet(w.vpc(), "10.0.0.0/24", "a").id})
		}, "InvalidRouteTableID.NotFound"},
		{"no such subnet", func(w *world) error {
			return w.tryErr(routeTableAssociationType, m{"routeTableId": w.network().publicTable.id, "subnetId": "subnet-0"})
		}, "InvalidSubnetID.NotFound"},
		{"no such gateway", func(w *world) error {
			return w.tryErr(routeTableAssociationType, m{"routeTableId": w.network().publicTable.id, "gatewayId": "igw-0"})
		}, "InvalidGatewayID.NotFound"},
		{"a route to no endpoint", func(w *world) error {
			return w.tryErr(routeType, m{"routeTableId": w.privateNetwork().privateTable.id, "destinationCidrBlock": "0.0.0.0/0", "vpcEndpointId": "vpce-0"})
		}, "InvalidVpcEndpointId.NotFound"},
		{"an address when there is none left", func(w *world) error {
			for range 2 * 251 { // of 256, AWS keeps five
				w.make(eipType, m{"domain": "vpc"})
			}
			return w.tryErr(eipType, m{"domain": "vpc"})
		}, "AddressLimitExceeded"},
	})
}

func TestANetworkComesDownInOrderAndLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.network()
	for _, o := range []thing{
		n.privateRoute, n.nat, n.eip, n.publicRoute, n.publicAssocs[0], n.publicAssocs[1], n.privateAssoc[0], n.privateAssoc[1],
		n.publicTable, n.privateTable, n.public[0], n.public[1], n.private[0], n.private[1], n.igw, n.vpc,
	} {
		require.NoError(t, w.remove(o), o.typ)
	}
	assert.Empty(t, w.all())
}

func TestSecurityGroupsAreRefusedAsAWSRefusesThem(t *testing.T) {
	t.Parallel()
	group := func(w *world, v thing, name string) thing {
		return w.make(securityGroupType, m{"vpcId": v.id, "name": name})
	}
	rule := func(g thing, changes m) m {
		return with(m{"securityGroupId": g.id, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"}, changes)
	}
	refuses(t, nil, []refusal{
		{"no VPC", func(w *world) error { return w.tryErr(securityGroupType, m{"name": "x"}) }, "VPCIdNotSpecified"},
		{"an apostrophe in a description", func(w *world) error {
			return w.tryErr(securityGroupType, m{"vpcId": w.vpc().id, "description": "the cluster's nodes"})
		}, "Invalid security group description"},
		{"an apostrophe in a rule's description", func(w *world) error {
			g := group(w, w.vpc(), "x")
			return w.tryErr(ingressRuleType, rule(g, m{"description": "from the cluster's nodes"}))
		}, "Invalid rule description"},
		{"an apostrophe in the description of a rule within the group", func(w *world) error {
			r := m{"protocol": "tcp", "fromPort": 1, "toPort": 2, "description": "from the cluster's nodes"}
			return w.tryErr(securityGroupType, m{"vpcId": w.vpc().id, "ingress": list(r)})
		}, "Invalid rule description"},
		{"no such VPC", func(w *world) error { return w.tryErr(securityGroupType, m{"vpcId": "vpc-0"}) }, "InvalidVpcID.NotFound"},
		{"a name that looks like an id", func(w *world) error {
			return w.tryErr(securityGroupType, m{"vpcId": w.vpc().id, "name": "sg-mine"})
		}, "may not start with 'sg-'"},
		{"a name that is taken", func(w *world) error {
			v := w.vpc()
			group(w, v, "x")
			return w.tryErr(securityGroupType, m{"vpcId": v.id, "name": "x"})
		}, "InvalidGroup.Duplicate"},
		{"the default group's name", func(w *world) error {
			return w.tryErr(securityGroupType, m{"vpcId": w.vpc().id, "name": "default"})
		}, "InvalidGroup.Duplicate"},
		{"an inline rule for a group that is none", func(w *world) error {
			r := m{"protocol": "tcp", "fromPort": 1, "toPort": 2, "securityGroups": list("sg-0")}
			return w.tryErr(securityGroupType, m{"vpcId": w.vpc().id, "ingress": list(r)})
		}, "InvalidGroup.NotFound"},
		{"an inline rule with ports out of order", func(w *world) error {
			r := m{"protocol": "tcp", "fromPort": 9, "toPort": 2, "cidrBlocks": list("10.0.0.0/16")}
			return w.tryErr(securityGroupType, m{"vpcId": w.vpc().id, "ingress": list(r)})
		}, "portRange"},
		{"deletion while another group's rule names it", func(w *world) error {
			v := w.vpc()
			a, b := group(w, v, "a"), group(w, v, "b")
			w.make(ingressRuleType, rule(a, m{"cidrIpv4": nil, "referencedSecurityGroupId": b.id}))
			return w.remove(b)
		}, "has a dependent object"},
		{"deletion while another group names it inline", func(w *world) error {
			v := w.vpc()
			b := group(w, v, "b")
			w.make(securityGroupType, m{"vpcId": v.id, "ingress": list(m{"protocol": "-1", "fromPort": 0, "toPort": 0, "securityGroups": list(b.id)})})
			return w.remove(b)
		}, "has a dependent object"},
		{"deletion while an endpoint wears it", func(w *world) error {
			v := w.vpc()
			g, s := group(w, v, "a"), w.subnet(v, "10.0.0.0/24", "a")
			w.make(endpointType, m{
				"vpcId": v.id, "serviceName": "com.amazonaws.eu-west-1.sts", "vpcEndpointType": "Interface", "subnetIds": list(s.id), "securityGroupIds": list(g.id),
			})
			return w.remove(g)
		}, "VPC Endpoint Interface"},
		{"a rule of no group", func(w *world) error {
			return w.tryErr(ingressRuleType, rule(thing{id: "sg-0"}, nil))
		}, "InvalidGroup.NotFound"},
		{"a rule for no group", func(w *world) error {
			return w.tryErr(ingressRuleType, rule(group(w, w.vpc(), "a"), m{"cidrIpv4": nil, "referencedSecurityGroupId": "sg-0"}))
		}, "InvalidGroup.NotFound"},
		{"a rule for a group of another VPC", func(w *world) error {
			a, b := group(w, w.vpc(), "a"), group(w, w.vpc(), "b")
			return w.tryErr(ingressRuleType, rule(a, m{"cidrIpv4": nil, "referencedSecurityGroupId": b.id}))
		}, "belong to different networks"},
		{"the same rule twice", func(w *world) error {
			g := group(w, w.vpc(), "a")
			w.make(ingressRuleType, rule(g, nil))
			return w.tryErr(ingressRuleType, rule(g, nil))
		}, "InvalidPermission.Duplicate"},
		{"TCP without ports", func(w *world) error {
			return w.tryErr(egressRuleType, rule(group(w, w.vpc(), "a"), m{"fromPort": nil}))
		}, "MissingParameter"},
	})
}

func TestTheDefaultSecurityGroupIsTheVPCsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vpc()
	g := w.make(defaultSecurityGroupType, m{"vpcId": v.id})
	assert.Equal(t, v.text("defaultSecurityGroupId"), g.id)
	assert.Equal(t, "default", g.text("name"))
	require.NoError(t, w.remove(g))
	require.NoError(t, w.remove(v))
	assert.ErrorContains(t, w.tryErr(defaultSecurityGroupType, m{"vpcId": v.id}), "InvalidVpcID.NotFound")
	assert.ErrorContains(t, w.tryErr(defaultSecurityGroupType, m{}), "VPCIdNotSpecified")
}

func TestAnInterfaceEndpointGetsInterfacesAndNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.network()
	e := w.make(endpointType, m{
		"vpcId": n.vpc.id, "serviceName": "com.amazonaws.eu-west-1.ecr.dkr", "vpcEndpointType": "Interface",
		"subnetIds": n.privateIDs(), "privateDnsEnabled": true,
	})
	assert.Len(t, e.texts("networkInterfaceIds"), 2)
	assert.Equal(t, []string{n.vpc.text("defaultSecurityGroupId")}, e.texts("securityGroupIds"))
	names := e.blocks("dnsEntries")
	require.Len(t, names, 4)
	assert.Equal(t, "dkr.ecr.eu-west-1.amazonaws.com", names[3].text("dnsName"))
	assert.Equal(t, "available", e.text("state"))

	moved, err := w.change(e, m{"subnetIds": list(n.private[0].id)})
	require.NoError(t, err)
	assert.Len(t, moved.texts("networkInterfaceIds"), 1)
	assert.Subset(t, e.texts("networkInterfaceIds"), moved.texts("networkInterfaceIds"), "the interface that stays is the same")
	require.NoError(t, w.remove(n.privateAssoc[1]))
	assert.NoError(t, w.remove(n.private[1]), "nothing holds the subnet any more")
}

func TestEndpointsAreRefusedAsAWSRefusesThem(t *testing.T) {
	t.Parallel()
	gateway := func(n network) m {
		return m{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.eu-west-1.s3", "routeTableIds": list(n.privateTable.id)}
	}
	sts := func(n network) m {
		return m{
			"vpcId": n.vpc.id, "serviceName": "com.amazonaws.eu-west-1.sts", "vpcEndpointType": "Interface", "subnetIds": n.privateIDs(),
			"privateDnsEnabled": true,
		}
	}
	refuses(t, nil, []refusal{
		{"no VPC", func(w *world) error {
			return w.tryErr(endpointType, m{"vpcId": "vpc-0", "serviceName": "com.amazonaws.eu-west-1.s3"})
		}, "InvalidVpcID.NotFound"},
		{"no such service", func(w *world) error {
			return w.tryErr(endpointType, with(sts(w.network()), m{"serviceName": "com.amazonaws.eu-west-1.ecr"}))
		}, "InvalidServiceName"},
		{"private DNS of a service that has none", func(w *world) error {
			return w.tryErr(endpointType, with(sts(w.network()), m{"serviceName": "com.amazonaws.eu-west-1.dynamodb"}))
		}, "does not provide a private DNS name"},
		{"private DNS of directory buckets", func(w *world) error {
			return w.tryErr(endpointType, with(sts(w.network()), m{"serviceName": "com.amazonaws.eu-west-1.s3express"}))
		}, "does not provide a private DNS name"},
		{"another region's service", func(w *world) error {
			return w.tryErr(endpointType, with(sts(w.network()), m{"serviceName": "com.amazonaws.us-east-1.sts"}))
		}, "InvalidServiceName"},
		{"a gateway to a service without", func(w *world) error {
			return w.tryErr(endpointType, with(gateway(w.network()), m{"serviceName": "com.amazonaws.eu-west-1.sts"}))
		}, "InvalidServiceName"},
		{"a gateway in subnets", func(w *world) error {
			n := w.network()
			return w.tryErr(endpointType, with(gateway(n), m{"subnetIds": n.privateIDs()}))
		}, "takes neither subnets"},
		{"a gateway in no route table", func(w *world) error {
			return w.tryErr(endpointType, with(gateway(w.network()), m{"routeTableIds": list("rtb-0")}))
		}, "InvalidRouteTableId.NotFound"},
		{"a gateway in another VPC's route table", func(w *world) error {
			return w.tryErr(endpointType, with(gateway(w.network()), m{"routeTableIds": list(w.privateNetwork().privateTable.id)}))
		}, "does not belong to VPC"},
		{"a second gateway in a route table", func(w *world) error {
			n := w.network()
			w.make(endpointType, gateway(n))
			return w.tryErr(endpointType, gateway(n))
		}, "RouteAlreadyExists"},
		{"an interface in a route table", func(w *world) error {
			n := w.network()
			return w.tryErr(endpointType, with(sts(n), m{"routeTableIds": list(n.privateTable.id)}))
		}, "does not support route tables"},
		{"an interface in no subnet", func(w *world) error {
			return w.tryErr(endpointType, with(sts(w.network()), m{"subnetIds": list("subnet-0")}))
		}, "InvalidSubnetId.NotFound"},
		{"an interface in another VPC's subnet", func(w *world) error {
			return w.tryErr(endpointType, with(sts(w.network()), m{"subnetIds": list(w.privateNetwork().private[0].id)}))
		}, "does not belong to VPC"},
		{"two subnets of one zone", func(w *world) error {
			n := w.network()
			return w.tryErr(endpointType, with(sts(n), m{"subnetIds": list(n.private[0].id, n.public[0].id)}))
		}, "DuplicateSubnetsInSameZone"},
		{"no such security group", func(w *world) error {
			return w.tryErr(endpointType, with(sts(w.network()), m{"securityGroupIds": list("sg-0")}))
		}, "InvalidGroup.NotFound"},
		{"another VPC's security group", func(w *world) error {
			return w.tryErr(endpointType, with(sts(w.network()), m{"securityGroupIds": list(w.vpc().text("defaultSecurityGroupId"))}))
		}, "does not exist in VPC"},
		{"private DNS in a VPC without DNS names", func(w *world) error {
			v := w.make(vpcType, m{"cidrBlock": "10.0.0.0/16"})
			return w.tryErr(endpointType, with(sts(network{vpc: v}), m{"subnetIds": list()}))
		}, "requires both enableDnsSupport and enableDnsHostnames"},
		{"private DNS for one service twice", func(w *world) error {
			n := w.network()
			w.make(endpointType, sts(n))
			return w.tryErr(endpointType, sts(n))
		}, "conflicting DNS domain for sts.eu-west-1.amazonaws.com"},
		{"a policy that does not parse", func(w *world) error {
			return w.tryErr(endpointType, with(gateway(w.network()), m{"policy": `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`}))
		}, "InvalidPolicyDocument"},
	})
}

func TestFlowLogsAreRefusedAsAWSRefusesThem(t *testing.T) {
	t.Parallel()
	inputs := func(w *world) m {
		g := w.make(logGroupType, m{"name": "flow"})
		r := w.role("flow", iamdoc.ServiceTrust("vpc-flow-logs.amazonaws.com"))
		return m{"vpcId": w.vpc().id, "trafficType": "ALL", "logDestination": g.text("arn"), "iamRoleArn": r.text("arn")}
	}
	refuses(t, nil, []refusal{
		{"no VPC", func(w *world) error { return w.tryErr(flowLogType, with(inputs(w), m{"vpcId": "vpc-0"})) }, "InvalidVpcID.NotFound"},
		{"no log group", func(w *world) error {
			return w.tryErr(flowLogType, with(inputs(w), m{"logDestination": "arn:aws:logs:eu-west-1:111122223333:log-group:none"}))
		}, "does not exist"},
		{"no role", func(w *world) error { return w.tryErr(flowLogType, with(inputs(w), m{"iamRoleArn": nil})) }, "DeliverLogsPermissionArn"},
		{"a role that others assume", func(w *world) error {
			r := w.role("other", iamdoc.ServiceTrust("ec2.amazonaws.com"))
			return w.tryErr(flowLogType, with(inputs(w), m{"iamRoleArn": r.text("arn")}))
		}, "unable to assume given IAM role"},
		{"the same flow log twice", func(w *world) error {
			in := inputs(w)
			w.make(flowLogType, in)
			return w.tryErr(flowLogType, in)
		}, "FlowLogAlreadyExists"},
		{"a flow log of other traffic into the same group", func(w *world) error {
			in := inputs(w)
			w.make(flowLogType, in)
			return w.tryErr(flowLogType, with(in, m{"trafficType": "REJECT"}))
		}, "FlowLogAlreadyExists"},
	})
}

func TestALaunchTemplateGetsAVersionPerChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lt := w.make(launchTemplateType, m{"name": "nodes", "imageId": "ami-0123456789abcdef0"})
	assert.EqualValues(t, 1, lt.attrs["latestVersion"])
	assert.EqualValues(t, 1, lt.attrs["defaultVersion"])
	tagged, err := w.change(lt, m{"tags": m{"team": "a"}})
	require.NoError(t, err)
	assert.EqualValues(t, 1, tagged.attrs["latestVersion"], "tags are not part of a version")
	second, err := w.change(tagged, m{"ebsOptimized": "true"})
	require.NoError(t, err)
	assert.EqualValues(t, 2, second.attrs["latestVersion"])
	assert.EqualValues(t, 1, second.attrs["defaultVersion"])
	third, err := w.change(second, m{"imageId": "ami-0123456789abcdef1", "updateDefaultVersion": true})
	require.NoError(t, err)
	assert.EqualValues(t, 3, third.attrs["defaultVersion"])
	require.NoError(t, w.remove(third))
	assert.Empty(t, w.all(), "versions go with their template")
}

func TestLaunchTemplatesAreRefusedAsAWSRefusesThem(t *testing.T) {
	t.Parallel()
	try := func(inputs m) func(*world) error {
		return func(w *world) error { return w.tryErr(launchTemplateType, inputs) }
	}
	disk := func(ebs m) m { return m{"blockDeviceMappings": list(m{"deviceName": "/dev/xvda", "ebs": ebs})} }
	refuses(t, nil, []refusal{
		{"a name that is taken", func(w *world) error {
			w.make(launchTemplateType, m{"name": "nodes"})
			return w.tryErr(launchTemplateType, m{"name": "nodes"})
		}, "AlreadyExistsException"},
		{"a name with a blank", try(m{"name": "my nodes"}), "MalformedException"},
		{"user data that is not base64", try(m{"userData": "#!/bin/sh"}), "InvalidUserData.Malformed"},
		{"user data that is too long", try(m{"userData": base64.StdEncoding.EncodeToString(make([]byte, 16385))}), "16384"},
		{"an image id that is none", try(m{"imageId": "al2023"}), "InvalidAMIID.Malformed"},
		{"no such security group", try(m{"vpcSecurityGroupIds": list("sg-0")}), "InvalidGroup.NotFound"},
		{"no such security group on an interface", try(m{"networkInterfaces": list(m{"securityGroups": list("sg-0")})}), "InvalidGroup.NotFound"},
		{"tags for instances twice", try(m{"tagSpecifications": list(
			m{"resourceType": "instance", "tags": m{"a": "b"}}, m{"resourceType": "instance", "tags": m{"a": "c"}})}), "more than once"},
		{"security groups in two places", func(w *world) error {
			g := w.vpc().text("defaultSecurityGroupId")
			return w.tryErr(launchTemplateType, m{"vpcSecurityGroupIds": list(g), "networkInterfaces": list(m{"securityGroups": list(g)})})
		}, "InvalidParameterCombination"},
		{"a default version that does not exist", func(w *world) error {
			return w.changeErr(w.make(launchTemplateType, m{"name": "nodes"}), m{"defaultVersion": 7})
		}, "Could not find launch template version 7"},
		{"too few IOPS", try(disk(m{"volumeType": "gp3", "iops": 100})), "between 3000 and 80000"},
		{"IOPS on gp2", try(disk(m{"volumeType": "gp2", "iops": 3000})), "only gp3, io1 and io2"},
		{"throughput on gp2", try(disk(m{"volumeType": "gp2", "throughput": 500})), "only gp3"},
		{"a key without encryption", try(disk(m{"kmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/x"})), "requires the parameter Encrypted"},
		{"no such key", try(disk(m{"encrypted": "true", "kmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/x"})), "InvalidKmsKeyId.NotFound"},
	})
}

func TestATagResourceShowsOnItsTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vpc()
	tag := w.make(tagType, m{"resourceId": v.id, "key": "team", "value": "a"})
	assert.Equal(t, m{"team": "a"}, w.ofType(vpcType)[0].Attributes["tags"])
	require.NoError(t, w.remove(tag))
	assert.Empty(t, w.ofType(vpcType)[0].Attributes["tags"])
	assert.ErrorContains(t, w.tryErr(tagType, m{"resourceId": "subnet-0", "key": "team", "value": "a"}), "InvalidID")
	assert.ErrorContains(t, w.tryErr(tagType, m{"resourceId": v.id, "key": "aws:team", "value": "a"}), "reserved")
}
