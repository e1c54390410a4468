package nodegroup

// Settings describe one managed node group in a stack file.
type Settings struct {
	// Name of the group within its environment, for example system or spot. Changing it replaces the group.
	Name string `json:"name" jsonschema:"required,pattern=^[a-z]([a-z0-9-]{0\\,22}[a-z0-9])?$"`
	// Capacity type. Spot instances cost a fraction and are reclaimed at two minutes' notice, on which EKS drains them.
	// Changing it replaces the group.
	Capacity string `json:"capacity,omitempty" jsonschema:"enum=onDemand,enum=spot,default=onDemand"`
	// The operating system image of the nodes.
	AMI AMI `json:"ami" jsonschema:"required"`
	// EC2 instance types, 1 to 20. On demand, the order is the order of preference. A spot group needs at least four, all
	// with the same vCPUs and memory, so that one of them is available and the autoscaler can rely on their size. Changing
	// them, or their order, replaces the group.
	InstanceTypes []string `json:"instanceTypes" jsonschema:"required,minItems=1,maxItems=20,uniqueItems=true"`
	// Accept instance types that the platform's table does not list yet. They are not checked, and kubelet.maxPods must be
	// set.
	UnlistedInstanceTypes bool `json:"unlistedInstanceTypes,omitempty" jsonschema:"default=false"`
	// Number of nodes.
	Scaling Scaling `json:"scaling" jsonschema:"required"`
	// Kubernetes labels of the nodes, at most 50. Changing them updates the group and its nodes in place; with a custom AMI
	// it rolls the nodes.
	Labels map[string]string `json:"labels,omitempty"`
	// Kubernetes taints of the nodes, at most 50. Changing them updates the group and its nodes in place; with a custom AMI
	// it rolls the nodes.
	Taints []Taint `json:"taints,omitempty" jsonschema:"maxItems=50"`
	// Zone ids of the nodes, among the network's, for example euw1-az1; by default all of them. With an autoscaler,
	// stateful workloads on EBS need one group per zone. Changing it replaces the group.
	Zones []string `json:"zones,omitempty" jsonschema:"uniqueItems=true"`
	// The volume for container images, logs and ephemeral storage. Changing it rolls the nodes.
	Volume Volume `json:"volume,omitempty"`
	// Settings of the kubelet. Changing them rolls the nodes.
	Kubelet Kubelet `json:"kubelet,omitempty"`
	// How many nodes a rolling update replaces at a time. Changing it updates the group in place.
	Update Update `json:"update,omitempty"`
	// Let EKS replace or reboot unhealthy nodes. Changing it updates the group in place.
	Repair *bool `json:"repair,omitempty" jsonschema:"default=true"`
	// Continue an update even if pod disruption budgets prevent evictions for 15 minutes: the pods are then killed. By
	// default such an update fails and is rolled back.
	ForceUpdate bool `json:"forceUpdate,omitempty" jsonschema:"default=false"`
	// Times at which the group changes its size, for example to zero for the night and back. Changing one replaces its
	// scheduled action and does not change the current size.
	Schedules []Schedule `json:"schedules,omitempty" jsonschema:"maxItems=125"`
	// A shell script, beginning with #!, that runs on AL2023 before the node joins. It is stored in plaintext in the launch
	// template and readable from the node, so it must not contain secrets. Changing it rolls the nodes.
	PreBootstrap string `json:"preBootstrap,omitempty"`
	// Tags of this group's resources, overriding the stack's. Changing them rolls the nodes, because tags reach instances
	// and volumes through the launch template.
	Tags map[string]string `json:"tags,omitempty"`
}

// The values of Settings.Capacity.
const (
	OnDemandCapacity = "onDemand"
	SpotCapacity     = "spot"
)

// AMI chooses the image.
type AMI struct {
	// EKS's AMI type, or CUSTOM for your own image. Changing it replaces the group.
	Type string `json:"type" jsonschema:"required,enum=AL2023_x86_64_STANDARD,enum=AL2023_ARM_64_STANDARD,enum=AL2023_x86_64_NVIDIA,enum=AL2023_ARM_64_NVIDIA,enum=BOTTLEROCKET_x86_64,enum=BOTTLEROCKET_ARM_64,enum=BOTTLEROCKET_x86_64_NVIDIA,enum=BOTTLEROCKET_ARM_64_NVIDIA,enum=BOTTLEROCKET_x86_64_FIPS,enum=BOTTLEROCKET_ARM_64_FIPS,enum=CUSTOM"`
	// The image's release, pinned, so that nodes change only when this does: for AL2023 the Kubernetes patch version and
	// a date, such as 1.35.8-20260930; for Bottlerocket its own version and build, such as 1.66.0-1ad6b4a4. Required
	// unless type is CUSTOM. Changing it rolls the nodes. Raise it together with whatever else rolls them, a Kubernetes
	// version or a kubelet setting: the provider sends the release only if it changes, without it EKS uses the newest, and
	// EKS never goes back to an older one.
	Release string `json:"release,omitempty"`
	// ID of a custom image, built from an EKS image of the family. Changing it rolls the nodes.
	ID string `json:"id,omitempty" jsonschema:"pattern=^ami-([0-9a-f]{8}|[0-9a-f]{17})$"`
	// Says that something of yours, such as an application in Argo CD, installs the device plugin that the instance types'
	// GPUs or Neuron devices need. The platform brings none: AL2023 and custom images need one, Bottlerocket's NVIDIA images
	// have it.
	DevicePlugin bool `json:"devicePlugin,omitempty" jsonschema:"default=false"`
	// Family of the image that a custom image was built from; it decides the format of the user data. Changing it rolls the
	// nodes.
	Family string `json:"family,omitempty" jsonschema:"enum=al2023,enum=bottlerocket"`
	// The processor architecture of a custom image.
	Architecture string `json:"architecture,omitempty" jsonschema:"enum=x86_64,enum=arm64"`
}

