package autoscaling_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/autoscaling"
	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/schema"
)

const (
	roleType        = "aws:iam/role:Role"
	policyType      = "aws:iam/rolePolicy:RolePolicy"
	associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
	groupType       = "aws:eks/nodeGroup:NodeGroup"
	releaseType     = "kubernetes:helm.sh/v3:Release"
	inClusterType   = "test:index:InCluster"
)

// stackFile is the least that a stack file says.
const stackFile = `{"chartVersion": "9.59.0", "image": "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.2"}`

// read decodes settings as the program does: checked by the schema, defaults filled in.
func read(t *testing.T, text string) (autoscaling.Settings, problem.List) {
	t.Helper()
	raw, err := schema.Generate(&autoscaling.Settings{}, "github.com/eks-platform/eks-platform")
	require.NoError(t, err)
	sch, err := schema.Parse(raw)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	var s autoscaling.Settings
	problems, err := sch.Decode(value, &s)
	require.NoError(t, err)
	return s, problems
}

func arguments(t *testing.T) *autoscaling.Args {
	t.Helper()
	s, problems := read(t, stackFile)
	require.Empty(t, problems)
	return &autoscaling.Args{
		Settings: s, Region: "eu-west-1", AccountID: "111111111111", ClusterName: "nonprod",
		ClusterNameOutput: pulumi.String("nonprod"), ClusterVersion: "1.35",
		Tags: map[string]string{"cost-center": "platform"},
	}
}

type component struct{ pulumi.ResourceState }

// register runs New and Install as a stack does: with a cluster, a node group, and a component for everything that
// needs the Kubernetes API.
func register(t *testing.T, preview bool, change func(*autoscaling.Args), opts ...ptest.Option) ptest.Registrations {
	t.Helper()
	args := arguments(t)
	if change != nil {
		change(args)
	}
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error { return stack(ctx, args) }, opts...)
	require.NoError(t, err)
	return regs
}

func stack(ctx *pulumi.Context, args *autoscaling.Args) error {
	awsProvider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{})
	if err != nil {
		return err
	}
	cluster, err := awseks.NewCluster(ctx, "nonprod", &awseks.ClusterArgs{
		Name: pulumi.String("nonprod"), RoleArn: pulumi.String("arn:aws:iam::111111111111:role/cluster"),
		VpcConfig: awseks.ClusterVpcConfigArgs{SubnetIds: pulumi.ToStringArray([]string{"subnet-1"})},
	}, pulumi.Provider(awsProvider))
	if err != nil {
		return err
	}
	args.ClusterNameOutput = cluster.Name
	s, err := autoscaling.New(ctx, "nonprod", args, pulumi.Provider(awsProvider))
	if err != nil {
		return err
	}
	nodes, err := awseks.NewNodeGroup(ctx, "system", &awseks.NodeGroupArgs{
		ClusterName: cluster.Name, NodeRoleArn: pulumi.String("arn:aws:iam::111111111111:role/node"),
		SubnetIds:     pulumi.ToStringArray([]string{"subnet-1"}),
		ScalingConfig: awseks.NodeGroupScalingConfigArgs{MinSize: pulumi.Int(1), MaxSize: pulumi.Int(1), DesiredSize: pulumi.Int(1)},
	}, pulumi.Provider(awsProvider))
	if err != nil {
		return err
	}
	args.After = []pulumi.Resource{nodes}
	kubernetesProvider, err := kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{})
	if err != nil {
		return err
	}
	inCluster := &component{}
	if err := ctx.RegisterComponentResource(inClusterType, "nonprod", inCluster, pulumi.Providers(kubernetesProvider)); err != nil {
		return err
	}
	return s.Install(ctx, pulumi.Parent(inCluster))
}

func one(t *testing.T, regs ptest.Registrations, token, name string) ptest.Registration {
	t.Helper()
	r, ok := regs.Named(token, name)
	require.True(t, ok, "%s %s is not among %v", token, name, regs.Names())
	return r
}

func autoscaler(t *testing.T, regs ptest.Registrations) ptest.Registration {
	t.Helper()
	return one(t, regs, releaseType, "nonprod-cluster-autoscaler")
}

func TestTheAWSSideAndTheClusterSideHangApart(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{true, false} {
		regs := register(t, preview, nil)
		outside := one(t, regs, autoscaling.Type, "nonprod")
		inside := one(t, regs, autoscaling.AutoscalerType, "nonprod")
		assert.Equal(t, one(t, regs, inClusterType, "nonprod").URN, inside.Parent)

		children := 0
		for _, r := range regs {
			switch r.Parent {
			case outside.URN:
				children++
				assert.True(t, strings.HasPrefix(r.Type, "aws:"), r.URN)
				assert.Contains(t, r.Provider, "pulumi:providers:aws", r.URN)
				assert.True(t, strings.HasPrefix(r.Name, "nonprod-cluster-autoscaler"), r.URN)
			case inside.URN:
				children++
				assert.Equal(t, releaseType, r.Type)
				assert.Contains(t, r.Provider, "pulumi:providers:kubernetes", r.URN)
			default:
				for _, d := range r.Dependencies {
					assert.NotContains(t, d, "kubernetes:", "%s waits for something in the cluster", r.URN)
				}
			}
		}
		assert.Equal(t, 4, children, "role, policy, association, release")
	}
}

