package nodegroup

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/tags"
)

// Args are a group's settings and what it needs from the rest of the platform.
type Args struct {
	Settings

	// Cluster is the control plane. A stack that joins another's cluster reads it (awseks.GetCluster): pulumi-eks wants
	// the resource, and its authentication mode to be API. Another cluster replaces the group.
	Cluster *awseks.Cluster `args:"required"`
	// ClusterName is the cluster's name, plain because it is part of tag keys.
	ClusterName string `args:"required"`
	// ClusterVersion is the cluster's Kubernetes minor version, for example 1.35. The nodes follow it: EKS rolls them
	// once the control plane is there. While it is empty, as in a joining stack's file by itself, Problems holds nothing
	// against the version, nor pods against what the network plugin does.
	ClusterVersion string `args:"required"`
	// ServiceCIDR is the cluster's range of service addresses, of its IP family. Only custom AMIs need it.
	ServiceCIDR pulumi.StringInput
	// Region is the AWS region of the group. Problems checks zones against it while ZoneIDs is empty.
	Region string
	// RoleARN is the nodes' IAM role, see NewRole. Changing it replaces the group.
	RoleARN pulumi.StringInput `args:"required"`
	// ZoneIDs lists the network's zones. A group without its own zones uses all of them.
	ZoneIDs []string
	// SubnetIDs maps zone ids to the nodes' subnets. Changing them replaces the group.
	SubnetIDs map[string]pulumi.StringInput
	// ZoneNames maps zone ids to zone names, with which nodes are labelled. If given, a group in a single zone is tagged
	// with it, so that the autoscaler can scale it up from zero for volumes of that zone.
	ZoneNames map[string]pulumi.StringInput
	// Networking is what the VPC CNI does with the nodes' interfaces, which decides how many pods a node takes. It does it
	// to new nodes only: changing it rolls them.
	Networking instancetype.Networking
	// DaemonSets are what the pods ask for that run on every node.
	DaemonSets Requests
	// Tags are the stack's tags; the group's own override them.
	Tags map[string]string
	// After lists what must exist before a node starts: the role's policies, the vpc-cni, kube-proxy and pod-identity
	// add-ons, and the network's egress. Draining nodes also needs it, so it is deleted after them. The launch template
	// does not wait for it.
	After []pulumi.Resource
}

// Requests are CPU and memory that pods ask for.
type Requests struct {
	MilliCPU, MemoryMiB int
}

// check rejects missing arguments that the settings require. They are not problems of a stack file.
func (a *Args) check() error {
	if a.AMI.custom() && a.ServiceCIDR == nil {
		return errors.New("field ServiceCIDR of Args is required with a custom AMI")
	}
	zones := a.zones()
	if len(zones) == 0 {
		return errors.New("field ZoneIDs of Args is required")
	}
	for _, z := range zones {
		if a.SubnetIDs[z] == nil {
			return fmt.Errorf("field SubnetIDs[%s] of Args is required", z)
		}
	}
	return nil
}

// zones returns the group's zones.
func (a *Args) zones() []string {
	if len(a.Zones) > 0 {
		return a.Zones
	}
	return a.ZoneIDs
}

// tags returns the stack's and the group's tags.
func (a *Args) tags() map[string]string {
	out := maps.Clone(a.Tags)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, a.Settings.Tags)
	return out
}

// named returns the tags of a resource, with its Name.
func (a *Args) named(name string) pulumi.StringMap {
	return tags.Named(a.tags(), name)
}

// foreignSize reports whether the number of nodes is not chosen by the stack file.
func (s Settings) foreignSize() bool { return s.Scaling.Autoscaled || len(s.Schedules) > 0 }

// summary is what a preview shows for a group above its children.
func (a *Args) summary() pulumi.Map {
	image := a.AMI.Type + " " + a.AMI.Release
	if a.AMI.custom() {
		image = a.AMI.ID
	}
	labels := []string{}
	given := a.nodeLabels()
	for _, key := range sortedKeys(given) {
		labels = append(labels, key+"="+given[key])
	}
	taints := []string{}
	for _, t := range a.Taints {
		taints = append(taints, t.Key+"="+t.Value+":"+t.Effect)
	}
	schedules := []string{}
	for _, s := range a.Schedules {
		schedules = append(schedules, fmt.Sprintf("%s: %s %s, %d to %d, %d", s.Name, s.Cron, s.TimeZone, s.Min, s.Max, s.Desired))
	}
	out := pulumi.Map{
		"capacity":      pulumi.String(a.capacityType()),
		"ami":           pulumi.String(image),
		"instanceTypes": pulumi.ToStringArray(a.InstanceTypes),
		"zones":         pulumi.ToStringArray(slices.Clone(a.zones())),
		"minSize":       pulumi.Int(a.Scaling.Min),
		"maxSize":       pulumi.Int(a.Scaling.Max),
		"autoscaled":    pulumi.Bool(a.Scaling.Autoscaled),
		"maxPods":       pulumi.Int(a.MaxPods(a.Networking)),
		"labels":        pulumi.ToStringArray(labels),
		"taints":        pulumi.ToStringArray(taints),
		"schedules":     pulumi.ToStringArray(schedules),
	}
	if a.foreignSize() { // a preview shows that a change of it is read, and what it is for
		out["desiredSizeWhenCreated"] = pulumi.Int(a.Scaling.Desired)
	} else {
		out["desiredSize"] = pulumi.Int(a.Scaling.Desired)
	}
	// The user data, which contains these, is not readable in a preview.
	if mark := a.mark(); mark != "" {
		out["vpcCni"] = pulumi.String(mark)
	}
	if kubelet, err := json.Marshal(a.Kubelet); err == nil && string(kubelet) != "{}" {
		out["kubelet"] = pulumi.String(kubelet)
	}
	if a.PreBootstrap != "" {
		out["preBootstrap"] = pulumi.String(a.PreBootstrap)
	}
	return out
}

func (s Settings) capacityType() string {
	if s.OnDemand() {
		return "ON_DEMAND"
	}
	return "SPOT"
}

// ec2Name is the Name of instances, volumes and network interfaces, which consoles and bills show without their group.
func (a *Args) ec2Name(component string) string { return a.ClusterName + "-" + component }
