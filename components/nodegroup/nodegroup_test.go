package nodegroup_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-eks/sdk/v2/go/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	kubeletconfig "k8s.io/kubelet/config/v1beta1"
	"sigs.k8s.io/yaml"

	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

const (
	templateType = "aws:ec2/launchTemplate:LaunchTemplate"
	managedType  = "eks:index:ManagedNodeGroup"
	tagType      = "aws:autoscaling/tag:Tag"
	scheduleType = "aws:autoscaling/schedule:Schedule"
)

// register runs New for one group named dev-<name> on a cluster, with a resource that nodes come after.
func register(t *testing.T, preview bool, s nodegroup.Settings) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error {
		_, err := group(ctx, s)
		return err
	})
	require.NoError(t, err)
	return regs
}

func group(ctx *pulumi.Context, s nodegroup.Settings) (*nodegroup.Group, error) {
	awsProvider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{})
	if err != nil {
		return nil, err
	}
	eksProvider, err := eks.NewProvider(ctx, "eks", &eks.ProviderArgs{})
	if err != nil {
		return nil, err
	}
	cluster, err := awseks.NewCluster(ctx, "nonprod", &awseks.ClusterArgs{
		Name: pulumi.String("nonprod"), RoleArn: pulumi.String("arn:aws:iam::000000000000:role/cluster"),
		VpcConfig: awseks.ClusterVpcConfigArgs{SubnetIds: pulumi.ToStringArray([]string{"subnet-c"})},
	}, pulumi.Provider(awsProvider))
	if err != nil {
		return nil, err
	}
	cni, err := iam.NewPolicy(ctx, "stands-for-the-cni", &iam.PolicyArgs{Policy: pulumi.String("{}")}, pulumi.Provider(awsProvider))
	if err != nil {
		return nil, err
	}
	args := onCluster(s)
	args.Cluster, args.ClusterName = cluster, "nonprod"
	args.ServiceCIDR = pulumi.String("172.20.0.0/16")
	args.RoleARN = pulumi.String("arn:aws:iam::000000000000:role/node")
	args.SubnetIDs, args.ZoneNames = map[string]pulumi.StringInput{}, map[string]pulumi.StringInput{}
	for i, zone := range args.ZoneIDs {
		args.SubnetIDs[zone] = pulumi.String("subnet-" + zone)
		args.ZoneNames[zone] = pulumi.String("eu-west-1" + string(rune('c'-i)))
	}
	args.Tags = map[string]string{"cost-center": "platform", "environment": "dev"}
	args.After = []pulumi.Resource{cni}
	return nodegroup.New(ctx, "dev-"+s.Name, args, pulumi.Providers(awsProvider, eksProvider))
}

func one(t *testing.T, regs ptest.Registrations, typ, name string) ptest.Registration {
	t.Helper()
	r, ok := regs.Named(typ, name)
	require.True(t, ok, "%s %s is not among %v", typ, name, regs.Names())
	return r
}

func TestEveryChildHasTheGroupAsParentAndAnExplicitProvider(t *testing.T) {
	t.Parallel()
	s := spot()
	s.Schedules = []nodegroup.Schedule{{Name: "night", Cron: "0 20 * * 1-5", TimeZone: "Europe/Berlin", Max: 6}}
	for _, preview := range []bool{false, true} {
		regs := register(t, preview, s)
		component := one(t, regs, nodegroup.Type, "dev-spot")
		children := 0
		for _, r := range regs {
			if r.Parent != component.URN {
				continue
			}
			children++
			assert.False(t, r.Protect, "%s: a protected group could not be replaced", r.URN)
			assert.True(t, strings.HasPrefix(r.Name, "dev-spot-"), r.URN)
			assert.NotEmpty(t, r.Provider, r.URN)
		}
		// Template, group, schedule; tags: 2 of the stack, 3 for discovery, capacity, ephemeral storage, label, taint.
		assert.Equal(t, 3+9, children)
	}
}

