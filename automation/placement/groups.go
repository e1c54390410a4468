package placement

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/declared"
	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/plural"
)

const managedNodeGroup = "eks:index:ManagedNodeGroup"

// The node labels that EKS adds.
const (
	labelCapacity  = "eks.amazonaws.com/capacityType"
	labelNodeGroup = "eks.amazonaws.com/nodegroup"
	labelZoneID    = "topology.k8s.aws/zone-id"
)

// The values of Group.Capacity, as EKS spells them.
const (
	OnDemand = "ON_DEMAND"
	Spot     = "SPOT"
)

// Group is a node group.
type Group struct {
	// Environment is the environment that declares it; Name is its name there.
	Environment string `json:"environment"`
	Name        string `json:"name"`
	// Capacity is OnDemand or Spot.
	Capacity string `json:"capacity"`
	// Labels are the node labels from the stack file; Taints are formatted as key=value:Effect.
	Labels map[string]string `json:"labels,omitempty"`
	Taints []string          `json:"taints,omitempty"`

	// nodes has one node for each zone and instance type.
	nodes []*corev1.Node
}

// String returns environment and name.
func (g Group) String() string { return g.Environment + "/" + g.Name }

// tainted reports whether pods without tolerations cannot run on the group.
func (g Group) tainted() bool {
	return slices.ContainsFunc(g.nodes[0].Spec.Taints, func(t corev1.Taint) bool { return keepsOff(&t) })
}

// forSpot reports whether the group is labelled or tainted for environments bound to spot nodes.
func (g Group) forSpot() bool {
	return g.Labels[convention.SpotLabel] == convention.SpotLabelValue ||
		slices.ContainsFunc(g.nodes[0].Spec.Taints, func(t corev1.Taint) bool { return t.Key == convention.SpotTaint })
}

// nodeGroupInputs are the inputs of a registered node group that describe its nodes.
type nodeGroupInputs struct {
	AMIType       string            `json:"amiType"`
	CapacityType  string            `json:"capacityType"`
	InstanceTypes []string          `json:"instanceTypes"`
	Labels        map[string]string `json:"labels"`
	SubnetIDs     []string          `json:"subnetIds"`
	Taints        []struct{ Key, Value, Effect string }
}

// effects maps EKS's spelling of taint effects to Kubernetes'
// (https://docs.aws.amazon.com/eks/latest/APIReference/API_Taint.html).
var effects = map[string]corev1.TaintEffect{
	"NO_SCHEDULE":        corev1.TaintEffectNoSchedule,
	"NO_EXECUTE":         corev1.TaintEffectNoExecute,
	"PREFER_NO_SCHEDULE": corev1.TaintEffectPreferNoSchedule,
}

