package addons

import (
	"regexp"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// coreDNSFloor is the coredns minor that EKS starts a Kubernetes minor with
// (https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html).
var coreDNSFloor = map[int]int{33: 12, 34: 12, 35: 13, 36: 14}

var keyARN = regexp.MustCompile(`^arn:[a-z-]+:kms:([a-z0-9-]+):[0-9]{12}:key/[0-9A-Za-z-]+$`)

// Problems returns everything that is wrong with the settings, with paths relative to them.
func (s Settings) Problems() problem.List {
	var out problem.List
	pins := []struct{ path, version, like string }{
		{"vpcCni.version", s.VPCCNI.Version, "v1.22.4-eksbuild.3"},
		{"kubeProxy.version", s.KubeProxy.Version, "v1.35.3-eksbuild.29"},
		{"podIdentityAgent.version", s.PodIdentityAgent.Version, "v1.3.10-eksbuild.3"},
		{"coredns.version", s.CoreDNS.Version, "v1.13.2-eksbuild.31"},
		{"metricsServer.version", s.MetricsServer.Version, "v0.9.0-eksbuild.11"},
		{"ebsCsi.version", s.EBSCSI.Version, "v1.66.0-eksbuild.1"},
		{"nodeMonitoringAgent.version", s.NodeMonitoringAgent.Version, "v1.6.5-eksbuild.1"},
	}
	if s.EFSCSI != nil {
		pins = append(pins, struct{ path, version, like string }{"efsCsi.version", s.EFSCSI.Version, "v3.4.2-eksbuild.1"})
	}
	for _, p := range pins {
		if _, ok := parseVersion(p.version); !ok {
			out.Add(p.path, "must be a whole version with EKS's build, such as %s, got %q", p.like, p.version)
		}
	}
	s.VPCCNI.problems(&out)
	if m := s.KubeProxy.Mode; m != "" && m != ProxyIPTables && m != ProxyIPVS {
		out.Add("kubeProxy.mode", "must be iptables or ipvs, got %q", m)
	}
	s.CoreDNS.problems(&out)
	if n := s.MetricsServer.Replicas; n < 0 || n > 10 {
		out.Add("metricsServer.replicas", "must be 1 to 10, got %d", n)
	}
	// https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
	if v, ok := parseVersion(s.EBSCSI.Version); ok && v.before(1, 26, 0) {
		out.Add("ebsCsi.version", "must be at least v1.26.0, which gets its credentials by Pod Identity, got %s", s.EBSCSI.Version)
	}
	if s.EFSCSI != nil {
		if v, ok := parseVersion(s.EFSCSI.Version); ok && v.before(2, 0, 5) {
			out.Add("efsCsi.version", "must be at least v2.0.5, which gets its credentials by Pod Identity, got %s", s.EFSCSI.Version)
		}
	}
	if arn := s.EBSCSI.VolumeKeyARN; arn != "" && !keyARN.MatchString(arn) {
		out.Add("ebsCsi.volumeKeyArn", "must be the ARN of a KMS key, not of an alias, got %q", arn)
	}
	return out
}

func (s VPCCNI) problems(out *problem.List) {
	if v, ok := parseVersion(s.Version); ok && v.before(1, 22, 4) {
		out.Add("vpcCni.version", "must be at least v1.22.4, got %s: older ones carry a network policy agent with CVE-2026-86831", s.Version)
	}
	if s.WarmPrefixTarget < 0 || s.WarmPrefixTarget > 16 {
		out.Add("vpcCni.warmPrefixTarget", "must be 1 to 16 blocks, got %d", s.WarmPrefixTarget)
	}
}

func (s CoreDNS) problems(out *problem.List) {
	if s.Replicas < 0 || s.Replicas > 1000 {
		out.Add("coredns.replicas", "must be 1 to 1000, got %d", s.Replicas)
	}
	a := s.AutoScaling
	if a == nil {
		return
	}
	switch {
	case s.Replicas != 0:
		out.Add("coredns.replicas", "must not stand beside autoScaling, which chooses the number of replicas")
	case a.Min < 2 || a.Min > 1000:
		out.Add("coredns.autoScaling.min", "must be 2 to 1000, got %d", a.Min)
	case a.Max < a.Min || a.Max > 1000:
		out.Add("coredns.autoScaling.max", "must be from min (%d) to 1000, got %d", a.Min, a.Max)
	}
}

// Problems returns what is wrong with the settings, and with them on this cluster. Paths are those of the settings.
func (a *Args) Problems() problem.List {
	out := a.Settings.Problems()
	if minor, ok := kubernetesMinor(a.ClusterVersion); ok {
		if v, ok := parseVersion(a.KubeProxy.Version); ok && (v.major != 1 || v.minor != minor) {
			out.Add("kubeProxy.version", "must be of the cluster's Kubernetes minor, v%s, got %s", a.ClusterVersion, a.KubeProxy.Version)
		}
		floor, known := coreDNSFloor[minor]
		if v, ok := parseVersion(a.CoreDNS.Version); ok && known && v.before(1, floor, 0) {
			out.Add("coredns.version", "must be at least v1.%d for Kubernetes %s, got %s", floor, a.ClusterVersion, a.CoreDNS.Version)
		}
	}
	if m := keyARN.FindStringSubmatch(a.EBSCSI.VolumeKeyARN); m != nil && m[1] != a.Region {
		out.Add("ebsCsi.volumeKeyArn", "must be a key in %s, the cluster's region, got one in %s", a.Region, m[1])
	}
	if a.IPv6 {
		if !a.VPCCNI.PrefixDelegation {
			out.Add("vpcCni.prefixDelegation", "must be on with ipFamily ipv6: nodes get their pods' addresses as a prefix")
		}
		if len(a.PodNetworks) > 0 {
			out.Add("vpcCni", "pods cannot have subnets of their own (custom networking) with ipFamily ipv6")
		}
	}
	return out
}
