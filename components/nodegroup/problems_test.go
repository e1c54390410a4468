package nodegroup_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
)

// spot is a group as development has it.
func spot() nodegroup.Settings {
	return nodegroup.Settings{
		Name: "spot", Capacity: nodegroup.SpotCapacity,
		AMI:           nodegroup.AMI{Type: "AL2023_x86_64_STANDARD", Release: "1.35.8-20260930"},
		InstanceTypes: []string{"m5.large", "m5a.large", "m6i.large", "m6a.large"},
		Scaling:       nodegroup.Scaling{Min: 0, Max: 6, Desired: 2, Autoscaled: true},
		Labels:        map[string]string{"lifecycle": "Ec2Spot"},
		Taints:        []nodegroup.Taint{{Key: "spotInstance", Value: "true", Effect: "NoSchedule"}},
		Volume:        nodegroup.Volume{SizeGiB: 80},
		Repair:        new(true),
	}
}

// system is a group that carries the system add-ons.
func system() nodegroup.Settings {
	return nodegroup.Settings{
		Name: "system", Capacity: nodegroup.OnDemandCapacity,
		AMI:           nodegroup.AMI{Type: "BOTTLEROCKET_ARM_64", Release: "1.66.0-1ad6b4a4"},
		InstanceTypes: []string{"m7g.large"},
		Scaling:       nodegroup.Scaling{Min: 2, Max: 3, Desired: 2},
		Repair:        new(true),
	}
}

// prefixes is what the VPC CNI does by default.
var prefixes = instancetype.Networking{PrefixDelegation: true}

func onCluster(s nodegroup.Settings) *nodegroup.Args {
	return &nodegroup.Args{
		Settings: s, Region: "eu-west-1", ClusterVersion: "1.35", Networking: prefixes,
		ZoneIDs: []string{"euw1-az1", "euw1-az2", "euw1-az3"},
	}
}

func TestGoodSettingsHaveNoProblems(t *testing.T) {
	t.Parallel()
	custom := system()
	custom.AMI = nodegroup.AMI{Type: "CUSTOM", ID: "ami-0123456789abcdef0", Family: "al2023", Architecture: "arm64"}
	custom.Kubelet.MaxPods = 300 // above EKS's ceiling, within the addresses
	gpu := system()
	gpu.AMI = nodegroup.AMI{Type: "AL2023_x86_64_NVIDIA", Release: "1.35.8-20260930", DevicePlugin: true}
	gpu.InstanceTypes = []string{"g6.xlarge"}
	unlisted := system()
	unlisted.InstanceTypes = []string{"m99g.large"}
	unlisted.UnlistedInstanceTypes = true
	unlisted.Kubelet.MaxPods = 110
	night := spot()
	night.Schedules = []nodegroup.Schedule{
		{Name: "night", Cron: "0 20 * * 1-5", TimeZone: "Europe/Berlin", Min: 0, Max: 6, Desired: 0},
		{Name: "day", Cron: "0 6 * * MON-FRI", TimeZone: "Etc/UTC", Min: 1, Max: 6, Desired: 2},
	}
	for name, s := range map[string]nodegroup.Settings{
		"spot": spot(), "system": system(), "custom": custom, "gpu": gpu, "unlisted": unlisted, "night": night,
	} {
		assert.Empty(t, onCluster(s).Problems(), name)
	}
}

