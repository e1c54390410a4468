package addons

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings are the add-ons part of a stack file.
type Settings struct {
	// Assigns addresses to pods, and enforces network policies.
	VPCCNI VPCCNI `json:"vpcCni" jsonschema:"required"`
	// Routes the addresses of Kubernetes services.
	KubeProxy KubeProxy `json:"kubeProxy" jsonschema:"required"`
	// Hands IAM credentials to pods (EKS Pod Identity).
	PodIdentityAgent PodIdentityAgent `json:"podIdentityAgent" jsonschema:"required"`
	// Resolves names in the cluster.
	CoreDNS CoreDNS `json:"coredns" jsonschema:"required"`
	// Measures CPU and memory, for autoscaling and kubectl top.
	MetricsServer MetricsServer `json:"metricsServer" jsonschema:"required"`
	// Gives pods EBS volumes.
	EBSCSI EBSCSI `json:"ebsCsi" jsonschema:"required"`
	// Gives pods directories of EFS file systems, which many pods can share. By default the driver is not installed; if it
	// is removed, nothing can mount its volumes any more.
	EFSCSI *EFSCSI `json:"efsCsi,omitempty"`
	// Reports the health of nodes, which automatic repair acts on.
	NodeMonitoringAgent NodeMonitoringAgent `json:"nodeMonitoringAgent" jsonschema:"required"`
}

// VPCCNI configures the network plugin, add-on vpc-cni.
type VPCCNI struct {
	// Version of the add-on, for example v1.22.4-eksbuild.3; not below v1.22.4. EKS upgrades it one minor at a time.
	Version string `json:"version" jsonschema:"required,format=addon-version,example=v1.22.4-eksbuild.3"`
	// Give nodes addresses in blocks of 16 (/28) instead of one by one: many more pods per node, fewer calls to EC2. A
	// cluster with ipFamily ipv6 knows nothing else (its blocks are /80). Changing it rolls the nodes.
	PrefixDelegation *bool `json:"prefixDelegation,omitempty" jsonschema:"default=true"`
	// Free blocks that a node keeps ready for new pods. Only with prefixDelegation, and without effect with ipFamily ipv6,
	// where a node gets one block that it cannot use up.
	WarmPrefixTarget int `json:"warmPrefixTarget,omitempty" jsonschema:"minimum=1,maximum=16,default=1"`
	// Take pods' addresses from network.secondaryCidr (custom networking); by default where there is one. Changing it rolls
	// the nodes. To give up the second range, turn this off, update the stack that owns the cluster and then every stack
	// that joins it, and take secondaryCidr out when no node is left in the pods' subnets.
	CustomNetworking *bool `json:"customNetworking,omitempty"`
	// Enforce Kubernetes network policies on the nodes.
	NetworkPolicy *bool `json:"networkPolicy,omitempty" jsonschema:"default=true"`
	// Let pods have their own security groups, on instance types that support it (most Nitro types, none of the t family).
	// The node's rules also apply to their traffic that leaves the VPC, and network policies still apply. Changing it rolls
	// the nodes: a node makes room for the trunk interface when it starts.
	PodSecurityGroups bool `json:"podSecurityGroups,omitempty" jsonschema:"default=false"`
}

// ProxyMode is how kube-proxy routes services.
type ProxyMode string

const (
	// ProxyIPTables uses iptables rules.
	ProxyIPTables ProxyMode = "iptables"
	// ProxyIPVS uses the kernel's load balancer. Kubernetes 1.35 deprecates it.
	ProxyIPVS ProxyMode = "ipvs"
)

// KubeProxy configures the add-on kube-proxy.
type KubeProxy struct {
	// Version of the add-on, of the cluster's Kubernetes minor, for example v1.35.3-eksbuild.29.
	Version string `json:"version" jsonschema:"required,format=addon-version,example=v1.35.3-eksbuild.29"`
	// How services are routed; ipvs is deprecated from Kubernetes 1.35 on. Changing it restarts kube-proxy everywhere, and
	// rules of the old mode stay on a node until it is replaced.
	Mode ProxyMode `json:"mode,omitempty" jsonschema:"enum=iptables,enum=ipvs,default=iptables"`
}

// PodIdentityAgent configures the add-on eks-pod-identity-agent.
type PodIdentityAgent struct {
	// Version of the add-on, for example v1.3.10-eksbuild.3.
	Version string `json:"version" jsonschema:"required,format=addon-version,example=v1.3.10-eksbuild.3"`
}

