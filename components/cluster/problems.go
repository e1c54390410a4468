package cluster

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/principal"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/region"
	"github.com/eks-platform/eks-platform/internal/retention"
)

// maxName keeps the names of IAM roles, which are the cluster's with a word and eight random characters behind it,
// within IAM's 64 characters. EKS itself would allow 100.
const maxName = 40

var (
	// https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
	clusterName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]*$`)
	keyARN      = regexp.MustCompile(`^arn:([a-z-]+):kms:([a-z0-9-]+):[0-9]{12}:key/[0-9A-Za-z-]+$`)
)

// Problems returns everything that is wrong with the settings, with paths relative to them.
func (s Settings) Problems() problem.List {
	s = s.withDefaults()
	var out problem.List
	if !clusterName.MatchString(s.Name) || len(s.Name) > maxName {
		out.Add("name", "must be 1 to %d letters, digits, hyphens and underscores, the first a letter or digit, got %q: "+
			"IAM roles are named after it", maxName, s.Name)
	}
	s.versionProblems(&out)
	s.endpointProblems(&out)
	s.privateProblems(&out)
	s.zoneProblems(&out)
	s.logProblems(&out)
	s.addressProblems(&out)
	if s.SecretsKeyARN != "" && !keyARN.MatchString(s.SecretsKeyARN) {
		out.Add("secretsKeyArn", "must be the ARN of a KMS key, not of an alias, got %q", s.SecretsKeyARN)
	}
	if s.KeyDeletionWindowDays < 7 || s.KeyDeletionWindowDays > 30 {
		out.Add("keyDeletionWindowDays", "must be 7 to 30 days, got %d", s.KeyDeletionWindowDays)
	}
	return append(out, s.accessProblems()...)
}

// Problems returns what is wrong with the settings, and with them in this account, region and VPC. Paths are those of
// the settings.
func (a *Args) Problems() problem.List {
	out := a.Settings.Problems()
	s := a.withDefaults()
	if service, err := netip.ParsePrefix(s.ServiceCIDR); err == nil && s.IPFamily == IPv4 {
		for _, c := range a.VPCCIDRs {
			if vpc, err := netip.ParsePrefix(c); err == nil && service.Overlaps(vpc) {
				out.Add("serviceCidr", "%s overlaps %s of the VPC: pods could not tell services from nodes", service, vpc)
			}
		}
	}
	for i, z := range s.Zones {
		if len(a.ZoneIDs) > 0 && !slices.Contains(a.ZoneIDs, z) {
			out.Add(fmt.Sprintf("zones[%d]", i), "%q is not one of the network's zones: %s", z, strings.Join(a.ZoneIDs, ", "))
		}
	}
	for i, text := range s.Endpoint.PrivateCIDRs {
		for _, c := range a.VPCCIDRs {
			own, wrong := netip.ParsePrefix(c)
			if p, err := netip.ParsePrefix(text); err == nil && wrong == nil && p.Overlaps(own) {
				out.Add(fmt.Sprintf("endpoint.privateCidrs[%d]", i), "%s overlaps %s of the VPC, which may reach the endpoint anyway", p, own)
			}
		}
	}
	if m := keyARN.FindStringSubmatch(s.SecretsKeyARN); m != nil && m[2] != a.Region {
		out.Add("secretsKeyArn", "must be a key in %s, the cluster's region, got one in %s", a.Region, m[2])
	}
	for i, e := range s.Access {
		got := principal.Partition(e.PrincipalARN)
		if want := region.Partition(a.Region); got != "" && got != want {
			out.Add(fmt.Sprintf("access[%d].principalArn", i), "must be in partition %s, that of %s, got %s", want, a.Region, got)
		}
	}
	return out
}

func (s Settings) versionProblems(out *problem.List) {
	v, known := versionOf(s.Version)
	switch {
	case !known:
		out.Add("version", "%q is not supported; choose one of %s", s.Version, standardVersions())
	case v.ExtendedOnly && s.SupportType == StandardSupport:
		out.Add("version", "standard support of %s ended on %s: choose one of %s, or set supportType: EXTENDED, "+
			"which costs more and lasts until %s", v.Minor, v.StandardUntil, standardVersions(), v.ExtendedUntil)
	}
	if s.SupportType != StandardSupport && s.SupportType != ExtendedSupport {
		out.Add("supportType", "must be STANDARD or EXTENDED, got %q", s.SupportType)
	}
}

func (s Settings) endpointProblems(out *problem.List) {
	e := s.Endpoint
	switch e.Access {
	case Private:
		if len(e.PublicCIDRs) > 0 {
			out.Add("endpoint.publicCidrs", "has no effect with access private: remove it, or choose privateAndPublic")
		}
	case PrivateAndPublic:
		if len(e.PublicCIDRs) == 0 {
			out.Add("endpoint.publicCidrs", "is required with access privateAndPublic: list the ranges that may reach the API")
		}
	case Public:
	default:
		out.Add("endpoint.access", "must be one of private, privateAndPublic, public, got %q", e.Access)
	}
	if len(e.PublicCIDRs) > 40 {
		out.Add("endpoint.publicCidrs", "EKS takes at most 40 ranges, got %d", len(e.PublicCIDRs))
	}
	for i, text := range e.PublicCIDRs {
		at := fmt.Sprintf("endpoint.publicCidrs[%d]", i)
		cidr, err := netip.ParsePrefix(text)
		switch {
		case err != nil || cidr != cidr.Masked():
			out.Add(at, "must be the address of a network with its prefix length, such as 203.0.113.0/24, got %q", text)
		case cidr.Bits() == 0 && e.Access == PrivateAndPublic:
			out.Add(at, "%s is the whole internet: list the ranges that may reach the API, or choose access public and mean it", cidr)
		case cidr.Addr().IsPrivate() || cidr.Addr().IsLoopback() || cidr.Addr().IsLinkLocalUnicast():
			out.Add(at, "%s is not public: it reaches the private endpoint, if any", cidr)
		case cidr.Addr().Is6() && s.IPFamily == IPv4:
			out.Add(at, "%s is an IPv6 range, which only clusters with ipFamily ipv6 take", cidr)
		case slices.Index(e.PublicCIDRs, text) < i:
			out.Add(at, "%s is listed already", cidr)
		}
	}
}

// privateProblems checks the ranges that may reach the private endpoint.
func (s Settings) privateProblems(out *problem.List) {
	e := s.Endpoint
	if e.Access == Public && len(e.PrivateCIDRs) > 0 {
		out.Add("endpoint.privateCidrs", "has no effect with access public: remove it, or choose privateAndPublic")
	}
	if len(e.PrivateCIDRs) > 40 { // an account's default is 60 rules for a security group
		out.Add("endpoint.privateCidrs", "must be at most 40 ranges, got %d", len(e.PrivateCIDRs))
	}
	for i, text := range e.PrivateCIDRs {
		at := fmt.Sprintf("endpoint.privateCidrs[%d]", i)
		cidr, err := netip.ParsePrefix(text)
		switch {
		case err != nil || cidr != cidr.Masked() || !cidr.Addr().Is4():
			out.Add(at, "must be the address of an IPv4 network with its prefix length, such as 10.200.0.0/16, got %q", text)
		case cidr.Bits() == 0:
			out.Add(at, "%s is everything: list the ranges that may reach the API", cidr)
		case slices.Index(e.PrivateCIDRs, text) < i:
			out.Add(at, "%s is listed already", cidr)
		}
	}
}

// zoneProblems checks the control plane's zones by themselves.
func (s Settings) zoneProblems(out *problem.List) {
	if len(s.Zones) == 1 {
		out.Add("zones", "must be at least two, because EKS needs two; got %s", s.Zones[0])
	}
	for i, z := range s.Zones {
		if slices.Index(s.Zones, z) < i {
			out.Add(fmt.Sprintf("zones[%d]", i), "%s is listed already", z)
		}
	}
}

func (s Settings) logProblems(out *problem.List) {
	for i, t := range s.Logs.Types {
		at := fmt.Sprintf("logs.types[%d]", i)
		switch {
		case !slices.Contains(logTypes, t):
			out.Add(at, "must be one of %s, got %q", joined(logTypes), t)
		case slices.Index(s.Logs.Types, t) < i:
			out.Add(at, "%s is listed already", t)
		}
	}
	if wrong := retention.Problem(s.Logs.RetentionDays); wrong != "" {
		out.Add("logs.retentionDays", "%s", wrong)
	}
}

// rfc1918 are the ranges that a service CIDR may come from
// (https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html).
var rfc1918 = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

func (s Settings) addressProblems(out *problem.List) {
	if s.IPFamily != IPv4 && s.IPFamily != IPv6 {
		out.Add("ipFamily", "must be ipv4 or ipv6, got %q", s.IPFamily)
	}
	cidr, err := netip.ParsePrefix(s.ServiceCIDR)
	if err != nil || cidr != cidr.Masked() || !cidr.Addr().Is4() {
		out.Add("serviceCidr", "must be the address of a network with its prefix length, such as 172.20.0.0/16, got %q", s.ServiceCIDR)
		return
	}
	if cidr.Bits() < 12 || cidr.Bits() > 24 {
		out.Add("serviceCidr", "must have a prefix length of 12 to 24, got %s", cidr)
		return
	}
	if !slices.ContainsFunc(rfc1918, func(p netip.Prefix) bool { return p.Contains(cidr.Addr()) && cidr.Bits() >= p.Bits() }) {
		out.Add("serviceCidr", "must be private, in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, got %s", cidr)
	}
}

// joined lists values for a message.
func joined[T ~string](values []T) string {
	names := make([]string, 0, len(values))
	for _, v := range values {
		names = append(names, string(v))
	}
	return strings.Join(names, ", ")
}