// Each case breaks one rule; the problem must be the only one, at its path.
func TestABrokenRuleIsNamedByItsPath(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name          string
		breakIt       func(*nodegroup.Settings)
		path, message string
	}{
		{"name", func(s *nodegroup.Settings) { s.Name = "Spot_1" }, "name", "required pattern"},
		{"long name", func(s *nodegroup.Settings) { s.Name = strings.Repeat("a", 25) }, "name", "required pattern"},
		{"capacity", func(s *nodegroup.Settings) { s.Capacity = "reserved" }, "capacity", "one of onDemand, spot"},
		{"AMI type", func(s *nodegroup.Settings) { s.AMI.Type = "AL2_x86_64" }, "ami.type", "must be one of"},
		{"release of another family", func(s *nodegroup.Settings) { s.AMI.Release = "1.66.0-1ad6b4a4" }, "ami.release", "AL2023 release"},
		{"release without date", func(s *nodegroup.Settings) { s.AMI.Release = "" }, "ami.release", `got ""`},
		{"release of another minor", func(s *nodegroup.Settings) { s.AMI.Release = "1.34.11-20260930" }, "ami.release", "Kubernetes 1.34, but the cluster is on 1.35"},
		{"release of minor 1.3", func(s *nodegroup.Settings) { s.AMI.Release = "1.3.8-20260930" }, "ami.release", "Kubernetes 1.3, but"},
		{"id without CUSTOM", func(s *nodegroup.Settings) { s.AMI.ID = "ami-0123456789abcdef0" }, "ami.id", "needs type CUSTOM"},
		{"no instance types", func(s *nodegroup.Settings) { s.InstanceTypes = nil }, "instanceTypes", "is required"},
		{"too few spot types", func(s *nodegroup.Settings) { s.InstanceTypes = s.InstanceTypes[:3] }, "instanceTypes", "at least 4"},
		{"repeated type", func(s *nodegroup.Settings) { s.InstanceTypes = append(s.InstanceTypes, "m5.large") }, "instanceTypes[4]", "same as item 1"},
		{"unequal vCPUs", func(s *nodegroup.Settings) { s.InstanceTypes[2] = "m6i.xlarge" }, "instanceTypes[2]", "equal size"},
		{"unequal memory", func(s *nodegroup.Settings) { s.InstanceTypes[3] = "r6i.large" }, "instanceTypes[3]", "equal size"},
		{"mistyped type", func(s *nodegroup.Settings) { s.InstanceTypes[1] = "m5a.lagre" }, "instanceTypes[1]", "did you mean m5a.large?"},
		{"Arm type on x86 AMI", func(s *nodegroup.Settings) { s.InstanceTypes[0] = "m7g.large" }, "instanceTypes[0]", "arm64 processors"},
		{"GPU type on plain AMI", func(s *nodegroup.Settings) {
			s.Capacity, s.InstanceTypes = "onDemand", []string{"g6.xlarge"}
		}, "instanceTypes[0]", "no drivers"},
		{"GPU AMI without a device plugin", func(s *nodegroup.Settings) {
			s.Capacity, s.InstanceTypes, s.AMI.Type = "onDemand", []string{"g6.xlarge"}, "AL2023_x86_64_NVIDIA"
		}, "instanceTypes[0]", "take BOTTLEROCKET_x86_64_NVIDIA"},
		{"Neuron type on plain AMI", func(s *nodegroup.Settings) {
			s.Capacity, s.InstanceTypes = "onDemand", []string{"inf2.xlarge"}
		}, "instanceTypes[0]", "Neuron"},
		{"a node's resource that is none", func(s *nodegroup.Settings) {
			s.Scaling.NodeResources = map[string]string{"cpu": "4"}
		}, "scaling.nodeResources.cpu", "hugepages-"},
		{"a node's resource of no quantity", func(s *nodegroup.Settings) {
			s.Scaling.NodeResources = map[string]string{"vpc.amazonaws.com/efa": "one"}
		}, "scaling.nodeResources.vpc.amazonaws.com/efa", "quantity"},
		{"a node's resource that nobody reads", func(s *nodegroup.Settings) {
			s.Scaling.Autoscaled, s.Scaling.NodeResources = false, map[string]string{"vpc.amazonaws.com/efa": "1"}
		}, "scaling.nodeResources", "autoscaled"},
		{"GPU AMI without GPU", func(s *nodegroup.Settings) {
			s.AMI.Type, s.Capacity = "AL2023_x86_64_NVIDIA", "onDemand"
			s.InstanceTypes = s.InstanceTypes[:1]
		}, "instanceTypes[0]", "no NVIDIA GPU"},
		{"negative min", func(s *nodegroup.Settings) { s.Scaling.Min = -1 }, "scaling.min", "at least 0"},
		{"min above max", func(s *nodegroup.Settings) { s.Scaling.Min = 7 }, "scaling.min", "exceed max (6), got 7"},
		{"max zero", func(s *nodegroup.Settings) { s.Scaling = nodegroup.Scaling{} }, "scaling.max", "at least 1"},
		{"desired outside", func(s *nodegroup.Settings) { s.Scaling.Desired = 9 }, "scaling.desired", "between min (0) and max (6), got 9"},
		{"label key", func(s *nodegroup.Settings) { s.Labels["a b"] = "c" }, "labels.a b", "not a valid label key"},
		{"label value", func(s *nodegroup.Settings) { s.Labels["a"] = "b c" }, "labels.a", "not a valid label value"},
		{"empty label value", func(s *nodegroup.Settings) { s.Labels["a"] = "" }, "labels.a", "must not be empty"},
		{"reserved label", func(s *nodegroup.Settings) { s.Labels["node-role.kubernetes.io/spot"] = "true" }, "labels.node-role.kubernetes.io/spot", "reserved"},
		{"EKS's label", func(s *nodegroup.Settings) { s.Labels["eks.amazonaws.com/capacityType"] = "SPOT" }, "labels.eks.amazonaws.com/capacityType", "reserved"},
		{"too many labels", func(s *nodegroup.Settings) {
			s.Scaling.Autoscaled = false
			for i := range 50 {
				s.Labels[fmt.Sprintf("l%d", i)] = "x"
			}
		}, "labels", "must have at most 50 labels, got 51"},
		{"effect", func(s *nodegroup.Settings) { s.Taints[0].Effect = "NO_SCHEDULE" }, "taints[0].effect", `got "NO_SCHEDULE"`},
		{"taint key", func(s *nodegroup.Settings) { s.Taints[0].Key = "-a" }, "taints[0].key", "is not a valid key"},
		{"taint value", func(s *nodegroup.Settings) { s.Taints[0].Value = "a b" }, "taints[0].value", "is not a valid label value"},
		{"repeated taint", func(s *nodegroup.Settings) {
			s.Scaling.Autoscaled = false
			s.Taints = append(s.Taints, s.Taints[0])
		}, "taints[1]", "is a duplicate"},
		{"autoscaled key twice", func(s *nodegroup.Settings) {
			s.Taints = append(s.Taints, nodegroup.Taint{Key: "spotInstance", Value: "true", Effect: "NoExecute"})
		}, "taints[1].key", "one taint for each key"},
		{"foreign zone", func(s *nodegroup.Settings) { s.Zones = []string{"euw1-az1", "use1-az1"} }, "zones[1]", "not one of the network's zones"},
		{"repeated zone", func(s *nodegroup.Settings) { s.Zones = []string{"euw1-az1", "euw1-az1"} }, "zones[1]", "same as item 1"},
		{"small volume", func(s *nodegroup.Settings) { s.Volume.SizeGiB = 8 }, "volume.sizeGiB", "at least 20"},
		{"IOPS per GiB", func(s *nodegroup.Settings) { s.Volume = nodegroup.Volume{SizeGiB: 20, IOPS: 16000} }, "volume.iops", "(10000)"},
		{"throughput per IOPS", func(s *nodegroup.Settings) { s.Volume.Throughput = 1000 }, "volume.throughput", "(750)"},
		{"KMS alias", func(s *nodegroup.Settings) { s.Volume.KMSKeyARN = "alias/x" }, "volume.kmsKeyArn", "ARN"},
		{"both paces", func(s *nodegroup.Settings) {
			s.Update = nodegroup.Update{MaxUnavailable: 1, MaxUnavailablePercentage: 33}
		}, "update.maxUnavailablePercentage", "only one of them"},
		{"percentage", func(s *nodegroup.Settings) { s.Update.MaxUnavailablePercentage = 101 }, "update.maxUnavailablePercentage", "at most 100"},
		{"max pods above the ceiling", func(s *nodegroup.Settings) { s.Kubelet.MaxPods = 111 }, "kubelet.maxPods", "at most 110"},
		{"max pods above the addresses", func(s *nodegroup.Settings) { s.Kubelet.MaxPods = 500 }, "kubelet.maxPods", "must be at most 434"},
		{"unlisted types without max pods", func(s *nodegroup.Settings) {
			s.UnlistedInstanceTypes = true
			s.InstanceTypes = []string{"m99.large", "m98.large", "m97.large", "m96.large"}
		}, "kubelet.maxPods", "must be set"},
		{"reserved resource", func(s *nodegroup.Settings) { s.Kubelet.KubeReserved = map[string]string{"gpu": "1"} }, "kubelet.kubeReserved.gpu", "cannot be reserved"},
		{"quantity", func(s *nodegroup.Settings) { s.Kubelet.SystemReserved = map[string]string{"memory": "200MB"} }, "kubelet.systemReserved.memory", "must be a quantity"},
		{"reserves everything", func(s *nodegroup.Settings) {
			s.Kubelet.SystemReserved = map[string]string{"memory": "4Gi"}
			s.Kubelet.KubeReserved = map[string]string{"memory": "4Gi"}
		}, "kubelet", "has about 7578 MiB"},
		{"reserves every CPU", func(s *nodegroup.Settings) { s.Kubelet.KubeReserved = map[string]string{"cpu": "2000m"} }, "kubelet", "has 2000m of CPU"},
		{"signal", func(s *nodegroup.Settings) { s.Kubelet.EvictionHard = map[string]string{"memory.free": "5%"} }, "kubelet.evictionHard.memory.free", "not an eviction signal"},
		{"threshold", func(s *nodegroup.Settings) { s.Kubelet.EvictionHard = map[string]string{"nodefs.available": "110%"} }, "kubelet.evictionHard.nodefs.available", "percentage"},
		{"soft without period", func(s *nodegroup.Settings) { s.Kubelet.EvictionSoft = map[string]string{"memory.available": "10%"} }, "kubelet.evictionSoftGracePeriod", "needs a period for memory.available"},
		{"period without soft", func(s *nodegroup.Settings) {
			s.Kubelet.EvictionSoftGracePeriod = map[string]string{"memory.available": "1m"}
		}, "kubelet.evictionSoftGracePeriod.memory.available", "no threshold"},
		{"image GC", func(s *nodegroup.Settings) { s.Kubelet.ImageGCHighThresholdPercent = 75 }, "kubelet.imageGCHighThresholdPercent", "above imageGCLowThresholdPercent (80), got 75"},
		{"critical alone", func(s *nodegroup.Settings) { s.Kubelet.ShutdownGracePeriodCriticalPods = "30s" }, "kubelet.shutdownGracePeriodCriticalPods", "needs shutdownGracePeriod"},
		{"critical too long", func(s *nodegroup.Settings) {
			s.Kubelet.ShutdownGracePeriod, s.Kubelet.ShutdownGracePeriodCriticalPods = "60s", "1m"
		}, "kubelet.shutdownGracePeriodCriticalPods", "less than shutdownGracePeriod"},
		{"short shutdown", func(s *nodegroup.Settings) { s.Kubelet.ShutdownGracePeriod = "100ms" }, "kubelet.shutdownGracePeriod", "at least one second"},
		{"burst", func(s *nodegroup.Settings) { s.Kubelet.RegistryPullQPS = 20 }, "kubelet.registryBurst", "below registryPullQPS (20), got 10"},
		{"quantity beyond all", func(s *nodegroup.Settings) { s.Kubelet.SystemReserved = map[string]string{"memory": "1e400"} }, "kubelet.systemReserved.memory", "1e400"},
		{"one pod", func(s *nodegroup.Settings) { s.Kubelet.MaxPods = 1 }, "kubelet.maxPods", "at least 8"},
		{"key elsewhere", func(s *nodegroup.Settings) {
			s.Volume.KMSKeyARN = "arn:aws:kms:us-east-1:111111111111:key/x"
		}, "volume.kmsKeyArn", "must be in eu-west-1"},
		{"log size", func(s *nodegroup.Settings) { s.Kubelet.ContainerLogMaxSize = "big" }, "kubelet.containerLogMaxSize", "must be a quantity"},
		{"one log file", func(s *nodegroup.Settings) { s.Kubelet.ContainerLogMaxFiles = 1 }, "kubelet.containerLogMaxFiles", "at least 2"},
		{"script without interpreter", func(s *nodegroup.Settings) { s.PreBootstrap = "echo hello" }, "preBootstrap", "#!"},
		{"long script", func(s *nodegroup.Settings) { s.PreBootstrap = "#!/bin/sh\n" + strings.Repeat("#", 16384) }, "", "EC2's limit is 16384"},
		{"AWS's tag", func(s *nodegroup.Settings) { s.Tags = map[string]string{"aws:x": "y"} }, "tags.aws:x", "are reserved for AWS"},
		{"tag with a comma", func(s *nodegroup.Settings) { s.Tags = map[string]string{"teams": "a,b"} }, "tags.teams", "only letters"},
		{"autoscaler's tag", func(s *nodegroup.Settings) { s.Tags = map[string]string{"k8s.io/cluster-autoscaler/enabled": "false"} }, "tags.k8s.io/cluster-autoscaler/enabled", "reserved for EKS"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := spot()
			c.breakIt(&s)
			problems := onCluster(s).Problems()
			require.Len(t, problems, 1, "%v", problems)
			assert.Equal(t, c.path, problems[0].Path)
			assert.Contains(t, problems[0].Message, c.message)
		})
	}
}