// Scaling bounds the number of nodes.
type Scaling struct {
	// Minimum number of nodes. Changing it updates the group in place. If the autoscaler or schedules set the desired size,
	// make the change with pulumi up --refresh: otherwise it also sends EKS the outdated desired size from the stack's
	// state. EKS refuses a minimum above the desired size.
	Min int `json:"min" jsonschema:"required,minimum=0,maximum=10000"`
	// Maximum number of nodes, at least 1. The IP budget is based on it. Changing it updates the group in place; if others
	// set the desired size, use --refresh, as for min.
	Max int `json:"max" jsonschema:"required,minimum=1,maximum=10000"`
	// Desired number of nodes, min to max. Changing it updates the group in place, but with autoscaled or schedules it
	// applies only when the group is created.
	Desired int `json:"desired" jsonschema:"required,minimum=0,maximum=10000"`
	// Let the Cluster Autoscaler set the group's desired size: it is tagged for discovery, with its labels and taints for
	// scaling up from zero, and previews do not show the size that the autoscaler chose.
	Autoscaled bool `json:"autoscaled,omitempty" jsonschema:"default=false"`
	// What a node brings besides CPU, memory and what the platform's own settings add, by resource: hugepages-2Mi: 1Gi,
	// vpc.amazonaws.com/efa: "1". While an autoscaled group has no node, the Cluster Autoscaler learns it from here.
	NodeResources map[string]string `json:"nodeResources,omitempty"`
}

// Taint repels pods that do not tolerate it.
type Taint struct {
	// The taint's key, at most 63 characters.
	Key string `json:"key" jsonschema:"required,format=label-key"`
	// The taint's value, at most 63 characters.
	Value string `json:"value,omitempty" jsonschema:"format=label-value"`
	// What happens to pods without a toleration.
	Effect string `json:"effect" jsonschema:"required,enum=NoSchedule,enum=NoExecute,enum=PreferNoSchedule"`
}

// Volume is the gp3 volume for images, logs and ephemeral storage: the root volume of AL2023, the data volume of
// Bottlerocket. It and the root volume of Bottlerocket are always encrypted, and deleted with the instance.
type Volume struct {
	// Size in GiB, 20 to 16384.
	SizeGiB int `json:"sizeGiB,omitempty" jsonschema:"minimum=20,maximum=16384,default=50"`
	// IOPS, 3000 to 80000, at most 500 per GiB; by default gp3's 3000.
	IOPS int `json:"iops,omitempty" jsonschema:"minimum=3000,maximum=80000"`
	// Throughput in MiB/s, 125 to 1000, at most a quarter of the IOPS; by default gp3's 125.
	Throughput int `json:"throughput,omitempty" jsonschema:"minimum=125,maximum=1000"`
	// The KMS key that encrypts the volumes, by default the account's aws/ebs key. Your own key must allow the
	// service-linked role AWSServiceRoleForAutoScaling to use it, otherwise no instance starts.
	KMSKeyARN string `json:"kmsKeyArn,omitempty" jsonschema:"format=kms-key-arn"`
}

