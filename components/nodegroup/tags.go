package nodegroup

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// What the Cluster Autoscaler reads from Auto Scaling groups: which of them are its own, and what the nodes of a group
// that has none would be like
// (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md).
const (
	autoscalerPrefix = "k8s.io/cluster-autoscaler/"
	templatePrefix   = autoscalerPrefix + "node-template/"
	labelPrefix      = templatePrefix + "label/"
	taintPrefix      = templatePrefix + "taint/"
)

// maxGroupTags leaves room for EKS's own tags out of the 50 that an Auto Scaling group may carry.
const maxGroupTags = 45

// autoscalingTags returns the tags of the Auto Scaling group, whose keys follow from configuration alone.
//
// The stack's tags are there for whoever searches or bills by them. They are not propagated to instances: those have
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
	// EKS gives nodes this label by itself; pods that want on-demand nodes select it.
	out[labelPrefix+"eks.amazonaws.com/capacityType"] = pulumi.String(a.capacityType())
	out[templatePrefix+"resources/ephemeral-storage"] = pulumi.String(strconv.Itoa(a.Volume.SizeGiB) + "Gi")
	for key, value := range a.Labels {
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

// autoscalerProblems checks that the labels and taints of an autoscaled group can be told by tags.
func (s Settings) autoscalerProblems() problem.List {
	var out problem.List
	if !s.Scaling.Autoscaled {
		return nil
	}
	first := map[string]int{}
	for i, t := range s.Taints {
		if at, twice := first[t.Key]; twice {
			key := fmt.Sprintf("taints[%d].key", i)
			out.Relate(key, []string{key, fmt.Sprintf("taints[%d].key", at), "scaling.autoscaled"}, "%q is the key of taints[%d] already: the Cluster Autoscaler learns "+
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
