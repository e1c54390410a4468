package cluster

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/arn"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// Problems returns everything that is wrong with the settings, and with them in this account, region and VPC. Paths are
// those of the settings.
func (a *Args) Problems() problem.List {
	_, problems := schema.Args(a, (*Args).settings, (*Args).relations)
	return problems
}

func (a *Args) settings() *Settings { return &a.Settings }

// relations returns what is wrong beyond the struct tags.
func (a *Args) relations() problem.List {
	var out problem.List
	a.versionProblems(&out)
	a.endpointProblems(&out)
	a.privateProblems(&out)
	a.serviceRangeProblems(&out)
	for i, z := range a.Zones {
		if at := fmt.Sprintf("zones[%d]", i); len(a.ZoneIDs) > 0 && !slices.Contains(a.ZoneIDs, z) {
			out.Relate(at, []string{at, "$.network.zones"}, "%q is not one of the network's zones: %s", z, strings.Join(a.ZoneIDs, ", "))
		}
	}
	here := arn.Place{Region: a.Region}
	if wrong := here.Elsewhere(a.SecretsKeyARN); wrong != "" {
		out.Relate("secretsKeyArn", []string{"secretsKeyArn", "$.aws.region"}, "%s", wrong)
	}
	a.accessProblems(&out)
	return out
}

func (a *Args) versionProblems(out *problem.List) {
	v, known := versionOf(a.Version)
	switch {
	case !known:
		out.Add("version", "%q is not supported; choose one of %s", a.Version, standardVersions())
	case v.ExtendedOnly && a.SupportType == StandardSupport:
		out.Relate("version", []string{"version", "supportType"}, "standard support of %s ended on %s: choose one of %s, or set "+
			"supportType: EXTENDED, which costs more and lasts until %s", v.Minor, v.StandardUntil, standardVersions(), v.ExtendedUntil)
	}
}

func (a *Args) endpointProblems(out *problem.List) {
	e := a.Endpoint
	both := []string{"endpoint.access", "endpoint.publicCidrs"}
	switch {
	case e.Access == Private && len(e.PublicCIDRs) > 0:
		out.Relate("endpoint.publicCidrs", both, "has no effect with access private: remove it, or choose privateAndPublic")
	case e.Access == PrivateAndPublic && len(e.PublicCIDRs) == 0:
		out.Relate("endpoint.publicCidrs", both, "is required with access privateAndPublic: list the ranges that may reach the API")
	}
	for i, text := range e.PublicCIDRs {
		at := fmt.Sprintf("endpoint.publicCidrs[%d]", i)
		cidr, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
		case cidr.Bits() == 0 && e.Access == PrivateAndPublic:
			out.Relate(at, []string{at, "endpoint.access"}, "%s is the whole internet: list the ranges that may reach the API, or "+
				"set access: public", cidr)
		case cidr.Addr().IsPrivate():
			out.Add(at, "%s is not a public range: list it in privateCidrs", cidr)
		case cidr.Addr().Is6() && a.IPFamily == IPv4:
			out.Relate(at, []string{at, "ipFamily"}, "%s is an IPv6 range, which only clusters with ipFamily ipv6 accept", cidr)
		}
	}
}

// privateProblems checks the ranges that may reach the private endpoint.
func (a *Args) privateProblems(out *problem.List) {
	e := a.Endpoint
	if e.Access == Public && len(e.PrivateCIDRs) > 0 {
		out.Relate("endpoint.privateCidrs", []string{"endpoint.access", "endpoint.privateCidrs"},
			"has no effect with access public: remove it, or choose privateAndPublic")
	}
	for i, text := range e.PrivateCIDRs {
		at := fmt.Sprintf("endpoint.privateCidrs[%d]", i)
		cidr, err := netip.ParsePrefix(text)
		if err != nil {
			continue
		}
		if cidr.Bits() == 0 {
			out.Add(at, "%s is the whole IPv4 address space: list the ranges that may reach the API", cidr)
		}
		for _, c := range a.VPCCIDRs {
			if vpc, err := netip.ParsePrefix(c); err == nil && cidr.Overlaps(vpc) {
				out.Relate(at, []string{at, "$.network.cidr", "$.network.secondaryCidr"},
					"%s overlaps %s of the VPC, which always has access: remove it", cidr, vpc)
			}
		}
	}
}

// rfc1918 are the ranges that a service CIDR may come from
// (https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html).
var rfc1918 = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

// serviceRangeProblems checks the range of services.
func (a *Args) serviceRangeProblems(out *problem.List) {
	cidr, err := netip.ParsePrefix(a.ServiceCIDR)
	switch {
	case err != nil:
	case cidr.Bits() < 12 || cidr.Bits() > 24:
		out.Add("serviceCidr", "must have a prefix length of 12 to 24, got %s", cidr)
	case !slices.ContainsFunc(rfc1918, func(p netip.Prefix) bool { return p.Contains(cidr.Addr()) && cidr.Bits() >= p.Bits() }):
		out.Add("serviceCidr", "must be private, in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, got %s", cidr)
	}
	if a.IPFamily != IPv4 {
		return
	}
	for _, c := range a.VPCCIDRs {
		if vpc, wrong := netip.ParsePrefix(c); err == nil && wrong == nil && cidr.Overlaps(vpc) {
			out.Relate("serviceCidr", []string{"serviceCidr", "$.network.cidr", "$.network.secondaryCidr"},
				"%s overlaps %s of the VPC: addresses of services and nodes would be ambiguous", cidr, vpc)
		}
	}
}
