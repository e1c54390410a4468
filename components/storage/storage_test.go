package storage_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/eks-platform/eks-platform/components/storage"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/schema"
)

const (
	fileSystemType  = "aws:efs/fileSystem:FileSystem"
	policyType      = "aws:efs/fileSystemPolicy:FileSystemPolicy"
	backupType      = "aws:efs/backupPolicy:BackupPolicy"
	mountTargetType = "aws:efs/mountTarget:MountTarget"
	groupType       = "aws:ec2/securityGroup:SecurityGroup"
	ingressType     = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	classType       = "kubernetes:storage.k8s.io/v1:StorageClass"
	inClusterType   = "test:index:InCluster"
)

// read decodes settings as the program does: checked by the schema, defaults filled in.
func read(t *testing.T, text string) (storage.Settings, problem.List) {
	t.Helper()
	raw, err := schema.Generate(&storage.Settings{}, "github.com/eks-platform/eks-platform")
	require.NoError(t, err)
	sch, err := schema.Parse(raw)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	var s storage.Settings
	problems, err := sch.Decode(value, &s)
	require.NoError(t, err)
	return s, problems
}

const (
	nothingSaid = `{}`
	ownSystem   = `{"efs": {"create": {}}}`
	otherSystem = `{"efs": {"fileSystemId": "fs-0123456789abcdef0"}}`
)

func arguments(t *testing.T, settings string) *storage.Args {
	t.Helper()
	s, problems := read(t, settings)
	require.Empty(t, problems)
	return &storage.Args{
		Settings: s, Region: "eu-west-1", EBSDriver: true, EFSDriver: true, VPCID: pulumi.String("vpc-1"),
		PrivateSubnetIDs: map[string]pulumi.StringInput{
			"euw1-az3": pulumi.String("subnet-3"), "euw1-az1": pulumi.String("subnet-1"), "euw1-az2": pulumi.String("subnet-2"),
		},
		ClusterSecurityGroupID: pulumi.String("sg-cluster"), Tags: map[string]string{"environment": "dev"},
	}
}

type inCluster struct{ pulumi.ResourceState }

// run registers both steps, the second under a component of the cluster's.
func run(t *testing.T, preview bool, args *storage.Args) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error {
		p, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("eu-west-1")})
		if err != nil {
			return err
		}
		k, err := kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("{}")})
		if err != nil {
			return err
		}
		s, err := storage.New(ctx, "nonprod", args, pulumi.Providers(p))
		if err != nil {
			return err
		}
		inside := &inCluster{}
		if err := ctx.RegisterComponentResourceV2(inClusterType, "in-cluster", pulumi.Map{}, inside); err != nil {
			return err
		}
		return s.Install(ctx, pulumi.Parent(inside), pulumi.Providers(k))
	})
	require.NoError(t, err)
	return regs
}

func one(t *testing.T, regs ptest.Registrations, token, name string) ptest.Registration {
	t.Helper()
	r, ok := regs.Named(token, name)
	require.True(t, ok, "%s %s is not among %v", token, name, regs.ByType(token).Names())
	return r
}

// class decodes a class into the API's type, which has to know every field, and holds its parameters against those
// that its driver knows: an unknown one fails every claim.
func class(t *testing.T, regs ptest.Registrations, name string) storagev1.StorageClass {
	t.Helper()
	raw, err := json.Marshal(one(t, regs, classType, "nonprod-class-"+name).Inputs.Mappable())
	require.NoError(t, err)
	var out storagev1.StorageClass
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&out), "%s", raw)
	// https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md and
	// https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/master/docs/README.md
	known := map[string][]string{
		"ebs.csi.aws.com": {"type", "encrypted", "kmsKeyId", "iops", "throughput"},
		"efs.csi.aws.com": {"provisioningMode", "fileSystemId", "directoryPerms", "gidRangeStart", "gidRangeEnd"},
	}[out.Provisioner]
	require.NotEmpty(t, known, out.Provisioner)
	assert.Subset(t, known, slices.Collect(maps.Keys(out.Parameters)))
	return out
}

