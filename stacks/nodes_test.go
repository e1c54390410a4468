package stacks_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/stacks"
)

// families is a node group for every family of images, by its name.
const families = `[
	{"name":"al2023","instanceTypes":["m6i.large"],"scaling":{"min":1,"max":2,"desired":1},"ami":{"type":"AL2023_x86_64_STANDARD","release":"1.35.8-20260930"}},
	{"name":"bottlerocket","instanceTypes":["m6i.large"],"scaling":{"min":1,"max":2,"desired":1},"ami":{"type":"BOTTLEROCKET_x86_64","release":"1.66.0-1ad6b4a4"}},
	{"name":"custom","instanceTypes":["m6i.large"],"scaling":{"min":1,"max":2,"desired":1},"ami":{"type":"CUSTOM","id":"ami-0123456789abcdef0","family":"al2023","architecture":"x86_64"}}
]`

// TestMaxPodsAreWhatTheNetworkPluginLeaves holds max pods to the plugin's settings wherever they are told: to nodes of
// every image, by the owner of a cluster and by whoever joins it, whose contract says as much as the owner's file.
func TestMaxPodsAreWhatTheNetworkPluginLeaves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		prefixes, apart, branches bool
		want                      int // on an m6i.large: three interfaces of ten addresses
	}{
		{true, true, true, 110},
		{false, false, false, 29},
		{false, true, false, 20},
		{false, false, true, 20},
		{false, true, true, 11},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			t.Parallel()
			owner := configOf(t, "prod")
			owner["eks-platform:nodeGroups"] = families
			edit(t, owner, "eks-platform:addons", func(a map[string]any) {
				cni, _ := a["vpcCni"].(map[string]any)
				cni["prefixDelegation"], cni["podSecurityGroups"] = c.prefixes, c.branches
			})
			if !c.branches {
				edit(t, owner, "eks-platform:tenancy", func(s map[string]any) { delete(s, "tenants") })
			}
			if c.apart {
				edit(t, owner, "eks-platform:network", func(n map[string]any) { n["secondaryCidr"] = "100.64.0.0/16" })
			}
			regs, err := run(t, "prod", false, ptest.WithConfig(owner))
			require.NoError(t, err)
			assertMaxPods(t, regs, "prod", c.want)

			joiner := configOf(t, "stg")
			joiner["eks-platform:nodeGroups"] = families
			outputs := published()
			inner, _ := outputs["contract"].(map[string]any)
			control, _ := inner["cluster"].(map[string]any)
			control["prefixDelegation"], control["podSecurityGroups"], control["customNetworking"] = c.prefixes, c.branches, c.apart
			regs, err = run(t, "stg", false, ptest.WithConfig(joiner), ptest.WithStackOutputs("organization/eks-platform/dev", outputs))
			require.NoError(t, err)
			assertMaxPods(t, regs, "stg", c.want)

			// An owner that has not been updated since the member is there.
			delete(control, "customNetworking")
			if net, _ := inner["network"].(map[string]any); c.apart {
				net["vpcCidrs"] = []any{"10.16.0.0/16", "100.64.0.0/16"}
			}
			regs, err = run(t, "stg", false, ptest.WithConfig(joiner), ptest.WithStackOutputs("organization/eks-platform/dev", outputs))
			require.NoError(t, err)
			assertMaxPods(t, regs, "stg", c.want)
		})
	}
}

// assertMaxPods asserts what the nodes of families, and a preview's reader, are told.
func assertMaxPods(t *testing.T, regs ptest.Registrations, environment string, want int) {
	t.Helper()
	for name, line := range map[string]string{"al2023": "maxPods: %d\n", "bottlerocket": "max-pods = %d\n", "custom": "maxPods: %d\n"} {
		template, ok := regs.Named("aws:ec2/launchTemplate:LaunchTemplate", environment+"-"+name+"-template")
		require.True(t, ok)
		group, ok := regs.Named(nodegroup.Type, environment+"-"+name)
		require.True(t, ok)
		assert.EqualValues(t, want, group.Input("maxPods"))
		encoded, _ := template.Input("userData").(string)
		text, err := base64.StdEncoding.DecodeString(encoded)
		require.NoError(t, err)
		assert.Contains(t, string(text), fmt.Sprintf(line, want), name)
		if name == "al2023" && want < 29 {
			assert.Contains(t, string(text), fmt.Sprintf("--max-pods=%d\n", want), "EKS's own part comes last and says 29")
		}
	}
}

