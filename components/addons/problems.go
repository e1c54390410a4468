package addons

import (
	"github.com/Masterminds/semver/v3"

	"github.com/eks-platform/eks-platform/internal/arn"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// coreDNSFloor is the minimum coredns version for a Kubernetes minor
// (https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html).
var coreDNSFloor = map[string]string{"1.33": "1.12.0", "1.34": "1.12.0", "1.35": "1.13.0", "1.36": "1.14.0"}

// Problems returns everything that is wrong with the settings, and with them on this cluster. Paths are those of the
// settings.
func (a *Args) Problems() problem.List {
	_, problems := schema.Args(a, (*Args).settings, (*Args).relations)
	return problems
}

func (a *Args) settings() *Settings { return &a.Settings }

// relations returns what is wrong beyond the struct tags.
func (a *Args) relations() problem.List {
	var out problem.List
	s := a.Settings
	if before(s.VPCCNI.Version, "1.22.4") {
		out.Add("vpcCni.version", "must be at least v1.22.4, got %s: older ones contain a network policy agent with CVE-2026-86831", s.VPCCNI.Version)
	}
	// https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
	if before(s.EBSCSI.Version, "1.26.0") {
		out.Add("ebsCsi.version", "must be at least v1.26.0, which supports Pod Identity, got %s", s.EBSCSI.Version)
	}
	if s.EFSCSI != nil && before(s.EFSCSI.Version, "2.0.5") {
		out.Add("efsCsi.version", "must be at least v2.0.5, which supports Pod Identity, got %s", s.EFSCSI.Version)
	}
	if scaling := s.CoreDNS.AutoScaling; scaling != nil {
		if s.CoreDNS.Replicas != 0 {
			out.Relate("coredns.replicas", []string{"coredns.replicas", "coredns.autoScaling"},
				"cannot be combined with autoScaling, which chooses the number of replicas")
		}
		if scaling.Max < scaling.Min {
			out.Relate("coredns.autoScaling.max", []string{"coredns.autoScaling.max", "coredns.autoScaling.min"},
				"must not be below min (%d), got %d", scaling.Min, scaling.Max)
		}
	}
	if v, err := semver.NewVersion(s.KubeProxy.Version); err == nil && a.ClusterVersion != "" && minor(v) != a.ClusterVersion {
		out.Relate("kubeProxy.version", []string{"kubeProxy.version", "$.cluster.version"},
			"must match the cluster's Kubernetes minor, v%s, got %s", a.ClusterVersion, s.KubeProxy.Version)
	}
	if floor := coreDNSFloor[a.ClusterVersion]; floor != "" && before(s.CoreDNS.Version, floor) {
		out.Relate("coredns.version", []string{"coredns.version", "$.cluster.version"},
			"must be at least v%s for Kubernetes %s, got %s", floor, a.ClusterVersion, s.CoreDNS.Version)
	}
	if wrong := (arn.Place{Region: a.Region}).Elsewhere(s.EBSCSI.VolumeKeyARN); wrong != "" {
		out.Relate("ebsCsi.volumeKeyArn", []string{"ebsCsi.volumeKeyArn", "$.aws.region"}, "%s", wrong)
	}
	if a.IPv6 && !*s.VPCCNI.PrefixDelegation {
		out.Relate("vpcCni.prefixDelegation", []string{"vpcCni.prefixDelegation", "$.cluster.ipFamily"},
			"must be on with ipFamily ipv6: nodes get their pods' addresses as a prefix")
	}
	if a.IPv6 && len(a.PodNetworks) > 0 {
		out.Relate("vpcCni", []string{"$.network.secondaryCidr", "$.cluster.ipFamily"},
			"pods cannot have their own subnets (custom networking) with ipFamily ipv6")
	}
	return out
}

// before compares the version of an add-on, without EKS's build, with an upstream version.
func before(version, least string) bool {
	v, err := semver.NewVersion(version)
	floor, wrong := semver.NewVersion(least)
	if err != nil || wrong != nil {
		return false
	}
	return semver.New(v.Major(), v.Minor(), v.Patch(), "", "").LessThan(floor)
}
