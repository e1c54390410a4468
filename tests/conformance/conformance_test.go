package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-eks/sdk/v2/go/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/eks-platform/eks-platform/internal/clitest"
	rehearsaleks "github.com/eks-platform/eks-platform/internal/rehearsal/eks"
)

// engine runs programs against one component provider.
type engine struct {
	t        *testing.T
	recorder *recorder
	env      map[string]string
}

// newEngine returns an engine whose eks components are constructed at an address and whose cloud is the echo.
func newEngine(t *testing.T, address string) *engine {
	t.Helper()
	r := newRecorder(t, address)
	eksPort := serve(t, func(s *grpc.Server) { pulumirpc.RegisterResourceProviderServer(s, r) })
	awsPort := serve(t, func(s *grpc.Server) { pulumirpc.RegisterResourceProviderServer(s, echo{}) })
	return &engine{t: t, recorder: r, env: map[string]string{
		"PULUMI_DEBUG_PROVIDERS":      fmt.Sprintf("aws:%d,eks:%d", awsPort, eksPort),
		"PULUMI_DISABLE_CI_DETECTION": "true",
	}}
}

// stack makes a stack of a program.
func (e *engine) stack(name string, program pulumi.RunFunc) auto.Stack {
	e.t.Helper()
	return clitest.NewStack(e.t, name, "conformance", program, e.env)
}

// estate is what the node groups of a program hang on.
type estate struct {
	providers      pulumi.ResourceOption
	api, configMap *awseks.Cluster
	role           *iam.Role
	template       *ec2.LaunchTemplate
	subnets        pulumi.StringArray
	ownSubnets     pulumi.StringArray
}

func newEstate(ctx *pulumi.Context) (*estate, error) {
	awsProvider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("eu-central-1")})
	if err != nil {
		return nil, err
	}
	eksProvider, err := eks.NewProvider(ctx, "eks", nil)
	if err != nil {
		return nil, err
	}
	e := &estate{
		providers: pulumi.Providers(awsProvider, eksProvider),
		subnets:   pulumi.StringArray{pulumi.String("subnet-1"), pulumi.String("subnet-2")},
	}
	p := pulumi.Provider(awsProvider)
	if e.role, err = iam.NewRole(ctx, "node", &iam.RoleArgs{AssumeRolePolicy: pulumi.String("{}")}, p); err != nil {
		return nil, err
	}
	for i := range 2 {
		s, err := ec2.NewSubnet(ctx, fmt.Sprintf("private-%d", i), &ec2.SubnetArgs{VpcId: pulumi.String("vpc-1")}, p)
		if err != nil {
			return nil, err
		}
		e.ownSubnets = append(e.ownSubnets, s.ID())
	}
	cluster := func(name, mode string) (*awseks.Cluster, error) {
		return awseks.NewCluster(ctx, name, &awseks.ClusterArgs{
			Name: pulumi.String(name), RoleArn: pulumi.String("arn:aws:iam::111122223333:role/cluster"), Version: pulumi.String("1.35"),
			VpcConfig:    awseks.ClusterVpcConfigArgs{SubnetIds: e.subnets},
			AccessConfig: awseks.ClusterAccessConfigArgs{AuthenticationMode: pulumi.String(mode)},
		}, p)
	}
	if e.api, err = cluster("api", "API"); err != nil {
		return nil, err
	}
	if e.configMap, err = cluster("config-map", "CONFIG_MAP"); err != nil {
		return nil, err
	}
	e.template, err = ec2.NewLaunchTemplate(ctx, "nodes", &ec2.LaunchTemplateArgs{EbsOptimized: pulumi.String("true")}, p)
	return e, err
}

// group is one node group of a program.
type group struct {
	name string
	args func(*estate) *eks.ManagedNodeGroupArgs
	opts func(*estate) []pulumi.ResourceOption
	// noProviders leaves the providers to the defaults.
	noProviders bool
}