// CoreDNS configures the add-on coredns.
type CoreDNS struct {
	// Version of the add-on, for example v1.13.2-eksbuild.31.
	Version string `json:"version" jsonschema:"required,format=addon-version,example=v1.13.2-eksbuild.31"`
	// Number of replicas; by default the add-on's two. Cannot be combined with autoScaling.
	Replicas int `json:"replicas,omitempty" jsonschema:"minimum=1,maximum=1000"`
	// Let EKS choose the number of replicas by the number of nodes and cores.
	AutoScaling *AutoScaling `json:"autoScaling,omitempty"`
}

// AutoScaling bounds the replicas of coredns.
type AutoScaling struct {
	// Minimum number of replicas.
	Min int `json:"min,omitempty" jsonschema:"minimum=2,maximum=1000,default=2"`
	// Maximum number of replicas.
	Max int `json:"max,omitempty" jsonschema:"minimum=2,maximum=1000,default=10"`
}

// MetricsServer configures the add-on metrics-server.
type MetricsServer struct {
	// Version of the add-on, for example v0.9.0-eksbuild.11.
	Version string `json:"version" jsonschema:"required,format=addon-version,example=v0.9.0-eksbuild.11"`
	// Number of replicas; by default the add-on's own.
	Replicas int `json:"replicas,omitempty" jsonschema:"minimum=1,maximum=10"`
}

// EBSCSI configures the add-on aws-ebs-csi-driver.
type EBSCSI struct {
	// Version of the add-on, for example v1.66.0-eksbuild.1.
	Version string `json:"version" jsonschema:"required,format=addon-version,example=v1.66.0-eksbuild.1"`
	// Whether the driver is installed. If it is turned off, nothing can mount or delete its volumes any more.
	Enabled *bool `json:"enabled,omitempty" jsonschema:"default=true"`
	// Create the storage class ebs-csi-default-sc as the default class.
	DefaultStorageClass bool `json:"defaultStorageClass,omitempty" jsonschema:"default=false"`
	// ARN of the KMS key in the kmsKeyId of storage classes: the driver is allowed to use it. Volumes encrypted with the
	// account's default key need none.
	VolumeKeyARN string `json:"volumeKeyArn,omitempty" jsonschema:"format=kms-key-arn"`
}

// EFSCSI configures the add-on aws-efs-csi-driver.
type EFSCSI struct {
	// Version of the add-on, for example v3.4.2-eksbuild.1.
	Version string `json:"version" jsonschema:"required,format=addon-version,example=v3.4.2-eksbuild.1"`
}

// NodeMonitoringAgent configures the add-on eks-node-monitoring-agent.
type NodeMonitoringAgent struct {
	// Version of the add-on, for example v1.6.5-eksbuild.1.
	Version string `json:"version" jsonschema:"required,format=addon-version,example=v1.6.5-eksbuild.1"`
	// Whether the agent is installed. Without it, automatic repair of node groups detects fewer failures.
	Enabled *bool `json:"enabled,omitempty" jsonschema:"default=true"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Region is the AWS region, for example eu-west-1. Required.
	Region string `args:"required" format:"aws-region"`
	// ClusterName is the EKS cluster's name, as an output of the cluster, so that the add-ons wait for it. Required.
	// Changing it replaces the add-ons.
	ClusterName pulumi.StringInput `args:"required"`
	// ClusterVersion is the cluster's Kubernetes minor, for example 1.35. Required.
	ClusterVersion string `args:"required"`
	// IPv6 says that the cluster's IP family is ipv6. EKS switches the network plugin automatically; here it changes the
	// plugin's permissions, and requires prefix delegation.
	IPv6 bool
	// PodNetworks put pods into subnets of their own (custom networking), one per zone; none leaves pods in the nodes'
	// subnets. Only new nodes take a change.
	PodNetworks []PodNetwork
	// PodSecurityGroupIDs are the security groups of the pods in PodNetworks; by default those of the node.
	PodSecurityGroupIDs pulumi.StringArrayInput
	// Tags are added to every taggable resource, together with a Name, and to the volumes that the EBS driver creates.
	Tags map[string]string
}

// PodNetwork is where the pods of one zone get their addresses from.
type PodNetwork struct {
	// ZoneName is the zone's name in this account, as nodes are labelled with it: eu-west-1a.
	ZoneName pulumi.StringInput
	// SubnetID is the pods' subnet in that zone.
	SubnetID pulumi.StringInput
}

// summary is what a preview shows of the component itself.
func (a *Args) summary() pulumi.Map {
	return pulumi.Map{"clusterVersion": pulumi.String(a.ClusterVersion)}
}