func TestTheDefaultIsOneEncryptedClassAndNothingInAWS(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{false, true} {
		regs := run(t, preview, arguments(t, nothingSaid))
		assert.Empty(t, regs.WithTypePrefix("aws:"))
		assert.Equal(t, []string{"nonprod-class-gp3"}, regs.ByType(classType).Names())
		c := class(t, regs, "gp3")
		assert.Equal(t, "gp3", c.Name)
		assert.Equal(t, "ebs.csi.aws.com", c.Provisioner)
		assert.Equal(t, map[string]string{"type": "gp3", "encrypted": "true"}, c.Parameters)
		assert.Equal(t, map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}, c.Annotations)
		assert.Equal(t, map[string]string{"app.kubernetes.io/name": "gp3", "app.kubernetes.io/managed-by": convention.ManagedBy}, c.Labels)
		require.NotNil(t, c.VolumeBindingMode)
		assert.Equal(t, storagev1.VolumeBindingWaitForFirstConsumer, *c.VolumeBindingMode)
		require.NotNil(t, c.AllowVolumeExpansion)
		assert.True(t, *c.AllowVolumeExpansion)
		require.NotNil(t, c.ReclaimPolicy)
		assert.Equal(t, corev1.PersistentVolumeReclaimDelete, *c.ReclaimPolicy)
	}
}

func TestEverySettingOfGP3ReachesTheClass(t *testing.T) {
	t.Parallel()
	args := arguments(t, `{"gp3": {"default": false, "reclaimPolicy": "Retain", "iops": 6000, "throughput": 500}}`)
	args.VolumeKeyARN = "arn:aws:kms:eu-west-1:111111111111:key/0a1b"
	c := class(t, run(t, false, args), "gp3")
	assert.Equal(t, map[string]string{
		"type": "gp3", "encrypted": "true", "iops": "6000", "throughput": "500", "kmsKeyId": "arn:aws:kms:eu-west-1:111111111111:key/0a1b",
	}, c.Parameters)
	assert.Equal(t, "false", c.Annotations["storageclass.kubernetes.io/is-default-class"])
	assert.Equal(t, corev1.PersistentVolumeReclaimRetain, *c.ReclaimPolicy)

	assert.Empty(t, run(t, false, arguments(t, `{"gp3": {"enabled": false}}`)).ByType(classType))
}

func TestWhatKubernetesFreezesReplacesTheClass(t *testing.T) {
	t.Parallel()
	for _, r := range run(t, false, arguments(t, ownSystem)).ByType(classType) {
		assert.ElementsMatch(t, []string{"reclaimPolicy", "volumeBindingMode"}, r.ReplaceOnChanges, r.Name)
		assert.True(t, r.DeleteBeforeReplace, "%s: its name is taken", r.Name)
	}
}

func TestTheClassesHangInTheClusterAndTheRestDoesNot(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{false, true} {
		regs := run(t, preview, arguments(t, ownSystem))
		inside, outside := regs.WithTypePrefix("kubernetes:"), regs.WithTypePrefix("aws:")
		assert.Len(t, inside, 2)
		assert.Len(t, outside, 8) // file system, its policy and backup, group, rule, three mount targets
		components := regs.ByType(storage.ClassesType)
		require.Len(t, components, 1)
		assert.Contains(t, components[0].Parent, inClusterType)
		for _, r := range inside {
			assert.Equal(t, components[0].URN, r.Parent)
			assert.Contains(t, r.Provider, "pulumi:providers:kubernetes::kubernetes", r.URN)
		}
		for _, r := range outside {
			assert.Contains(t, r.Parent, storage.Type, r.URN)
			assert.Contains(t, r.Provider, "pulumi:providers:aws::aws", r.URN)
			for _, urn := range regs.WaitsFor(r.URN) {
				assert.NotContains(t, urn, inClusterType, "%s could not be built without the Kubernetes API", r.URN)
			}
			if r.Type == fileSystemType || r.Type == groupType || r.Type == ingressType {
				assert.Equal(t, map[string]any{"environment": "dev", "Name": r.Name}, r.Input("tags"), r.URN)
			}
		}
	}
}