// groups are the argument sets that must give the same children.
var groups = []group{
	{name: "plain", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRoleArn: e.role.Arn, SubnetIds: e.ownSubnets,
			AmiType: pulumi.String("AL2023_x86_64_STANDARD"), InstanceTypes: pulumi.ToStringArray([]string{"m7i.large"}),
			ScalingConfig: awseks.NodeGroupScalingConfigArgs{DesiredSize: pulumi.Int(3), MinSize: pulumi.Int(0), MaxSize: pulumi.Int(6)},
			Version:       e.api.Version, ReleaseVersion: pulumi.String("1.35.0-20261101"), ForceUpdateVersion: pulumi.Bool(true),
			RemoteAccess: awseks.NodeGroupRemoteAccessArgs{Ec2SshKey: pulumi.String("key")}, NodeGroupNamePrefix: pulumi.String("plain-"),
		}
	}},
	{name: "defaults", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRoleArn: pulumi.String("arn:aws:iam::111122223333:role/node"), SubnetIds: e.subnets,
		}
	}},
	{name: "template", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRoleArn: e.role.Arn, SubnetIds: e.ownSubnets,
			LaunchTemplate: awseks.NodeGroupLaunchTemplateArgs{
				Id: e.template.ID(), Version: e.template.LatestVersion.ApplyT(func(v int) string { return fmt.Sprint(v) }).(pulumi.StringOutput),
			},
			DiskSize: pulumi.Int(50), EnableIMDSv2: pulumi.BoolRef(false), Version: pulumi.String("1.35"),
		}
	}},
	{name: "labels-and-taints", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRoleArn: e.role.Arn, SubnetIds: e.subnets,
			Labels: pulumi.StringMap{"lifecycle": pulumi.String("Ec2Spot"), "cluster": e.api.Arn},
			Taints: awseks.NodeGroupTaintArray{
				awseks.NodeGroupTaintArgs{Key: pulumi.String("spotInstance"), Value: pulumi.String("true"), Effect: pulumi.String("NO_SCHEDULE")},
				awseks.NodeGroupTaintArgs{Key: e.role.Arn, Effect: pulumi.String("NO_EXECUTE")},
			},
			Tags: pulumi.StringMap{"Name": pulumi.String("x"), "secret": pulumi.ToSecret(pulumi.String("hunter2")).(pulumi.StringOutput)},
		}
	}},
	{name: "spot", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRoleArn: e.role.Arn, SubnetIds: e.subnets, CapacityType: pulumi.String("SPOT"),
			InstanceTypes: pulumi.ToStringArray([]string{"m7i.large", "m6i.large", "m5.large", "m7a.large"}),
			ScalingConfig: awseks.NodeGroupScalingConfigArgs{MaxSize: pulumi.Int(5)}, NodeGroupName: pulumi.String("spot"),
		}
	}},
	{name: "unknown-scaling", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRoleArn: e.role.Arn, SubnetIds: e.subnets,
			ScalingConfig: awseks.NodeGroupScalingConfigArgs{DesiredSize: e.template.LatestVersion, MinSize: pulumi.Int(1), MaxSize: pulumi.Int(4)},
		}
	}},
	{name: "imdsv2", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRoleArn: e.role.Arn, SubnetIds: e.subnets,
			EnableIMDSv2: pulumi.BoolRef(true), DiskSize: pulumi.Int(80), Version: pulumi.String("1.35"),
		}
	}},
	{name: "kubelet", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRoleArn: e.role.Arn, SubnetIds: e.subnets, ClusterName: e.api.Name,
			KubeletExtraArgs: pulumi.StringRef("--max-pods=110 --v=2"), BootstrapExtraArgs: pulumi.StringRef("--use-max-pods false"),
			InstanceTypes: pulumi.ToStringArray([]string{"m7g.large", "c6gd.xlarge"}),
		}
	}},
	{name: "kubelet-one-argument", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRoleArn: e.role.Arn, SubnetIds: e.subnets,
			KubeletExtraArgs: pulumi.StringRef("--max-pods=110"), AmiType: pulumi.String("AL2_x86_64"), Version: pulumi.String("1.32"),
		}
	}},
	{name: "role", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRole: e.role, SubnetIds: e.subnets}
	}},
	{name: "transformed", args: plainArgs, opts: func(*estate) []pulumi.ResourceOption {
		return []pulumi.ResourceOption{pulumi.Transforms([]pulumi.ResourceTransform{
			func(_ context.Context, a *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
				if a.Type != "aws:eks/nodeGroup:NodeGroup" {
					return nil
				}
				a.Props["updateConfig"] = pulumi.Map{"maxUnavailablePercentage": pulumi.Int(33)}
				a.Opts.IgnoreChanges = append(a.Opts.IgnoreChanges, "scalingConfig.desiredSize")
				return &pulumi.ResourceTransformResult{Props: a.Props, Opts: a.Opts}
			},
		})}
	}},
	{name: "transformed-component", args: plainArgs, opts: func(*estate) []pulumi.ResourceOption {
		return []pulumi.ResourceOption{pulumi.Transforms([]pulumi.ResourceTransform{
			func(_ context.Context, a *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
				if a.Type != "eks:index:ManagedNodeGroup" {
					return nil
				}
				a.Props["updateConfig"] = pulumi.Map{"maxUnavailable": pulumi.Int(1)}
				return &pulumi.ResourceTransformResult{Props: a.Props, Opts: a.Opts}
			},
		})}
	}},
	{name: "protected", args: plainArgs, opts: func(e *estate) []pulumi.ResourceOption {
		return []pulumi.ResourceOption{pulumi.Protect(true), pulumi.DependsOn([]pulumi.Resource{e.template, e.configMap})}
	}},
	{name: "lost-options", args: plainArgs, opts: func(e *estate) []pulumi.ResourceOption {
		return []pulumi.ResourceOption{
			pulumi.IgnoreChanges([]string{"scalingConfig"}), pulumi.RetainOnDelete(true), pulumi.DeletedWith(e.api),
			pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "30m"}), pulumi.ReplaceOnChanges([]string{"labels"}),
			pulumi.DeleteBeforeReplace(true), pulumi.AdditionalSecretOutputs([]string{"nodeGroup"}),
		}
	}},
	{name: "aliased", args: plainArgs, opts: func(*estate) []pulumi.ResourceOption {
		return []pulumi.ResourceOption{pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String("before")}})}
	}},
	{name: "cluster-subnets", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.api, PrivateSubnetIds: e.ownSubnets}, NodeRoleArn: e.role.Arn,
		}
	}},
	{name: "no-subnets", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRoleArn: e.role.Arn}
	}},
	{name: "instance-role", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.configMap, InstanceRoles: iam.RoleArray{e.role}}, NodeRoleArn: e.role.Arn, SubnetIds: e.subnets,
		}
	}},
	{name: "default-providers", args: plainArgs, noProviders: true},
}

