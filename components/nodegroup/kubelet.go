package nodegroup

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// evictionSignals are the kubelet's signals that both AL2023 and Bottlerocket take
// (https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#eviction-signals).
var evictionSignals = []string{
	"memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree", "pid.available",
}

// The kubelet's own defaults, against which a single threshold is compared
// (https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/).
const (
	defaultImageGCHigh   = 85
	defaultImageGCLow    = 80
	defaultPullQPS       = 5
	defaultRegistryBurst = 10
)

// problems checks the settings by themselves.
func (k Kubelet) problems(family string) problem.List {
	var out problem.List
	if k.MaxPods < 0 {
		out.Add("maxPods", "must be at least 1, got %d", k.MaxPods)
	}
	out = append(out, reservedProblems(k.SystemReserved, family).Under("systemReserved")...)
	out = append(out, reservedProblems(k.KubeReserved, family).Under("kubeReserved")...)
	out = append(out, thresholdProblems(k.EvictionHard).Under("evictionHard")...)
	out = append(out, thresholdProblems(k.EvictionSoft).Under("evictionSoft")...)
	out = append(out, k.graceProblems()...)
	out = append(out, k.imageGCProblems()...)
	out = append(out, k.shutdownProblems()...)
	out = append(out, k.registryProblems()...)
	if k.ContainerLogMaxSize != "" {
		if why := quantityProblem(k.ContainerLogMaxSize); why != "" {
			out.Add("containerLogMaxSize", "%s", why)
		}
	}
	if k.ContainerLogMaxFiles < 0 || k.ContainerLogMaxFiles == 1 {
		out.Add("containerLogMaxFiles", "must be at least 2, got %d", k.ContainerLogMaxFiles)
	}
	if k.PodPIDsLimit < 0 {
		out.Add("podPidsLimit", "must be at least 1, got %d", k.PodPIDsLimit)
	}
	return out
}

func reservedProblems(reserved map[string]string, family string) problem.List {
	var out problem.List
	known := []string{"cpu", "memory", "ephemeral-storage"}
	if family == familyAL2023 {
		known = append(known, "pid")
	}
	for key, value := range reserved {
		if !slices.Contains(known, key) {
			out.Add(key, "cannot be reserved on %s; there are %s", family, strings.Join(known, ", "))
		}
		if why := quantityProblem(value); why != "" {
			out.Add(key, "%s", why)
		}
	}
	return out
}

// quantityProblem says what is wrong with a quantity such as 200Mi, or returns "".
func quantityProblem(text string) string {
	q, err := resource.ParseQuantity(text)
	switch {
	case err != nil:
		return strconv.Quote(text) + " is no quantity, such as 250m, 200Mi or 1Gi"
	case q.Sign() <= 0:
		return "must be more than zero, got " + text
	default:
		return ""
	}
}

func thresholdProblems(thresholds map[string]string) problem.List {
	var out problem.List
	for signal, value := range thresholds {
		if !slices.Contains(evictionSignals, signal) {
			out.Add(signal, "is no eviction signal; there are %s", strings.Join(evictionSignals, ", "))
		}
		percent, isPercent := strings.CutSuffix(value, "%")
		if !isPercent {
			if why := quantityProblem(value); why != "" {
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
			out.Add("evictionSoftGracePeriod", "needs a period for %s, which evictionSoft has a threshold for", signal)
		}
	}
	for signal, value := range k.EvictionSoftGracePeriod {
		if _, ok := k.EvictionSoft[signal]; !ok {
			out.Add("evictionSoftGracePeriod."+signal, "has no threshold in evictionSoft")
		}
		if _, why := period(value); why != "" {
			out.Add("evictionSoftGracePeriod."+signal, "%s", why)
		}
	}
	if k.EvictionMaxPodGracePeriod < 0 {
		out.Add("evictionMaxPodGracePeriod", "must not be negative, got %d", k.EvictionMaxPodGracePeriod)
	}
	return out
}

// period reads a duration of whole seconds or more, the least that the kubelet takes.
func period(text string) (time.Duration, string) {
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second {
		return 0, strconv.Quote(text) + " is no duration of at least one second, such as 90s or 1m30s"
	}
	return d, ""
}

func (k Kubelet) imageGCProblems() problem.List {
	var out problem.List
	for key, value := range map[string]int{
		"imageGCHighThresholdPercent": k.ImageGCHighThresholdPercent,
		"imageGCLowThresholdPercent":  k.ImageGCLowThresholdPercent,
	} {
		if value < 0 || value > 100 {
			out.Add(key, "must be a percentage, got %d", value)
		}
	}
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
		out.Add("imageGCHighThresholdPercent", "must be above imageGCLowThresholdPercent (%d), got %d", low, high)
	}
	return out
}

