package network

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/region"
	"github.com/eks-platform/eks-platform/internal/retention"
)

// NAT says how private subnets reach the internet.
type NAT string

const (
	// NATNone gives private subnets no way out; AWS is reached through endpoints alone.
	NATNone NAT = "none"
	// NATSingle puts one NAT gateway into the first zone: cheap, but all zones lose their way out with that one, and
	// traffic of the others pays for crossing zones.
	NATSingle NAT = "single"
	// NATPerZone puts a NAT gateway into every zone.
	NATPerZone NAT = "perZone"
)

// Preset selects a set of interface endpoints.
type Preset string

const (
	// PresetNone creates no interface endpoint.
	PresetNone Preset = "none"
	// PresetBase creates what nodes and the platform's own add-ons need, and what the features in use need.
	PresetBase Preset = "base"
)

// Traffic selects what flow logs record.
type Traffic string

const (
	// TrafficAll records accepted and rejected traffic.
	TrafficAll Traffic = "ALL"
	// TrafficAccept records accepted traffic.
	TrafficAccept Traffic = "ACCEPT"
	// TrafficReject records rejected traffic.
	TrafficReject Traffic = "REJECT"
)

// Settings are the network's part of a stack file.
type Settings struct {
	// The VPC's range, for example 10.16.0.0/16: private (RFC 1918) or from 100.64.0.0/10, from /16 to what the
	// zones need, /23 for three. A /16 or /17 keeps room for a fourth zone. Changing it replaces the whole network
	// and everything in it.
	CIDR string `json:"cidr" jsonschema:"required,pattern=^[0-9.]+/[0-9]{1\\,2}$,example=10.16.0.0/16"`
	// Two to four availability zones by their ids, for example euw1-az1; `aws ec2 describe-availability-zones` lists
	// them. Ids, not names such as eu-west-1a, because a name means another zone in every account. A zone appended
	// later moves nothing in a VPC of /17 or larger, but list the present ones in cluster.zones first; the last one can
	// be removed again. Any other change moves subnets onto each other's addresses, which AWS refuses.
	Zones []string `json:"zones" jsonschema:"required,minItems=2,maxItems=4,uniqueItems=true"`
	// Prefix length of the private subnets, where nodes and, without secondaryCidr, pods live. By default as large as
	// fits: /19 in a /16 VPC, /20 in a /17 or /18. Choose it once: a change would replace the subnets with others on
	// their addresses, which AWS refuses.
	PrivatePrefix int `json:"privatePrefix,omitempty" jsonschema:"minimum=17,maximum=28"`
	// Prefix length of the public subnets, where NAT gateways and internet-facing load balancers live. By default six
	// more than the VPC's, at most /27, the smallest that load balancers accept. Choose it once, like privatePrefix.
	PublicPrefix int `json:"publicPrefix,omitempty" jsonschema:"minimum=17,maximum=27"`
	// How private subnets reach the internet: one NAT gateway in every zone, a single one in the first zone, or none
	// at all, which needs endpoints.preset base. With cluster.ipFamily ipv6 an egress-only internet gateway goes with
	// NAT. Changing it opens or closes connections in flight.
	NAT NAT `json:"nat,omitempty" jsonschema:"enum=none,enum=single,enum=perZone,default=perZone"`
	// VPC endpoints. The gateway endpoint for S3 always exists, it costs nothing.
	Endpoints Endpoints `json:"endpoints,omitempty"`
	// A second range, for pods alone (custom networking), so that they do not use up the VPC's routable addresses:
	// from 100.64.0.0/10, or from the same private range as cidr; /16 to /26. Not with cluster.ipFamily ipv6, where pods
	// take no IPv4 addresses. Removing it replaces the pods' subnets.
	SecondaryCIDR string `json:"secondaryCidr,omitempty" jsonschema:"pattern=^[0-9.]+/[0-9]{1\\,2}$,example=100.64.0.0/16"`
	// Prefix length of the pods' subnets in secondaryCidr. By default a quarter of it each, so that four zones fit.
	// Choose it once, like privatePrefix.
	PodPrefix int `json:"podPrefix,omitempty" jsonschema:"minimum=17,maximum=28"`
	// Records of the traffic in the VPC.
	FlowLogs FlowLogs `json:"flowLogs,omitempty"`
	// Refuse to delete or replace the VPC, its secondary range and its subnets. Turn it off, and update once, before
	// the environment is destroyed.
	Protect *bool `json:"protect,omitempty" jsonschema:"default=true"`
	// Ranges that this VPC must not overlap: of peers, VPNs, offices, other clusters. They are only checked, never
	// routed.
	ReservedCIDRs []string `json:"reservedCidrs,omitempty" jsonschema:"uniqueItems=true"`
}

