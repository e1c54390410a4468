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

// Addressable returns how many pods a node of a type can give addresses to, with no regard to ceilings; 0 where the
// table does not know. The primary address of each interface is the node's own. Types that are not on the Nitro
// system take single addresses under prefix delegation, too.
func Addressable(t Type, prefixDelegation bool) int {
	if t.ENIs == 0 || t.IPv4PerENI == 0 {
		return 0
	}
	addresses := t.ENIs * (t.IPv4PerENI - 1)
	if prefixDelegation && t.Nitro {
		addresses *= prefix
	}
	return addresses + hostNetwork
}

// MaxPods returns the number of pods that EKS recommends for a node of a type, 0 where the table does not know: what
// its addresses allow, but at most 110, or 250 above 30 vCPUs. It is the result of AWS's max-pods-calculator.sh
// (https://github.com/awslabs/amazon-eks-ami/blob/main/templates/al2/runtime/max-pods-calculator.sh), and what EKS
// writes into the user data of a managed node group by itself, for the smallest of its types.
func MaxPods(t Type, prefixDelegation bool) int {
	limit := ceiling
	if t.VCPUs > largeAboveVCPUs {
		limit = ceilingLarge
	}
	return min(limit, Addressable(t, prefixDelegation))
}