// groups returns the node groups of all stacks of a cluster, sorted by environment and name, the owner's first.
func groups(stacks []declared.Stack) ([]Group, error) {
	zones := map[string]string{} // zone ids by subnet
	region := ""
	for _, s := range stacks {
		for _, r := range s.Registrations.ByType("aws:ec2/subnet:Subnet") {
			if zone, ok := r.Input("availabilityZoneId").(string); ok {
				zones[r.ID] = zone
			}
		}
		for _, r := range s.Registrations.ByType("pulumi:providers:aws") {
			if v, ok := r.Input("region").(string); ok {
				region = v
			}
		}
	}
	trunks := podENIs(stacks)
	var out []Group
	for _, s := range stacks {
		var own []Group
		for _, r := range s.Registrations.ByType(managedNodeGroup) {
			g, err := newGroup(s.Environment, r, zones, region, trunks)
			if err != nil {
				return nil, fmt.Errorf("node group %s of %s: %w", r.Name, s.Name, err)
			}
			own = append(own, g)
		}
		slices.SortFunc(own, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
		out = append(out, own...)
	}
	return out, nil
}

func newGroup(environment string, r declared.Registration, zones map[string]string, region string, trunks bool) (Group, error) {
	var in nodeGroupInputs
	if err := as(r.PlainInputs(), &in); err != nil {
		return Group{}, err
	}
	g := Group{Environment: environment, Name: groupName(environment, r), Capacity: cmp.Or(in.CapacityType, OnDemand), Labels: in.Labels}
	var taints []corev1.Taint
	for _, t := range in.Taints {
		effect, known := effects[t.Effect]
		if !known {
			return Group{}, fmt.Errorf("the taint %s has the effect %q, which is not a valid effect in EKS", t.Key, t.Effect)
		}
		taints = append(taints, corev1.Taint{Key: t.Key, Value: t.Value, Effect: effect})
		g.Taints = append(g.Taints, taintText(taints[len(taints)-1]))
	}
	if len(in.InstanceTypes) == 0 || len(in.SubnetIDs) == 0 {
		return Group{}, fmt.Errorf("it has %s and %s; a node needs one of each", plural.Of(len(in.InstanceTypes), "instance type"), plural.Of(len(in.SubnetIDs), "subnet"))
	}
	for _, subnet := range in.SubnetIDs {
		for _, kind := range in.InstanceTypes {
			labels := maps.Clone(in.Labels)
			if labels == nil {
				labels = map[string]string{}
			}
			// Pulumi names the group, after its logical name.
			labels[labelNodeGroup], labels[labelCapacity] = r.Name, g.Capacity
			labels[corev1.LabelOSStable], labels["beta.kubernetes.io/os"] = "linux", "linux"
			labels[corev1.LabelInstanceTypeStable], labels["beta.kubernetes.io/instance-type"] = kind, kind
			if arch := architecture(in.AMIType, kind); arch != "" {
				labels[corev1.LabelArchStable], labels["beta.kubernetes.io/arch"] = arch, arch
			}
			if region != "" {
				labels[corev1.LabelTopologyRegion] = region
			}
			if zone, known := zones[subnet]; known {
				labels[labelZoneID], labels[corev1.LabelTopologyZone] = zone, declared.ZoneName(zone)
			}
			name := strings.Join([]string{r.Name, subnet, kind}, "-")
			labels[corev1.LabelHostname] = name
			g.nodes = append(g.nodes, &corev1.Node{
				ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Spec: corev1.NodeSpec{Taints: taints},
				Status: corev1.NodeStatus{Allocatable: extended(in.AMIType, kind, trunks)},
			})
		}
	}
	return g, nil
}

// The extended resources of nodes, beside those that somebody's own device plugins add.
const (
	podENI    = corev1.ResourceName("vpc.amazonaws.com/pod-eni")
	nvidiaGPU = corev1.ResourceName("nvidia.com/gpu")
)

// extended returns what a node has beside CPU and memory. A type that the platform's table does not list is taken for
// one that has everything; an image of one's own, or AL2023's, for one with a device plugin, which its stack file says.
func extended(amiType, instanceType string, trunks bool) corev1.ResourceList {
	t, known := instancetype.Lookup(instanceType)
	if !known {
		t.Branches, t.GPUs = 1, 1
	}
	out := corev1.ResourceList{}
	if trunks && t.Branches > 0 {
		out[podENI] = *quantity.NewQuantity(int64(t.Branches), quantity.DecimalSI)
	}
	if t.GPUs > 0 && (strings.HasSuffix(amiType, "_NVIDIA") || amiType == "" || amiType == "CUSTOM") {
		out[nvidiaGPU] = *quantity.NewQuantity(int64(t.GPUs), quantity.DecimalSI)
	}
	return out
}

// podENIs reports whether the network plugin of a cluster gives pods security groups of their own.
func podENIs(stacks []declared.Stack) bool {
	for _, s := range stacks {
		for _, r := range s.Registrations.ByType(addonType) {
			var in struct {
				Env struct {
					PodENI string `json:"ENABLE_POD_ENI"`
				} `json:"env"`
			}
			text, _ := r.Input("configurationValues").(string)
			if json.Unmarshal([]byte(text), &in) == nil && in.Env.PodENI == "true" {
				return true
			}
		}
	}
	return false
}

// groupName returns a group's name in the stack file: the name of the component around it, without the environment.
func groupName(environment string, r declared.Registration) string {
	name := r.Name
	if r.Parent != "" {
		name = resource.URN(r.Parent).Name()
	}
	return strings.TrimPrefix(name, environment+"-")
}

// architecture returns a node's architecture in Kubernetes' terms; empty for a custom AMI on an instance type that the
// platform's table does not list.
func architecture(amiType, instanceType string) string {
	switch {
	case strings.Contains(amiType, "_ARM_64"):
		return "arm64"
	case strings.Contains(amiType, "_x86_64"):
		return "amd64"
	}
	t, known := instancetype.Lookup(instanceType)
	switch {
	case known && t.Supports(instancetype.Arm):
		return "arm64"
	case known && t.Supports(instancetype.X86):
		return "amd64"
	}
	return ""
}

// taintText formats a taint as kubectl does.
func taintText(t corev1.Taint) string {
	if t.Value == "" {
		return t.Key + ":" + string(t.Effect)
	}
	return t.Key + "=" + t.Value + ":" + string(t.Effect)
}

// as converts plain values into a typed object through JSON.
func as(values any, object any) error {
	raw, err := json.Marshal(values)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, object)
}