func TestTheAutoscalerComesAfterTheNodesAndKeepsNone(t *testing.T) {
	t.Parallel()
	regs := register(t, false, nil, ptest.InOrder(t, groupType, releaseType))
	assert.NotContains(t, regs.WaitsFor(autoscaler(t, regs).URN), one(t, regs, groupType, "system").URN)
}

func TestTheAutoscalerComesAfterItsPermissions(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{true, false} {
		regs := register(t, preview, nil)
		release := autoscaler(t, regs)
		association := one(t, regs, associationType, "nonprod-cluster-autoscaler-association")
		for _, before := range []string{
			association.URN,
			one(t, regs, policyType, "nonprod-cluster-autoscaler-sizing").URN,
		} {
			assert.True(t, release.DependsOn(before), before)
		}
		cluster := one(t, regs, "aws:eks/cluster:Cluster", "nonprod").URN
		assert.Contains(t, regs.WaitsFor(association.URN), cluster)
		for _, r := range slices.Concat(regs.ByType(roleType), regs.ByType(policyType)) {
			assert.NotContains(t, regs.WaitsFor(r.URN), cluster, "%s must not wait for the cluster", r.URN)
		}
	}
}

func TestThePodAndNoOtherGetsTheRole(t *testing.T) {
	t.Parallel()
	regs := register(t, false, nil)
	association := one(t, regs, associationType, "nonprod-cluster-autoscaler-association")
	assert.Equal(t, "kube-system", association.Input("namespace"))
	assert.Equal(t, "cluster-autoscaler", association.Input("serviceAccount"))
	assert.Equal(t, ptest.ARN(roleType, "nonprod-cluster-autoscaler"), association.Input("roleArn"))
	assert.Equal(t, association.Input("serviceAccount"), autoscaler(t, regs).Input("values.rbac.serviceAccount.name"))
	assert.Equal(t, association.Input("namespace"), autoscaler(t, regs).Input("namespace"))
}