func TestABrokenScheduleIsNamedByItsPath(t *testing.T) {
	t.Parallel()
	good := nodegroup.Schedule{Name: "night", Cron: "0 20 * * 1-5", TimeZone: "Europe/Berlin", Min: 0, Max: 6, Desired: 0}
	cases := []struct {
		name          string
		breakIt       func(*nodegroup.Schedule)
		path, message string
	}{
		{"name", func(s *nodegroup.Schedule) { s.Name = "At Night" }, "schedules[1].name", "required pattern"},
		{"repeated name", func(s *nodegroup.Schedule) { s.Name = "first" }, "schedules[1].name", "another schedule"},
		{"repeated time", func(s *nodegroup.Schedule) { s.Cron = "0  19 * * 1-5" }, "schedules[1].cron", "time of schedules[0]"},
		{"six fields", func(s *nodegroup.Schedule) { s.Cron = "0 0 20 * * *" }, "schedules[1].cron", "five fields"},
		{"range", func(s *nodegroup.Schedule) { s.Cron = "0 25 * * *" }, "schedules[1].cron", "cron expression"},
		{"never", func(s *nodegroup.Schedule) { s.Cron = "0 20 31 2 *" }, "schedules[1].cron", "there is no such day"},
		{"question mark", func(s *nodegroup.Schedule) { s.Cron = "0 20 ? * 1" }, "schedules[1].cron", "without @, = and ?"},
		{"zone in cron", func(s *nodegroup.Schedule) { s.Cron = "TZ=UTC 0 20 * *" }, "schedules[1].cron", "without @, = and ?"},
		{"time zone", func(s *nodegroup.Schedule) { s.TimeZone = "Europe/Belin" }, "schedules[1].timeZone", "must be an IANA time zone"},
		{"local time", func(s *nodegroup.Schedule) { s.TimeZone = "Local" }, "schedules[1].timeZone", "must be an IANA time zone"},
		{"no time zone", func(s *nodegroup.Schedule) { s.TimeZone = "" }, "schedules[1].timeZone", "is required"},
		{"sizes", func(s *nodegroup.Schedule) { s.Desired = 7 }, "schedules[1].desired", "between min (0) and max (6)"},
		{"max above the group's", func(s *nodegroup.Schedule) { s.Max = 7 }, "schedules[1].max", "scaling.max (6)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			first, second := good, good
			first.Name, first.Cron = "first", "0 19 * * 1-5"
			c.breakIt(&second)
			s := spot()
			s.Schedules = []nodegroup.Schedule{first, second}
			problems := (&nodegroup.Args{Settings: s}).Problems()
			require.Len(t, problems, 1, "%v", problems)
			assert.Equal(t, c.path, problems[0].Path)
			assert.Contains(t, problems[0].Message, c.message)
		})
	}
}