func TestNothingIsRegisteredWhenSettingsAreWrong(t *testing.T) {
	t.Parallel()
	s := spot()
	s.Scaling.Min = 9
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		_, err := group(ctx, s)
		return err
	})
	require.ErrorContains(t, err, "scaling.min: must not exceed max (6), got 9")
	assert.Empty(t, regs.WithTypePrefix("eks-platform:"))
	assert.Empty(t, regs.ByType(templateType))
}

func TestForgottenArgumentsAreNamed(t *testing.T) {
	t.Parallel()
	_, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		_, err := nodegroup.New(ctx, "dev-spot", &nodegroup.Args{Settings: spot(), ZoneIDs: []string{"euw1-az1"}})
		return err
	})
	for _, field := range []string{"Cluster", "ClusterName", "ClusterVersion", "RoleARN", "SubnetIDs[euw1-az1]"} {
		require.ErrorContains(t, err, "field "+field+" of Args is required")
	}
}

func TestTheLaunchTemplateIsHardenedAndTagsWhatItMakes(t *testing.T) {
	t.Parallel()
	s := spot()
	s.Volume.IOPS, s.Volume.Throughput = 4000, 500
	s.Volume.KMSKeyARN = "arn:aws:kms:eu-west-1:000000000000:key/k"
	s.Tags = map[string]string{"cost-center": "research"}
	template := one(t, register(t, false, s), templateType, "dev-spot-template")
	assert.Equal(t, map[string]any{
		"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1.0,
	}, template.Input("metadataOptions"))
	assert.Equal(t, []any{map[string]any{"deviceName": "/dev/xvda", "ebs": map[string]any{
		"encrypted": "true", "deleteOnTermination": "true", "volumeType": "gp3", "volumeSize": 80.0,
		"iops": 4000.0, "throughput": 500.0, "kmsKeyId": "arn:aws:kms:eu-west-1:000000000000:key/k",
	}}}, template.Input("blockDeviceMappings"))
	tags := map[string]any{"cost-center": "research", "environment": "dev", "Name": "nonprod-dev-spot"}
	assert.Equal(t, []any{
		map[string]any{"resourceType": "instance", "tags": tags},
		map[string]any{"resourceType": "volume", "tags": tags},
		map[string]any{"resourceType": "network-interface", "tags": tags},
	}, template.Input("tagSpecifications"))
	for _, absent := range []string{
		"imageId", "instanceType", "vpcSecurityGroupIds", "networkInterfaces", "iamInstanceProfile", "keyName", "name",
	} {
		assert.Nil(t, template.Input(absent), "%s belongs elsewhere, or to EKS", absent)
	}
	assert.Equal(t, []string{"userData"}, template.HideDiffs)
}

func TestBottlerocketHasItsDataOnAnEncryptedVolumeOfItsOwn(t *testing.T) {
	t.Parallel()
	template := one(t, register(t, false, system()), templateType, "dev-system-template")
	assert.Equal(t, []any{
		map[string]any{"deviceName": "/dev/xvda", "ebs": map[string]any{
			"encrypted": "true", "deleteOnTermination": "true", "volumeType": "gp3",
		}},
		map[string]any{"deviceName": "/dev/xvdb", "ebs": map[string]any{
			"encrypted": "true", "deleteOnTermination": "true", "volumeType": "gp3", "volumeSize": 50.0,
		}},
	}, template.Input("blockDeviceMappings"))
}

