package addons_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/addons"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/schema"
)

const (
	addonType      = "aws:eks/addon:Addon"
	clusterType    = "aws:eks/cluster:Cluster"
	groupType      = "aws:eks/nodeGroup:NodeGroup"
	roleType       = "aws:iam/role:Role"
	attachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	policyType     = "aws:iam/rolePolicy:RolePolicy"
	subnetType     = "aws:ec2/subnet:Subnet"
)

const stackFile = `{
	"vpcCni": {"version": "v1.22.4-eksbuild.3"},
	"kubeProxy": {"version": "v1.35.3-eksbuild.29"},
	"podIdentityAgent": {"version": "v1.3.10-eksbuild.3"},
	"coredns": {"version": "v1.13.2-eksbuild.31"},
	"metricsServer": {"version": "v0.9.0-eksbuild.11"},
	"ebsCsi": {"version": "v1.66.0-eksbuild.1"},
	"nodeMonitoringAgent": {"version": "v1.6.5-eksbuild.1"}
}`

// read decodes settings as the program does: checked by the schema, defaults filled in.
func read(t *testing.T, text string) (addons.Settings, problem.List) {
	t.Helper()
	raw, err := schema.Generate(&addons.Settings{}, "github.com/eks-platform/eks-platform")
	require.NoError(t, err)
	sch, err := schema.Parse(raw)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	var s addons.Settings
	problems, err := sch.Decode(value, &s)
	require.NoError(t, err)
	return s, problems
}

func arguments(t *testing.T) *addons.Args {
	t.Helper()
	s, problems := read(t, stackFile)
	require.Empty(t, problems)
	return &addons.Args{
		Settings: s, Region: "eu-west-1", ClusterVersion: "1.35", Tags: map[string]string{"environment": "dev"},
	}
}

type resource struct{ pulumi.CustomResourceState }

func register(ctx *pulumi.Context, token, name string, props pulumi.Map, opts ...pulumi.ResourceOption) (*resource, error) {
	res := &resource{}
	return res, ctx.RegisterResource(token, name, props, res, opts...)
}

// run registers a cluster, the first tier, a node group, and the second tier.
func run(t *testing.T, preview bool, args *addons.Args) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error {
		p, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("eu-west-1")})
		if err != nil {
			return err
		}
		control, err := register(ctx, clusterType, "control", pulumi.Map{}, pulumi.Provider(p))
		if err != nil {
			return err
		}
		args.ClusterName = control.ID().ApplyT(func(pulumi.ID) string { return "nonprod" }).(pulumi.StringOutput)
		a, err := addons.New(ctx, "nonprod", args, pulumi.Providers(p))
		if err != nil {
			return err
		}
		group, err := register(ctx, groupType, "system", pulumi.Map{}, pulumi.Provider(p), pulumi.DependsOn(a.BeforeNodes()))
		if err != nil {
			return err
		}
		return a.AfterNodes(ctx, []pulumi.Resource{group})
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

// configuration returns an add-on's configuration, and holds it against the keys that the add-on is known to take.
func configuration(t *testing.T, regs ptest.Registrations, name string) map[string]any {
	t.Helper()
	text, ok := one(t, regs, addonType, "nonprod-"+name).Input("configurationValues").(string)
	require.True(t, ok, "%s has no configuration", name)
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	raw, err := os.ReadFile(filepath.Join("..", "..", "internal", "facts", "addonschemas", name+".json"))
	require.NoError(t, err)
	sch, err := schema.Parse(raw)
	require.NoError(t, err)
	assert.Empty(t, sch.Check(value), name)
	return value
}

var (
	firstTier  = []string{"nonprod-eks-pod-identity-agent", "nonprod-kube-proxy", "nonprod-vpc-cni"}
	secondTier = []string{"nonprod-aws-ebs-csi-driver", "nonprod-coredns", "nonprod-eks-node-monitoring-agent", "nonprod-metrics-server"}
)

