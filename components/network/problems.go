package network

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/region"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// withoutPrivateDNS are the services whose interface endpoints answer to names of their own alone
// (https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html).
var withoutPrivateDNS = []string{"dynamodb", "s3express"}

var serviceName = regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*$`)

// Problems returns everything that is wrong with the settings, and with them in this account, region and cluster. Paths
// are those of the settings.
func (a *Args) Problems() problem.List {
	_, problems := schema.Args(a, (*Args).settings, (*Args).relations)
	return problems
}

func (a *Args) settings() *Settings { return &a.Settings }

// relations returns what is wrong beyond the struct tags.
func (a *Args) relations() problem.List {
	var out problem.List
	for i, zone := range a.Zones {
		at := fmt.Sprintf("zones[%d]", i)
		if wrong := region.ZoneProblem(a.Region, zone); wrong != "" {
			out.Relate(at, []string{at, "$.aws.region"}, "%s", wrong)
		}
	}
	_, planned := NewPlan(a.Settings)
	out = append(out, planned...)
	if a.NAT == NATNone && a.Endpoints.Preset == PresetNone {
		out.Relate("nat", []string{"nat", "endpoints.preset"}, "none needs endpoints.preset base: without NAT or endpoints, nodes "+
			"can reach neither EKS nor the image registry, and never join")
	}
	a.endpointProblems(&out)
	if a.IPv6 && a.SecondaryCIDR != "" {
		out.Relate("secondaryCidr", []string{"secondaryCidr", "$.cluster.ipFamily"},
			"has no effect with cluster.ipFamily ipv6, where pods take no IPv4 addresses: remove it")
	}
	a.rangeProblems(&out)
	return out
}

// rangeProblems checks that the VPC's ranges, the reserved ranges, and the cluster's service range do not overlap.
func (a *Args) rangeProblems(out *problem.List) {
	service, err := netip.ParsePrefix(a.ServiceCIDR)
	services := err == nil
	if services {
		for _, own := range a.ownRanges() {
			if service.Overlaps(own.prefix) {
				out.Relate(own.path, []string{own.path, "$.cluster.serviceCidr", "$.cluster.ipFamily"},
					"%s overlaps the cluster's service range %s", own.prefix, service)
			}
		}
	}
	for i, text := range a.ReservedCIDRs {
		at := fmt.Sprintf("reservedCidrs[%d]", i)
		reserved, err := netip.ParsePrefix(text)
		if err != nil {
			continue
		}
		for _, own := range a.ownRanges() {
			if reserved.Overlaps(own.prefix) {
				out.Relate(own.path, []string{own.path, at}, "%s overlaps the reserved range %s", own.prefix, reserved)
			}
		}
		if services && reserved.Overlaps(service) {
			out.Relate(at, []string{at, "$.cluster.serviceCidr", "$.cluster.ipFamily"},
				"%s overlaps the cluster's service range %s: pods could not reach it", reserved, service)
		}
	}
}

// ownRange is one of the VPC's ranges and its config path.
type ownRange struct {
	path   string
	prefix netip.Prefix
}

// ownRanges returns the VPC's ranges, without invalid ones.
func (a *Args) ownRanges() []ownRange {
	var out []ownRange
	for _, r := range []struct{ path, text string }{{"cidr", a.CIDR}, {"secondaryCidr", a.SecondaryCIDR}} {
		if p, err := netip.ParsePrefix(r.text); err == nil {
			out = append(out, ownRange{r.path, p})
		}
	}
	return out
}

func (a *Args) endpointProblems(out *problem.List) {
	for i, name := range a.Endpoints.Additional {
		at := fmt.Sprintf("endpoints.additional[%d]", i)
		switch {
		case !serviceName.MatchString(name):
			out.Add(at, "%q is not the name of an endpoint service; give the part after the region, such as sqs", name)
		case name == "s3" || strings.HasSuffix(name, ".s3"):
			out.Add(at, "%q already exists, as a gateway endpoint", name)
		case slices.Contains(withoutPrivateDNS, name[strings.LastIndex(name, ".")+1:]):
			out.Add(at, "%q has no private DNS name, which every endpoint here has: without this one, pods reach it through NAT", name)
		case strings.Contains(name, "vpce-svc-"):
			out.Add(at, "%q is a service of another account, which has no private DNS name until its owner has verified one; "+
				"create that endpoint outside the platform", name)
		}
		for _, part := range strings.Split(name, ".") {
			if isFullServiceName(name) && region.Valid(part) && part != a.Region {
				out.Relate(at, []string{at, "$.aws.region"}, "%q is a service of %s, the network is in %s", name, part, a.Region)
			}
		}
	}
}