func TestTheManagedGroupGetsItsSettingsAsEKSSpellsThem(t *testing.T) {
	t.Parallel()
	s := spot()
	s.Zones = []string{"euw1-az2", "euw1-az3"}
	group := one(t, register(t, false, s), managedType, "dev-spot-nodes")
	assert.True(t, group.Remote)
	for path, want := range map[string]any{
		"capacityType": "SPOT", "amiType": "AL2023_x86_64_STANDARD", "releaseVersion": "1.35.8-20260930", "version": "1.35",
		"instanceTypes":  []any{"m5.large", "m5a.large", "m6i.large", "m6a.large"},
		"subnetIds":      []any{"subnet-euw1-az2", "subnet-euw1-az3"},
		"labels":         map[string]any{"lifecycle": "Ec2Spot"},
		"taints":         []any{map[string]any{"key": "spotInstance", "value": "true", "effect": "NO_SCHEDULE"}},
		"scalingConfig":  map[string]any{"minSize": 0.0, "maxSize": 6.0, "desiredSize": 2.0},
		"launchTemplate": map[string]any{"id": "dev-spot-template-id", "version": "1"},
		"nodeRoleArn":    "arn:aws:iam::000000000000:role/node", "forceUpdateVersion": false,
		"tags": map[string]any{"cost-center": "platform", "environment": "dev", "Name": "dev-spot-nodes"},
	} {
		assert.Equal(t, want, group.Input(path), path)
	}
	for _, absent := range []string{"nodeGroupName", "nodeGroupNamePrefix", "diskSize", "enableIMDSv2", "remoteAccess"} {
		assert.Nil(t, group.Input(absent), absent)
	}
	assert.Equal(t, 1, group.Transforms, "update pace, repair and the desired size's owner go by a transform")
}

func TestACustomAMIIsNamedInTheTemplateAlone(t *testing.T) {
	t.Parallel()
	regs := register(t, false, customAL2023())
	assert.Equal(t, "ami-0123456789abcdef0", one(t, regs, templateType, "dev-own-template").Input("imageId"))
	group := one(t, regs, managedType, "dev-own-nodes")
	for _, absent := range []string{"amiType", "releaseVersion", "version"} {
		assert.Nil(t, group.Input(absent), "EKS refuses %s beside an AMI id", absent)
	}
}

func TestNodesWaitForTheCNIAndTheTemplateForNothing(t *testing.T) {
	t.Parallel()
	regs := register(t, false, spot())
	cni := one(t, regs, "aws:iam/policy:Policy", "stands-for-the-cni").URN
	cluster := one(t, regs, "aws:eks/cluster:Cluster", "nonprod").URN
	template := one(t, regs, templateType, "dev-spot-template")
	group := one(t, regs, managedType, "dev-spot-nodes")
	assert.Subset(t, group.Dependencies, []string{cni, template.URN})
	// A remote component does not list the resources in its inputs as dependencies, but it cannot be sent without them.
	assert.Contains(t, fmt.Sprint(group.Input("cluster")), cluster)
	waits := regs.WaitsFor(template.URN)
	assert.NotContains(t, waits, cni)
	assert.NotContains(t, waits, cluster)
	for _, tag := range regs.ByType(tagType) {
		assert.Contains(t, regs.WaitsFor(tag.URN), group.URN)
	}
	custom := register(t, false, customAL2023())
	assert.Contains(t, custom.WaitsFor(one(t, custom, templateType, "dev-own-template").URN), cluster,
		"the image has to be told the cluster's address")
	assert.NotContains(t, custom.WaitsFor(one(t, custom, templateType, "dev-own-template").URN), cni)
}

func tags(regs ptest.Registrations) map[string]any {
	out := map[string]any{}
	for _, r := range regs.ByType(tagType) {
		out[r.Input("tag.key").(string)] = r.Input("tag.value")
	}
	return out
}