// The figures of an owner of a /19 with sixteen warm prefixes: a node holds seven for 110 pods and the warm ones.
func TestTheBudgetHoldsWhatAnUpdateAndTheNetworkPluginKeep(t *testing.T) {
	t.Parallel()
	need := func(scaling string, cni string) (addresses, prefixes int) {
		e, err := stacks.LoadEstate(estate(t, map[string][]string{"prod": {
			"scaling: {min: 3, max: 6, desired: 3}", scaling,
			"scaling: {min: 3, max: 20, desired: 3, autoscaled: true}", "scaling: {min: 1, max: 1, desired: 1}",
			"      podSecurityGroups: true\n", cni, "        podSecurityGroup: {}\n", "",
		}}))
		require.NoError(t, err)
		p, err := e.NetworkPlan("prod")
		require.NoError(t, err)
		return p.Budget[0].AddressesNeeded, p.Budget[0].PrefixesNeeded
	}
	// The other group has one node and six of its update: three in a zone.
	_, one := need("scaling: {min: 3, max: 6, desired: 3}", "")
	assert.Equal(t, (4+3)*8, one, "six nodes and six of a rolling update in three zones, with one warm prefix each")
	_, sixteen := need("scaling: {min: 3, max: 6, desired: 3}", "      warmPrefixTarget: 16\n")
	assert.Equal(t, (4+3)*23, sixteen)
	_, many := need("scaling: {min: 12, max: 12, desired: 12}", "")
	assert.Equal(t, (8+3)*8, many, "a group that is replaced stands beside its successor")
	whole, none := need("scaling: {min: 3, max: 6, desired: 3}", "      prefixDelegation: false\n")
	assert.Zero(t, none)
	assert.Equal(t, 4*30+3*60, whole, "interfaces with all of their addresses")
}

// Pods leave the second range in two steps, so that no subnet or reservation goes under a running node, wherever it
// stands: first the plugin and the nodes, then the range.
func TestPodsLeaveTheSecondRangeBeforeItGoes(t *testing.T) {
	t.Parallel()
	shapes := map[string]struct{ apart, reservedApart, reservedBeside bool }{}
	for name, value := range map[string]any{"on": nil, "leaving": false} {
		config := configOf(t, "prod")
		edit(t, config, "eks-platform:network", func(n map[string]any) { n["secondaryCidr"] = "100.64.0.0/16" })
		edit(t, config, "eks-platform:addons", func(a map[string]any) {
			cni, _ := a["vpcCni"].(map[string]any)
			if cni["customNetworking"] = value; value == nil {
				delete(cni, "customNetworking")
			}
		})
		regs, err := run(t, "prod", false, ptest.WithConfig(config))
		require.NoError(t, err)
		addon, ok := regs.Named("aws:eks/addon:Addon", "prod-vpc-cni")
		require.True(t, ok)
		text, _ := addon.Input("configurationValues").(string)
		shape := shapes[name]
		shape.apart = strings.Contains(text, "eniConfig")
		for _, n := range regs.Names() {
			shape.reservedApart = shape.reservedApart || n == "prod-pods-euw1-az1-upper-half"
			shape.reservedBeside = shape.reservedBeside || n == "prod-private-euw1-az1-upper-half"
		}
		pods := 0
		for _, r := range regs.ByType("aws:ec2/subnet:Subnet") {
			if strings.HasPrefix(r.Name, "prod-pods-") {
				pods++
			}
		}
		assert.Equal(t, 3, pods, "%s: the subnets stay as long as the range", name)
		shapes[name] = shape
	}
	assert.Equal(t, map[string]struct{ apart, reservedApart, reservedBeside bool }{
		"on": {true, true, false}, "leaving": {false, true, true},
	}, shapes)
}

func TestPodsThatNoGroupCanRunAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		edits map[string][]string
		want  string
	}{
		"a tenant's security group where no type has a trunk": {
			map[string][]string{"prod": {"[m6i.large]", "[t3.large]", "[m7g.xlarge, m6g.xlarge]", "[t4g.xlarge]"}},
			"tenancy.tenants[0].podSecurityGroup: no node group that takes the tenant's pods",
		},
		"security groups of pods on a cluster without a trunk": {
			map[string][]string{"prod": {
				"[m6i.large]", "[t3.large]", "[m7g.xlarge, m6g.xlarge]", "[t4g.xlarge]", "        podSecurityGroup: {}\n", "",
			}},
			"addons.vpcCni.podSecurityGroups: no node group on the cluster",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := stacks.LoadEstate(estate(t, c.edits))
			assert.ErrorContains(t, err, c.want)
		})
	}
	config := configOf(t, "dev")
	var groups []map[string]any
	require.NoError(t, json.Unmarshal([]byte(config["eks-platform:nodeGroups"]), &groups))
	groups = append(groups, map[string]any{
		"name": "idle", "instanceTypes": []string{"m6i.large"}, "scaling": map[string]int{"min": 1, "max": 1, "desired": 1},
		"ami":    map[string]string{"type": "BOTTLEROCKET_x86_64", "release": "1.66.0-1ad6b4a4"},
		"taints": []map[string]string{{"key": "team", "value": "a", "effect": "NoSchedule"}},
	})
	text, err := json.Marshal(groups)
	require.NoError(t, err)
	config["eks-platform:nodeGroups"] = string(text)
	_, err = run(t, "dev", true, ptest.WithConfig(config))
	assert.ErrorContains(t, err, fmt.Sprintf("nodeGroups[%d].taints: no pod would run on this group", len(groups)-1))
}
