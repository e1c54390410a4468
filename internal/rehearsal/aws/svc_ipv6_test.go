package aws

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

// dualVPC is a VPC with a range of Amazon's.
func (w *world) dualVPC() thing {
	w.t.Helper()
	return w.make(vpcType, m{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true, "assignGeneratedIpv6CidrBlock": true})
}

// ipv6Of is the nth /64 of a VPC's range.
func (w *world) ipv6Of(vpc thing, n byte) string {
	w.t.Helper()
	p, err := netip.ParsePrefix(vpc.text("ipv6CidrBlock"))
	require.NoError(w.t, err)
	b := p.Addr().As16()
	b[7] = n
	return netip.PrefixFrom(netip.AddrFrom16(b), 64).String()
}

// dualStack turns a network into one for IPv6 clusters.
func (w *world) dualStack(n network) network {
	w.t.Helper()
	var err error
	n.vpc, err = w.change(n.vpc, m{"assignGeneratedIpv6CidrBlock": true})
	require.NoError(w.t, err)
	for i := range n.private {
		n.private[i], err = w.change(n.private[i], m{
			"ipv6CidrBlock": w.ipv6Of(n.vpc, byte(i)), "assignIpv6AddressOnCreation": true,
		})
		require.NoError(w.t, err)
	}
	return n
}

func (w *world) ipv6ClusterInputs(n network) m {
	w.t.Helper()
	return with(w.clusterInputs(n), m{"kubernetesNetworkConfig": m{"ipFamily": "ipv6"}})
}

// ipv6Ready is an IPv6 cluster that nodes can join; the add-on vpc-cni has some configuration.
func (w *world) ipv6Ready(configuration string) network {
	w.t.Helper()
	n := w.dualStack(w.network())
	w.make(clusterType, w.ipv6ClusterInputs(n))
	cni := w.role("cni", iamdoc.PodIdentityTrust())
	w.make(rolePolicyType, m{"role": cni.id, "policy": iamdoc.Document{Statements: []iamdoc.Statement{
		{Actions: []string{"ec2:AssignIpv6Addresses"}, Resources: []string{"*"}},
	}}.JSON()})
	w.make(addonType, m{"clusterName": "nonprod", "addonName": "eks-pod-identity-agent"})
	w.make(addonType, m{"clusterName": "nonprod", "addonName": "kube-proxy"})
	in := m{
		"clusterName": "nonprod", "addonName": "vpc-cni",
		"podIdentityAssociations": list(m{"serviceAccount": "aws-node", "roleArn": cni.text("arn")}),
	}
	if configuration != "" {
		in["configurationValues"] = configuration
	}
	w.make(addonType, in)
	return n
}

func TestAVPCGetsAnIPv6RangeOfItsOwnWhenItAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assert.Nil(t, w.vpc().attrs["ipv6CidrBlock"])
	seen := map[string]bool{}
	for range 3 {
		v := w.dualVPC()
		p, ok := parseIPv6CIDR(v.text("ipv6CidrBlock"))
		require.True(t, ok, v.text("ipv6CidrBlock"))
		assert.Equal(t, 56, p.Bits())
		assert.True(t, within(p, amazonIPv6))
		assert.NotEmpty(t, v.text("ipv6AssociationId"))
		assert.False(t, seen[p.String()], "two VPCs have %s", p)
		seen[p.String()] = true
	}
}

func TestAnIPv6RangeStaysUntilNoSubnetHasAPartOfIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.dualVPC()
	s := w.make(subnetType, m{
		"vpcId": v.id, "cidrBlock": "10.0.0.0/24", "availabilityZone": testRegion + "a",
		"ipv6CidrBlock": w.ipv6Of(v, 0), "assignIpv6AddressOnCreation": true,
	})
	assert.NotEmpty(t, s.text("ipv6CidrBlockAssociationId"))
	tagged, err := w.change(v, m{"tags": m{"team": "a"}})
	require.NoError(t, err)
	assert.Equal(t, v.text("ipv6CidrBlock"), tagged.text("ipv6CidrBlock"))

	assert.ErrorContains(t, w.changeErr(v, m{"assignGeneratedIpv6CidrBlock": false}), "InvalidCidrBlock.InUse")
	s, err = w.change(s, m{"ipv6CidrBlock": nil, "assignIpv6AddressOnCreation": false})
	require.NoError(t, err)
	assert.Empty(t, s.text("ipv6CidrBlock")+s.text("ipv6CidrBlockAssociationId"))
	v, err = w.change(v, m{"assignGeneratedIpv6CidrBlock": false})
	require.NoError(t, err)
	assert.Empty(t, v.text("ipv6CidrBlock")+v.text("ipv6AssociationId"))
}

