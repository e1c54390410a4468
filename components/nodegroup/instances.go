package nodegroup

import (
	"fmt"
	"slices"

	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// minSpotTypes is the number of instance types from which on a spot group is likely to find one that is to be had.
const minSpotTypes = 4

// listed returns the group's instance types that the table knows.
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
			"size, so that EC2 has one of them to give, got %d", minSpotTypes, n)
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

// ipv6Problems checks the instance types against what the VPC CNI needs with IPv6: prefixes, which only the Nitro
// system assigns (https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html).
func (s Settings) ipv6Problems() problem.List {
	var out problem.List
	for i, name := range s.InstanceTypes {
		if t, ok := instancetype.Lookup(name); ok && !t.Nitro {
			at := fmt.Sprintf("instanceTypes[%d]", i)
			out.Relate(at, []string{at, "$.cluster.ipFamily"}, "%s is not of the Nitro system, and the cluster's ipFamily is ipv6: "+
				"its pods would get no addresses", name)
		}
	}
	return out
}

func unknownType(name string) string {
	text := fmt.Sprintf("%q is not an instance type that the platform knows", name)
	if near := instancetype.Nearest(name); near != "" {
		text += "; did you mean " + near + "?"
	}
	return text + " (if it is a new one, set unlistedInstanceTypes)"
}

// mismatch says why an image does not run on an instance type, or returns "".
// (https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html).
func (a AMI) mismatch(t instancetype.Type) string {
	arch := a.arch()
	switch {
	case a.Type == "", a.custom() && arch == "":
		return "" // the image's own problems say so
	case !t.Supports(arch):
		return fmt.Sprintf("%s has %s processors, but the AMI (%s) is for %s", t.Name, t.Archs[0], a.Type, arch)
	case t.Family() == "a1" && a.family() == familyAL2023:
		return t.Name + " has first-generation Graviton processors, and AL2023 needs Graviton2 or later"
	case a.gpu() && t.GPUs == 0:
		return fmt.Sprintf("%s has no NVIDIA GPU, but the AMI (%s) is for NVIDIA GPUs", t.Name, a.Type)
	case t.GPUs > 0 && !a.gpu() && !a.custom():
		return fmt.Sprintf("%s has NVIDIA GPUs, but the AMI (%s) has no drivers for them: take a type ending in _NVIDIA", t.Name, a.Type)
	default:
		return ""
	}
}

// MaxPods returns how many pods a node of the group takes, for the IP budget: kubelet.maxPods, or what EKS recommends
// for the smallest of the instance types. It is 0 where no instance type is known and kubelet.maxPods is not set,
// which Problems refuses.
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

// smallest returns the least value over the instance types that the table knows, leaving out zeros, which mean that
// it does not know the value.
func (s Settings) smallest(of func(instancetype.Type) int) int {
	least := 0
	for _, t := range s.listed() {
		if n := of(t); n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

// Tainted reports whether pods need a toleration to be scheduled on the group. A preference (PreferNoSchedule) keeps
// none away.
func (s Settings) Tainted() bool {
	return slices.ContainsFunc(s.Taints, func(t Taint) bool { return t.Effect != preferNoSchedule })
}

// OnDemand reports whether the group's instances stay until we give them up.
func (s Settings) OnDemand() bool { return s.Capacity != SpotCapacity }
