package facts

// KubernetesVersion is a Kubernetes minor version on EKS.
type KubernetesVersion struct {
	// Minor is the version, for example "1.35".
	Minor string
	// StandardUntil and ExtendedUntil are the days, YYYY-MM-DD, on which standard and extended support end; empty where
	// they are not known.
	StandardUntil, ExtendedUntil string
	// ExtendedOnly says that standard support has ended: EKS keeps the version only for supportType EXTENDED. It is
	// written down, not worked out from today's date: what a stack file means does not change overnight.
	ExtendedOnly bool
}

// KubernetesVersions are those that EKS runs as of 2026-11-20, oldest first
// (https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html; extended support lasts twelve months).
var KubernetesVersions = []KubernetesVersion{
	{Minor: "1.31", ExtendedOnly: true},
	{Minor: "1.32", ExtendedOnly: true},
	{Minor: "1.33", StandardUntil: "2026-07-29", ExtendedUntil: "2027-07-29", ExtendedOnly: true},
	{Minor: "1.34", StandardUntil: "2026-12-02", ExtendedUntil: "2027-12-02"},
	{Minor: "1.35", StandardUntil: "2027-03-27", ExtendedUntil: "2028-03-27"},
	{Minor: "1.36", StandardUntil: "2027-08-02", ExtendedUntil: "2028-08-02"},
}

// DefaultKubernetesVersion is what EKS gives a cluster that asks for none.
const DefaultKubernetesVersion = "1.36"

// MaxKubeletSkew is how many minors a kubelet may be behind its control plane
// (https://kubernetes.io/releases/version-skew-policy/).
const MaxKubeletSkew = 3