func TestAPreviewDoesNotKnowTheIPv6RangeBeforeAmazonGivesIt(t *testing.T) {
	t.Parallel()
	vpc, err := resourceFactsOf(vpcType)
	require.NoError(t, err)
	state := func(asks bool) resource.PropertyMap {
		return resource.NewPropertyMapFromMap(m{"cidrBlock": "10.0.0.0/16", "assignGeneratedIpv6CidrBlock": asks})
	}
	assert.Equal(t, []string{"ipv6AssociationId", "ipv6CidrBlock"}, unsettledBy(vpcType, vpc, state(false), state(true)))
	assert.Empty(t, unsettledBy(vpcType, vpc, state(true), state(true)))
	assert.Empty(t, unsettledBy(vpcType, vpc, state(false), resource.NewPropertyMapFromMap(m{"cidrBlock": "10.0.0.0/16"})))
}

func TestIPv6NetworksAreRefusedAsAWSRefusesThem(t *testing.T) {
	t.Parallel()
	subnet := func(w *world, v thing, changes m) error {
		return w.tryErr(subnetType, with(m{"vpcId": v.id, "cidrBlock": "10.0.0.0/24", "availabilityZone": testRegion + "a"}, changes))
	}
	refuses(t, nil, []refusal{
		{"a subnet's range in a VPC without one", func(w *world) error {
			return subnet(w, w.vpc(), m{"ipv6CidrBlock": "2001:db8::/64"})
		}, "InvalidSubnet.Range"},
		{"a subnet's range outside the VPC's", func(w *world) error {
			return subnet(w, w.dualVPC(), m{"ipv6CidrBlock": "2001:db9::/64"})
		}, "InvalidSubnet.Range"},
		{"a subnet's range of no allowed size", func(w *world) error {
			v := w.dualVPC()
			base, _ := parseIPv6CIDR(v.text("ipv6CidrBlock"))
			return subnet(w, v, m{"ipv6CidrBlock": fmt.Sprintf("%s/62", base.Addr())})
		}, "InvalidSubnet.Range"},
		{"a subnet's range over a sibling's", func(w *world) error {
			v := w.dualVPC()
			w.make(subnetType, m{"vpcId": v.id, "cidrBlock": "10.0.1.0/24", "availabilityZone": testRegion + "b", "ipv6CidrBlock": w.ipv6Of(v, 3)})
			return subnet(w, v, m{"ipv6CidrBlock": w.ipv6Of(v, 3)})
		}, "InvalidSubnet.Conflict"},
		{"addresses from no range", func(w *world) error {
			return subnet(w, w.dualVPC(), m{"assignIpv6AddressOnCreation": true})
		}, "has no IPv6 CIDR block"},
		{"an egress-only gateway for no VPC", func(w *world) error {
			return w.tryErr(egressOnlyGatewayType, m{"vpcId": "vpc-0"})
		}, "InvalidVpcID.NotFound"},
		{"deletion of a VPC with an egress-only gateway", func(w *world) error {
			v := w.dualVPC()
			w.make(egressOnlyGatewayType, m{"vpcId": v.id})
			return w.remove(v)
		}, "DependencyViolation"},
		{"a route to no egress-only gateway", func(w *world) error {
			return w.tryErr(routeType, m{"routeTableId": w.network().privateTable.id, "destinationIpv6CidrBlock": "::/0", "egressOnlyGatewayId": "eigw-0"})
		}, "InvalidEgressOnlyInternetGatewayId.NotFound"},
		{"a route to another VPC's egress-only gateway", func(w *world) error {
			g := w.make(egressOnlyGatewayType, m{"vpcId": w.dualVPC().id})
			return w.tryErr(routeType, m{"routeTableId": w.network().privateTable.id, "destinationIpv6CidrBlock": "::/0", "egressOnlyGatewayId": g.id})
		}, "belong to different networks"},
		{"IPv4 through an egress-only gateway", func(w *world) error {
			n := w.dualStack(w.privateNetwork())
			g := w.make(egressOnlyGatewayType, m{"vpcId": n.vpc.id})
			return w.tryErr(routeType, m{"routeTableId": n.privateTable.id, "destinationCidrBlock": "0.0.0.0/0", "egressOnlyGatewayId": g.id})
		}, "only be the next hop for an IPv6 destination"},
		{"IPv6 through a NAT gateway", func(w *world) error {
			n := w.dualStack(w.network())
			return w.tryErr(routeType, m{"routeTableId": n.privateTable.id, "destinationIpv6CidrBlock": "::/0", "natGatewayId": n.nat.id})
		}, "cannot be the next hop for an IPv6 destination"},
	})
}

func TestADualStackNetworkRoutesBothFamilies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.dualStack(w.network())
	g := w.make(egressOnlyGatewayType, m{"vpcId": n.vpc.id})
	w.make(routeType, m{"routeTableId": n.privateTable.id, "destinationIpv6CidrBlock": "::/0", "egressOnlyGatewayId": g.id})
	w.make(routeType, m{"routeTableId": n.publicTable.id, "destinationIpv6CidrBlock": "::/0", "gatewayId": n.igw.id})
	w.make(routeType, m{"routeTableId": n.privateTable.id, "destinationIpv6CidrBlock": "64:ff9b::/96", "natGatewayId": n.nat.id})
}