func TestACustomAMINeedsEverythingThatItsTypeDoesNotSay(t *testing.T) {
	t.Parallel()
	s := system()
	s.AMI = nodegroup.AMI{Type: "CUSTOM", Release: "1.66.0-1ad6b4a4"}
	paths := []string{}
	for _, p := range (&nodegroup.Args{Settings: s}).Problems() {
		paths = append(paths, p.Path)
	}
	assert.Equal(t, []string{"ami.id", "ami.family", "ami.architecture", "ami.release"}, paths)
}

func TestAnIPv6ClusterTakesTypesOfTheNitroSystemOnly(t *testing.T) {
	t.Parallel()
	s := spot()
	s.InstanceTypes = []string{"m5.large", "m4.large", "m6i.large", "m7i.large"}
	args := onCluster(s)
	require.Empty(t, args.Problems())
	args.Networking.IPv6 = true
	problems := args.Problems()
	require.Len(t, problems, 1, "%v", problems)
	assert.Equal(t, "instanceTypes[1]", problems[0].Path)
	assert.Contains(t, problems[0].Message, "m4.large is not Nitro-based")
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	s := spot()
	s.Name, s.Scaling.Min, s.Taints[0].Effect = "", 9, "Never"
	assert.Len(t, (&nodegroup.Args{Settings: s}).Problems(), 3)
}

