package stacks_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/stacks"
)

// edit changes one part of a configuration.
func edit(t *testing.T, config map[string]string, key string, change func(part map[string]any)) {
	t.Helper()
	var part map[string]any
	require.NoError(t, json.Unmarshal([]byte(config[key]), &part))
	change(part)
	text, err := json.Marshal(part)
	require.NoError(t, err)
	config[key] = string(text)
}

// ipv6Config is a stack's configuration with an IPv6 cluster.
func ipv6Config(t *testing.T, stack string) map[string]string {
	t.Helper()
	config := configOf(t, stack)
	edit(t, config, "eks-platform:cluster", func(c map[string]any) { c["ipFamily"] = "ipv6" })
	return config
}

// customGroup is a node group with an image of one's own, which must be told the service range.
const customGroup = `[{"name":"own","instanceTypes":["m7i.large"],"scaling":{"min":1,"max":2,"desired":1},` +
	`"ami":{"type":"CUSTOM","id":"ami-0123456789abcdef0","family":"al2023","architecture":"x86_64"}}]`

// nodeConfigOf returns the user data of the group that customGroup describes.
func nodeConfigOf(t *testing.T, regs ptest.Registrations, environment string) string {
	t.Helper()
	template, ok := regs.Named("aws:ec2/launchTemplate:LaunchTemplate", environment+"-own-template")
	require.True(t, ok)
	encoded, _ := template.Input("userData").(string)
	text, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	return string(text)
}

func TestAnIPv6ClusterGetsADualStackNetworkAndItsNodesTheServiceRange(t *testing.T) {
	t.Parallel()
	config := ipv6Config(t, "prod")
	config["eks-platform:nodeGroups"] = customGroup
	regs, err := run(t, "prod", false, ptest.WithConfig(config))
	require.NoError(t, err)

	control, ok := regs.Named("aws:eks/cluster:Cluster", "prod-cluster")
	require.True(t, ok)
	assert.Equal(t, map[string]any{"ipFamily": "ipv6"}, control.Input("kubernetesNetworkConfig"))
	subnets := regs.ByType("aws:ec2/subnet:Subnet")
	ranges := map[any]bool{}
	for _, s := range subnets {
		ranges[s.Input("ipv6CidrBlock")] = true
		assert.Equal(t, strings.HasPrefix(s.Name, "prod-private-"), s.Input("assignIpv6AddressOnCreation"), s.Name)
	}
	assert.Len(t, subnets, 9)
	assert.Len(t, ranges, 9, "every subnet has a range of its own")
	assert.Len(t, regs.ByType("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"), 1)
	assert.Empty(t, regs.ByType("aws:ec2/subnetCidrReservation:SubnetCidrReservation"))

	_, managed := regs.Named("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "prod-vpc-cni-AmazonEKS_CNI_Policy")
	assert.False(t, managed, "AWS's policy does not allow IPv6 addresses")
	assert.Contains(t, nodeConfigOf(t, regs, "prod"), "cidr: "+ptest.IPv6Services)
}

func TestAPreviewOfAnIPv6ClusterRegistersWhatAnUpdateDoes(t *testing.T) {
	t.Parallel()
	config := ipv6Config(t, "prod")
	update, err := run(t, "prod", false, ptest.WithConfig(config))
	require.NoError(t, err)
	preview, err := run(t, "prod", true, ptest.WithConfig(config))
	require.NoError(t, err)
	assert.Equal(t, update.Names(), preview.Names())
}

// ipv6Contract is what the owner of an IPv6 cluster publishes.
func ipv6Contract() ptest.Option {
	outputs := published()
	inner, _ := outputs["contract"].(map[string]any)
	c, _ := inner["cluster"].(map[string]any)
	c["ipFamily"], c["serviceCidr"] = "ipv6", "fd00:1::/108"
	return ptest.WithStackOutputs("organization/eks-platform/dev", outputs)
}

func TestAStackThatJoinsAnIPv6ClusterLearnsSoFromTheContract(t *testing.T) {
	t.Parallel()
	config := configOf(t, "stg")
	config["eks-platform:nodeGroups"] = customGroup
	regs, err := run(t, "stg", false, ptest.WithConfig(config), ipv6Contract())
	require.NoError(t, err)
	assert.Contains(t, nodeConfigOf(t, regs, "stg"), "cidr: fd00:1::/108")

	config["eks-platform:nodeGroups"] = strings.ReplaceAll(customGroup, "m7i.large", "m4.large")
	_, err = run(t, "stg", true, ptest.WithConfig(config))
	require.NoError(t, err, "an IPv4 cluster takes the type")
	_, err = run(t, "stg", true, ptest.WithConfig(config), ipv6Contract())
	assert.ErrorContains(t, err, "instanceTypes[0]: m4.large is not Nitro-based")
}

func TestWhatDoesNotGoWithIPv6IsRefusedBeforeAnythingRegisters(t *testing.T) {
	t.Parallel()
	config := ipv6Config(t, "prod")
	edit(t, config, "eks-platform:network", func(n map[string]any) { n["secondaryCidr"] = "100.64.0.0/16" })
	edit(t, config, "eks-platform:addons", func(a map[string]any) {
		cni, _ := a["vpcCni"].(map[string]any)
		cni["prefixDelegation"] = false
	})
	config["eks-platform:nodeGroups"] = strings.ReplaceAll(customGroup, "m7i.large", "m4.large")
	regs, err := run(t, "prod", true, ptest.WithConfig(config))
	require.Error(t, err)
	for _, want := range []string{
		"network.secondaryCidr: has no effect with cluster.ipFamily ipv6",
		"addons.vpcCni.prefixDelegation: must be on with ipFamily ipv6",
		"nodeGroups[0].instanceTypes[0]: m4.large is not Nitro-based",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.Empty(t, regs.WithTypePrefix("aws:"))
}

func TestTheServiceRangeOfIPv4HasNoMeaningOnAnIPv6Cluster(t *testing.T) {
	t.Parallel()
	config := ipv6Config(t, "prod")
	edit(t, config, "eks-platform:network", func(n map[string]any) { n["cidr"] = "172.20.0.0/16" }) // serviceCidr's default
	_, err := run(t, "prod", true, ptest.WithConfig(config))
	require.NoError(t, err)
}

func TestPodsOfAnIPv6ClusterTakeNothingFromTheBudget(t *testing.T) {
	t.Parallel()
	need := func(edits map[string][]string) (addresses, prefixes int) {
		e, err := stacks.LoadEstate(estate(t, edits))
		require.NoError(t, err)
		p, err := e.NetworkPlan("prod")
		require.NoError(t, err)
		for _, r := range p.Budget {
			addresses, prefixes = addresses+r.AddressesNeeded, prefixes+r.PrefixesNeeded
		}
		return addresses, prefixes
	}
	_, prefixes := need(nil)
	assert.NotZero(t, prefixes)
	addresses, prefixes := need(map[string][]string{"prod": {"    name: prod\n", "    name: prod\n    ipFamily: ipv6\n"}})
	assert.Zero(t, prefixes)
	assert.Equal(t, 3*(4*(1+1+9)+9*(1+1+18)), addresses, "6 and 20 nodes and 6 more of each group's update, in three zones: "+
		"each has an address, and so have its trunk interface and the branches of that")
}