func TestEveryChildHasTheComponentAsParentAndAnExplicitProvider(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{false, true} {
		children := 0
		for _, r := range run(t, preview, arguments(t)) {
			if r.Parent == "" {
				continue
			}
			children++
			assert.Contains(t, r.Parent, addons.Type, r.URN)
			assert.Contains(t, r.Provider, "pulumi:providers:aws::aws", r.URN)
			assert.False(t, r.Protect, r.URN)
			if r.Type == addonType || r.Type == roleType {
				assert.Equal(t, map[string]any{"environment": "dev", "Name": r.Name}, r.Input("tags"), r.URN)
			}
		}
		assert.Equal(t, 11, children) // seven add-ons, two roles, two attachments
	}
}

func TestTheFirstTierComesBeforeNodesAndTheSecondAfter(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments(t))
	all := slices.Concat(firstTier, secondTier)
	assert.ElementsMatch(t, all, regs.ByType(addonType).Names())
	group := one(t, regs, groupType, "system")
	for _, name := range firstTier {
		a := one(t, regs, addonType, name)
		assert.Contains(t, regs.WaitsFor(group.URN), a.URN)
		assert.NotContains(t, regs.WaitsFor(a.URN), group.URN)
	}
	for _, name := range secondTier {
		assert.Contains(t, regs.WaitsFor(one(t, regs, addonType, name).URN), group.URN)
	}
}

func TestAnAddOnWaitsForNoOtherOfItsTier(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments(t))
	for _, tier := range [][]string{firstTier, secondTier} {
		for _, name := range tier {
			waits := regs.WaitsFor(one(t, regs, addonType, name).URN)
			for _, other := range tier {
				assert.NotContains(t, waits, one(t, regs, addonType, other).URN, "%s waits for %s", name, other)
			}
		}
	}
}

func TestRolesWaitForNothingInTheCloud(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments(t))
	control := one(t, regs, clusterType, "control")
	roles := regs.ByType(roleType)
	require.Len(t, roles, 2)
	for _, r := range slices.Concat(roles, regs.ByType(attachmentType)) {
		assert.NotContains(t, regs.WaitsFor(r.URN), control.URN, r.Name)
	}
}

func TestPermissionsComeByPodIdentityAndOutliveTheNodes(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments(t))
	for addon, want := range map[string]struct{ role, account, policy string }{
		"nonprod-vpc-cni":            {"nonprod-vpc-cni", "aws-node", "AmazonEKS_CNI_Policy"},
		"nonprod-aws-ebs-csi-driver": {"nonprod-ebs-csi", "ebs-csi-controller-sa", "AmazonEBSCSIDriverPolicyV2"},
	} {
		a := one(t, regs, addonType, addon)
		assert.Equal(t, []any{map[string]any{"roleArn": ptest.ARN(roleType, want.role), "serviceAccount": want.account}},
			a.Input("podIdentityAssociations"))
		attached := one(t, regs, attachmentType, want.role+"-"+want.policy)
		assert.Equal(t, "arn:aws:iam::aws:policy/"+want.policy, attached.Input("policyArn"))
		assert.True(t, a.DependsOn(attached.URN), "destroy would take %s's permissions first", addon)
		trust, ok := one(t, regs, roleType, want.role).Input("assumeRolePolicy").(string)
		require.True(t, ok)
		assert.Contains(t, trust, "pods.eks.amazonaws.com")
		assert.Contains(t, trust, "sts:TagSession")
		assert.Contains(t, trust, `"aws:RequestTag/kubernetes-namespace":["kube-system"]`)
		assert.Contains(t, trust, `"aws:RequestTag/kubernetes-service-account":["`+want.account+`"]`, "no other account gets the role")
	}
	for _, name := range []string{"coredns", "kube-proxy", "metrics-server", "eks-pod-identity-agent", "eks-node-monitoring-agent"} {
		assert.Nil(t, one(t, regs, addonType, "nonprod-"+name).Input("podIdentityAssociations"), name)
	}
}

