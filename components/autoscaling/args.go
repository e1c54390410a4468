package autoscaling

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/image"
)

// Settings are the Cluster Autoscaler's part of a stack file.
type Settings struct {
	// Version of the Helm chart cluster-autoscaler, for example 9.59.0. The platform uses the value keys of that version.
	// Changing it restarts the autoscaler; nodes stay as they are.
	ChartVersion string `json:"chartVersion" jsonschema:"required,format=chart-version,example=9.59.0"`
	// The autoscaler's image, of the cluster's Kubernetes minor, because it decides with that minor's scheduler. Change
	// it together with cluster.version. The autoscaler restarts; nodes stay as they are.
	Image string `json:"image" jsonschema:"required,format=chart-image,example=registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.2"`
	// Which group grows if several could: the one that leaves the least capacity unused (least-waste), the one that fits
	// the most pending pods (most-pods), the one that needs the fewest nodes (least-nodes), the one that expanderPriorities
	// prefers (priority), or any (random).
	Expander Expander `json:"expander,omitempty" jsonschema:"enum=least-waste,enum=most-pods,enum=least-nodes,enum=priority,enum=random,default=least-waste"`
	// Which groups are preferred, with expander priority; among equals the one with the least waste grows. A group that
	// matches none grows only if no other can.
	ExpanderPriorities []Priority `json:"expanderPriorities,omitempty"`
	// When nodes are removed.
	ScaleDown ScaleDown `json:"scaleDown,omitempty"`
	// How long a new node may take to join before the autoscaler gives up on it and tries another group, for example 15m.
	// With spot groups, a shorter time finds capacity elsewhere sooner.
	MaxNodeProvisionTime string `json:"maxNodeProvisionTime,omitempty" jsonschema:"format=length-of-time,default=15m"`
	// What the pod requests. Changing it restarts the autoscaler.
	Resources Resources `json:"resources,omitempty"`
}

// Expander is how the autoscaler chooses between groups.
type Expander string

// The expanders
// (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md#what-are-expanders).
const (
	LeastWaste Expander = "least-waste"
	MostPods   Expander = "most-pods"
	LeastNodes Expander = "least-nodes"
	ByPriority Expander = "priority"
	Random     Expander = "random"
)

// Priority is a rank and the groups that have it.
type Priority struct {
	// The rank, 1 or more; the highest wins.
	Priority int `json:"priority" jsonschema:"required,minimum=1,maximum=1000000"`
	// Regular expressions for the names of Auto Scaling groups. EKS names them
	// eks-<environment>-<node group>-nodes-<random>; -spot-nodes- matches the groups named spot of all environments.
	Groups []string `json:"groups" jsonschema:"required,minItems=1,format=regular-expression"`
}

// ScaleDown says when a node is removed.
type ScaleDown struct {
	// How long a node must have been unneeded, for example 10m.
	UnneededTime string `json:"unneededTime,omitempty" jsonschema:"format=length-of-time,default=10m"`
	// How long after adding a node none is removed.
	DelayAfterAdd string `json:"delayAfterAdd,omitempty" jsonschema:"format=length-of-time,default=10m"`
	// A node is unneeded when its pods request less than this share of it, in percent, and fit elsewhere.
	UtilizationPercent int `json:"utilizationPercent,omitempty" jsonschema:"minimum=1,maximum=100,default=50"`
	// Keep nodes that run a pod of kube-system without a disruption budget; DaemonSets do not count.
	KeepNodesWithSystemPods *bool `json:"keepNodesWithSystemPods,omitempty" jsonschema:"default=true"`
}

// Resources are what the autoscaler's pod requests.
type Resources struct {
	// CPU request; there is no limit, so more is used if the node has some left.
	CPU string `json:"cpu,omitempty" jsonschema:"format=quantity,default=100m"`
	// Memory request and limit. It grows with the number of nodes and pods.
	Memory string `json:"memory,omitempty" jsonschema:"format=quantity,default=600Mi"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Region is the AWS region, for example eu-west-1. Required.
	Region string `args:"required" format:"aws-region"`
	// AccountID is the AWS account, twelve digits. Required.
	AccountID string `args:"required" format:"aws-account-id"`
	// ClusterName is the EKS cluster's name, with which its Auto Scaling groups are tagged. Required.
	ClusterName string `args:"required"`
	// ClusterNameOutput is the same as an output of the cluster, for what must wait for the cluster. Required.
	ClusterNameOutput pulumi.StringInput `args:"required"`
	// ClusterVersion is the cluster's Kubernetes minor, for example 1.35. Required. The image must be for it.
	ClusterVersion string `args:"required"`
	// Isolated says that the network has no NAT gateway. The autoscaler then uses its built-in list of instance types
	// instead of querying AWS.
	Isolated bool
	// Registries are the mirrors to pull the image from.
	Registries image.Registries
	// After lists what the autoscaler's pod needs to become ready: untainted on-demand node groups and, through them, the
	// network. Install uses it.
	After []pulumi.Resource
	// Tags are added to every taggable resource, together with a Name.
	Tags map[string]string
}

// summary is what a preview shows of the components themselves.
func (a *Args) summary() pulumi.Map {
	return pulumi.Map{"chartVersion": pulumi.String(a.ChartVersion), "image": pulumi.String(a.Image)}
}