func plainArgs(e *estate) *eks.ManagedNodeGroupArgs {
	return &eks.ManagedNodeGroupArgs{Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRoleArn: e.role.Arn, SubnetIds: e.subnets}
}

// refused are the argument sets that must give the same errors.
var refused = []group{
	{name: "no-role", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{Cluster: eks.CoreDataArgs{Cluster: e.api}, SubnetIds: e.subnets}
	}},
	{name: "two-roles", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster: eks.CoreDataArgs{Cluster: e.api}, NodeRole: e.role, NodeRoleArn: e.role.Arn, SubnetIds: e.subnets,
		}
	}},
	{name: "template-and-imdsv2", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		a := plainArgs(e)
		a.LaunchTemplate = awseks.NodeGroupLaunchTemplateArgs{Id: pulumi.String("lt-1"), Version: pulumi.String("1")}
		a.EnableIMDSv2 = pulumi.BoolRef(true)
		return a
	}},
	{name: "template-and-kubelet", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		a := plainArgs(e)
		a.LaunchTemplate = awseks.NodeGroupLaunchTemplateArgs{Id: pulumi.String("lt-1"), Version: pulumi.String("1")}
		a.KubeletExtraArgs = pulumi.StringRef("--v=2")
		return a
	}},
	{name: "foreign-role", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		return &eks.ManagedNodeGroupArgs{
			Cluster:     eks.CoreDataArgs{Cluster: e.configMap},
			NodeRoleArn: pulumi.String("arn:aws:iam::111122223333:role/stranger"), SubnetIds: e.subnets,
		}
	}},
	{name: "mixed-architectures", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		a := plainArgs(e)
		a.KubeletExtraArgs = pulumi.StringRef("--v=2")
		a.InstanceTypes = pulumi.ToStringArray([]string{"m7g.large", "m7i.large"})
		return a
	}},
	{name: "no-instance-type", args: func(e *estate) *eks.ManagedNodeGroupArgs {
		a := plainArgs(e)
		a.KubeletExtraArgs = pulumi.StringRef("--v=2")
		a.InstanceTypes = pulumi.ToStringArray([]string{"nonsense"})
		return a
	}},
}

// program registers node groups.
func program(groups []group) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		e, err := newEstate(ctx)
		if err != nil {
			return err
		}
		for _, g := range groups {
			var opts []pulumi.ResourceOption
			if g.opts != nil {
				opts = g.opts(e)
			}
			if !g.noProviders {
				opts = append(opts, e.providers)
			}
			if _, err := eks.NewManagedNodeGroup(ctx, g.name, g.args(e), opts...); err != nil {
				return err
			}
		}
		return nil
	}
}