func TestTheAutoscalerSizesTheMarkedGroupsOfItsClusterAndReadsItsNodeGroups(t *testing.T) {
	t.Parallel()
	text, ok := one(t, register(t, true, func(a *autoscaling.Args) { a.Region = "us-gov-west-1" }),
		policyType, "nonprod-cluster-autoscaler-sizing").Input("policy").(string)
	require.True(t, ok)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "LookAround", "Effect": "Allow", "Resource": ["*"], "Action": [
			"autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
			"autoscaling:DescribeLaunchConfigurations", "autoscaling:DescribeScalingActivities",
			"ec2:DescribeImages", "ec2:DescribeInstanceTypes", "ec2:DescribeLaunchTemplateVersions",
			"ec2:GetInstanceTypesFromInstanceRequirements"]},
		{"Sid": "NodeGroups", "Effect": "Allow", "Action": ["eks:DescribeNodegroup"],
			"Resource": ["arn:aws-us-gov:eks:us-gov-west-1:111111111111:nodegroup/nonprod/*/*"]},
		{"Sid": "Size", "Effect": "Allow",
			"Action": ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
			"Resource": ["arn:aws-us-gov:autoscaling:us-gov-west-1:111111111111:autoScalingGroup:*:autoScalingGroupName/*"],
			"Condition": {"StringEquals": {
				"aws:ResourceTag/k8s.io/cluster-autoscaler/nonprod": ["owned"],
				"aws:ResourceTag/eks-platform/autoscaled": ["true"]}}}]}`, text)
}

func TestTheReleaseIsThePinnedChartWithTheseValues(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{true, false} {
		release := autoscaler(t, register(t, preview, nil))
		assert.Equal(t, "cluster-autoscaler", release.Input("chart"))
		assert.Equal(t, "cluster-autoscaler", release.Input("name"))
		assert.Equal(t, "9.59.0", release.Input("version"))
		assert.Equal(t, "https://kubernetes.github.io/autoscaler", release.Input("repositoryOpts.repo"))
		assert.Equal(t, map[string]any{
			"cloudProvider": "aws",
			"awsRegion":     "eu-west-1",
			"autoDiscovery": map[string]any{
				"clusterName": "nonprod", "tags": []any{"k8s.io/cluster-autoscaler/nonprod", "eks-platform/autoscaled"},
			},
			"fullnameOverride": "cluster-autoscaler",
			"image":            map[string]any{"repository": "registry.k8s.io/autoscaling/cluster-autoscaler", "tag": "v1.35.2"},
			"replicaCount":     1.0,
			"resources": map[string]any{
				"requests": map[string]any{"cpu": "100m", "memory": "600Mi"}, "limits": map[string]any{"memory": "600Mi"},
			},
			"rbac": map[string]any{
				"create": true, "serviceAccount": map[string]any{"create": true, "name": "cluster-autoscaler"},
			},
			"nodeSelector":        map[string]any{"eks.amazonaws.com/capacityType": "ON_DEMAND"},
			"priorityClassName":   "system-cluster-critical",
			"podDisruptionBudget": map[string]any{"maxUnavailable": 1.0},
			"securityContext": map[string]any{
				"runAsNonRoot": true, "runAsUser": 65534.0, "runAsGroup": 65534.0,
				"seccompProfile": map[string]any{"type": "RuntimeDefault"},
			},
			"containerSecurityContext": map[string]any{
				"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
				"capabilities": map[string]any{"drop": []any{"ALL"}},
			},
			"extraArgs": map[string]any{
				"aws-use-static-instance-list":     false,
				"balance-similar-node-groups":      true,
				"expander":                         "least-waste",
				"max-node-provision-time":          "15m",
				"scale-down-delay-after-add":       "10m",
				"scale-down-unneeded-time":         "10m",
				"scale-down-utilization-threshold": "0.5",
				"skip-nodes-with-local-storage":    false,
				"skip-nodes-with-system-pods":      true,
			},
		}, release.Input("values"))
	}
}

func TestSettingsReachTheChart(t *testing.T) {
	t.Parallel()
	release := autoscaler(t, register(t, false, func(a *autoscaling.Args) {
		a.Isolated = true
		a.Registries = image.Registries{"registry.k8s.io": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/k8s"}
		a.Expander = autoscaling.ByPriority
		a.ExpanderPriorities = []autoscaling.Priority{
			{Priority: 50, Groups: []string{"-spot-nodes-"}}, {Priority: 10, Groups: []string{".*"}},
		}
		a.ScaleDown = autoscaling.ScaleDown{UnneededTime: "1m30s", DelayAfterAdd: "2m", UtilizationPercent: 65, KeepNodesWithSystemPods: new(false)}
		a.MaxNodeProvisionTime = "5m"
	}))
	assert.Equal(t, map[string]any{"50": []any{"-spot-nodes-"}, "10": []any{".*"}}, release.Input("values.expanderPriorities"))
	for path, want := range map[string]any{
		"image.repository":                       "111111111111.dkr.ecr.eu-west-1.amazonaws.com/k8s/autoscaling/cluster-autoscaler",
		"extraArgs.aws-use-static-instance-list": true,
		"extraArgs.expander":                     "priority,least-waste",
		"extraArgs.max-node-provision-time":      "5m",
		"extraArgs.scale-down-delay-after-add":   "2m", "extraArgs.scale-down-unneeded-time": "1m30s",
		"extraArgs.scale-down-utilization-threshold": "0.65", "extraArgs.skip-nodes-with-system-pods": false,
	} {
		assert.Equal(t, want, release.Input("values."+path), path)
	}
}

// chartKeys are the keys of the values of chart 9.59.0 that are in use, as its values.yaml spells them
// (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/charts/cluster-autoscaler/values.yaml), with
// the autoscaler's flags below extraArgs
// (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md#what-are-the-parameters-to-ca). Below
// a key with a star everything is allowed.
var chartKeys = []string{
	"cloudProvider", "awsRegion", "autoDiscovery.clusterName", "autoDiscovery.tags", "fullnameOverride", "image.repository",
	"image.tag", "replicaCount", "resources.*", "rbac.create", "rbac.serviceAccount.create", "rbac.serviceAccount.name",
	"nodeSelector.*", "priorityClassName", "podDisruptionBudget.maxUnavailable", "securityContext.*",
	"containerSecurityContext.*", "expanderPriorities.*",
	"extraArgs.aws-use-static-instance-list", "extraArgs.balance-similar-node-groups", "extraArgs.expander",
	"extraArgs.max-node-provision-time", "extraArgs.scale-down-delay-after-add", "extraArgs.scale-down-unneeded-time",
	"extraArgs.scale-down-utilization-threshold", "extraArgs.skip-nodes-with-local-storage",
	"extraArgs.skip-nodes-with-system-pods",
}

func TestEveryValueIsOneThatTheChartReads(t *testing.T) {
	t.Parallel()
	values, ok := autoscaler(t, register(t, false, func(a *autoscaling.Args) {
		a.Expander = autoscaling.ByPriority
		a.ExpanderPriorities = []autoscaling.Priority{{Priority: 1, Groups: []string{".*"}}}
	})).Input("values").(map[string]any)
	require.True(t, ok)
	var got []string
	for _, path := range leaves("", values) {
		known := slices.IndexFunc(chartKeys, func(k string) bool {
			prefix, open := strings.CutSuffix(k, "*")
			return k == path || open && strings.HasPrefix(path, prefix)
		})
		if assert.GreaterOrEqual(t, known, 0, "the chart ignores %s", path) {
			got = append(got, chartKeys[known])
		}
	}
	slices.Sort(got)
	assert.ElementsMatch(t, chartKeys, slices.Compact(got), "each key of the list is set")
}

// leaves returns the paths of a tree's values.
func leaves(at string, tree map[string]any) []string {
	var out []string
	for key, value := range tree {
		if below, ok := value.(map[string]any); ok {
			out = append(out, leaves(at+key+".", below)...)
			continue
		}
		out = append(out, at+key)
	}
	return out
}
