package nodegroup

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/format"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// evictionSignals are the kubelet's signals that both AL2023 and Bottlerocket support
// (https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#eviction-signals).
var evictionSignals = []string{
	"memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree", "pid.available",
}

// The kubelet's own defaults, with which a single threshold is compared
// (https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/).
const (
	defaultImageGCHigh   = 85
	defaultImageGCLow    = 80
	defaultPullQPS       = 5
	defaultRegistryBurst = 10
)

// problems checks the settings on their own.
func (k Kubelet) problems() problem.List {
	var out problem.List
	out = append(out, reservedProblems(k.SystemReserved).Under("systemReserved")...)
	out = append(out, reservedProblems(k.KubeReserved).Under("kubeReserved")...)
	out = append(out, thresholdProblems(k.EvictionHard).Under("evictionHard")...)
	out = append(out, thresholdProblems(k.EvictionSoft).Under("evictionSoft")...)
	out = append(out, k.graceProblems()...)
	out = append(out, k.imageGCProblems()...)
	out = append(out, k.shutdownProblems()...)
	out = append(out, k.registryProblems()...)
	return out
}

// reservable are the resources that can be reserved.
var reservable = []string{"cpu", "memory", "ephemeral-storage", "pid"}

func reservedProblems(reserved map[string]string) problem.List {
	var out problem.List
	for key, value := range reserved {
		if !slices.Contains(reservable, key) {
			out.Add(key, "cannot be reserved; must be one of %s", strings.Join(reservable, ", "))
		} else if wrong := format.Quantity(value); wrong != "" {
			out.Add(key, "%s", wrong)
		}
	}
	return out
}

// pidProblems reports what Bottlerocket cannot reserve.
func (s Settings) pidProblems() problem.List {
	var out problem.List
	for _, part := range []struct {
		key    string
		values map[string]string
	}{{"systemReserved", s.Kubelet.SystemReserved}, {"kubeReserved", s.Kubelet.KubeReserved}} {
		if _, has := part.values["pid"]; has && s.AMI.family() == familyBottlerocket {
			at := "kubelet." + part.key + ".pid"
			out.Relate(at, []string{at, "ami"}, "cannot be reserved on Bottlerocket; must be one of %s", strings.Join(reservable[:3], ", "))
		}
	}
	return out
}

func thresholdProblems(thresholds map[string]string) problem.List {
	var out problem.List
	for signal, value := range thresholds {
		if !slices.Contains(evictionSignals, signal) {
			out.Add(signal, "is not an eviction signal; must be one of %s", strings.Join(evictionSignals, ", "))
		}
		percent, isPercent := strings.CutSuffix(value, "%")
		if !isPercent {
			if why := format.Quantity(value); why != "" {
				out.Add(signal, "%s", why)
			}
			continue
		}
		if p, err := strconv.ParseFloat(percent, 32); err != nil || p <= 0 || p >= 100 {
			out.Add(signal, "must be a quantity or a percentage between 0%% and 100%%, got %q", value)
		}
	}
	return out
}

// graceProblems checks that each soft threshold has its grace period, and only those.
func (k Kubelet) graceProblems() problem.List {
	var out problem.List
	for signal := range k.EvictionSoft {
		if k.EvictionSoftGracePeriod[signal] == "" {
			out.Relate("evictionSoftGracePeriod", []string{"evictionSoftGracePeriod." + signal, "evictionSoft." + signal},
				"needs a period for %s, for which evictionSoft has a threshold", signal)
		}
	}
	for signal, value := range k.EvictionSoftGracePeriod {
		at := "evictionSoftGracePeriod." + signal
		if _, ok := k.EvictionSoft[signal]; !ok {
			out.Relate(at, []string{at, "evictionSoft." + signal}, "has no threshold in evictionSoft")
		}
		if wrong := format.Seconds(value); wrong != "" {
			out.Add(at, "%s", wrong)
		}
	}
	return out
}

