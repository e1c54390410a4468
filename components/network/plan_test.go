package network_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eks-platform/eks-platform/components/network"
)

func zones(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("euw1-az%d", i+1))
	}
	return out
}

// drawSettings draws ranges and prefix lengths, with and without overrides, that NewPlan may accept or refuse.
func drawSettings(t *rapid.T) network.Settings {
	bits := rapid.IntRange(16, 28).Draw(t, "bits")
	s := network.Settings{
		CIDR:  netip.PrefixFrom(netip.MustParseAddr("10.16.0.0"), bits).String(),
		Zones: zones(rapid.IntRange(2, 4).Draw(t, "zones")),
	}
	if rapid.Bool().Draw(t, "own private prefix") {
		s.PrivatePrefix = rapid.IntRange(17, 28).Draw(t, "privatePrefix")
	}
	if rapid.Bool().Draw(t, "own public prefix") {
		s.PublicPrefix = rapid.IntRange(17, 27).Draw(t, "publicPrefix")
	}
	if rapid.Bool().Draw(t, "secondary") {
		s.SecondaryCIDR = netip.PrefixFrom(netip.MustParseAddr("100.64.0.0"), rapid.IntRange(16, 26).Draw(t, "q")).String()
		if rapid.Bool().Draw(t, "own pod prefix") {
			s.PodPrefix = rapid.IntRange(17, 28).Draw(t, "podPrefix")
		}
	}
	return s
}

func TestSubnetsNeverOverlapAndLieInTheirRange(t *testing.T) {
	t.Parallel()
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawSettings(t)
		plan, problems := network.NewPlan(s)
		if len(problems) > 0 {
			require.Empty(t, plan.Rows)
			return
		}
		accepted++
		addresses := 0
		for i, r := range plan.Rows {
			within := plan.VPC
			if r.Tier == network.TierPods {
				within = plan.Secondary
			}
			require.True(t, within.Contains(r.CIDR.Addr()) && r.CIDR.Bits() > within.Bits(), "%s in %s", r.CIDR, within)
			require.Equal(t, r.CIDR.Masked(), r.CIDR, "aligned")
			require.LessOrEqual(t, r.CIDR.Bits(), 28)
			require.Equal(t, 1<<(32-r.CIDR.Bits())-5, r.Usable)
			for _, other := range plan.Rows[i+1:] {
				require.False(t, r.CIDR.Overlaps(other.CIDR), "%s %s", r.CIDR, other.CIDR)
			}
			addresses += 1 << (32 - r.CIDR.Bits())
		}
		for i, spare := range plan.Spare {
			for _, r := range plan.Rows {
				require.False(t, spare.Overlaps(r.CIDR))
			}
			for _, other := range plan.Spare[i+1:] {
				require.False(t, spare.Overlaps(other))
			}
			addresses += 1 << (32 - spare.Bits())
		}
		whole := 1 << (32 - plan.VPC.Bits())
		if plan.CustomNetworking() {
			whole += 1 << (32 - plan.Secondary.Bits())
		}
		require.Equal(t, whole, addresses, "subnets and spare ranges make up the whole")
		for _, tier := range []network.Tier{network.TierPrivate, network.TierPublic, network.TierControlPlane} {
			require.Len(t, plan.Tier(tier), len(s.Zones))
		}
	})
	require.NotZero(t, accepted, "no drawn settings were accepted; this test checks nothing")
}

func TestAZoneAppendedLaterMovesNoSubnet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := network.Settings{CIDR: netip.PrefixFrom(netip.MustParseAddr("10.16.0.0"), rapid.IntRange(16, 22).Draw(t, "bits")).String()}
		before, after := 2, rapid.IntRange(3, 4).Draw(t, "zones after")
		vpc := netip.MustParsePrefix(s.CIDR)
		if vpc.Bits() > 17 {
			after = 3 // a smaller VPC keeps no room for a fourth zone
		} else {
			before = rapid.IntRange(2, after-1).Draw(t, "zones before")
			if rapid.Bool().Draw(t, "pods") {
				s.SecondaryCIDR = "100.64.0.0/16"
			}
		}
		s.Zones = zones(before)
		old, problems := network.NewPlan(s)
		require.Empty(t, problems)
		s.Zones = zones(after)
		grown, problems := network.NewPlan(s)
		require.Empty(t, problems)
		for _, r := range old.Rows {
			require.Contains(t, grown.Rows, r)
		}
	})
}