func TestBottlerocketRunsNoScriptsAndReservesNoPIDs(t *testing.T) {
	t.Parallel()
	s := system()
	s.PreBootstrap = "#!/bin/sh\ntrue"
	s.Kubelet.SystemReserved = map[string]string{"pid": "100"}
	problems := (&nodegroup.Args{Settings: s}).Problems()
	require.Len(t, problems, 2)
	assert.Equal(t, "kubelet.systemReserved.pid", problems[0].Path)
	assert.Equal(t, "preBootstrap", problems[1].Path)
}

func TestZonesAreHeldAgainstTheRegionWhileTheNetworkIsNotKnown(t *testing.T) {
	t.Parallel()
	s := spot()
	s.Zones = []string{"euw1-az1", "use1-az1"}
	problems := (&nodegroup.Args{Settings: s, Region: "eu-west-1"}).Problems()
	require.Len(t, problems, 1)
	assert.Equal(t, "zones[1]", problems[0].Path)
	assert.Contains(t, problems[0].Message, "euw1-az1")
}

func TestAJoiningStacksFileAloneIsNotHeldAgainstAClusterThatItDoesNotDescribe(t *testing.T) {
	t.Parallel()
	s := spot()
	s.Kubelet.MaxPods = 110
	s.AMI.Release = "1.34.11-20260930"
	assert.Empty(t, (&nodegroup.Args{Settings: s, Region: "eu-west-1"}).Problems())
	known := &nodegroup.Args{Settings: s, Region: "eu-west-1", ClusterVersion: "1.34"}
	problems := known.Problems()
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0].Message, "must be at most 29")
}