// Endpoints selects interface endpoints. Each is billed per hour and zone.
type Endpoints struct {
	// none, or base: what nodes and the platform's add-ons need (ec2, ecr.api, ecr.dkr, sts, logs, eks, eks-auth) and
	// what the features in use add, such as autoscaling for the cluster autoscaler.
	Preset Preset `json:"preset,omitempty" jsonschema:"enum=none,enum=base,default=none"`
	// More services, by what follows the region in their name (sqs, bedrock-runtime), or in full where the name has no
	// region (com.amazonaws.route53). They are created with preset none, too.
	Additional []string `json:"additional,omitempty" jsonschema:"uniqueItems=true"`
}

// FlowLogs configures the VPC's flow logs.
type FlowLogs struct {
	// Whether flow logs are recorded. Turning it off deletes their log group with all it holds.
	Enabled *bool `json:"enabled,omitempty" jsonschema:"default=true"`
	// Days until CloudWatch Logs deletes a record.
	RetentionDays int `json:"retentionDays,omitempty" jsonschema:"enum=1,enum=3,enum=5,enum=7,enum=14,enum=30,enum=60,enum=90,enum=120,enum=150,enum=180,enum=365,enum=400,enum=545,enum=731,enum=1096,enum=1827,enum=2192,enum=2557,enum=2922,enum=3288,enum=3653,default=30"`
	// Which traffic is recorded. Changing it replaces the flow log; records so far stay.
	Traffic Traffic `json:"traffic,omitempty" jsonschema:"enum=ALL,enum=ACCEPT,enum=REJECT,default=ALL"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Region is the AWS region, for example eu-west-1. Required.
	Region string
	// AccountID is the AWS account, twelve digits. Required: it narrows who may use the flow logs' role.
	AccountID string
	// Tags go onto every resource that can carry tags, together with a Name.
	Tags map[string]string
	// Features are the parts of the platform in use; with preset base each brings the endpoints it calls.
	Features []Feature
	// PrefixDelegation says that the CNI assigns /28 prefixes to nodes. It sets ranges of the pods' subnets aside for
	// them, which keeps single addresses from fragmenting the ranges. Turning it on later frees no fragmented range. It
	// has no meaning with IPv6.
	PrefixDelegation bool
	// IPv6 says that the cluster's IP family is ipv6. The VPC gets a range of Amazon's and its subnets a part each;
	// everything has IPv4 addresses besides. Turning it on adds the ranges in place; AWS does not let go of them while
	// the subnets have theirs, so that turning it off needs a new network.
	IPv6 bool
	// ServiceCIDR is the cluster's service range, which must not overlap the VPC; empty when EKS chooses.
	ServiceCIDR string
	// KMSKeyARN encrypts the flow logs' group; nil leaves it to CloudWatch's own key. The key's policy must let
	// logs.<region>.amazonaws.com use it.
	KMSKeyARN pulumi.StringInput
}

// withDefaults returns the settings with the defaults of the schema filled in.
func (s Settings) withDefaults() Settings {
	if s.NAT == "" {
		s.NAT = NATPerZone
	}
	if s.Endpoints.Preset == "" {
		s.Endpoints.Preset = PresetNone
	}
	if s.FlowLogs.RetentionDays == 0 {
		s.FlowLogs.RetentionDays = 30
	}
	if s.FlowLogs.Traffic == "" {
		s.FlowLogs.Traffic = TrafficAll
	}
	return s
}

func (s Settings) protect() bool { return s.Protect == nil || *s.Protect }

func (f FlowLogs) enabled() bool { return f.Enabled == nil || *f.Enabled }

var (
	zoneName    = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$`)
	serviceName = regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*$`)
)

// Problems returns everything that is wrong with the settings, by their paths.
func (s Settings) Problems() problem.List {
	s = s.withDefaults()
	var out problem.List
	seen := map[string]bool{}
	for i, zone := range s.Zones {
		at := fmt.Sprintf("zones[%d]", i)
		switch {
		case zoneName.MatchString(zone):
			out.Add(at, "%q is a zone's name, which means another zone in every account; give the zone's id, such as euw1-az1", zone)
		case slices.Contains(region.RefusedZoneIDs, zone):
			out.Add(at, "EKS cannot place a control plane in %s; choose another zone", zone)
		case seen[zone]:
			out.Add(at, "%q is listed twice", zone)
		}
		seen[zone] = true
	}
	_, planned := NewPlan(s)
	out = append(out, planned...)
	out = append(out, s.reservedProblems()...)

	if !slices.Contains([]NAT{NATNone, NATSingle, NATPerZone}, s.NAT) {
		out.Add("nat", "must be none, single or perZone, got %q", s.NAT)
	}
	if s.NAT == NATNone && s.Endpoints.Preset == PresetNone {
		out.Add("nat", "none needs endpoints.preset base: without NAT or endpoints, nodes reach neither EKS nor the "+
			"image registry and never join")
	}
	out = append(out, s.Endpoints.problems().Under("endpoints")...)
	if wrong := retention.Problem(s.FlowLogs.RetentionDays); wrong != "" {
		out.Add("flowLogs.retentionDays", "%s", wrong)
	}
	if !slices.Contains([]Traffic{TrafficAll, TrafficAccept, TrafficReject}, s.FlowLogs.Traffic) {
		out.Add("flowLogs.traffic", "must be ALL, ACCEPT or REJECT, got %q", s.FlowLogs.Traffic)
	}
	return out
}

// reservedProblems checks the ranges that the VPC must keep clear of.
func (s Settings) reservedProblems() problem.List {
	var out problem.List
	for i, text := range s.ReservedCIDRs {
		at := fmt.Sprintf("reservedCidrs[%d]", i)
		reserved, err := parseCIDR(text)
		if err != nil {
			out.Add(at, "%s", err)
			continue
		}
		for _, own := range s.ownRanges() {
			if reserved.Overlaps(own.prefix) {
				out.Add(own.path, "%s overlaps the reserved range %s", own.prefix, reserved)
			}
		}
	}
	return out
}

// ownRange is one of the VPC's ranges and where it is configured.
type ownRange struct {
	path   string
	prefix netip.Prefix
}

// ownRanges returns the VPC's ranges, without those that do not parse.
func (s Settings) ownRanges() []ownRange {
	var out []ownRange
	for _, r := range []struct{ path, text string }{{"cidr", s.CIDR}, {"secondaryCidr", s.SecondaryCIDR}} {
		if p, err := parseCIDR(r.text); err == nil {
			out = append(out, ownRange{r.path, p})
		}
	}
	return out
}

func (e Endpoints) problems() problem.List {
	var out problem.List
	if e.Preset != PresetNone && e.Preset != PresetBase {
		out.Add("preset", "must be none or base, got %q", e.Preset)
	}
	seen := map[string]bool{}
	for i, name := range e.Additional {
		at := fmt.Sprintf("additional[%d]", i)
		switch {
		case !serviceName.MatchString(name):
			out.Add(at, "%q is not the name of an endpoint service; give what follows the region in it, such as sqs", name)
		case name == "s3" || strings.HasSuffix(name, ".s3"):
			out.Add(at, "%q exists already, as a gateway endpoint", name)
		case strings.Contains(name, "vpce-svc-"):
			out.Add(at, "%q is a service of another account, which has no private DNS name before its owner verified one; "+
				"create that endpoint outside", name)
		case seen[name]:
			out.Add(at, "%q is listed twice", name)
		}
		seen[name] = true
	}
	return out
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// Problems returns everything that is wrong with the settings and with what the program adds to them.
func (a Args) Problems() problem.List {
	out := a.Settings.Problems()
	if !accountID.MatchString(a.AccountID) {
		out.Add("accountId", "must be the 12 digits of an AWS account, got %q", a.AccountID)
	}
	if prefix, err := region.ZoneIDPrefix(a.Region); err != nil {
		out.Add("region", "%s", err)
	} else {
		for i, zone := range a.Zones {
			number, ours := strings.CutPrefix(zone, prefix)
			if _, err := strconv.ParseUint(number, 10, 8); (!ours || err != nil) && !zoneName.MatchString(zone) {
				out.Add(fmt.Sprintf("zones[%d]", i), "%q is not a zone of %s, whose ids are %s1 and so on", zone, a.Region, prefix)
			}
		}
	}
	if a.IPv6 && a.SecondaryCIDR != "" {
		out.Add("secondaryCidr", "has no use with cluster.ipFamily ipv6, whose pods take no IPv4 addresses: remove it")
	}
	for i, name := range a.Endpoints.Additional {
		for _, part := range strings.Split(name, ".") {
			if isFullServiceName(name) && region.Valid(part) && part != a.Region {
				out.Add(fmt.Sprintf("endpoints.additional[%d]", i), "%q is a service of %s, the network is in %s", name, part, a.Region)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(a.Tags)) {
		switch {
		case strings.HasPrefix(key, "aws:"):
			out.Add("tags", "%q: AWS keeps the prefix aws: for itself", key)
		case strings.HasPrefix(key, "kubernetes.io/cluster/"):
			out.Add("tags", "%q: controllers take this tag to mean that they own the resource", key)
		}
	}
	for _, f := range a.Features {
		if _, known := featureServices[f]; !known {
			out.Add("features", "unknown feature %q", f)
		}
	}
	if a.ServiceCIDR != "" {
		service, err := parseCIDR(a.ServiceCIDR)
		if err != nil {
			out.Add("serviceCidr", "%s", err)
			return out
		}
		for _, own := range a.ownRanges() {
			if service.Overlaps(own.prefix) {
				out.Add(own.path, "%s overlaps the cluster's service range %s", own.prefix, service)
			}
		}
		for i, text := range a.ReservedCIDRs {
			if r, err := parseCIDR(text); err == nil && r.Overlaps(service) {
				out.Add(fmt.Sprintf("reservedCidrs[%d]", i), "%s overlaps the cluster's service range %s: pods could not reach it", r, service)
			}
		}
	}
	return out
}