func TestPrivateSubnetsAreAtLeastATwentyWhereTheVPCAllows(t *testing.T) {
	t.Parallel()
	tests := []struct {
		cidr                   string
		zones, private, public int
	}{
		{"10.16.0.0/16", 3, 19, 22},
		{"10.16.0.0/16", 4, 19, 22},
		{"10.16.0.0/17", 2, 20, 23},
		{"10.16.0.0/17", 4, 20, 23},
		{"10.16.0.0/18", 3, 20, 24},
		{"10.16.0.0/18", 4, 21, 24},
		{"10.16.0.0/20", 3, 22, 26},
		{"10.16.0.0/23", 3, 26, 27},
		{"10.16.0.0/24", 2, 26, 27},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s in %d zones", tt.cidr, tt.zones), func(t *testing.T) {
			t.Parallel()
			plan, problems := network.NewPlan(network.Settings{CIDR: tt.cidr, Zones: zones(tt.zones)})
			require.Empty(t, problems)
			for _, r := range plan.Tier(network.TierPrivate) {
				assert.Equal(t, tt.private, r.CIDR.Bits())
			}
			for _, r := range plan.Tier(network.TierPublic) {
				assert.Equal(t, tt.public, r.CIDR.Bits())
			}
			for _, r := range plan.Tier(network.TierControlPlane) {
				assert.Equal(t, 28, r.CIDR.Bits())
				assert.Equal(t, 11, r.Usable)
			}
		})
	}
}

// The ranges of a live network: a change here replaces subnets of every environment.
func TestThePlanOfASixteenDoesNotChange(t *testing.T) {
	t.Parallel()
	plan, problems := network.NewPlan(network.Settings{
		CIDR: "10.16.0.0/16", Zones: zones(3), SecondaryCIDR: "100.64.0.0/16",
	})
	require.Empty(t, problems)
	raw, err := json.Marshal(plan)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"vpc": "10.16.0.0/16", "secondary": "100.64.0.0/16",
		"rows": [
			{"zone": "euw1-az1", "tier": "private", "cidr": "10.16.0.0/19", "usable": 8187},
			{"zone": "euw1-az2", "tier": "private", "cidr": "10.16.32.0/19", "usable": 8187},
			{"zone": "euw1-az3", "tier": "private", "cidr": "10.16.64.0/19", "usable": 8187},
			{"zone": "euw1-az1", "tier": "public", "cidr": "10.16.248.0/22", "usable": 1019},
			{"zone": "euw1-az2", "tier": "public", "cidr": "10.16.244.0/22", "usable": 1019},
			{"zone": "euw1-az3", "tier": "public", "cidr": "10.16.240.0/22", "usable": 1019},
			{"zone": "euw1-az1", "tier": "control-plane", "cidr": "10.16.255.240/28", "usable": 11},
			{"zone": "euw1-az2", "tier": "control-plane", "cidr": "10.16.255.224/28", "usable": 11},
			{"zone": "euw1-az3", "tier": "control-plane", "cidr": "10.16.255.208/28", "usable": 11},
			{"zone": "euw1-az1", "tier": "pods", "cidr": "100.64.0.0/18", "usable": 16379},
			{"zone": "euw1-az2", "tier": "pods", "cidr": "100.64.64.0/18", "usable": 16379},
			{"zone": "euw1-az3", "tier": "pods", "cidr": "100.64.128.0/18", "usable": 16379}
		],
		"spare": ["10.16.96.0/19", "10.16.128.0/18", "10.16.192.0/19", "10.16.224.0/20", "10.16.252.0/23", "10.16.254.0/24",
			"10.16.255.0/25", "10.16.255.128/26", "10.16.255.192/28", "100.64.192.0/18"]
	}`, string(raw))

	plan.Secondary = netip.Prefix{}
	raw, err = json.Marshal(plan)
	require.NoError(t, err)
	assert.NotContains(t, string(raw), "secondary")
}
