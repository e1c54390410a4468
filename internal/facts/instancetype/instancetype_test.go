package instancetype_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
)

func lookup(t *testing.T, name string) instancetype.Type {
	t.Helper()
	found, ok := instancetype.Lookup(name)
	require.True(t, ok, name)
	return found
}

func TestATypeHasTheHardwareThatAWSPublishes(t *testing.T) {
	t.Parallel()
	assert.Equal(t, instancetype.Type{
		Name: "m7g.large", VCPUs: 2, MemoryMiB: 8192, Archs: []instancetype.Arch{instancetype.Arm},
		ENIs: 3, IPv4PerENI: 10, Branches: 9, Nitro: true,
	}, lookup(t, "m7g.large"))
	assert.Equal(t, 1, lookup(t, "g6.xlarge").GPUs)
	assert.Zero(t, lookup(t, "g4ad.xlarge").GPUs, "an AMD GPU does not run on the NVIDIA driver")
	assert.Equal(t, "L4", lookup(t, "g6.xlarge").GPUModel)
	assert.Zero(t, lookup(t, "inf2.xlarge").GPUs, "Inferentia is no GPU")
	assert.Equal(t, 1, lookup(t, "inf2.xlarge").Neurons)
	assert.Equal(t, 1, lookup(t, "m6id.large").Disks)
	assert.Zero(t, lookup(t, "m6i.large").Disks)
	assert.Zero(t, lookup(t, "t3.large").Branches, "burstable types have no trunk interface")
	assert.True(t, lookup(t, "m5.large").Supports(instancetype.X86))
	assert.False(t, lookup(t, "m5.large").Supports(instancetype.Arm))
	assert.Equal(t, "c7i-flex", lookup(t, "c7i-flex.large").Family())
}

// The expected numbers are AWS's own: eni-max-pods.txt and max-pods-calculator.sh.
func TestMaxPodsIsWhatAWSsCalculatorSays(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name                   string
		addressable            int
		plain, prefixDelegated int
	}{
		{"m5.large", 29, 29, 110},
		{"t3.medium", 17, 17, 110},
		{"c6g.medium", 8, 8, 98},
		{"m5.4xlarge", 234, 110, 110},
		{"m5.8xlarge", 234, 234, 250},
		{"m5.24xlarge", 737, 250, 250},
		// Only the default network card carries pods.
		{"c6in.32xlarge", 394, 250, 250},
		{"p5.48xlarge", 100, 100, 250},
		// Not on the Nitro system: single addresses, whatever the CNI is told.
		{"t2.medium", 17, 17, 17},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			typ := lookup(t, c.name)
			single, prefixes := instancetype.Networking{}, instancetype.Networking{PrefixDelegation: true}
			assert.Equal(t, c.addressable, instancetype.Addressable(typ, single))
			assert.Equal(t, c.plain, instancetype.MaxPods(typ, single))
			assert.Equal(t, c.prefixDelegated, instancetype.MaxPods(typ, prefixes))
		})
	}
}

// Interfaces that carry no pods: max-pods-calculator.sh --cni-custom-networking-enabled, and the trunk interface.
func TestInterfacesWithoutPodsCountForNone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"m6i.large", "c6g.medium", "m5.4xlarge", "t3.large", "t2.medium", "m5.24xlarge"} {
		typ := lookup(t, name)
		for _, n := range []instancetype.Networking{
			{}, {PrefixDelegation: true}, {CustomNetworking: true}, {PodSecurityGroups: true},
			{CustomNetworking: true, PodSecurityGroups: true}, {PrefixDelegation: true, CustomNetworking: true, PodSecurityGroups: true},
		} {
			carrying, each := typ.ENIs, typ.IPv4PerENI-1
			if n.CustomNetworking {
				carrying--
			}
			if n.PodSecurityGroups && typ.Branches > 0 {
				carrying--
			}
			if n.PrefixDelegation && typ.Nitro {
				each *= 16
			}
			assert.Equal(t, carrying*each+2, instancetype.Addressable(typ, n), "%s %+v", name, n)
		}
	}
	large := lookup(t, "m6i.large")
	assert.Equal(t, 20, instancetype.MaxPods(large, instancetype.Networking{CustomNetworking: true}))
	assert.Equal(t, 11, instancetype.MaxPods(large, instancetype.Networking{CustomNetworking: true, PodSecurityGroups: true}))
	assert.Equal(t, 110, instancetype.MaxPods(large, instancetype.Networking{PrefixDelegation: true, IPv6: true, PodSecurityGroups: true}))
}