// run previews and updates the programs and returns what the component provider did in each run.
func (e *engine) run() map[string]notes {
	e.t.Helper()
	ctx, out := context.Background(), map[string]notes{}
	good := e.stack("good", program(groups))
	_, err := good.Preview(ctx, optpreview.ProgressStreams(io.Discard))
	require.NoError(e.t, err)
	out["preview"] = e.recorder.take()
	_, err = good.Up(ctx, optup.ProgressStreams(io.Discard))
	require.NoError(e.t, err)
	out["up"] = e.recorder.take()
	out["state"] = e.state(good)
	// An error ends the run, so every refusal has its own.
	out["refused"] = notes{}
	bad := e.stack("refused", nil)
	for _, g := range refused {
		bad.Workspace().SetProgram(program([]group{g}))
		_, err = bad.Preview(ctx, optpreview.ProgressStreams(io.Discard))
		require.Error(e.t, err)
		// How far a component comes before it notices is no promise.
		out["refused"][g.name] = map[string]string{"error": e.recorder.take()[g.name]["error"]}
	}
	return out
}

// state returns what an engine recorded of every component and its children, by the component's name.
func (e *engine) state(stack auto.Stack) notes {
	e.t.Helper()
	exported, err := stack.Export(context.Background())
	require.NoError(e.t, err)
	var deployment struct {
		Resources []map[string]any `json:"resources"`
	}
	require.NoError(e.t, json.Unmarshal(exported.Deployment, &deployment))
	out := notes{}
	for _, r := range deployment.Resources {
		urn := resource.URN(r["urn"].(string))
		component := strings.TrimSuffix(urn.Name(), "-launchTemplate")
		if !strings.Contains(string(urn.QualifiedType()), "eks:index:ManagedNodeGroup") {
			continue
		}
		for _, key := range []string{"created", "modified", "sourcePosition", "stackTrace"} {
			delete(r, key)
		}
		sortStrings(r["dependencies"])
		if byProperty, ok := r["propertyDependencies"].(map[string]any); ok {
			for _, urns := range byProperty {
				sortStrings(urns)
			}
		}
		if out[component] == nil {
			out[component] = map[string]string{}
		}
		out[component][string(urn)] = render(r)
	}
	return out
}

// sortStrings sorts a decoded list of strings, whose order in a state is accidental.
func sortStrings(list any) {
	if list, ok := list.([]any); ok {
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	}
}

func TestOurManagedNodeGroupAsksForExactlyWhatTheGenuineOneDoes(t *testing.T) {
	clitest.Find(t) // skips, before anything is started
	genuineAddress := startGenuine(t)
	oursPort := serve(t, func(s *grpc.Server) { pulumirpc.RegisterResourceProviderServer(s, rehearsaleks.New()) })

	runs := map[string]map[string]notes{}
	var mu sync.Mutex
	t.Run("engines", func(t *testing.T) {
		for name, address := range map[string]string{"genuine": genuineAddress, "ours": fmt.Sprintf("127.0.0.1:%d", oursPort)} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				run := newEngine(t, address).run()
				mu.Lock()
				defer mu.Unlock()
				runs[name] = run
			})
		}
	})
	genuine, ours := runs["genuine"], runs["ours"]

	want := map[string][]group{"preview": groups, "up": groups, "state": groups, "refused": refused}
	for _, run := range slices.Sorted(maps.Keys(want)) {
		for _, g := range want[run] {
			t.Run(run+"/"+g.name, func(t *testing.T) {
				require.NotEmpty(t, genuine[run][g.name], "the published component was not recorded; this test checks nothing")
				switch run {
				case "preview", "up":
					nodeGroup := genuine[run][g.name]["register aws:eks/nodeGroup:NodeGroup "+g.name]
					require.Contains(t, nodeGroup, `"clusterName"`, "the published component's node group was not recorded")
				case "refused":
					require.NotEmpty(t, genuine[run][g.name]["error"], "the published component did not refuse")
				}
				assert.Equal(t, flat(genuine[run][g.name]), flat(ours[run][g.name]))
			})
		}
	}
}

// flat renders notes as one text, which a failing comparison shows line by line.
func flat(did map[string]string) string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(did)) {
		fmt.Fprintf(&b, "%s\n%s\n\n", what, did[what])
	}
	return b.String()
}