func TestMaxPodsFollowsTheSmallestTypeUnlessItIsSet(t *testing.T) {
	t.Parallel()
	s := system()
	s.InstanceTypes = []string{"m7g.4xlarge", "m7g.large"}
	assert.Equal(t, 29, s.MaxPods(instancetype.Networking{}))
	assert.Equal(t, 110, s.MaxPods(prefixes))
	s.Kubelet.MaxPods = 40
	assert.Equal(t, 40, s.MaxPods(prefixes))
	s.InstanceTypes = []string{"m99g.large"}
	s.Kubelet.MaxPods = 0
	assert.Zero(t, s.MaxPods(prefixes))
}

func TestATypeWithoutRoomForThePlatformsOwnPodsIsRefused(t *testing.T) {
	t.Parallel()
	s := system()
	s.InstanceTypes = []string{"m7g.medium"} // two interfaces of four addresses
	args := onCluster(s)
	require.Empty(t, args.Problems())
	args.Networking = instancetype.Networking{CustomNetworking: true}
	problems := args.Problems()
	require.Len(t, problems, 1)
	assert.Equal(t, "instanceTypes", problems[0].Path)
	assert.Contains(t, problems[0].Message, "addresses for 5 pods")
	assert.Contains(t, problems[0].Message, "secondaryCidr")
}

