package engine_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// ipv6 turns prod into an IPv6 cluster, and changes nothing else.
var ipv6 = edits{"prod": {"    name: prod\n", "    name: prod\n    ipFamily: ipv6\n"}}

func TestAnIPv6ClusterComesUpStaysAndGoes(t *testing.T) {
	t.Parallel()
	e := open(t, ipv6, rehearsal.Options{})
	comesUp(t, e, "prod")

	control, _ := e.object(prod, clusterType, "prod").Attributes["kubernetesNetworkConfig"].(attributes)
	assert.Equal(t, "ipv6", control["ipFamily"])
	out, err := e.platform().Outputs(t.Context(), "prod")
	require.NoError(t, err)
	contract, _ := out["contract"].(map[string]any)
	published, _ := contract["cluster"].(map[string]any)
	assert.Equal(t, "ipv6", published["ipFamily"])
	assert.Equal(t, control["serviceIpv6Cidr"], published["serviceCidr"])

	given, _ := e.object(prod, "aws:ec2/vpc:Vpc", "prod-vpc").Attributes["ipv6CidrBlock"].(string)
	vpc, err := netip.ParsePrefix(given)
	require.NoError(t, err)
	nodes := map[any]bool{}
	for _, group := range []string{"prod-system-nodes", "prod-general-nodes"} {
		subnets, _ := e.object(prod, nodeGroupType, group).Attributes["subnetIds"].([]any)
		for _, id := range subnets {
			nodes[id] = true
		}
	}
	assert.Len(t, nodes, 3)
	subnets := 0
	for _, o := range e.objects() {
		if o.Type != subnetType {
			continue
		}
		subnets++
		part, err := netip.ParsePrefix(o.Attributes["ipv6CidrBlock"].(string))
		require.NoError(t, err)
		assert.True(t, vpc.Contains(part.Addr()), "%s is not of %s", part, vpc)
		assert.Equal(t, nodes[o.ID], o.Attributes["assignIpv6AddressOnCreation"], o.ID)
	}
	assert.Equal(t, 9, subnets)

	made := e.operationsOn("prod", rehearsal.Create)
	made.of(routeType, "private-default-ipv6").before(made.of(nodeGroupType), "nodes must find their way out over IPv6")
	e.destroy("prod")
	gone := e.operationsOn("prod", rehearsal.Delete)
	gone.of(nodeGroupType).before(gone.of(routeType, "private-default-ipv6"), "nodes drain over IPv6, too")
	assert.Empty(t, e.objects())
}

func TestAnIPv4ClusterIsReplacedByAnIPv6OneInItsNetwork(t *testing.T) {
	t.Parallel()
	e := frozenStands(t).copied(t, nil)
	_, err := e.with(t, ipv6).platform().Preview(t.Context(), "prod", automation.PreviewOptions{})
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.ErrorContains(t, err, "prod-cluster: is protected")

	e.with(t, edits{"prod": {"    name: prod\n", "    name: prod\n    protect: false\n"}}).up("prod", automation.UpOptions{})
	plan := planOf(t, e.with(t, edits{"prod": {"    name: prod\n", "    name: prod\n    protect: false\n    ipFamily: ipv6\n"}}), "prod")
	for _, line := range []string{
		"replace aws:eks/cluster:Cluster prod-cluster [kubernetesNetworkConfig.ipFamily]",
		"replace aws:eks/nodeGroup:NodeGroup prod-system-nodes",
		// The VPC and its subnets are protected, and stay.
		"update aws:ec2/vpc:Vpc prod-vpc [assignGeneratedIpv6CidrBlock]",
		"update aws:ec2/subnet:Subnet prod-private-euw1-az1 [assignIpv6AddressOnCreation ipv6CidrBlock]",
		"update aws:ec2/subnet:Subnet prod-control-plane-euw1-az1 [ipv6CidrBlock]",
	} {
		assert.Contains(t, plan, line)
	}
}
