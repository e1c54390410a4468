package nodegroup

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// minSpotTypes is the number of instance types with which a spot group is likely to find one available.
const minSpotTypes = 4

// listed returns the group's instance types that are in the table.
func (s Settings) listed() []instancetype.Type {
	var out []instancetype.Type
	for _, name := range s.InstanceTypes {
		if t, ok := instancetype.Lookup(name); ok {
			out = append(out, t)
		}
	}
	return out
}

// instanceProblems checks the instance types against the image and, for spot, against each other.
func (s Settings) instanceProblems() problem.List {
	var out problem.List
	if n := len(s.InstanceTypes); s.Capacity == SpotCapacity && n < minSpotTypes {
		out.Relate("instanceTypes", []string{"instanceTypes", "capacity"}, "a spot group needs at least %d instance types of the same "+
			"size, so that one of them is available, got %d", minSpotTypes, n)
	}
	var first *instancetype.Type
	for i, name := range s.InstanceTypes {
		at := fmt.Sprintf("instanceTypes[%d]", i)
		t, ok := instancetype.Lookup(name)
		if !ok {
			if !s.UnlistedInstanceTypes {
				out.Relate(at, []string{at, "unlistedInstanceTypes"}, "%s", unknownType(name))
			}
			continue
		}
		if why := s.AMI.mismatch(t); why != "" {
			out.Relate(at, []string{at, "ami.type", "ami.family", "ami.architecture"}, "%s", why)
		}
		switch {
		case first == nil:
			first = &t
		case s.Capacity == SpotCapacity && (t.VCPUs != first.VCPUs || t.MemoryMiB != first.MemoryMiB):
			out.Relate(at, []string{at, "capacity", "instanceTypes[0]"}, "%s has %d vCPUs and %d MiB, but %s has %d and %d: the types of a spot group must be of equal size",
				t.Name, t.VCPUs, t.MemoryMiB, first.Name, first.VCPUs, first.MemoryMiB)
		}
	}
	return out
}

// ipv6Problems checks the instance types against what the VPC CNI needs with IPv6: prefixes, which only Nitro-based types
// support (https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html).
func (s Settings) ipv6Problems() problem.List {
	var out problem.List
	for i, name := range s.InstanceTypes {
		if t, ok := instancetype.Lookup(name); ok && !t.Nitro {
			at := fmt.Sprintf("instanceTypes[%d]", i)
			out.Relate(at, []string{at, "$.cluster.ipFamily"}, "%s is not Nitro-based, but the cluster's ipFamily is ipv6: "+
				"its pods would get no addresses", name)
		}
	}
	return out
}

func unknownType(name string) string {
	text := fmt.Sprintf("%q is not a known instance type", name)
	if near := instancetype.Nearest(name); near != "" {
		text += "; did you mean " + near + "?"
	}
	return text + " (if it is new, set unlistedInstanceTypes)"
}

// mismatch says why an image does not run on an instance type, or returns "".
// (https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html).
func (a AMI) mismatch(t instancetype.Type) string {
	arch := a.arch()
	switch {
	case a.Type == "", a.custom() && arch == "":
		return "" // reported with the image
	case !t.Supports(arch):
		return fmt.Sprintf("%s has %s processors, but the AMI (%s) is for %s", t.Name, t.Archs[0], a.Type, arch)
	case t.Family() == "a1" && a.family() == familyAL2023:
		return t.Name + " has first-generation Graviton processors, but AL2023 needs Graviton2 or later"
	case a.gpu() && t.GPUs == 0:
		return fmt.Sprintf("%s has no NVIDIA GPU, but the AMI (%s) is for NVIDIA GPUs", t.Name, a.Type)
	case a.gpu() && a.family() == familyAL2023 && !a.DevicePlugin:
		return fmt.Sprintf("%s brings NVIDIA's drivers and nothing that tells Kubernetes of the GPUs, so that no pod could ask for one: take %s, "+
			"which has a device plugin, or install one and set ami.devicePlugin", a.Type, strings.Replace(a.Type, "AL2023", "BOTTLEROCKET", 1))
	case t.Neurons > 0 && !a.custom():
		return fmt.Sprintf("%s has AWS Neuron devices, and the AMI (%s) has no drivers for them: take a custom AMI that has", t.Name, a.Type)
	case t.Neurons > 0 && !a.DevicePlugin:
		return fmt.Sprintf("%s has AWS Neuron devices, which no pod could ask for without Neuron's device plugin: install it and set ami.devicePlugin", t.Name)
	case t.GPUs > 0 && !a.gpu() && !a.custom():
		return fmt.Sprintf("%s has NVIDIA GPUs, but the AMI (%s) has no drivers for them: choose an ami.type ending in _NVIDIA", t.Name, a.Type)
	default:
		return ""
	}
}

