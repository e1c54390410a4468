package network

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

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
	CIDR string `json:"cidr" jsonschema:"required,format=ipv4-network,example=10.16.0.0/16"`
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
	// take no IPv4 addresses. Before it is removed, addons.vpcCni.customNetworking is turned off and every environment on the
	// cluster updated, so that no node is left in the pods' subnets.
	SecondaryCIDR string `json:"secondaryCidr,omitempty" jsonschema:"format=ipv4-network,example=100.64.0.0/16"`
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
	ReservedCIDRs []string `json:"reservedCidrs,omitempty" jsonschema:"uniqueItems=true,format=ipv4-network"`
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
	RetentionDays retention.Days `json:"retentionDays,omitempty" jsonschema:"default=30"`
	// Which traffic is recorded. Changing it replaces the flow log; records so far stay.
	Traffic Traffic `json:"traffic,omitempty" jsonschema:"enum=ALL,enum=ACCEPT,enum=REJECT,default=ALL"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Region is the AWS region, for example eu-west-1. Required.
	Region string `args:"required" format:"aws-region"`
	// AccountID is the AWS account, twelve digits. Required: it narrows who may use the flow logs' role.
	AccountID string `args:"required" format:"aws-account-id"`
	// Tags go onto every resource that can carry tags, together with a Name.
	Tags map[string]string
	// Services are the AWS services that nodes and the platform call from inside the network beside those of every cluster,
	// by what follows the region in the names of their endpoints. Preset base makes an endpoint for each.
	Services []string
	// PrefixDelegation says that the CNI assigns /28 prefixes to nodes. It sets ranges of the pods' subnets aside for
	// them, which keeps single addresses from fragmenting the ranges. Turning it on later frees no fragmented range. It
	// has no meaning with IPv6.
	PrefixDelegation bool
	// PodsLeave says that pods take no addresses out of SecondaryCIDR any more: nodes that started before still do. Ranges
	// for prefixes are set aside where pods are and where they were.
	PodsLeave bool
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
