package ingress_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/ingress"
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
const stackFile = `{"chartVersion": "3.5.0", "image": "public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0"}`

// read decodes settings as the program does: checked by the schema, defaults filled in.
func read(t *testing.T, text string) (ingress.Settings, problem.List) {
	t.Helper()
	raw, err := schema.Generate(&ingress.Settings{}, "github.com/eks-platform/eks-platform")
	require.NoError(t, err)
	sch, err := schema.Parse(raw)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	var s ingress.Settings
	problems, err := sch.Decode(value, &s)
	require.NoError(t, err)
	return s, problems
}

func arguments(t *testing.T) *ingress.Args {
	t.Helper()
	s, problems := read(t, stackFile)
	require.Empty(t, problems)
	return &ingress.Args{
		Settings: s, Region: "eu-west-1", AccountID: "111111111111", ClusterName: "nonprod",
		ClusterNameOutput: pulumi.String("nonprod"), VPCID: pulumi.String("vpc-1"),
		Tags: map[string]string{"cost-center": "platform"},
	}
}

type component struct{ pulumi.ResourceState }

// register runs New and Install as a stack does: with a VPC, a cluster, a node group, and a component for everything
// that needs the Kubernetes API.
func register(t *testing.T, preview bool, change func(*ingress.Args), opts ...ptest.Option) ptest.Registrations {
	t.Helper()
	args := arguments(t)
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error { return stack(ctx, args, change) }, opts...)
	require.NoError(t, err)
	return regs
}

func stack(ctx *pulumi.Context, args *ingress.Args, change func(*ingress.Args)) error {
	awsProvider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{})
	if err != nil {
		return err
	}
	vpc, err := ec2.NewVpc(ctx, "nonprod", &ec2.VpcArgs{}, pulumi.Provider(awsProvider))
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
	args.ClusterNameOutput, args.VPCID = cluster.Name, vpc.ID()
	if change != nil {
		change(args)
	}
	i, err := ingress.New(ctx, "nonprod", args, pulumi.Provider(awsProvider))
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
	return i.Install(ctx, pulumi.Parent(inCluster))
}

func one(t *testing.T, regs ptest.Registrations, token, name string) ptest.Registration {
	t.Helper()
	r, ok := regs.Named(token, name)
	require.True(t, ok, "%s %s is not among %v", token, name, regs.Names())
	return r
}

func controller(t *testing.T, regs ptest.Registrations) ptest.Registration {
	t.Helper()
	return one(t, regs, releaseType, "nonprod-load-balancer-controller")
}

