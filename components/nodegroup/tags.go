package nodegroup

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/format"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// The tags that the Cluster Autoscaler reads from Auto Scaling groups: which of them to scale, and what the nodes of an
// empty group would be like
// (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md).
const (
	autoscalerPrefix = "k8s.io/cluster-autoscaler/"
	templatePrefix   = autoscalerPrefix + "node-template/"
	labelPrefix      = templatePrefix + "label/"
	resourcePrefix   = templatePrefix + "resources/"
	taintPrefix      = templatePrefix + "taint/"
)

// maxGroupTags leaves room for EKS's own tags among the 50 that an Auto Scaling group may have.
const maxGroupTags = 45

// autoscalingTags returns the tags of the Auto Scaling group, whose keys follow from configuration alone.
//
// The stack's tags are for searching and cost allocation. They are not propagated to instances: those have
// them from the launch template, together with their volumes and network interfaces.
func (a *Args) autoscalingTags() map[string]pulumi.StringInput {
	out := map[string]pulumi.StringInput{}
	for key, value := range a.tags() {
		out[key] = pulumi.String(value)
	}
	if !a.Scaling.Autoscaled {
		return out
	}
	out[convention.AutoscaledTag] = pulumi.String("true")
	out[autoscalerPrefix+"enabled"] = pulumi.String("true")
	out[convention.ClusterAutoscalerTag(a.ClusterName)] = pulumi.String("owned")
	// EKS sets this label on nodes; pods that want on-demand nodes select it.
	out[labelPrefix+"eks.amazonaws.com/capacityType"] = pulumi.String(a.capacityType())
	out[resourcePrefix+"ephemeral-storage"] = pulumi.String(strconv.Itoa(a.Volume.SizeGiB) + "Gi")
	if a.empties() {
		for key, value := range a.nodeResources() {
			out[resourcePrefix+key] = pulumi.String(value)
		}
	}
	for key, value := range a.nodeLabels() {
		out[labelPrefix+key] = pulumi.String(value)
	}
	for _, t := range a.Taints {
		out[taintPrefix+t.Key] = pulumi.String(t.Value + ":" + t.Effect)
	}
	if zones := a.zones(); len(zones) == 1 && a.ZoneNames[zones[0]] != nil {
		// Volumes tie pods to a zone by either label.
		out[labelPrefix+"topology.kubernetes.io/zone"] = a.ZoneNames[zones[0]]
		out[labelPrefix+"topology.ebs.csi.aws.com/zone"] = a.ZoneNames[zones[0]]
	}
	return out
}

// empties reports whether the group can be without a node, so that the Cluster Autoscaler has none to learn from.
func (s Settings) empties() bool {
	return s.Scaling.Min == 0 || slices.ContainsFunc(s.Schedules, func(s Schedule) bool { return s.Min == 0 })
}

// The resources that a node of the platform's can have besides CPU and memory.
const (
	podENI     = "vpc.amazonaws.com/pod-eni"
	nvidiaGPU  = "nvidia.com/gpu"
	neuron     = "aws.amazon.com/neuron"
	podsOfNode = "pods"
	// autoscalersPods is the number of pods that the Cluster Autoscaler takes every node for.
	autoscalersPods = 110
)

// nodeResources are what a node of the group brings that the Cluster Autoscaler does not know of its instance type: of
// several types the least, for any may come. It knows CPU and memory; what controllers and device plugins add, a kubelet
// setting limits or the stack file tells, it learns from tags
// (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/aws_manager.go).
func (a *Args) nodeResources() map[string]string {
	out := map[string]string{}
	if pods := a.MaxPods(a.Networking); pods > 0 && pods != autoscalersPods {
		out[podsOfNode] = strconv.Itoa(pods)
	}
	if n := a.least(func(t instancetype.Type) int { return t.Branches }); a.Networking.PodSecurityGroups && n > 0 {
		out[podENI] = strconv.Itoa(n)
	}
	if n := a.least(func(t instancetype.Type) int { return t.GPUs }); n > 0 && a.offersGPUs() {
		out[nvidiaGPU] = strconv.Itoa(n)
	}
	if n := a.least(func(t instancetype.Type) int { return t.Neurons }); n > 0 {
		out[neuron] = strconv.Itoa(n)
	}
	maps.Copy(out, a.Scaling.NodeResources)
	return out
}

// nodeResourceProblems checks the resources that the stack file tells of nodes.
func (s Settings) nodeResourceProblems() problem.List {
	var out problem.List
	for key, value := range s.Scaling.NodeResources {
		switch domain, _, qualified := strings.Cut(key, "/"); {
		case len(validation.IsQualifiedName(key)) > 0, !qualified && !strings.HasPrefix(key, "hugepages-"),
			domain == "kubernetes.io" || strings.HasSuffix(domain, ".kubernetes.io"):
			out.Add(key, "is no resource that nodes have besides CPU, memory, pods and ephemeral storage: there are hugepages-<size> and "+
				"<domain>/<name>, such as vpc.amazonaws.com/efa")
		default:
			if wrong := format.Quantity(value); wrong != "" {
				out.Add(key, "%s", wrong)
			}
		}
	}
	if len(s.Scaling.NodeResources) > 0 && !s.Scaling.Autoscaled {
		out.Add("", "only the Cluster Autoscaler reads it: it goes with autoscaled")
	}
	return out
}

// autoscalerProblems checks that the labels and taints of an autoscaled group can be expressed as tags.
func (s Settings) autoscalerProblems() problem.List {
	var out problem.List
	if !s.Scaling.Autoscaled {
		return nil
	}
	first := map[string]int{}
	for i, t := range s.Taints {
		if at, twice := first[t.Key]; twice {
			key := fmt.Sprintf("taints[%d].key", i)
			out.Relate(key, []string{key, fmt.Sprintf("taints[%d].key", at), "scaling.autoscaled"}, "%q is already the key of taints[%d]: the Cluster Autoscaler reads only "+
				"one taint for each key", t.Key, at)
			continue
		}
		first[t.Key] = i
	}
	return out
}

func (b *builder) createTags() error {
	values := b.args.autoscalingTags()
	for _, key := range sortedKeys(values) {
		_, err := autoscaling.NewTag(b.ctx, b.kids.ID("tag", key), &autoscaling.TagArgs{
			AutoscalingGroupName: b.out.AutoScalingGroupName,
			Tag: autoscaling.TagTagArgs{
				Key: pulumi.String(key), Value: values[key], PropagateAtLaunch: pulumi.Bool(false),
			},
		}, b.kids.Opts()...)
		if err != nil {
			return fmt.Errorf("tag the Auto Scaling group with %s: %w", key, err)
		}
	}
	return nil
}