func TestVersionsAreThePinsAndTheStackFileWins(t *testing.T) {
	t.Parallel()
	regs := run(t, true, arguments(t))
	for name, version := range map[string]string{
		"vpc-cni": "v1.22.4-eksbuild.3", "kube-proxy": "v1.35.3-eksbuild.29", "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
		"coredns": "v1.13.2-eksbuild.31", "metrics-server": "v0.9.0-eksbuild.11", "aws-ebs-csi-driver": "v1.66.0-eksbuild.1",
		"eks-node-monitoring-agent": "v1.6.5-eksbuild.1",
	} {
		a := one(t, regs, addonType, "nonprod-"+name)
		assert.Equal(t, version, a.Input("addonVersion"), name)
		assert.Equal(t, name, a.Input("addonName"))
		assert.Equal(t, "OVERWRITE", a.Input("resolveConflictsOnCreate"), name)
		assert.Equal(t, "OVERWRITE", a.Input("resolveConflictsOnUpdate"), name)
		assert.Equal(t, false, a.Input("preserve"), name)
	}
}

func TestTheDefaultConfigurationsAreWhatAddOnsTake(t *testing.T) {
	t.Parallel()
	selector := map[string]any{"eks.amazonaws.com/capacityType": "ON_DEMAND"}
	for _, preview := range []bool{false, true} {
		regs := run(t, preview, arguments(t))
		assert.Equal(t, map[string]any{
			"enableNetworkPolicy": "true",
			"env":                 map[string]any{"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
		}, configuration(t, regs, "vpc-cni"))
		assert.Equal(t, map[string]any{}, configuration(t, regs, "kube-proxy"))
		assert.Equal(t, map[string]any{"nodeSelector": selector}, configuration(t, regs, "coredns"))
		assert.Equal(t, map[string]any{"nodeSelector": selector}, configuration(t, regs, "metrics-server"))
		assert.Equal(t, map[string]any{
			"controller": map[string]any{"nodeSelector": selector, "extraVolumeTags": map[string]any{"environment": "dev"}},
		}, configuration(t, regs, "aws-ebs-csi-driver"))
		for _, name := range []string{"eks-pod-identity-agent", "eks-node-monitoring-agent"} {
			assert.Nil(t, one(t, regs, addonType, "nonprod-"+name).Input("configurationValues"))
		}
	}
}

func TestEverySettingReachesItsKey(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.VPCCNI.WarmPrefixTarget = 3
	args.VPCCNI.PodSecurityGroups = true
	args.KubeProxy.Mode = addons.ProxyIPVS
	args.CoreDNS.AutoScaling = &addons.AutoScaling{Min: 2, Max: 10}
	args.MetricsServer.Replicas = 2
	args.EBSCSI.DefaultStorageClass = true
	regs := run(t, false, args)
	assert.Equal(t, map[string]any{
		"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "3",
		"ENABLE_POD_ENI": "true", "POD_SECURITY_GROUP_ENFORCING_MODE": "standard",
	}, configuration(t, regs, "vpc-cni")["env"])
	assert.Equal(t, "ipvs", configuration(t, regs, "kube-proxy")["mode"])
	assert.Equal(t, map[string]any{"enabled": true, "minReplicas": 2.0, "maxReplicas": 10.0}, configuration(t, regs, "coredns")["autoScaling"])
	assert.NotContains(t, configuration(t, regs, "coredns"), "replicaCount")
	assert.EqualValues(t, 2, configuration(t, regs, "metrics-server")["replicas"])
	assert.Equal(t, map[string]any{"enabled": true}, configuration(t, regs, "aws-ebs-csi-driver")["defaultStorageClass"])

	args = arguments(t)
	args.CoreDNS.Replicas = 3
	assert.EqualValues(t, 3, configuration(t, run(t, false, args), "coredns")["replicaCount"])
}

func TestTurningEverythingOffSaysSoInsteadOfKeepingWhatWas(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.VPCCNI.PrefixDelegation, args.VPCCNI.NetworkPolicy = new(false), new(false)
	assert.Equal(t, map[string]any{}, configuration(t, run(t, false, args), "vpc-cni"))
}

func TestPodsGetSubnetsOfTheirOwnByZone(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	program := func(ctx *pulumi.Context) error {
		subnet, err := register(ctx, subnetType, "pods", pulumi.Map{})
		if err != nil {
			return err
		}
		args.ClusterName = pulumi.String("nonprod")
		args.PodNetworks = []addons.PodNetwork{
			{ZoneName: pulumi.String("eu-west-1b"), SubnetID: pulumi.String("subnet-b")},
			{ZoneName: pulumi.String("eu-west-1a"), SubnetID: subnet.ID().ToStringOutput()},
		}
		args.PodSecurityGroupIDs = pulumi.ToStringArray([]string{"sg-pods"})
		a, err := addons.New(ctx, "nonprod", args)
		if err != nil {
			return err
		}
		return a.AfterNodes(ctx, []pulumi.Resource{subnet})
	}
	regs, err := ptest.Run(t, false, program)
	require.NoError(t, err)
	got := configuration(t, regs, "vpc-cni")
	assert.Equal(t, map[string]any{
		"create": true, "region": "eu-west-1",
		"subnets": map[string]any{
			"eu-west-1a": map[string]any{"id": "pods-id", "securityGroups": []any{"sg-pods"}},
			"eu-west-1b": map[string]any{"id": "subnet-b", "securityGroups": []any{"sg-pods"}},
		},
	}, got["eniConfig"])
	assert.Equal(t, map[string]any{
		"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1",
		"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true", "ENI_CONFIG_LABEL_DEF": "topology.kubernetes.io/zone",
	}, got["env"])

	regs, err = ptest.Run(t, true, program)
	require.NoError(t, err)
	assert.True(t, one(t, regs, addonType, "nonprod-vpc-cni").Inputs["configurationValues"].IsComputed(), "the subnet's id is not known yet")
}

func TestAnIPv6ClusterHasAPolicyOfItsOwnForThePlugin(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.IPv6 = true
	regs := run(t, false, args)
	p := one(t, regs, policyType, "nonprod-vpc-cni-ipv6")
	assert.Contains(t, p.Input("policy"), "ec2:AssignIpv6Addresses")
	assert.True(t, one(t, regs, addonType, "nonprod-vpc-cni").DependsOn(p.URN))
	assert.NotContains(t, regs.ByType(attachmentType).Names(), "nonprod-vpc-cni-AmazonEKS_CNI_Policy")
	assert.Equal(t, map[string]any{"ENABLE_PREFIX_DELEGATION": "true"}, configuration(t, regs, "vpc-cni")["env"])
}

func TestTheDriverMayUseTheVolumesKeyAndNoOther(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.EBSCSI.VolumeKeyARN = "arn:aws:kms:eu-west-1:111111111111:key/0a1b"
	regs := run(t, false, args)
	p := one(t, regs, policyType, "nonprod-ebs-csi-volume-key")
	text, ok := p.Input("policy").(string)
	require.True(t, ok)
	var doc struct {
		Statement []struct {
			Action, Resource []string
			Condition        map[string]map[string][]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &doc))
	require.Len(t, doc.Statement, 2)
	for _, s := range doc.Statement {
		assert.Equal(t, []string{args.EBSCSI.VolumeKeyARN}, s.Resource)
		if slices.Contains(s.Action, "kms:CreateGrant") {
			assert.Equal(t, []string{"true"}, s.Condition["Bool"]["kms:GrantIsForAWSResource"])
		}
	}
	assert.True(t, one(t, regs, addonType, "nonprod-aws-ebs-csi-driver").DependsOn(p.URN))
}

func TestTheEFSDriverIsThereForWhoeverAsks(t *testing.T) {
	t.Parallel()
	s, problems := read(t, strings.Replace(stackFile, `"ebsCsi"`, `"efsCsi": {"version": "v3.4.2-eksbuild.1"}, "ebsCsi"`, 1))
	require.Empty(t, problems)
	for _, preview := range []bool{false, true} {
		args := arguments(t)
		args.Settings = s
		with, without := run(t, preview, args), run(t, preview, arguments(t))
		var more []string
		for _, r := range with {
			if _, ok := without.ByURN(r.URN); !ok {
				more = append(more, r.Type+" "+r.Name)
			}
		}
		assert.ElementsMatch(t, []string{
			addonType + " nonprod-aws-efs-csi-driver", roleType + " nonprod-efs-csi",
			attachmentType + " nonprod-efs-csi-AmazonEFSCSIDriverPolicy",
		}, more)
		assert.Len(t, with, len(without)+3, "everything else stays as it is")

		driver := one(t, with, addonType, "nonprod-aws-efs-csi-driver")
		assert.Equal(t, "v3.4.2-eksbuild.1", driver.Input("addonVersion"))
		text, ok := driver.Input("configurationValues").(string)
		require.True(t, ok)
		assert.JSONEq(t, `{"controller": {"nodeSelector": {"eks.amazonaws.com/capacityType": "ON_DEMAND"}}}`, text)
		assert.Contains(t, with.WaitsFor(driver.URN), one(t, with, groupType, "system").URN)
		attached := one(t, with, attachmentType, "nonprod-efs-csi-AmazonEFSCSIDriverPolicy")
		assert.Equal(t, "arn:aws:iam::aws:policy/service-role/AmazonEFSCSIDriverPolicy", attached.Input("policyArn"))
		assert.True(t, driver.DependsOn(attached.URN), "destroy would take the driver's permissions first")
		assert.NotContains(t, with.WaitsFor(attached.URN), one(t, with, clusterType, "control").URN, "roles wait for nothing")
		if !preview {
			assert.Equal(t, []any{map[string]any{
				"roleArn": ptest.ARN(roleType, "nonprod-efs-csi"), "serviceAccount": "efs-csi-controller-sa",
			}}, driver.Input("podIdentityAssociations"))
		}
	}
}

func TestWhatIsTurnedOffIsNotRegistered(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.EBSCSI.Enabled, args.NodeMonitoringAgent.Enabled = new(false), new(false)
	regs := run(t, false, args)
	assert.ElementsMatch(t, slices.Concat(firstTier, []string{"nonprod-coredns", "nonprod-metrics-server"}), regs.ByType(addonType).Names())
	assert.Equal(t, []string{"nonprod-vpc-cni"}, regs.ByType(roleType).Names())
}

func TestPoliciesAreOfTheRegionsPartition(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.Region = "us-gov-west-1"
	for _, a := range run(t, true, args).ByType(attachmentType) {
		assert.Contains(t, a.Input("policyArn"), "arn:aws-us-gov:iam::aws:policy/", a.Name)
	}
}

func TestInvalidArgumentsRegisterNothing(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.VPCCNI.Version = "latest"
	args.ClusterName = pulumi.String("nonprod")
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		_, err := addons.New(ctx, "nonprod", args)
		return err
	})
	require.ErrorContains(t, err, `vpcCni.version: must be a full version with EKS's build, such as v1.22.4-eksbuild.3, got "latest"`)
	assert.Empty(t, regs)
}

func TestTheSecondTierRefusesToWaitForNothing(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.ClusterName = pulumi.String("nonprod")
	_, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		a, err := addons.New(ctx, "nonprod", args)
		if err != nil {
			return err
		}
		return a.AfterNodes(ctx, nil)
	})
	require.ErrorContains(t, err, "no untainted on-demand node group")
}
