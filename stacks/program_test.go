package stacks_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/stacks"
)

// configOf returns a stack file's configuration as the engine passes it to a program.
func configOf(t *testing.T, stack string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(estatetest.Dir(), "Pulumi."+stack+".yaml"))
	require.NoError(t, err)
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(raw, &file))
	out := map[string]string{}
	for key, value := range file.Config {
		if text, ok := value.(string); ok {
			out[key] = text
			continue
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		out[key] = string(text)
	}
	return out
}

// published is what dev publishes, as a StackReference returns it.
func published() map[string]any {
	return map[string]any{"contract": map[string]any{
		"version": contract.Version, "environment": "dev", "accountId": "111111111111", "region": "eu-west-1",
		"cluster": map[string]any{
			"name": "nonprod", "arn": "arn:aws:eks:eu-west-1:111111111111:cluster/nonprod", "version": "1.35",
			"kubeconfig": "{}", "serviceCidr": "172.20.0.0/16", "prefixDelegation": true,
			"oidcIssuer": "oidc.eks.eu-west-1.amazonaws.com/id/X", "oidcProviderArn": "arn:aws:iam::111111111111:oidc-provider/x",
			"securityGroupId": "sg-1", "networkPolicy": true, "secretsDriver": true, "fluentBit": true,
			"logGroupName": "/aws/eks/nonprod/cluster",
		},
		"network": map[string]any{
			"vpcId": "vpc-1", "zoneIds": []any{"euw1-az1", "euw1-az2", "euw1-az3"},
			"zoneNames":        map[string]any{"euw1-az1": "eu-west-1a", "euw1-az2": "eu-west-1b", "euw1-az3": "eu-west-1c"},
			"privateSubnetIds": map[string]any{"euw1-az1": "subnet-1", "euw1-az2": "subnet-2", "euw1-az3": "subnet-3"},
			"vpcCidrs":         []any{"10.16.0.0/16"}, "publicSubnetCidrs": []any{"10.16.192.0/22"}, "privateSubnetCidrs": []any{"10.16.0.0/18"},
		},
	}}
}

func run(t *testing.T, stack string, preview bool, opts ...ptest.Option) (ptest.Registrations, error) {
	t.Helper()
	opts = append([]ptest.Option{
		ptest.WithStack(stack), ptest.WithConfig(configOf(t, stack)),
		ptest.WithStackOutputs("organization/eks-platform/dev", published()),
	}, opts...)
	return ptest.Run(t, preview, stacks.Program, opts...)
}

func TestNoResourceIsRenamedOrReparentedByAccident(t *testing.T) {
	t.Parallel()
	for _, stack := range estatetest.Stacks {
		regs, err := run(t, stack, false)
		require.NoError(t, err)
		ptest.Golden(t, regs, estatetest.Path("urns-"+stack+".yaml"))
	}
}

func TestAPreviewRegistersWhatAnUpdateDoes(t *testing.T) {
	t.Parallel()
	for _, stack := range estatetest.Stacks {
		update, err := run(t, stack, false)
		require.NoError(t, err)
		preview, err := run(t, stack, true)
		require.NoError(t, err)
		assert.Equal(t, update.Names(), preview.Names(), stack)
	}
}

func TestEveryAWSResourceHasAParentAndAnExplicitProvider(t *testing.T) {
	t.Parallel()
	for _, stack := range estatetest.Stacks {
		regs, err := run(t, stack, true)
		require.NoError(t, err)
		kids := regs.WithTypePrefix("aws:")
		require.NotEmpty(t, kids, "recorded nothing; this test checks nothing")
		for _, r := range kids {
			if !r.Read {
				assert.Contains(t, r.Parent, "eks-platform:", r.URN)
			}
			assert.NotEmpty(t, r.Provider, r.URN)
		}
	}
}

func TestAJoiningStackCreatesNothingThatItsOwnerCreates(t *testing.T) {
	t.Parallel()
	dev, err := run(t, "dev", true)
	require.NoError(t, err)
	stg, err := run(t, "stg", true)
	require.NoError(t, err)
	owned := map[string]bool{}
	for _, r := range dev {
		if !strings.HasPrefix(r.Type, "pulumi:") {
			owned[r.Type+" "+r.Name] = true
		}
	}
	var made int
	for _, r := range stg {
		if r.Read || strings.HasPrefix(r.Type, "pulumi:") {
			continue
		}
		made++
		assert.False(t, owned[r.Type+" "+r.Name], "stg registers %s, which dev registers too", r.URN)
		assert.True(t, r.Name == "stg" || strings.HasPrefix(r.Name, "stg-"), "%s does not carry the environment's name", r.URN)
	}
	assert.NotZero(t, made)
}

func TestAStackRunsInItsOwnAccountAlone(t *testing.T) {
	t.Parallel()
	for stack, account := range map[string]string{"dev": "111111111111", "stg": "111111111111", "prod": "222222222222"} {
		regs, err := run(t, stack, true)
		require.NoError(t, err)
		p, ok := regs.Named("pulumi:providers:aws", "aws")
		require.True(t, ok)
		// Provider properties travel as JSON text.
		assert.Contains(t, p.Input("allowedAccountIds"), account, stack)
	}
}

func TestTheProgramRefusesWhatIsWrongBeforeAnythingRegisters(t *testing.T) {
	t.Parallel()
	config := configOf(t, "dev")
	config["eks-platform:network"] = `{"cidr":"10.16.0.0/16","zones":["euw1-az1"],"nta":"none"}`
	regs, err := run(t, "dev", true, ptest.WithConfig(config))
	require.Error(t, err)
	assert.ErrorContains(t, err, "network.nta: unknown key; did you mean nat?")
	assert.ErrorContains(t, err, "network.zones: must have at least 2 items, got 1")
	assert.Empty(t, regs.WithTypePrefix("aws:"))
}

func TestAContractThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		edit    func(c map[string]any)
		wantErr string
	}{
		{"another version", func(c map[string]any) { c["version"] = 99 }, "publishes version 99"},
		{"the same environment", func(c map[string]any) { c["environment"] = "stg" }, "already the owner's environment"},
		{"another account", func(c map[string]any) { c["accountId"] = "333333333333" }, "aws.accountId"},
		{"an unfinished owner", func(c map[string]any) { delete(c, "network") }, "incomplete"},
		{"an owner from before tenants", func(c map[string]any) {
			inner, _ := c["cluster"].(map[string]any)
			delete(inner, "securityGroupId")
		}, "update it first (pulumi up -s dev)"},
		{"another form", func(c map[string]any) { c["cluster"] = "nonprod" }, "does not have the form"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			outputs := published()
			inner, _ := outputs["contract"].(map[string]any)
			c.edit(inner)
			_, err := run(t, "stg", true, ptest.WithStackOutputs("organization/eks-platform/dev", outputs))
			assert.ErrorContains(t, err, c.wantErr)
		})
	}
}

func TestAJoiningStackWithoutItsOwnerIsRefusedClearly(t *testing.T) {
	t.Parallel()
	want := `join.stack: stack "dev" has no cluster to join yet: bring it up first (pulumi up -s dev)`
	_, err := run(t, "stg", true, ptest.WithStackOutputs("organization/eks-platform/dev", map[string]any{}))
	assert.ErrorContains(t, err, want)
	_, err = ptest.Run(t, true, stacks.Program, ptest.WithStack("stg"), ptest.WithConfig(configOf(t, "stg")))
	assert.ErrorContains(t, err, want, "the owner's stack does not exist")
}
