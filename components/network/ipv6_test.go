package network_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

const egressOnlyType = "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"

// dualStack is a network of an IPv6 cluster with endpoints, in some zones.
func dualStack(zoneCount int) network.Args {
	args := validArgs()
	args.Zones = zones(zoneCount)
	args.Endpoints.Preset = network.PresetBase
	args.PrefixDelegation, args.IPv6 = true, true
	return args
}

func TestWithIPv6EverySubnetHasARangeOfTheVPCsAndOnlyThoseOfNodesAssignAddresses(t *testing.T) {
	t.Parallel()
	regs := build(t, false, dualStack(3))
	assert.Equal(t, true, named(t, regs, vpcType, "dev-vpc").Input("assignGeneratedIpv6CidrBlock"))
	for name, want := range map[string]string{
		"private-euw1-az1": "2001:db8:0:ab00::/64", "private-euw1-az2": "2001:db8:0:ab01::/64", "private-euw1-az3": "2001:db8:0:ab02::/64",
		"public-euw1-az1": "2001:db8:0:ab08::/64", "public-euw1-az2": "2001:db8:0:ab09::/64", "public-euw1-az3": "2001:db8:0:ab0a::/64",
		"control-plane-euw1-az1": "2001:db8:0:ab10::/64", "control-plane-euw1-az2": "2001:db8:0:ab11::/64", "control-plane-euw1-az3": "2001:db8:0:ab12::/64",
	} {
		s := named(t, regs, subnetType, "dev-"+name)
		assert.Equal(t, want, s.Input("ipv6CidrBlock"), name)
		assert.Equal(t, strings.HasPrefix(name, "private-"), s.Input("assignIpv6AddressOnCreation"), name)
	}
	assert.Empty(t, regs.ByType(reservationType), "prefixes come from the IPv6 ranges")
}

func TestAZoneAppendedMovesNoIPv6Range(t *testing.T) {
	t.Parallel()
	before, after := build(t, false, dualStack(2)), build(t, false, dualStack(3))
	for _, s := range before.ByType(subnetType) {
		assert.Equal(t, s.Input("ipv6CidrBlock"), named(t, after, subnetType, s.Name).Input("ipv6CidrBlock"), s.Name)
	}
	assert.NotEmpty(t, before.ByType(subnetType))
}

func TestIPv6RangesAreUnknownWhileTheVPCIs(t *testing.T) {
	t.Parallel()
	subnets := build(t, true, dualStack(3)).ByType(subnetType)
	assert.Len(t, subnets, 9)
	for _, s := range subnets {
		assert.True(t, s.Inputs["ipv6CidrBlock"].IsComputed(), s.Name)
		assert.NotEmpty(t, s.Input("cidrBlock"), s.Name)
	}
}

func TestIPv6LeavesPrivateSubnetsThroughAnEgressOnlyGatewayAndPublicOnesThroughTheInternetGateway(t *testing.T) {
	t.Parallel()
	regs := build(t, false, dualStack(3))
	gateway := named(t, regs, egressOnlyType, "dev-eigw")
	assert.Equal(t, "dev-vpc-id", gateway.Input("vpcId"))
	after := named(t, regs, logGroupType, "after-egress")
	for _, zone := range zones(3) {
		r := named(t, regs, routeType, "dev-private-default-ipv6-"+zone)
		assert.Equal(t, "::/0", r.Input("destinationIpv6CidrBlock"))
		assert.Equal(t, "dev-eigw-id", r.Input("egressOnlyGatewayId"))
		assert.Equal(t, "dev-private-"+zone+"-id", r.Input("routeTableId"))
		assert.True(t, after.DependsOn(r.URN), "nodes need %s", r.Name)
	}
	public := named(t, regs, routeType, "dev-public-default-ipv6")
	assert.Equal(t, "::/0", public.Input("destinationIpv6CidrBlock"))
	assert.Equal(t, "dev-igw-id", public.Input("gatewayId"))
	assert.False(t, after.DependsOn(public.URN), "nodes need no way into public subnets")
}

func TestWithoutNATThereIsNoEgressOverIPv6Either(t *testing.T) {
	t.Parallel()
	args := dualStack(3)
	args.NAT = network.NATNone
	regs := build(t, false, args)
	assert.Empty(t, regs.ByType(egressOnlyType))
	for _, r := range regs.ByType(routeType) {
		assert.NotContains(t, r.Name, "private", r.URN)
	}
	named(t, regs, routeType, "dev-public-default-ipv6")
}

func TestWithoutIPv6NothingOfItIsRegistered(t *testing.T) {
	t.Parallel()
	for _, r := range build(t, false, fullArgs()) {
		assert.NotContains(t, r.Name, "ipv6", r.URN)
		for _, key := range []string{"assignGeneratedIpv6CidrBlock", "ipv6CidrBlock", "assignIpv6AddressOnCreation"} {
			assert.Nil(t, r.Input(key), "%s of %s", key, r.URN)
		}
	}
}

func TestARangeThatAmazonWouldNotGiveIsRefused(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"2001:db8::/63", "10.0.0.0/16", ""} {
		_, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
			_, err := network.New(ctx, "dev", new(dualStack(2)))
			return err
		}, ptest.WithOutputs(vpcType, func(string, resource.PropertyMap) map[string]any {
			return map[string]any{"ipv6CidrBlock": given}
		}))
		require.ErrorContains(t, err, "which has no room for subnets of /64")
	}
}