func TestTheAutoscalerCanScaleAGroupUpFromZero(t *testing.T) {
	t.Parallel()
	s := spot()
	s.Zones = []string{"euw1-az2"}
	const prefix = "k8s.io/cluster-autoscaler/"
	regs := register(t, false, s)
	assert.Equal(t, map[string]any{
		"cost-center": "platform", "environment": "dev",
		prefix + "enabled": "true", prefix + "nonprod": "owned", convention.AutoscaledTag: "true",
		prefix + "node-template/label/lifecycle":                      "Ec2Spot",
		prefix + "node-template/label/eks.amazonaws.com/capacityType": "SPOT",
		prefix + "node-template/label/topology.kubernetes.io/zone":    "eu-west-1b",
		prefix + "node-template/label/topology.ebs.csi.aws.com/zone":  "eu-west-1b",
		prefix + "node-template/taint/spotInstance":                   "true:NoSchedule",
		prefix + "node-template/resources/ephemeral-storage":          "80Gi",
	}, tags(regs))
	for _, r := range regs.ByType(tagType) {
		assert.Equal(t, "dev-spot-nodes-asg", r.Input("autoscalingGroupName"))
		assert.Equal(t, false, r.Input("tag.propagateAtLaunch"), "the launch template tags instances")
	}
	assert.Len(t, register(t, true, s).ByType(tagType), len(tags(regs)), "a preview shows them all")
}

func TestAGroupWithoutAutoscalingCarriesCostTagsOnly(t *testing.T) {
	t.Parallel()
	assert.Equal(t, map[string]any{"cost-center": "platform", "environment": "dev"}, tags(register(t, false, system())))
}

func TestSchedulesBecomeScheduledActions(t *testing.T) {
	t.Parallel()
	s := system()
	s.Schedules = []nodegroup.Schedule{
		{Name: "night", Cron: "0 20 * * 1-5", TimeZone: "Europe/Berlin", Min: 0, Max: 3, Desired: 0},
		{Name: "day", Cron: "0 6 * * 1-5", TimeZone: "Europe/Berlin", Min: 2, Max: 3, Desired: 2},
	}
	regs := register(t, false, s)
	require.Len(t, regs.ByType(scheduleType), 2)
	night := one(t, regs, scheduleType, "dev-system-schedule-night")
	for path, want := range map[string]any{
		"autoscalingGroupName": "dev-system-nodes-asg", "scheduledActionName": "night", "recurrence": "0 20 * * 1-5",
		"timeZone": "Europe/Berlin", "minSize": 0.0, "maxSize": 3.0, "desiredCapacity": 0.0,
	} {
		assert.Equal(t, want, night.Input(path), path)
	}
}

// An update in place would send the start time of long ago.
func TestAChangedScheduleIsANewScheduledAction(t *testing.T) {
	t.Parallel()
	s := system()
	s.Schedules = []nodegroup.Schedule{{Name: "night", Cron: "0 20 * * 1-5", TimeZone: "Europe/Berlin", Max: 3}}
	night := one(t, register(t, true, s), scheduleType, "dev-system-schedule-night")
	for _, property := range []string{"recurrence", "timeZone", "minSize", "maxSize", "desiredCapacity"} {
		assert.NotNil(t, night.Input(property), property)
		assert.Contains(t, night.ReplaceOnChanges, property)
	}
	assert.True(t, night.DeleteBeforeReplace, "Auto Scaling knows the action by its name")
}

func TestTheComponentShowsWhatAReviewerNeedsAndNothingThatWillNotHappen(t *testing.T) {
	t.Parallel()
	s := system()
	s.Kubelet.EvictionHard = map[string]string{"memory.available": "200Mi"}
	shown := one(t, register(t, true, s), nodegroup.Type, "dev-system")
	for path, want := range map[string]any{
		"ami": "BOTTLEROCKET_ARM_64 1.66.0-1ad6b4a4", "capacity": "ON_DEMAND", "maxPods": 110.0, "desiredSize": 2.0,
		"kubelet": `{"evictionHard":{"memory.available":"200Mi"}}`,
	} {
		assert.Equal(t, want, shown.Input(path), path)
	}
	assert.Nil(t, one(t, register(t, true, spot()), nodegroup.Type, "dev-spot").Input("desiredSize"),
		"the autoscaler owns the size: a change of it in the file changes nothing")
}