func TestTheAWSSideAndTheClusterSideHangApart(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{true, false} {
		regs := register(t, preview, nil)
		outside := one(t, regs, ingress.Type, "nonprod")
		inside := one(t, regs, ingress.ControllerType, "nonprod")
		assert.Equal(t, one(t, regs, inClusterType, "nonprod").URN, inside.Parent)

		children := 0
		for _, r := range regs {
			switch r.Parent {
			case outside.URN:
				children++
				assert.True(t, strings.HasPrefix(r.Type, "aws:"), r.URN)
				assert.Contains(t, r.Provider, "pulumi:providers:aws", r.URN)
				assert.True(t, strings.HasPrefix(r.Name, "nonprod-load-balancer-controller"), r.URN)
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
		assert.Equal(t, 5, children, "role, two policies, association, release")
	}
}

func TestTheControllerComesAfterTheNodesAndKeepsNone(t *testing.T) {
	t.Parallel()
	regs := register(t, false, nil, ptest.InOrder(t, groupType, releaseType))
	assert.NotContains(t, regs.WaitsFor(controller(t, regs).URN), one(t, regs, groupType, "system").URN)
}

func TestTheControllerComesAfterItsPermissions(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{true, false} {
		regs := register(t, preview, nil)
		release := controller(t, regs)
		association := one(t, regs, associationType, "nonprod-load-balancer-controller-association")
		for _, before := range []string{
			association.URN,
			one(t, regs, policyType, "nonprod-load-balancer-controller-balancing").URN,
			one(t, regs, policyType, "nonprod-load-balancer-controller-security-groups").URN,
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

func TestThePodsAndNoOthersGetTheRole(t *testing.T) {
	t.Parallel()
	regs := register(t, false, nil)
	association := one(t, regs, associationType, "nonprod-load-balancer-controller-association")
	assert.Equal(t, "kube-system", association.Input("namespace"))
	assert.Equal(t, "aws-load-balancer-controller", association.Input("serviceAccount"))
	assert.Equal(t, ptest.ARN(roleType, "nonprod-load-balancer-controller"), association.Input("roleArn"))
	assert.Equal(t, association.Input("serviceAccount"), controller(t, regs).Input("values.serviceAccount.name"))
	assert.Equal(t, association.Input("namespace"), controller(t, regs).Input("namespace"))
	assert.Equal(t, map[string]any{"cost-center": "platform", "Name": "nonprod-load-balancer-controller"},
		one(t, regs, roleType, "nonprod-load-balancer-controller").Input("tags"))
}

func TestTheReleaseIsThePinnedChartWithTheseValues(t *testing.T) {
	t.Parallel()
	release := controller(t, register(t, false, nil))
	assert.Equal(t, "aws-load-balancer-controller", release.Input("chart"))
	assert.Equal(t, "aws-load-balancer-controller", release.Input("name"))
	assert.Equal(t, "3.5.0", release.Input("version"))
	assert.Equal(t, "https://aws.github.io/eks-charts", release.Input("repositoryOpts.repo"))
	assert.Equal(t, map[string]any{
		"clusterName":  "nonprod",
		"region":       "eu-west-1",
		"vpcId":        "nonprod-id",
		"image":        map[string]any{"repository": "public.ecr.aws/eks/aws-load-balancer-controller", "tag": "v3.5.0"},
		"replicaCount": 2.0,
		"resources": map[string]any{
			"requests": map[string]any{"cpu": "100m", "memory": "500Mi"}, "limits": map[string]any{"memory": "500Mi"},
		},
		"serviceAccount": map[string]any{"create": true, "name": "aws-load-balancer-controller"},
		"nodeSelector":   map[string]any{"eks.amazonaws.com/capacityType": "ON_DEMAND"},
		"topologySpreadConstraints": []any{map[string]any{
			"maxSkew": 1.0, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway",
			"labelSelector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "aws-load-balancer-controller"}},
		}},
		"priorityClassName":           "system-cluster-critical",
		"podDisruptionBudget":         map[string]any{"maxUnavailable": 1.0},
		"createIngressClassResource":  true,
		"ingressClass":                "alb",
		"ingressClassConfig":          map[string]any{"default": false},
		"enableServiceMutatorWebhook": false,
		"keepTLSSecret":               true,
		"defaultTargetType":           "ip",
		"defaultTags":                 map[string]any{"cost-center": "platform"},
		"enableBackendSecurityGroup":  true,
		"enableShield":                false,
		"enableWaf":                   false,
		"enableWafv2":                 false,
		"controllerConfig": map[string]any{"featureGates": map[string]any{
			"ALBGatewayAPI": false, "NLBGatewayAPI": false, "GatewayListenerSet": false,
		}},
	}, release.Input("values"))
}

func TestSettingsReachTheChart(t *testing.T) {
	t.Parallel()
	release := controller(t, register(t, false, func(a *ingress.Args) {
		a.Replicas, a.DefaultIngressClass, a.WAF, a.Shield, a.GatewayAPI = 3, true, true, true, true
		a.Registries = image.Registries{"public.ecr.aws": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public"}
	}))
	for path, want := range map[string]any{
		"replicaCount": 3.0, "ingressClassConfig.default": true, "enableWafv2": true, "enableShield": true, "enableWaf": false,
		"image.repository": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public/eks/aws-load-balancer-controller",
		"image.tag":        "v3.5.0", "controllerConfig": nil,
	} {
		assert.Equal(t, want, release.Input("values."+path), path)
	}
}

func TestAPreviewKnowsAllValuesButTheVPC(t *testing.T) {
	t.Parallel()
	values := controller(t, register(t, true, nil)).Inputs["values"].ObjectValue()
	for key, value := range values {
		assert.Equal(t, key == "vpcId", value.ContainsUnknowns(), key)
	}
}

// chartKeys are the keys of the values of chart 3.5.0 that are in use, as its values.yaml spells them
// (https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/helm/aws-load-balancer-controller/values.yaml);
// below a key with a star everything is allowed.
var chartKeys = []string{
	"clusterName", "region", "vpcId", "image.repository", "image.tag", "replicaCount", "resources.*", "serviceAccount.create",
	"serviceAccount.name", "nodeSelector.*", "topologySpreadConstraints", "priorityClassName", "podDisruptionBudget.*",
	"createIngressClassResource", "ingressClass", "ingressClassConfig.default", "enableServiceMutatorWebhook", "keepTLSSecret",
	"defaultTargetType", "defaultTags.*", "enableBackendSecurityGroup", "enableShield", "enableWaf", "enableWafv2",
	"controllerConfig.featureGates.ALBGatewayAPI", "controllerConfig.featureGates.NLBGatewayAPI",
	"controllerConfig.featureGates.GatewayListenerSet",
}

func TestEveryValueIsOneThatTheChartReads(t *testing.T) {
	t.Parallel()
	values, ok := controller(t, register(t, false, nil)).Input("values").(map[string]any)
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