func TestTheFileSystemIsEncryptedElasticTieredAndBackedUp(t *testing.T) {
	t.Parallel()
	regs := run(t, true, arguments(t, ownSystem))
	fs := one(t, regs, fileSystemType, "nonprod-efs")
	assert.Equal(t, true, fs.Input("encrypted"))
	assert.Nil(t, fs.Input("kmsKeyId"))
	assert.Equal(t, "elastic", fs.Input("throughputMode"))
	assert.Equal(t, []any{
		map[string]any{"transitionToIa": "AFTER_30_DAYS"}, map[string]any{"transitionToArchive": "AFTER_90_DAYS"},
	}, fs.Input("lifecyclePolicies"))
	assert.Equal(t, "ENABLED", one(t, regs, backupType, "nonprod-efs").Input("backupPolicy.status"))

	args := arguments(t, `{"efs": {"create": {
		"kmsKeyArn": "arn:aws:kms:eu-west-1:111111111111:key/0a1b", "throughput": "bursting",
		"infrequentAccessDays": 1, "archiveDays": 0, "backup": false
	}}}`)
	regs = run(t, true, args)
	fs = one(t, regs, fileSystemType, "nonprod-efs")
	assert.Equal(t, "arn:aws:kms:eu-west-1:111111111111:key/0a1b", fs.Input("kmsKeyId"))
	assert.Equal(t, "bursting", fs.Input("throughputMode"))
	assert.Equal(t, []any{map[string]any{"transitionToIa": "AFTER_1_DAY"}}, fs.Input("lifecyclePolicies"))
	assert.Equal(t, "DISABLED", one(t, regs, backupType, "nonprod-efs").Input("backupPolicy.status"))
}

func TestProtectCoversTheFileSystemAlone(t *testing.T) {
	t.Parallel()
	protected := func(settings string) (out []string) {
		for _, r := range run(t, false, arguments(t, settings)) {
			if r.Protect {
				out = append(out, r.Type)
			}
		}
		return out
	}
	assert.Equal(t, []string{fileSystemType}, protected(ownSystem))
	assert.Empty(t, protected(`{"efs": {"create": {"protect": false}}}`))
}

func TestEachZoneHasAMountTargetThatOnlyNodesReach(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{false, true} {
		regs := run(t, preview, arguments(t, ownSystem))
		group := one(t, regs, groupType, "nonprod-efs")
		for zone, subnet := range map[string]string{"euw1-az1": "subnet-1", "euw1-az2": "subnet-2", "euw1-az3": "subnet-3"} {
			target := one(t, regs, mountTargetType, "nonprod-efs-"+zone)
			assert.Equal(t, subnet, target.Input("subnetId"))
			assert.True(t, target.DependsOn(group.URN))
			if !preview {
				assert.Equal(t, []any{group.ID}, target.Input("securityGroups"))
			}
		}
		rules := regs.ByType(ingressType)
		require.Len(t, rules, 1)
		assert.Equal(t, "sg-cluster", rules[0].Input("referencedSecurityGroupId"))
		assert.Nil(t, rules[0].Input("cidrIpv4"))
		assert.Equal(t, "tcp", rules[0].Input("ipProtocol"))
		assert.EqualValues(t, 2049, rules[0].Input("fromPort"))
		assert.EqualValues(t, 2049, rules[0].Input("toPort"))
		tags, ok := group.Input("tags").(map[string]any)
		require.True(t, ok)
		for key := range tags {
			assert.False(t, strings.HasPrefix(key, "kubernetes.io/"), "a controller would take the group for one of the nodes': %s", key)
		}
	}
}