func (k Kubelet) imageGCProblems() problem.List {
	var out problem.List
	high, low := k.ImageGCHighThresholdPercent, k.ImageGCLowThresholdPercent
	if high == 0 && low == 0 {
		return out
	}
	if high == 0 {
		high = defaultImageGCHigh
	}
	if low == 0 {
		low = defaultImageGCLow
	}
	if high <= low {
		out.Relate("imageGCHighThresholdPercent", []string{"imageGCHighThresholdPercent", "imageGCLowThresholdPercent"}, "must be above imageGCLowThresholdPercent (%d), got %d", low, high)
	}
	return out
}

func (k Kubelet) shutdownProblems() problem.List {
	var out problem.List
	both := []string{"shutdownGracePeriodCriticalPods", "shutdownGracePeriod"}
	if k.ShutdownGracePeriodCriticalPods == "" {
		return out
	}
	if k.ShutdownGracePeriod == "" {
		out.Relate("shutdownGracePeriodCriticalPods", both, "needs shutdownGracePeriod, of which it is a part")
		return out
	}
	all, errAll := time.ParseDuration(k.ShutdownGracePeriod)
	critical, err := time.ParseDuration(k.ShutdownGracePeriodCriticalPods)
	if errAll == nil && err == nil && critical >= all {
		out.Relate("shutdownGracePeriodCriticalPods", both, "must be less than shutdownGracePeriod (%s), of which it is a part, got %s",
			k.ShutdownGracePeriod, k.ShutdownGracePeriodCriticalPods)
	}
	return out
}

func (k Kubelet) registryProblems() problem.List {
	var out problem.List
	qps, burst := k.RegistryPullQPS, k.RegistryBurst
	if qps == 0 {
		qps = defaultPullQPS
	}
	if burst == 0 {
		burst = defaultRegistryBurst
	}
	if burst < qps {
		out.Relate("registryBurst", []string{"registryBurst", "registryPullQPS"}, "must not be below registryPullQPS (%d), got %d", qps, burst)
	}
	return out
}

// What a node does not have for pods, of its memory in MiB.
const (
	// memoryOverhead is the share of a type's memory, in thousandths, that hypervisor and kernel keep: Karpenter's
	// vmMemoryOverheadPercent (https://karpenter.sh/docs/reference/settings/).
	memoryOverhead = 75
	// evictionDefault is the kubelet's memory.available threshold, on both families' images.
	evictionDefault = 100
	// Both families reserve memory by the number of pods: 11 for each, and 255
	// (https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/config.go,
	// https://github.com/bottlerocket-os/bottlerocket-core-kit, kube_reserve_memory in sources/api/schnauzer).
	reservedEach, reservedAlways = 11, 255
)

// imageReserve returns what the image keeps for the kubelet on a type by itself, in MiB and thousandths of a CPU.
// Bottlerocket counts the pods that the node takes, AL2023 always those of a node with single addresses, whatever
// max pods are set to. Of CPUs both keep 6 % of the first, 1 % of the second, 0.5 % of the next two and 0.25 % of the rest.
func (a *Args) imageReserve(t instancetype.Type) (memory, cpu int) {
	pods := a.MaxPods(a.Networking)
	if a.AMI.family() != familyBottlerocket {
		pods = instancetype.Addressable(t, instancetype.Networking{})
	}
	cpu = 60 + 10*min(1, t.VCPUs-1) + 5*max(0, min(2, t.VCPUs-2)) + 5*max(0, t.VCPUs-4)/2
	return reservedEach*pods + reservedAlways, cpu
}