// MaxPods returns how many pods a node of the group takes, for the IP budget: kubelet.maxPods, or what EKS recommends
// for the smallest of the instance types. It is 0 if no instance type is known and kubelet.maxPods is not set, which
// Problems rejects.
func (s Settings) MaxPods(n instancetype.Networking) int {
	if s.Kubelet.MaxPods > 0 {
		return s.Kubelet.MaxPods
	}
	return s.smallest(func(t instancetype.Type) int { return instancetype.MaxPods(t, n) })
}

// fewerPods reports whether a node takes fewer pods than EKS writes into user data by itself, which does not know of
// interfaces that carry none.
func (a *Args) fewerPods() bool {
	byEKS := instancetype.Networking{PrefixDelegation: a.Networking.PrefixDelegation}
	recommended := a.smallest(func(t instancetype.Type) int { return instancetype.MaxPods(t, byEKS) })
	return a.Kubelet.MaxPods > 0 || a.MaxPods(a.Networking) < recommended
}

// Holds returns what one full node of the group takes out of its subnets: the most that any of its instance types does.
func (s Settings) Holds(n instancetype.Networking) instancetype.Holding {
	pods := s.MaxPods(n)
	var most instancetype.Holding
	for _, name := range s.InstanceTypes {
		t, _ := instancetype.Lookup(name)
		h := instancetype.Hold(t, n, pods)
		most.NodeAddresses = max(most.NodeAddresses, h.NodeAddresses)
		most.PodAddresses = max(most.PodAddresses, h.PodAddresses)
		most.Prefixes = max(most.Prefixes, h.Prefixes)
	}
	return most
}

// smallest returns the smallest value of the known instance types, ignoring zeros, which mean unknown.
func (s Settings) smallest(of func(instancetype.Type) int) int {
	least := 0
	for _, t := range s.listed() {
		if n := of(t); n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

// least returns the least value over the instance types, 0 where a type is not known.
func (s Settings) least(of func(instancetype.Type) int) int {
	if len(s.listed()) < len(s.InstanceTypes) || len(s.InstanceTypes) == 0 {
		return 0
	}
	least := of(s.listed()[0])
	for _, t := range s.listed() {
		least = min(least, of(t))
	}
	return least
}

// offersGPUs reports whether the nodes' GPUs can be asked for: something announces them to the kubelet. Bottlerocket's
// NVIDIA images do it by themselves (https://bottlerocket.dev/en/os/latest/#/api/settings/kubelet-device-plugins/).
func (s Settings) offersGPUs() bool {
	return s.AMI.gpu() && s.AMI.family() == familyBottlerocket || s.AMI.DevicePlugin
}

// acceleratorLabel is the label by which the Cluster Autoscaler knows nodes whose GPUs appear a while after themselves.
// Without it, it takes the node for one without and makes another
// (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md#gpu-node-groups).
const acceleratorLabel = "k8s.amazonaws.com/accelerator"

// nodeLabels are the group's labels, with that of its accelerators.
func (s Settings) nodeLabels() map[string]string {
	if s.Labels[acceleratorLabel] != "" || s.least(func(t instancetype.Type) int { return t.GPUs }) == 0 {
		return s.Labels
	}
	models := map[string]bool{}
	for _, t := range s.listed() {
		models[t.GPUModel] = true
	}
	label := "nvidia-gpu"
	if len(models) == 1 {
		model := strings.TrimSuffix(s.listed()[0].GPUModel, " Tensor Core")
		if model == "T4" {
			model = "Tesla T4" // as the autoscaler and the documentation spell it
		}
		label = "nvidia-" + strings.ToLower(strings.ReplaceAll(model, " ", "-"))
	}
	out := maps.Clone(s.Labels)
	if out == nil {
		out = map[string]string{}
	}
	out[acceleratorLabel] = label
	return out
}

// Trunks reports whether a node of the group can have a trunk interface, whichever its instance type is; of a type that
// the table does not know, it takes the word of whoever lists it.
func (s Settings) Trunks() bool {
	return !slices.ContainsFunc(s.listed(), func(t instancetype.Type) bool { return t.Branches == 0 })
}

// Tainted reports whether pods need a toleration to be scheduled on the group. PreferNoSchedule does not count.
func (s Settings) Tainted() bool {
	return slices.ContainsFunc(s.Taints, func(t Taint) bool { return t.Effect != preferNoSchedule })
}

// OnDemand reports whether the group's instances are on demand.
func (s Settings) OnDemand() bool { return s.Capacity != SpotCapacity }