func TestClientsUseTLSAndAreNotRoot(t *testing.T) {
	t.Parallel()
	text, ok := one(t, run(t, false, arguments(t, ownSystem)), policyType, "nonprod-efs").Input("policy").(string)
	require.True(t, ok)
	var doc struct {
		Statement []struct {
			Effect           string
			Action, Resource []string
			Condition        map[string]map[string][]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &doc))
	require.Len(t, doc.Statement, 2)
	allow, deny := doc.Statement[0], doc.Statement[1]
	assert.Equal(t, "Allow", allow.Effect)
	assert.ElementsMatch(t, []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}, allow.Action)
	assert.Equal(t, map[string]map[string][]string{"Bool": {"elasticfilesystem:AccessedViaMountTarget": {"true"}}}, allow.Condition)
	assert.Equal(t, "Deny", deny.Effect)
	assert.Equal(t, []string{"*"}, deny.Action)
	assert.Equal(t, map[string]map[string][]string{"Bool": {"aws:SecureTransport": {"false"}}}, deny.Condition)
	for _, s := range doc.Statement {
		assert.Equal(t, []string{ptest.ARN(fileSystemType, "nonprod-efs")}, s.Resource)
	}
}

func TestTheClassEFSNamesItsFileSystem(t *testing.T) {
	t.Parallel()
	c := class(t, run(t, false, arguments(t, ownSystem)), "efs")
	assert.Equal(t, "efs.csi.aws.com", c.Provisioner)
	assert.Equal(t, map[string]string{
		"provisioningMode": "efs-ap", "fileSystemId": "nonprod-efs-id", "directoryPerms": "700",
	}, c.Parameters)
	assert.Equal(t, "false", c.Annotations["storageclass.kubernetes.io/is-default-class"])
	require.NotNil(t, c.VolumeBindingMode)
	assert.Equal(t, storagev1.VolumeBindingImmediate, *c.VolumeBindingMode)

	regs := run(t, true, arguments(t, ownSystem))
	parameters := one(t, regs, classType, "nonprod-class-efs").Inputs["parameters"]
	require.True(t, parameters.IsObject(), "the other parameters are known in a preview")
	assert.True(t, parameters.ObjectValue()["fileSystemId"].IsComputed(), "the file system's id is not")

	args := arguments(t, `{"efs": {
		"fileSystemId": "fs-0123456789abcdef0", "directoryPermissions": "0770", "reclaimPolicy": "Retain",
		"gidRange": {"start": 1000, "end": 2000}
	}}`)
	args.VPCID, args.PrivateSubnetIDs, args.ClusterSecurityGroupID = nil, nil, nil
	regs = run(t, true, args)
	assert.Empty(t, regs.WithTypePrefix("aws:"), "somebody else looks after it")
	c = class(t, regs, "efs")
	assert.Equal(t, map[string]string{
		"provisioningMode": "efs-ap", "fileSystemId": "fs-0123456789abcdef0", "directoryPerms": "0770",
		"gidRangeStart": "1000", "gidRangeEnd": "2000",
	}, c.Parameters)
	assert.Equal(t, corev1.PersistentVolumeReclaimRetain, *c.ReclaimPolicy)
}

func TestInvalidArgumentsRegisterNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*storage.Args)
		want   string
	}{
		{"a wrong setting", func(a *storage.Args) { a.GP3.IOPS = 100 }, "gp3.iops: must be at least 3000, got 100"},
		{"no region", func(a *storage.Args) { a.Region = "" }, "field Region of Args is required"},
		{"no subnets", func(a *storage.Args) { a.PrivateSubnetIDs = nil }, "required to create a file system"},
		{"no VPC", func(a *storage.Args) { a.VPCID = nil }, "required to create a file system"},
		{"no security group", func(a *storage.Args) { a.ClusterSecurityGroupID = nil }, "required to create a file system"},
	} {
		args := arguments(t, ownSystem)
		tc.change(args)
		regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
			_, err := storage.New(ctx, "nonprod", args)
			return err
		})
		require.ErrorContains(t, err, tc.want, tc.name)
		assert.Empty(t, regs, tc.name)
	}
}