func TestTheGroupHasItsNamesAndWhatToWaitFor(t *testing.T) {
	t.Parallel()
	names := make(chan []any, 1)
	_, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		g, err := group(ctx, system())
		if err != nil {
			return err
		}
		require.Len(t, g.Ready(), 1)
		ctx.Export("names", pulumi.All(g.NodeGroupName, g.AutoScalingGroupName).ApplyT(func(v []any) string {
			names <- v
			return ""
		}))
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, []any{"dev-system-nodes", "dev-system-nodes-asg"}, <-names)
}

func TestTheTransformAddsWhatPulumiEKSHasNoArgumentsFor(t *testing.T) {
	t.Parallel()
	const nodeGroup = "aws:eks/nodeGroup:NodeGroup"
	given := pulumi.Map{"clusterName": pulumi.String("nonprod")}
	cases := []struct {
		name          string
		change        func(*nodegroup.Settings)
		update        pulumi.Map
		repair        bool
		ignoreChanges []string
	}{
		{"default", func(*nodegroup.Settings) {}, pulumi.Map{"maxUnavailable": pulumi.Int(1)}, true, nil},
		{"number", func(s *nodegroup.Settings) { s.Update.MaxUnavailable = 3 }, pulumi.Map{"maxUnavailable": pulumi.Int(3)}, true, nil},
		{"percentage", func(s *nodegroup.Settings) { s.Update.MaxUnavailablePercentage = 33 }, pulumi.Map{"maxUnavailablePercentage": pulumi.Int(33)}, true, nil},
		{"no repair", func(s *nodegroup.Settings) { s.Repair = new(false) }, pulumi.Map{"maxUnavailable": pulumi.Int(1)}, false, nil},
		{"autoscaled", func(s *nodegroup.Settings) { s.Scaling.Autoscaled = true }, pulumi.Map{"maxUnavailable": pulumi.Int(1)}, true, []string{"scalingConfig.desiredSize"}},
		{"scheduled", func(s *nodegroup.Settings) { s.Schedules = []nodegroup.Schedule{{Name: "night"}} }, pulumi.Map{"maxUnavailable": pulumi.Int(1)}, true, []string{"scalingConfig.desiredSize"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := system()
			c.change(&s)
			props, opts := nodegroup.Transformed(s, nodeGroup, given, pulumi.ResourceOptions{})
			assert.Equal(t, pulumi.Map{
				"clusterName": pulumi.String("nonprod"), "updateConfig": c.update,
				"nodeRepairConfig": pulumi.Map{"enabled": pulumi.Bool(c.repair)},
			}, props)
			assert.Equal(t, c.ignoreChanges, opts.IgnoreChanges)
			assert.Len(t, given, 1, "the given map is not ours to change")
		})
	}
}

func TestTheTransformLeavesOtherResourcesAlone(t *testing.T) {
	t.Parallel()
	given := pulumi.Map{"name": pulumi.String("x")}
	for _, typ := range []string{managedType, templateType} {
		props, opts := nodegroup.Transformed(spot(), typ, given, pulumi.ResourceOptions{IgnoreChanges: []string{"a"}})
		assert.Equal(t, given, props)
		assert.Equal(t, []string{"a"}, opts.IgnoreChanges)
	}
}

// customAL2023 is a group with an image of one's own.
func customAL2023() nodegroup.Settings {
	s := spot()
	s.Name = "own"
	s.AMI = nodegroup.AMI{Type: "CUSTOM", ID: "ami-0123456789abcdef0", Family: "al2023", Architecture: "x86_64"}
	s.Labels["team"] = "payments"
	return s
}