func TestANodeHoldsWhatTheCNIKeepsReady(t *testing.T) {
	t.Parallel()
	large, medium := lookup(t, "m6i.large"), lookup(t, "c6g.medium")
	cases := []struct {
		name string
		typ  instancetype.Type
		on   instancetype.Networking
		pods int
		want instancetype.Holding
	}{
		{"a warm prefix", large, instancetype.Networking{PrefixDelegation: true}, 110, instancetype.Holding{Prefixes: 8, PodAddresses: 1}},
		{"sixteen", large, instancetype.Networking{PrefixDelegation: true, WarmPrefixes: 16}, 110, instancetype.Holding{Prefixes: 23, PodAddresses: 3}},
		{"as many as its interfaces take", medium, instancetype.Networking{PrefixDelegation: true, WarmPrefixes: 16}, 98, instancetype.Holding{Prefixes: 6, PodAddresses: 2}},
		{"whole interfaces and a warm one", large, instancetype.Networking{}, 9, instancetype.Holding{PodAddresses: 20}},
		{"no more than it can have", large, instancetype.Networking{}, 29, instancetype.Holding{PodAddresses: 30}},
		{"pods apart", large, instancetype.Networking{CustomNetworking: true}, 20, instancetype.Holding{NodeAddresses: 1, PodAddresses: 20}},
		{"a trunk and its branches", large, instancetype.Networking{PrefixDelegation: true, PodSecurityGroups: true}, 110, instancetype.Holding{Prefixes: 8, PodAddresses: 11}},
		{"no trunk", lookup(t, "t3.large"), instancetype.Networking{PrefixDelegation: true, PodSecurityGroups: true}, 110, instancetype.Holding{Prefixes: 8, PodAddresses: 1}},
		{"IPv6", large, instancetype.Networking{PrefixDelegation: true, IPv6: true}, 110, instancetype.Holding{NodeAddresses: 1}},
		{"not of the Nitro system", lookup(t, "t2.medium"), instancetype.Networking{PrefixDelegation: true, WarmPrefixes: 16}, 17, instancetype.Holding{PodAddresses: 18}},
	}
	for _, c := range cases {
		assert.Equal(t, c.want, instancetype.Hold(c.typ, c.on, c.pods), c.name)
	}
	unknown := instancetype.Hold(instancetype.Type{}, instancetype.Networking{}, 100)
	assert.Greater(t, unknown.PodAddresses, 100, "an unlisted type has room for its pods")
}

func TestATypeWithoutNetworkFactsHasNoMaxPods(t *testing.T) {
	t.Parallel()
	assert.Zero(t, instancetype.MaxPods(lookup(t, "g3.4xlarge"), instancetype.Networking{PrefixDelegation: true}))
}

func TestAMistypedNameLeadsToTheTypeThatWasMeant(t *testing.T) {
	t.Parallel()
	for typed, meant := range map[string]string{
		"m5.lage": "m5.large", "M6I.large": "m6i.large", "c7g.2xlage": "c7g.2xlarge", "t3.meduim": "t3.medium",
	} {
		_, ok := instancetype.Lookup(typed)
		assert.False(t, ok, typed)
		assert.Equal(t, meant, instancetype.Nearest(typed))
	}
	assert.Empty(t, instancetype.Nearest("a completely different thing"))
}

func TestTheTableStaysSmall(t *testing.T) {
	t.Parallel()
	info, err := os.Stat("types.csv")
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(150<<10))
}