// Kubelet are kubelet settings
// (https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/). By default the image's values apply.
type Kubelet struct {
	// Most pods on a node. By default EKS's recommendation for the smallest of the instance types: what its addresses
	// allow, but at most 110, or 250 above 30 vCPUs; network.secondaryCidr and addons.vpcCni.podSecurityGroups take an
	// interface from pods each. EKS refuses to go above that without a custom AMI. At least 8: up to six are the platform's
	// own DaemonSets.
	MaxPods int `json:"maxPods,omitempty" jsonschema:"minimum=8,maximum=1024"`
	// Resources reserved for the operating system, by cpu, memory, ephemeral-storage or (AL2023 only) pid, for example
	// memory 200Mi.
	SystemReserved map[string]string `json:"systemReserved,omitempty"`
	// Resources reserved for the kubelet and the container runtime, with the same keys. By default the image computes them
	// from the number of pods.
	KubeReserved map[string]string `json:"kubeReserved,omitempty"`
	// Free resources below which pods are killed immediately, by signal (memory.available, nodefs.available,
	// nodefs.inodesFree, imagefs.available, imagefs.inodesFree, pid.available), as a quantity or a percentage.
	EvictionHard map[string]string `json:"evictionHard,omitempty"`
	// Free resources below which pods are evicted after a grace period, with the same signals.
	EvictionSoft map[string]string `json:"evictionSoft,omitempty"`
	// How long a soft threshold may be exceeded, by signal, for example 1m30s; required for each soft threshold.
	EvictionSoftGracePeriod map[string]string `json:"evictionSoftGracePeriod,omitempty"`
	// Maximum grace period, in seconds, of pods that are evicted for a soft threshold.
	EvictionMaxPodGracePeriod int `json:"evictionMaxPodGracePeriod,omitempty" jsonschema:"minimum=0,maximum=86400"`
	// Disk usage in percent above which unused images are removed; by default Kubernetes' 85.
	ImageGCHighThresholdPercent int `json:"imageGCHighThresholdPercent,omitempty" jsonschema:"minimum=0,maximum=100"`
	// Disk usage in percent down to which unused images are removed; by default Kubernetes' 80.
	ImageGCLowThresholdPercent int `json:"imageGCLowThresholdPercent,omitempty" jsonschema:"minimum=0,maximum=100"`
	// How long a node's shutdown waits for its pods, for example 2m.
	ShutdownGracePeriod string `json:"shutdownGracePeriod,omitempty" jsonschema:"format=seconds"`
	// The part of shutdownGracePeriod for critical pods; less than shutdownGracePeriod.
	ShutdownGracePeriodCriticalPods string `json:"shutdownGracePeriodCriticalPods,omitempty" jsonschema:"format=seconds"`
	// Image pulls per second; by default Kubernetes' 5.
	RegistryPullQPS int `json:"registryPullQPS,omitempty" jsonschema:"minimum=0,maximum=10000"`
	// Image pulls in a burst, at least registryPullQPS; by default Kubernetes' 10.
	RegistryBurst int `json:"registryBurst,omitempty" jsonschema:"minimum=0,maximum=10000"`
	// Size at which a container's log file is rotated, for example 50Mi; by default Kubernetes' 10Mi.
	ContainerLogMaxSize string `json:"containerLogMaxSize,omitempty" jsonschema:"format=quantity"`
	// Log files kept per container, at least 2; by default Kubernetes' 5.
	ContainerLogMaxFiles int `json:"containerLogMaxFiles,omitempty" jsonschema:"minimum=2,maximum=1000"`
	// Maximum number of processes in a pod, by default as many as the node allows.
	PodPIDsLimit int `json:"podPidsLimit,omitempty" jsonschema:"minimum=1,maximum=4194304"`
}

// Update is how many nodes a rolling update replaces at a time, as a number or a percentage; by default one node.
type Update struct {
	// Number of nodes that may be unavailable at the same time, 1 to 100.
	MaxUnavailable int `json:"maxUnavailable,omitempty" jsonschema:"minimum=1,maximum=100"`
	// Percentage of the nodes that may be unavailable at the same time, 1 to 100.
	MaxUnavailablePercentage int `json:"maxUnavailablePercentage,omitempty" jsonschema:"minimum=1,maximum=100"`
}

// Schedule changes the group's size at certain times. The sizes stay until another schedule, or an update of the
// group's scaling, changes them.
type Schedule struct {
	// Name of the scheduled action, unique in the group. To change it, remove the schedule, update, and add it again: Auto
	// Scaling refuses two actions at the same time.
	Name string `json:"name" jsonschema:"required,pattern=^[a-z0-9]([a-z0-9-]{0\\,38}[a-z0-9])?$"`
	// When, as a cron expression of five fields: minute, hour, day of month, month, day of week. No two schedules of a
	// group may have the same.
	Cron string `json:"cron" jsonschema:"required,format=schedule"`
	// IANA time zone of the expression, for example Europe/Berlin or Etc/UTC. Daylight saving time is observed.
	TimeZone string `json:"timeZone" jsonschema:"required,format=time-zone"`
	// Minimum number of nodes from then on; 0 lets the group scale to zero.
	Min int `json:"min" jsonschema:"required,minimum=0,maximum=10000"`
	// Maximum number of nodes from then on, at least 1 and at most scaling.max, on which the IP budget is based.
	Max int `json:"max" jsonschema:"required,minimum=1,maximum=10000"`
	// Desired number of nodes at that time, min to max.
	Desired int `json:"desired" jsonschema:"required,minimum=0,maximum=10000"`
}