// What each image keeps by itself, by the formulas of its family: 110 pods of a t3.small are 1,465 MiB to Bottlerocket,
// and AL2023 counts the 11 of a node with single addresses.
func TestASmallTypeIsHeldAgainstWhatItsImageReserves(t *testing.T) {
	t.Parallel()
	small := func(image nodegroup.AMI, change func(*nodegroup.Args)) []string {
		s := system()
		s.AMI, s.InstanceTypes = image, []string{"t3.small"}
		args := onCluster(s)
		args.DaemonSets = nodegroup.Requests{MilliCPU: 360, MemoryMiB: 518}
		if change != nil {
			change(args)
		}
		var out []string
		for _, p := range args.Problems() {
			out = append(out, p.Path+": "+p.Message)
		}
		return out
	}
	al2023 := nodegroup.AMI{Type: "AL2023_x86_64_STANDARD", Release: "1.35.8-20260930"}
	bottlerocket := nodegroup.AMI{Type: "BOTTLEROCKET_x86_64", Release: "1.66.0-1ad6b4a4"}
	assert.Empty(t, small(al2023, nil))
	problems := small(bottlerocket, nil)
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0], "instanceTypes[0]: t3.small has about 1895 MiB of memory for the system and pods: 1465 are reserved (110 pods, bottlerocket)")
	assert.Empty(t, small(bottlerocket, func(a *nodegroup.Args) { a.Kubelet.MaxPods = 30 }), "fewer pods, less that is reserved")
	assert.Empty(t, small(bottlerocket, func(a *nodegroup.Args) { a.Kubelet.KubeReserved = map[string]string{"memory": "400Mi"} }))
	problems = small(al2023, func(a *nodegroup.Args) { a.Kubelet.EvictionHard = map[string]string{"memory.available": "60%"} })
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0], "kubelet: ")
	problems = small(al2023, func(a *nodegroup.Args) { a.DaemonSets.MilliCPU = 1950 })
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0], "2000m of CPU: 70m are reserved")
}

// TestWhatOnlyNewNodesTakeRollsThem: nodes are replaced when their launch template changes, and it must change with
// everything that the network plugin does to new nodes only, even where max pods stay.
func TestWhatOnlyNewNodesTakeRollsThem(t *testing.T) {
	t.Parallel()
	for _, image := range []nodegroup.AMI{
		{Type: "AL2023_x86_64_STANDARD", Release: "1.35.8-20260930"}, {Type: "BOTTLEROCKET_x86_64", Release: "1.66.0-1ad6b4a4"},
		{Type: "CUSTOM", ID: "ami-0123456789abcdef0", Family: "al2023", Architecture: "x86_64"},
	} {
		for _, pods := range []int{0, 8} {
			seen := map[string]instancetype.Networking{}
			for i := range 8 {
				s := system()
				s.AMI, s.InstanceTypes, s.Kubelet.MaxPods = image, []string{"m6i.large"}, pods
				args := onCluster(s)
				args.Networking = instancetype.Networking{PrefixDelegation: i&1 == 0, CustomNetworking: i&2 != 0, PodSecurityGroups: i&4 != 0}
				text := nodegroup.UserData(t, args)
				other, twice := seen[text]
				assert.False(t, twice, "%s, %d pods: %+v and %+v have one launch template", image.Type, pods, args.Networking, other)
				seen[text] = args.Networking
			}
			args := onCluster(system())
			assert.NotContains(t, nodegroup.UserData(t, args), "#", "the defaults need no mark, and nodes of before it stay")
		}
	}
}

