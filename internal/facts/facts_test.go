package facts_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/facts/aws"
)

func TestTheTablesHaveNoUnreadMembers(t *testing.T) {
	t.Parallel()
	for name, into := range map[string]any{"addons.json": &map[string]facts.Addon{}, "charts.json": &map[string]facts.Chart{}} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		assert.NoError(t, decoder.Decode(into), name)
	}
}

func TestAddonsSayWhereTheyRun(t *testing.T) {
	t.Parallel()
	all := facts.Addons()
	assert.Equal(t, "kube-system", all["vpc-cni"].Namespace)
	assert.Equal(t, "cert-manager", all["cert-manager"].Namespace)
	assert.Equal(t, "v1.35.3-eksbuild.29", all["kube-proxy"].VersionFor("1.35"))
	assert.Equal(t, "v1.3.10-eksbuild.3", all["eks-pod-identity-agent"].VersionFor("1.36"))
	assert.True(t, all["aws-ebs-csi-driver"].HasAccount("ebs-csi-node-sa"))
	assert.False(t, all["aws-ebs-csi-driver"].HasAccount("aws-node"))
	_, deployment := all["vpc-cni"].Deployment()
	assert.False(t, deployment)
	pods, deployment := all["aws-ebs-csi-driver"].Deployment()
	assert.True(t, deployment)
	assert.Equal(t, "controller", pods.Values)
	for name, a := range all {
		assert.True(t, a.PodsIncomplete || len(a.Pods) > 0, name)
	}
	for _, name := range facts.AddonsWithSchema() {
		assert.Contains(t, all, name, "a schema of an add-on that does not exist")
		assert.True(t, json.Valid(facts.AddonSchema(name)), name)
	}
	assert.Nil(t, facts.AddonSchema("snapshot-controller"))
}

func TestAChartHasWhatTheChartInsideItBrings(t *testing.T) {
	t.Parallel()
	all := facts.Charts()
	driver, provider := all["secrets-store-csi-driver"], all["secrets-store-csi-driver-provider-aws"]
	assert.Equal(t, driver.Kinds, provider.Kinds)
	assert.Equal(t, "secrets-store-csi-driver.install", provider.CRDsValue)
	require.Len(t, provider.Pods, 2)
	assert.Equal(t, "secrets-store-csi-driver.linux", provider.Pods[1].Values)
	assert.Equal(t, "secrets-store-csi-driver.install", provider.Pods[1].Condition)
	assert.Equal(t, "linux", driver.Pods[0].Values)
	assert.NotEmpty(t, all["karpenter-crd"].Kinds)
	assert.Equal(t, all["karpenter-crd"].Kinds, all["karpenter"].Kinds)
	for name, c := range all {
		assert.NotEmpty(t, c.Repository, name)
		assert.NotEmpty(t, c.Versions, name)
	}
}

func TestAnIDIsMadeOfItsInputsOrNotAtAll(t *testing.T) {
	t.Parallel()
	cases := []struct {
		typ    string
		inputs map[string]any
		id     string
	}{
		{"aws:eks/addon:Addon", map[string]any{"clusterName": "c", "addonName": "coredns"}, "c:coredns"},
		{"aws:eks/addon:Addon", map[string]any{"clusterName": "c"}, ""},
		{"aws:eks/accessEntry:AccessEntry", map[string]any{"clusterName": "c", "principalArn": "arn:aws:iam::1:role/r"}, "c:arn:aws:iam::1:role/r"},
		{"aws:iam/role:Role", map[string]any{"name": "r"}, "r"},
		{"aws:iam/rolePolicy:RolePolicy", map[string]any{"role": "r", "name": "p"}, "r:p"},
		{"aws:cloudwatch/eventRule:EventRule", map[string]any{"name": "r"}, "r"},
		{"aws:s3/bucket:Bucket", map[string]any{"bucket": "b"}, "b"},
		{"kubernetes:helm.sh/v3:Release", map[string]any{"namespace": "n", "name": "r"}, "n/r"},
		{"aws:ec2/vpc:Vpc", map[string]any{"cidrBlock": "10.0.0.0/16"}, ""},
		{"aws:iam/policy:Policy", map[string]any{"name": "p"}, ""},
		{"aws:kms/key:Key", map[string]any{"description": "k"}, ""},
		{"aws:ec2/route:Route", map[string]any{"routeTableId": "rtb-1"}, ""},
		{"aws:s3/bucketVersioningV2:BucketVersioningV2", map[string]any{"bucket": "b", "expectedBucketOwner": "1"}, ""},
		{"aws:cloudwatch/logStream:LogStream", map[string]any{"name": "s"}, ""},
		{"aws:nothing/nothing:Nothing", map[string]any{"name": "n"}, ""},
	}
	for _, c := range cases {
		id, known := facts.IDOf(c.typ, c.inputs)
		assert.Equal(t, c.id, id, c.typ)
		assert.Equal(t, c.id != "", known, c.typ)
	}
}

func TestWhatIsSaidOfAWSTypesIsSaidOfTypesThatExist(t *testing.T) {
	t.Parallel()
	// Not in the facts of the provider: the platform does not use them, users of its report may.
	others := []string{
		"aws:dynamodb/table:Table", "aws:ebs/volume:Volume", "aws:elasticache/cluster:Cluster",
		"aws:elasticache/replicationGroup:ReplicationGroup", "aws:kms/replicaKey:ReplicaKey", "aws:rds/instance:Instance",
		"aws:s3/bucket:Bucket",
	}
	var types []string
	for typ := range facts.Critical {
		types = append(types, typ)
	}
	for typ := range facts.Unique {
		types = append(types, typ)
	}
	for typ := range facts.UniqueByName {
		types = append(types, typ)
	}
	for typ := range facts.CreationDurations {
		types = append(types, typ)
	}
	for typ := range facts.UpdateDurations {
		types = append(types, typ)
	}
	for _, typ := range types {
		if len(typ) > 4 && typ[:4] == "aws:" && aws.ResourceOf(typ) == nil {
			assert.Contains(t, others, typ)
		}
	}
}

// A type whose name Pulumi may make up is not made again without a look at where the name comes from.
func TestAnAutoNameIsNotAName(t *testing.T) {
	t.Parallel()
	autonamed := 0
	for _, typ := range aws.Resources() {
		r := aws.ResourceOf(typ)
		if r.Autoname == nil {
			continue
		}
		autonamed++
		assert.False(t, facts.Unique[typ], "%s can have a name that Pulumi makes up", typ)
		if property, known := facts.UniqueByName[typ]; known {
			assert.Equal(t, r.Autoname.Prop, property, typ)
		}
	}
	assert.Greater(t, autonamed, 30)
}
