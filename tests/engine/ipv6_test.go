package engine_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
)

// ipv6 turns prod into an IPv6 cluster, and changes nothing else.
var ipv6 = edits{"prod": {"    name: prod\n", "    name: prod\n    ipFamily: ipv6\n"}}

func TestAnIPv6ClusterComesUpStaysAndGoes(t *testing.T) {
	t.Parallel()
	e := open(t, ipv6, automation.RehearsalOptions{})
	comesUp(t, e, "prod")

	control, _ := e.object(prod, "aws:eks/cluster:Cluster", "prod").Attributes["kubernetesNetworkConfig"].(attributes)
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
		subnets, _ := e.object(prod, "aws:eks/nodeGroup:NodeGroup", group).Attributes["subnetIds"].([]any)
		for _, id := range subnets {
			nodes[id] = true
		}
	}
	assert.Len(t, nodes, 3)
	subnets := 0
	for _, o := range e.objects() {
		if o.Type != "aws:ec2/subnet:Subnet" {
			continue
		}
		subnets++
		part, err := netip.ParsePrefix(o.Attributes["ipv6CidrBlock"].(string))
		require.NoError(t, err)
		assert.True(t, vpc.Contains(part.Addr()), "%s is not of %s", part, vpc)
		assert.Equal(t, nodes[o.ID], o.Attributes["assignIpv6AddressOnCreation"], o.ID)
	}
	assert.Equal(t, 9, subnets)

	e.destroy("prod")
	assert.Empty(t, e.objects())
}
