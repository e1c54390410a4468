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
		ENIs: 3, IPv4PerENI: 10, Nitro: true,
	}, lookup(t, "m7g.large"))
	assert.Equal(t, 1, lookup(t, "g6.xlarge").GPUs)
	assert.Zero(t, lookup(t, "g4ad.xlarge").GPUs, "an AMD GPU does not run on the NVIDIA driver")
	assert.Zero(t, lookup(t, "inf2.xlarge").GPUs, "Inferentia is no GPU")
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
			assert.Equal(t, c.addressable, instancetype.Addressable(typ, false))
			assert.Equal(t, c.plain, instancetype.MaxPods(typ, false))
			assert.Equal(t, c.prefixDelegated, instancetype.MaxPods(typ, true))
		})
	}
}

func TestATypeWithoutNetworkFactsHasNoMaxPods(t *testing.T) {
	t.Parallel()
	assert.Zero(t, instancetype.MaxPods(lookup(t, "g3.4xlarge"), true))
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