func TestTheAutoscalerLearnsWhatANodeBrings(t *testing.T) {
	t.Parallel()
	const prefix = "k8s.io/cluster-autoscaler/node-template/"
	tagsOf := func(change func(*nodegroup.Args)) map[string]string {
		s := system()
		s.Scaling = nodegroup.Scaling{Max: 3, Autoscaled: true}
		args := onCluster(s)
		args.ClusterName = "nonprod"
		change(args)
		require.Empty(t, args.Problems())
		return nodegroup.AutoscalingTags(args)
	}
	got := tagsOf(func(a *nodegroup.Args) {
		a.Networking.PodSecurityGroups = true
		a.Scaling.NodeResources = map[string]string{"hugepages-2Mi": "1Gi"}
	})
	assert.Equal(t, "9", got[prefix+"resources/vpc.amazonaws.com/pod-eni"])
	assert.Equal(t, "1Gi", got[prefix+"resources/hugepages-2Mi"])
	assert.NotContains(t, got, prefix+"resources/pods", "the autoscaler takes every node for one of 110 pods")

	got = tagsOf(func(a *nodegroup.Args) { a.Kubelet.MaxPods = 20 })
	assert.Equal(t, "20", got[prefix+"resources/pods"])

	got = tagsOf(func(a *nodegroup.Args) {
		a.Networking.PodSecurityGroups = true
		a.AMI.Type, a.InstanceTypes = "BOTTLEROCKET_x86_64", []string{"t3.large", "m6i.large"}
	})
	assert.NotContains(t, got, prefix+"resources/vpc.amazonaws.com/pod-eni", "the node that comes may be a t3.large")

	got = tagsOf(func(a *nodegroup.Args) {
		a.AMI.Type, a.InstanceTypes = "BOTTLEROCKET_x86_64_NVIDIA", []string{"g4dn.12xlarge", "g4dn.xlarge"}
	})
	assert.Equal(t, "1", got[prefix+"resources/nvidia.com/gpu"])
	assert.Equal(t, "nvidia-tesla-t4", got[prefix+"label/k8s.amazonaws.com/accelerator"])

	got = tagsOf(func(a *nodegroup.Args) {
		a.AMI, a.InstanceTypes = nodegroup.AMI{
			Type: "CUSTOM", ID: "ami-0123456789abcdef0", Family: "al2023", Architecture: "x86_64", DevicePlugin: true,
		}, []string{"inf2.xlarge"}
	})
	assert.Equal(t, "1", got[prefix+"resources/aws.amazon.com/neuron"])

	got = tagsOf(func(a *nodegroup.Args) {
		a.Networking.PodSecurityGroups = true
		a.Scaling.Min, a.Scaling.Desired = 1, 1
	})
	assert.NotContains(t, got, prefix+"resources/vpc.amazonaws.com/pod-eni", "a group that always has a node needs no telling")
}

func TestBoundsThatThePresentSizeIsOutsideOfAreRefused(t *testing.T) {
	t.Parallel()
	s := spot() // 0 to 6
	args := onCluster(s)
	args.ClusterName = "nonprod"
	for size, refused := range map[int]bool{0: false, 3: false, 6: false, 7: true} {
		err := nodegroup.SizeProblem(args, size)
		require.Equal(t, refused, err != nil, "%d: %v", size, err)
		if refused {
			assert.ErrorContains(t, err, "leave out the 7 nodes that the group has")
			assert.ErrorContains(t, err, "--nodegroup-name spot-1 --scaling-config minSize=0,maxSize=6,desiredSize=6")
		}
	}
}

func TestAGroupIsTaintedWhenPodsNeedAToleration(t *testing.T) {
	t.Parallel()
	assert.True(t, spot().Tainted())
	assert.False(t, spot().OnDemand())
	assert.False(t, system().Tainted())
	assert.True(t, system().OnDemand())
	s := system()
	s.Taints = []nodegroup.Taint{{Key: "a", Effect: "PreferNoSchedule"}}
	assert.False(t, s.Tainted(), "a preference keeps no pod away")
	s.Capacity = ""
	assert.True(t, s.OnDemand(), "on demand is the default")
}