// everyKubeletSetting sets all that both families know.
func everyKubeletSetting() nodegroup.Kubelet {
	return nodegroup.Kubelet{
		MaxPods:                         60,
		SystemReserved:                  map[string]string{"cpu": "100m", "memory": "200Mi", "ephemeral-storage": "1Gi"},
		KubeReserved:                    map[string]string{"cpu": "80m", "memory": "600Mi"},
		EvictionHard:                    map[string]string{"memory.available": "200Mi", "nodefs.available": "10%", "nodefs.inodesFree": "5%"},
		EvictionSoft:                    map[string]string{"memory.available": "400Mi"},
		EvictionSoftGracePeriod:         map[string]string{"memory.available": "1m30s"},
		EvictionMaxPodGracePeriod:       60,
		ImageGCHighThresholdPercent:     75,
		ImageGCLowThresholdPercent:      60,
		ShutdownGracePeriod:             "2m",
		ShutdownGracePeriodCriticalPods: "30s",
		RegistryPullQPS:                 10,
		RegistryBurst:                   20,
		ContainerLogMaxSize:             "50Mi",
		ContainerLogMaxFiles:            3,
		PodPIDsLimit:                    4096,
	}
}

func TestUserDataIsWhatTheGoldenFilesSay(t *testing.T) {
	t.Parallel()
	full := func(s nodegroup.Settings) nodegroup.Settings {
		s.Kubelet = everyKubeletSetting()
		return s
	}
	scripted := spot()
	scripted.PreBootstrap = "#!/bin/bash\nset -euo pipefail\nsysctl -w vm.max_map_count=262144\n"
	ownRocket := customAL2023()
	ownRocket.AMI.Family = "bottlerocket"
	for name, s := range map[string]nodegroup.Settings{
		"al2023-default.mime":              spot(),
		"al2023-kubelet.mime":              full(spot()),
		"al2023-script.mime":               scripted,
		"al2023-custom.mime":               customAL2023(),
		"al2023-custom-kubelet.mime":       full(customAL2023()),
		"bottlerocket-default.toml":        system(),
		"bottlerocket-kubelet.toml":        full(system()),
		"bottlerocket-custom-kubelet.toml": full(ownRocket),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := userData(t, s)
			assert.Equal(t, got, userData(t, s), "the same settings must give the same bytes")
			path := filepath.Join("testdata", name)
			if os.Getenv(ptest.UpdateGoldenEnv) != "" {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

func TestTheClustersDNSIsTheTenthServiceOfEitherFamily(t *testing.T) {
	t.Parallel()
	for services, want := range map[string]string{"172.20.0.0/16": "172.20.0.10", "fd30:1c53:5f8a::/108": "fd30:1c53:5f8a::a"} {
		got, err := nodegroup.ClusterDNS(services)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func userData(t *testing.T, s nodegroup.Settings) string {
	t.Helper()
	encoded, ok := one(t, register(t, false, s), templateType, "dev-"+s.Name+"-template").Input("userData").(string)
	require.True(t, ok)
	text, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	return string(text)
}

// nodeadm hands the kubelet what it does not know without a word; so the names must be the kubelet's.
func TestTheKubeletKnowsEverySetting(t *testing.T) {
	t.Parallel()
	s := customAL2023()
	s.Kubelet = everyKubeletSetting()
	_, document, found := strings.Cut(userData(t, s), "application/node.eks.aws\n\n---\n")
	require.True(t, found)
	document, _, _ = strings.Cut(document, "\n--==")
	var config struct {
		Spec struct {
			Kubelet struct {
				Config map[string]any `json:"config"`
			} `json:"kubelet"`
		} `json:"spec"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(document), &config))
	raw, err := yaml.Marshal(config.Spec.Kubelet.Config)
	require.NoError(t, err)
	var kubelet kubeletconfig.KubeletConfiguration
	require.NoError(t, yaml.UnmarshalStrict(raw, &kubelet))
	assert.EqualValues(t, 60, kubelet.MaxPods)
	assert.Equal(t, "2m0s", kubelet.ShutdownGracePeriod.Duration.String())
	require.Len(t, kubelet.RegisterWithTaints, 1)
	assert.Equal(t, "spotInstance=true:NoSchedule", kubelet.RegisterWithTaints[0].ToString())
}
