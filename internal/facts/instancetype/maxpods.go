package instancetype

// Ceilings on pods per node that EKS recommends, and enforces in managed node groups without a custom AMI: 110, and
// 250 above 30 vCPUs
// (https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html#max-pods-precedence).
const (
	ceiling         = 110
	ceilingLarge    = 250
	largeAboveVCPUs = 30
	// prefix is the number of addresses in a /28, what the VPC CNI takes at a time under prefix delegation.
	prefix = 16
	// hostNetwork counts the pods that need no address of their own: the VPC CNI's and kube-proxy's.
	hostNetwork = 2
)

// Networking is what the VPC CNI does with the network interfaces of a cluster's nodes.
type Networking struct {
	// PrefixDelegation gives nodes /28 prefixes instead of single addresses, where they are of the Nitro system.
	PrefixDelegation bool
	// WarmPrefixes is the number of free prefixes that a node keeps (WARM_PREFIX_TARGET); 0 is the CNI's own one.
	WarmPrefixes int
	// CustomNetworking takes pods' addresses from subnets of their own: the first interface stays in the node's subnet and
	// carries none.
	CustomNetworking bool
	// PodSecurityGroups gives a node that can have one a trunk interface, which carries no addresses of pods itself.
	PodSecurityGroups bool
	// IPv6 gives a node one /80 prefix on its first interface, more than it can use up: the rest changes nothing then.
	IPv6 bool
}

// podInterfaces returns how many interfaces of a node take pods' addresses.
func (n Networking) podInterfaces(t Type) int {
	enis := t.ENIs
	if n.IPv6 {
		return enis
	}
	if n.CustomNetworking {
		enis--
	}
	if n.PodSecurityGroups && t.Branches > 0 {
		enis--
	}
	return max(0, enis)
}

// prefixes reports whether a node's pods take their addresses from prefixes.
func (n Networking) prefixes(t Type) bool { return n.PrefixDelegation && t.Nitro }

// Addressable returns how many pods a node of a type can give addresses to, with no regard to ceilings; 0 where the
// table does not know. The primary address of each interface is the interface's own. It is the number that AWS's
// max-pods-calculator.sh shows as allowed
// (https://github.com/awslabs/amazon-eks-ami/blob/main/templates/al2/runtime/max-pods-calculator.sh), which takes an
// interface off for custom networking, less another for the trunk interface: the CNI keeps a place for it
// (hasRoomForEni, https://github.com/aws/amazon-vpc-cni-k8s/blob/v1.23.2/pkg/ipamd/ipamd.go).
func Addressable(t Type, n Networking) int {
	if t.ENIs == 0 || t.IPv4PerENI == 0 {
		return 0
	}
	addresses := n.podInterfaces(t) * (t.IPv4PerENI - 1)
	if n.prefixes(t) {
		addresses *= prefix
	}
	return addresses + hostNetwork
}

// MaxPods returns the number of pods that a node of a type takes, 0 where the table does not know: what its addresses
// allow, but at most 110, or 250 above 30 vCPUs. That is the result of max-pods-calculator.sh.
func MaxPods(t Type, n Networking) int {
	limit := ceiling
	if t.VCPUs > largeAboveVCPUs {
		limit = ceilingLarge
	}
	return min(limit, Addressable(t, n))
}

// Holding is what one full node takes out of its subnets.
type Holding struct {
	// NodeAddresses are single addresses in the node's own subnet.
	NodeAddresses int
	// PodAddresses are single addresses, and Prefixes /28 prefixes, where pods take theirs: in the node's own subnet, or
	// with custom networking in the pods'.
	PodAddresses, Prefixes int
}

// unlisted stands for a type that the table does not know. It lets a node grow as far as its pods ask.
var unlisted = Type{ENIs: 15, IPv4PerENI: 15, Branches: 54, Nitro: true}

// Hold returns what a node of a type holds with a number of pods on it, and what the CNI keeps warm besides
// (https://github.com/aws/amazon-vpc-cni-k8s/blob/v1.23.2/docs/eni-and-ip-target.md,
// https://github.com/aws/amazon-vpc-cni-k8s/blob/v1.23.2/docs/prefix-and-ip-target.md). Without prefix delegation it takes
// interfaces whole, with every address that they can have, and keeps one free (WARM_ENI_TARGET 1, its default). With it,
// it takes prefixes as they are used and keeps the warm ones. A trunk and each branch interface have one more address.
func Hold(t Type, n Networking, pods int) Holding {
	if t.ENIs == 0 || t.IPv4PerENI < 2 {
		t = unlisted
	}
	var h Holding
	usable, each := n.podInterfaces(t), t.IPv4PerENI-1
	switch {
	case n.IPv6:
		h.NodeAddresses = 1
	case n.prefixes(t):
		h.Prefixes = min(up(pods, prefix)+max(1, n.WarmPrefixes), usable*each)
		h.PodAddresses = up(h.Prefixes, each)
	default:
		h.PodAddresses = min(up(pods, each)+1, usable) * t.IPv4PerENI
	}
	if n.CustomNetworking {
		h.NodeAddresses = 1
	}
	if n.PodSecurityGroups && t.Branches > 0 {
		h.PodAddresses += 1 + min(t.Branches, pods)
	}
	return h
}

// up divides and rounds up.
func up(n, by int) int { return (n + by - 1) / by }