func TestAnIPv6ClusterKeepsTheServiceRangeThatEKSChose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := w.ipv6ClusterInputs(w.dualStack(w.network()))
	v := with(in["vpcConfig"].(m), m{"endpointPublicAccess": true})
	c := w.make(clusterType, with(in, m{"vpcConfig": v}))
	services := c.block("kubernetesNetworkConfig").text("serviceIpv6Cidr")
	assert.Regexp(t, `^fd[0-9a-f]{2}:[0-9a-f]{4}:[0-9a-f]{4}::/108$`, services)
	_, err := netip.ParsePrefix(services)
	require.NoError(t, err)
	assert.Regexp(t, `^https://[0-9A-F]{32}\.gr7\.eu-west-1\.api\.aws$`, c.text("endpoint"))
	assert.Equal(t, []string{"0.0.0.0/0", "::/0"}, c.block("vpcConfig").texts("publicAccessCidrs"))

	c, err = w.change(c, m{"tags": m{"team": "a"}})
	require.NoError(t, err)
	assert.Equal(t, services, c.block("kubernetesNetworkConfig").text("serviceIpv6Cidr"))
	_, err = w.change(c, m{"vpcConfig": with(v, m{"publicAccessCidrs": list("203.0.113.0/24", "2001:db8:ff::/48")})})
	require.NoError(t, err)
}

func TestIPv6ClustersAreRefusedAsEKSRefusesThem(t *testing.T) {
	t.Parallel()
	refuses(t, nil, []refusal{
		{"subnets without IPv6", func(w *world) error {
			return w.tryErr(clusterType, w.ipv6ClusterInputs(w.network()))
		}, "Subnets specified must have IPv6 CIDR blocks"},
		{"one subnet without IPv6", func(w *world) error {
			n := w.dualStack(w.network())
			_, err := w.change(n.private[1], m{"ipv6CidrBlock": nil, "assignIpv6AddressOnCreation": false})
			require.NoError(w.t, err)
			return w.tryErr(clusterType, w.ipv6ClusterInputs(n))
		}, "(without: "},
		{"an IPv4 service range", func(w *world) error {
			in := w.ipv6ClusterInputs(w.dualStack(w.network()))
			return w.tryErr(clusterType, with(in, m{"kubernetesNetworkConfig": m{"ipFamily": "ipv6", "serviceIpv4Cidr": "172.20.0.0/16"}}))
		}, "serviceIpv4Cidr cannot be specified"},
		{"an IPv6 range for an IPv4 cluster's endpoint", func(w *world) error {
			in := w.clusterInputs(w.network())
			v := with(in["vpcConfig"].(m), m{"endpointPublicAccess": true, "publicAccessCidrs": list("2001:db8::/32")})
			return w.tryErr(clusterType, with(in, m{"vpcConfig": v}))
		}, "invalid in publicAccessCidrs"},
	})
}

func TestNodesOfAnIPv6ClusterBecomeReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make(nodeGroupType, w.nodeGroupInputs(w.ipv6Ready(`{"env":{"ENABLE_PREFIX_DELEGATION":"true"}}`)))
	other := newWorld(t)
	other.make(nodeGroupType, other.nodeGroupInputs(other.ipv6Ready(""))) // EKS's own settings
}

func TestNodesThatCannotServeIPv6FailTheirGroup(t *testing.T) {
	t.Parallel()
	group := func(w *world, n network) error { return w.tryErr(nodeGroupType, w.nodeGroupInputs(n)) }
	refuses(t, nil, []refusal{
		{"subnets that assign no IPv6 address", func(w *world) error {
			n := w.ipv6Ready("")
			_, err := w.change(n.private[0], m{"assignIpv6AddressOnCreation": false})
			require.NoError(w.t, err)
			return group(w, n)
		}, "Ec2SubnetMissingIpv6Assignment"},
		{"a plugin without prefixes", func(w *world) error {
			return group(w, w.ipv6Ready(`{"env":{"ENABLE_PREFIX_DELEGATION":"false"}}`))
		}, "only in Prefix Delegation mode"},
		{"a plugin with custom networking", func(w *world) error {
			return group(w, w.ipv6Ready(`{"env":{"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG":"true"}}`))
		}, "Custom Networking is not supported in IPv6 mode"},
		{"instances that are not of the Nitro system", func(w *world) error {
			n := w.ipv6Ready("")
			return w.tryErr(nodeGroupType, with(w.nodeGroupInputs(n), m{"instanceTypes": list("m7i.large", "m4.large")}))
		}, "non-nitro instance m4.large"},
		{"a plugin with rights to IPv4 addresses only", func(w *world) error {
			n := w.dualStack(w.network())
			w.make(clusterType, w.ipv6ClusterInputs(n))
			w.nodeAddons()
			return group(w, n)
		}, "role cni lacks ec2:AssignIpv6Addresses"},
	})
}