// capacityProblems holds what is kept from pods, and what the pods of every node ask for, against the instance types.
func (a *Args) capacityProblems() problem.List {
	var out problem.List
	k := a.Kubelet
	for i, name := range a.InstanceTypes {
		t, ok := instancetype.Lookup(name)
		if !ok {
			continue
		}
		memory, cpu := a.imageReserve(t)
		given := func(key string, image int) int {
			if own, ok := k.KubeReserved[key]; ok {
				image = amount(key, own)
			}
			return image + amount(key, k.SystemReserved[key])
		}
		eviction := evictionDefault
		if own, ok := k.EvictionHard["memory.available"]; ok {
			eviction = amount("memory", own)
			if percent, is := strings.CutSuffix(own, "%"); is {
				share, _ := strconv.ParseFloat(percent, 64) // said elsewhere
				eviction = int(float64(t.MemoryMiB) * share / 100)
			}
		}
		has := t.MemoryMiB - t.MemoryMiB*memoryOverhead/1000
		reserved := given("memory", memory)
		at := fmt.Sprintf("instanceTypes[%d]", i)
		reads := []string{at, "kubelet", "ami", "$.addons", "$.logging", "$.secrets", "$.network.secondaryCidr"}
		if len(k.KubeReserved)+len(k.SystemReserved)+len(k.EvictionHard) > 0 {
			at = "kubelet"
		}
		if left := has - reserved - eviction; left < a.DaemonSets.MemoryMiB || left <= 0 {
			out.Relate(at, reads, "%s has about %d MiB of memory for the system and pods: %d are reserved (%d pods, %s) and %d kept from eviction, "+
				"and the platform's own pods on every node ask for %d: take a larger type, or lower kubelet.maxPods or kubelet.kubeReserved",
				t.Name, has, reserved, a.MaxPods(a.Networking), a.AMI.family(), eviction, a.DaemonSets.MemoryMiB)
			return out // of one type is enough
		}
		reserved = given("cpu", cpu)
		if left := t.VCPUs*1000 - reserved; left < a.DaemonSets.MilliCPU || left <= 0 {
			out.Relate(at, reads, "%s has %dm of CPU: %dm are reserved, and the platform's own pods on every node ask for %dm: take a larger type, "+
				"or lower kubelet.kubeReserved", t.Name, t.VCPUs*1000, reserved, a.DaemonSets.MilliCPU)
			return out
		}
	}
	return out
}

// amount returns a quantity in MiB, or of CPUs in thousandths; 0 for what is none, which is reported elsewhere.
func amount(resourceName, text string) int {
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return 0
	}
	if resourceName == "cpu" {
		return int(q.MilliValue())
	}
	return int(q.Value() >> 20)
}

// leastPods is the least number of pods that a node is of use with: up to six are the platform's own DaemonSets. The
// schema says the same of kubelet.maxPods.
const leastPods = 8

// maxPodsProblems checks the number of pods on a node against what the smallest instance type can address, and against
// the ceiling that EKS puts on groups without a custom AMI.
func (s Settings) maxPodsProblems(n instancetype.Networking) problem.List {
	var out problem.List
	limits := []string{
		"kubelet.maxPods", "instanceTypes", "ami.type", "$.addons.vpcCni.prefixDelegation", "$.addons.vpcCni.podSecurityGroups",
		"$.network.secondaryCidr",
	}
	addressable := s.smallest(func(t instancetype.Type) int { return instancetype.Addressable(t, n) })
	recommended := s.smallest(func(t instancetype.Type) int { return instancetype.MaxPods(t, n) })
	switch given := s.Kubelet.MaxPods; {
	case given == 0 && len(s.InstanceTypes) > 0 && recommended == 0:
		out.Relate("kubelet.maxPods", []string{"kubelet.maxPods", "instanceTypes"}, "must be set: the platform does not know how many addresses these instance types support")
	case given == 0 && recommended > 0 && recommended < leastPods:
		out.Relate("instanceTypes", limits, "the smallest instance type has addresses for %d pods%s, and the platform's own take up to six: take a larger type",
			addressable, because(n))
	case given > 0 && addressable > 0 && given > addressable:
		out.Relate("kubelet.maxPods", limits, "must be at most %d, the number of pod addresses of the smallest instance type%s, got %d", addressable, because(n), given)
	case given > 0 && recommended > 0 && given > recommended && !s.AMI.custom():
		out.Relate("kubelet.maxPods", limits, "must be at most %d, EKS's limit for nodes of this size without a custom AMI, got %d",
			recommended, given)
	}
	return out
}

// because says what keeps a node from having more addresses.
func because(n instancetype.Networking) string {
	if n.IPv6 {
		return ""
	}
	var why []string
	if !n.PrefixDelegation {
		why = append(why, "without prefix delegation")
	}
	if n.CustomNetworking {
		why = append(why, "with network.secondaryCidr, where the first interface carries no pods")
	}
	if n.PodSecurityGroups {
		why = append(why, "with pod security groups, where the trunk interface carries none")
	}
	if len(why) == 0 {
		return ""
	}
	return " " + strings.Join(why, " and ")
}

// sortedKeys returns a map's keys in order, so that results do not differ between runs.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