func (k Kubelet) shutdownProblems() problem.List {
	var out problem.List
	if k.ShutdownGracePeriod == "" {
		if k.ShutdownGracePeriodCriticalPods != "" {
			out.Add("shutdownGracePeriodCriticalPods", "is a part of shutdownGracePeriod, which is not set")
		}
		return out
	}
	all, why := period(k.ShutdownGracePeriod)
	if why != "" {
		out.Add("shutdownGracePeriod", "%s", why)
	}
	if k.ShutdownGracePeriodCriticalPods == "" {
		return out
	}
	critical, why := period(k.ShutdownGracePeriodCriticalPods)
	switch {
	case why != "":
		out.Add("shutdownGracePeriodCriticalPods", "%s", why)
	case all > 0 && critical >= all:
		out.Add("shutdownGracePeriodCriticalPods", "must be less than shutdownGracePeriod (%s), of which it is a part, got %s",
			k.ShutdownGracePeriod, k.ShutdownGracePeriodCriticalPods)
	}
	return out
}

func (k Kubelet) registryProblems() problem.List {
	var out problem.List
	if k.RegistryPullQPS < 0 {
		out.Add("registryPullQPS", "must not be negative, got %d", k.RegistryPullQPS)
	}
	if k.RegistryBurst < 0 {
		out.Add("registryBurst", "must not be negative, got %d", k.RegistryBurst)
	}
	qps, burst := k.RegistryPullQPS, k.RegistryBurst
	if qps == 0 {
		qps = defaultPullQPS
	}
	if burst == 0 {
		burst = defaultRegistryBurst
	}
	if burst < qps {
		out.Add("registryBurst", "must not be below registryPullQPS (%d), got %d", qps, burst)
	}
	return out
}

// capacityProblems checks what is kept from pods against the smallest of the instance types.
func (s Settings) capacityProblems() problem.List {
	var out problem.List
	memory := int64(s.smallest(func(t instancetype.Type) int { return t.MemoryMiB })) << 20
	millis := int64(s.smallest(func(t instancetype.Type) int { return t.VCPUs })) * 1000
	k := s.Kubelet
	kept := sum(k.SystemReserved["memory"], k.KubeReserved["memory"], k.EvictionHard["memory.available"])
	if memory > 0 && kept.Value() >= memory {
		out.Add("kubelet", "systemReserved, kubeReserved and evictionHard keep %s of memory from pods, and the smallest "+
			"instance type has %d MiB", kept.String(), memory>>20)
	}
	kept = sum(k.SystemReserved["cpu"], k.KubeReserved["cpu"])
	if millis > 0 && kept.MilliValue() >= millis {
		out.Add("kubelet", "systemReserved and kubeReserved keep %s CPUs from pods, and the smallest instance type has %d",
			kept.String(), millis/1000)
	}
	return out
}

// sum adds quantities, leaving out what is none (percentages, mistakes that are reported elsewhere).
func sum(texts ...string) resource.Quantity {
	var total resource.Quantity
	for _, text := range texts {
		if q, err := resource.ParseQuantity(text); err == nil {
			total.Add(q)
		}
	}
	return total
}

// maxPodsProblems checks kubelet.maxPods against what the smallest instance type can address, and against the
// ceiling that EKS puts on groups without a custom AMI.
func (s Settings) maxPodsProblems(prefixDelegation bool) problem.List {
	var out problem.List
	if s.Kubelet.MaxPods == 0 {
		if len(s.InstanceTypes) > 0 && s.MaxPods(prefixDelegation) == 0 {
			out.Add("kubelet.maxPods", "must be set: the platform does not know how many addresses these instance types take")
		}
		return out
	}
	addressable := s.smallest(func(t instancetype.Type) int { return instancetype.Addressable(t, prefixDelegation) })
	recommended := s.smallest(func(t instancetype.Type) int { return instancetype.MaxPods(t, prefixDelegation) })
	switch {
	case addressable > 0 && s.Kubelet.MaxPods > addressable:
		out.Add("kubelet.maxPods", "the smallest instance type has addresses for %d pods%s, got %d",
			addressable, hint(prefixDelegation), s.Kubelet.MaxPods)
	case recommended > 0 && s.Kubelet.MaxPods > recommended && !s.AMI.custom():
		out.Add("kubelet.maxPods", "EKS allows at most %d pods on nodes of this size without a custom AMI, got %d",
			recommended, s.Kubelet.MaxPods)
	}
	return out
}

func hint(prefixDelegation bool) string {
	if prefixDelegation {
		return ""
	}
	return " without prefix delegation"
}

// sortedKeys returns a map's keys in order: what is made from a map must not differ from run to run.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
