package contract_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/contract"
)

// written is a contract as a stack output holds it.
const written = `{
	"version": 1, "environment": "dev", "accountId": "111111111111", "region": "eu-west-1",
	"cluster": {
		"name": "nonprod", "arn": "arn", "version": "1.35", "kubeconfig": "{}", "ipFamily": "ipv6", "serviceCidr": "fd00::/108",
		"oidcIssuer": "issuer", "oidcProviderArn": "provider", "prefixDelegation": true, "customNetworking": true, "securityGroupId": "sg-1",
		"networkPolicy": true, "podSecurityGroups": true, "secretsDriver": true, "fluentBit": true, "autoscaler": true,
		"logGroupName": "/aws/eks/nonprod/cluster"
	},
	"network": {
		"vpcId": "vpc-1", "zoneIds": ["euw1-az1"], "zoneNames": {"euw1-az1": "eu-west-1a"},
		"privateSubnetIds": {"euw1-az1": "subnet-1"}, "isolated": true, "vpcCidrs": ["10.0.0.0/16"],
		"publicSubnetCidrs": ["10.0.0.0/24"], "privateSubnetCidrs": ["10.0.1.0/24"],
		"publicSubnetIpv6Cidrs": ["2001:db8::/64"], "privateSubnetIpv6Cidrs": ["2001:db8:0:1::/64"]
	},
	"addons": {"ebsCsi": true, "efsCsi": true, "defaultStorageClass": true, "volumeKeyArn": "key"}
}`

// value returns what an output holds, as JSON.
func value(t *testing.T, o pulumi.Output) string {
	t.Helper()
	got, err := internals.UnsafeAwaitOutput(t.Context(), o)
	require.NoError(t, err)
	raw, err := json.Marshal(got.Value)
	require.NoError(t, err)
	return string(raw)
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	c := &contract.Cluster{}
	missing, err := contract.Decode([]byte(written), c)
	require.NoError(t, err)
	assert.Empty(t, missing)
	assert.Equal(t, "nonprod", c.ControlPlane.Name)
	assert.True(t, c.ControlPlane.IPv6())
	assert.Equal(t, `"vpc-1"`, value(t, c.Network.VPCID))
	assert.Equal(t, `"subnet-1"`, value(t, c.Network.PrivateSubnetIDs["euw1-az1"]))
	assert.JSONEq(t, written, value(t, contract.Encode(c).ToMapOutput()))
}

// TestEveryMemberIsInTheExample holds the example above to the struct: a member that it lacks would be tested nowhere.
func TestEveryMemberIsInTheExample(t *testing.T) {
	t.Parallel()
	var example map[string]any
	require.NoError(t, json.Unmarshal([]byte(written), &example))
	var visit func(typ reflect.Type, in map[string]any)
	visit = func(typ reflect.Type, in map[string]any) {
		keys := 0
		for i := range typ.NumField() {
			f := typ.Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if key == "-" {
				continue
			}
			keys++
			require.Contains(t, in, key)
			if inner, ok := in[key].(map[string]any); ok && f.Type.Kind() == reflect.Struct {
				visit(f.Type, inner)
			}
		}
		assert.Len(t, in, keys)
	}
	visit(reflect.TypeFor[contract.Cluster](), example)
}

func TestWhatAnOlderProgramDidNotWriteIsEmptyOrMissing(t *testing.T) {
	t.Parallel()
	c := &contract.Cluster{}
	missing, err := contract.Decode([]byte(`{"version": 1, "cluster": {"name": "nonprod", "arn": ""}}`), c)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"environment", "accountId", "region", "cluster.arn", "cluster.version", "cluster.securityGroupId",
		"network.vpcId", "network.privateSubnetIds",
	}, missing)
	assert.Equal(t, `""`, value(t, c.ControlPlane.LogGroupName), "an output that nobody wrote is known to be empty")
	assert.Equal(t, `[]`, value(t, c.Network.PublicSubnetIPv6CIDRs))
}

func TestAnotherFormIsAnError(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{`{"cluster": "nonprod"}`, `{"version": "one"}`, `{"network": {"zoneNames": ["a"]}}`, `{"network": {"vpcId": 1}}`} {
		_, err := contract.Decode([]byte(raw), &contract.Cluster{})
		assert.Error(t, err, raw)
	}
}

func TestOutputsThatAreUnsetAreLeftOut(t *testing.T) {
	t.Parallel()
	assert.JSONEq(t, `{"version": 1, "name": "dev", "cluster": "nonprod", "namespaces": [], "serviceAccountRoleArns": {}, "podSecurityGroupIds": {}}`,
		value(t, contract.Encode(contract.Environment{Version: 1, Name: "dev", Cluster: "nonprod"}).ToMapOutput()))
}
