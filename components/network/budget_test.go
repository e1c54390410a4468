package network_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
)

// single is a node with 58 pods that have single addresses, on four interfaces.
var single = instancetype.Holding{PodAddresses: 62}

func plan(t require.TestingT, s network.Settings) network.Plan {
	p, problems := network.NewPlan(s)
	require.Empty(t, problems)
	return p
}

func TestSingleAddressesAreCountedAgainstThePrivateSubnets(t *testing.T) {
	t.Parallel()
	p := plan(t, network.Settings{CIDR: "10.16.0.0/20", Zones: zones(3)}) // private /22: 1019 usable, 987 for nodes
	rows, problems := network.Budget(p, []network.Demand{{Name: "general", Nodes: 30, MaxPods: 58, PerNode: single}})
	require.Empty(t, problems)
	require.Len(t, rows, 3)
	for _, r := range rows {
		assert.Equal(t, 987, r.Addresses)
		assert.Equal(t, 10*(58+4), r.AddressesNeeded)
		assert.Zero(t, r.Prefixes)
	}

	_, problems = network.Budget(p, []network.Demand{{Name: "general", Nodes: 46, MaxPods: 58, PerNode: single}})
	require.Len(t, problems, 1)
	assert.Equal(t, "cidr", problems[0].Path)
	assert.Contains(t, problems[0].Message, "10.16.0.0/22 in euw1-az1")
	assert.Contains(t, problems[0].Message, "general 46 nodes x 58 pods, 62 addresses")
	assert.Contains(t, problems[0].Message, "992 addresses where 987 are free")
}

func TestPrefixesAreCountedAgainstTheReservedRanges(t *testing.T) {
	t.Parallel()
	p := plan(t, network.Settings{CIDR: "10.16.0.0/18", Zones: zones(3)}) // private /20
	demand := network.Demand{Name: "spot", Nodes: 66, MaxPods: 110, PerNode: instancetype.Holding{Prefixes: 8, PodAddresses: 2}}
	rows, problems := network.Budget(p, []network.Demand{demand})
	require.Empty(t, problems)
	for _, r := range rows {
		assert.Equal(t, 191, r.Prefixes, "three quarters of 256, without the one that holds the subnet's last address")
		assert.Equal(t, 22*8, r.PrefixesNeeded, "seven prefixes for 110 pods, one kept warm")
		assert.Equal(t, 1024-4-32, r.Addresses)
		assert.Equal(t, 22*2, r.AddressesNeeded)
	}
	demand.Nodes = 72
	_, problems = network.Budget(p, []network.Demand{demand})
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0].Message, "192 prefixes of /28 where 191 fit")
}

func TestCustomNetworkingCountsNodesAndPodsInDifferentSubnets(t *testing.T) {
	t.Parallel()
	p := plan(t, network.Settings{CIDR: "10.16.0.0/22", Zones: zones(2), SecondaryCIDR: "100.64.0.0/20"})
	demand := network.Demand{Name: "g", Nodes: 20, MaxPods: 29, PerNode: instancetype.Holding{NodeAddresses: 1, PodAddresses: 33}}
	rows, problems := network.Budget(p, []network.Demand{demand})
	require.Empty(t, problems)
	require.Len(t, rows, 4)
	assert.Equal(t, network.TierPrivate, rows[0].Tier)
	assert.Equal(t, 10, rows[0].AddressesNeeded)
	assert.Equal(t, network.TierPods, rows[2].Tier)
	assert.Equal(t, 10*33, rows[2].AddressesNeeded)
	demand.Nodes = 64
	_, problems = network.Budget(p, []network.Demand{demand})
	require.Len(t, problems, 1)
	assert.Equal(t, "secondaryCidr", problems[0].Path)
}

func TestAGroupInOneZoneLoadsThatZoneAlone(t *testing.T) {
	t.Parallel()
	p := plan(t, network.Settings{CIDR: "10.16.0.0/16", Zones: zones(3)})
	rows, problems := network.Budget(p, []network.Demand{{Name: "db", Nodes: 7, MaxPods: 10, PerNode: instancetype.Holding{PodAddresses: 14}, Zones: []string{"euw1-az2"}}})
	require.Empty(t, problems)
	assert.Zero(t, rows[0].AddressesNeeded)
	assert.Equal(t, 7*14, rows[1].AddressesNeeded)
	assert.Zero(t, rows[2].AddressesNeeded)
}

func TestABudgetWithoutProblemsFitsAndMoreNodesNeverNeedLess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := plan(t, network.Settings{CIDR: "10.16.0.0/18", Zones: zones(rapid.IntRange(2, 4).Draw(t, "zones"))})
		d := network.Demand{
			Name: "g", Nodes: rapid.IntRange(0, 400).Draw(t, "nodes"), MaxPods: 29,
			PerNode: instancetype.Holding{PodAddresses: rapid.IntRange(1, 250).Draw(t, "addresses"), Prefixes: rapid.IntRange(0, 16).Draw(t, "prefixes")},
		}
		rows, problems := network.Budget(p, []network.Demand{d})
		fits := true
		for _, r := range rows {
			fits = fits && r.Fits()
		}
		require.Equal(t, fits, len(problems) == 0)
		d.Nodes++
		more, _ := network.Budget(p, []network.Demand{d})
		for i := range rows {
			require.GreaterOrEqual(t, more[i].AddressesNeeded+16*more[i].PrefixesNeeded, rows[i].AddressesNeeded+16*rows[i].PrefixesNeeded)
		}
	})
}

func TestWithIPv6OnlyNodesTakeAddresses(t *testing.T) {
	t.Parallel()
	p := plan(t, network.Settings{CIDR: "10.16.0.0/23", Zones: zones(3)}) // private /26: 59 usable, 27 for nodes
	demand := network.Demand{Name: "general", Nodes: 81, MaxPods: 110, PerNode: instancetype.Holding{NodeAddresses: 1}}
	rows, problems := network.Budget(p, []network.Demand{demand})
	require.Empty(t, problems)
	for _, r := range rows {
		assert.Equal(t, 27, r.Addresses, "no range is set aside for prefixes")
		assert.Equal(t, 27, r.AddressesNeeded)
		assert.Zero(t, r.Prefixes)
		assert.Zero(t, r.PrefixesNeeded)
	}
	demand.Nodes++
	_, problems = network.Budget(p, []network.Demand{demand})
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0].Message, "(general 82 nodes)")
	assert.Contains(t, problems[0].Message, "28 addresses where 27 are free; lower the groups' max, or use a larger range")
	assert.NotContains(t, problems[0].Message, "pods")
}
