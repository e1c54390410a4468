package network

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/retention"
)

// NAT is how private subnets reach the internet.
type NAT string

const (
	// NATNone gives private subnets no internet access; AWS is reached only through endpoints.
	NATNone NAT = "none"
	// NATSingle puts one NAT gateway into the first zone: cheap, but if it fails, all zones lose internet access, and the
	// others pay for cross-zone traffic.
	NATSingle NAT = "single"
	// NATPerZone puts a NAT gateway into every zone.
	NATPerZone NAT = "perZone"
)

// Preset selects a set of interface endpoints.
type Preset string

const (
	// PresetNone creates no interface endpoint.
	PresetNone Preset = "none"
	// PresetBase creates the endpoints that nodes, the platform's add-ons and the features in use need.
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

// Settings are the network part of a stack file.
type Settings struct {
	// The VPC's range, for example 10.16.0.0/16: private (RFC 1918) or from 100.64.0.0/10, from /16 to what the
	// zones need, /23 for three. A /16 or /17 leaves room for a fourth zone. Changing it replaces the whole network
	// and everything in it.
	CIDR string `json:"cidr" jsonschema:"required,format=ipv4-network,example=10.16.0.0/16"`
	// Two to four availability zones by their ids, for example euw1-az1; `aws ec2 describe-availability-zones` lists
	// them. Ids, not names such as eu-west-1a, because a name means a different zone in every account. Appending a zone
	// later moves nothing in a VPC of /17 or larger, but list the current ones in cluster.zones first; the last one can be
	// removed again. Any other change would move subnets onto each other's addresses, which AWS refuses.
	Zones []string `json:"zones" jsonschema:"required,minItems=2,maxItems=4,uniqueItems=true"`
	// Prefix length of the private subnets, for nodes and, without secondaryCidr, pods. By default as large as fits: /19 in
	// a /16 VPC, /20 in a /17 or /18. It cannot be changed: the new subnets would overlap the old ones, which AWS refuses.
	PrivatePrefix int `json:"privatePrefix,omitempty" jsonschema:"minimum=17,maximum=28"`
	// Prefix length of the public subnets, for NAT gateways and internet-facing load balancers. By default six more than
	// the VPC's, at most /27, the smallest that load balancers accept. It cannot be changed, like privatePrefix.
	PublicPrefix int `json:"publicPrefix,omitempty" jsonschema:"minimum=17,maximum=27"`
	// How private subnets reach the internet: one NAT gateway in every zone, a single one in the first zone, or none
	// at all, which needs endpoints.preset base. With cluster.ipFamily ipv6, NAT also adds an egress-only internet gateway.
	// Changing it interrupts open connections.
	NAT NAT `json:"nat,omitempty" jsonschema:"enum=none,enum=single,enum=perZone,default=perZone"`
	// VPC endpoints. The gateway endpoint for S3 always exists; it costs nothing.
	Endpoints Endpoints `json:"endpoints,omitempty"`
	// A second range, for pods alone (custom networking), so that they do not use up the VPC's routable addresses:
	// from 100.64.0.0/10, or from the same private range as cidr; /16 to /26. Not with cluster.ipFamily ipv6, where pods
	// take no IPv4 addresses. Before it is removed, addons.vpcCni.customNetworking is turned off and every environment on the
	// cluster updated, so that no node is left in the pods' subnets.
	SecondaryCIDR string `json:"secondaryCidr,omitempty" jsonschema:"format=ipv4-network,example=100.64.0.0/16"`
	// Prefix length of the pods' subnets in secondaryCidr. By default a quarter of it each, so that four zones fit. It
	// cannot be changed, like privatePrefix.
	PodPrefix int `json:"podPrefix,omitempty" jsonschema:"minimum=17,maximum=28"`
	// Records of the traffic in the VPC.
	FlowLogs FlowLogs `json:"flowLogs,omitempty"`
	// Refuse to delete or replace the VPC, its secondary range and its subnets. Turn it off, and update once, before
	// destroying the environment.
	Protect *bool `json:"protect,omitempty" jsonschema:"default=true"`
	// Ranges that this VPC must not overlap: of peers, VPNs, offices, other clusters. They are only checked, not routed.
	ReservedCIDRs []string `json:"reservedCidrs,omitempty" jsonschema:"uniqueItems=true,format=ipv4-network"`
}

// Endpoints selects interface endpoints. Each is billed per hour and zone.
type Endpoints struct {
	// none, or base: what nodes and the platform's add-ons need (ec2, ecr.api, ecr.dkr, sts, logs, eks, eks-auth) and
	// what the features in use add, such as autoscaling for the cluster autoscaler.
	Preset Preset `json:"preset,omitempty" jsonschema:"enum=none,enum=base,default=none"`
	// More services, by the part of their name after the region (sqs, bedrock-runtime), or in full if the name has no
	// region (com.amazonaws.route53). They are also created with preset none.
	Additional []string `json:"additional,omitempty" jsonschema:"uniqueItems=true"`
}

// FlowLogs configures the VPC's flow logs.
type FlowLogs struct {
	// Whether flow logs are recorded. Turning it off deletes their log group and its records.
	Enabled *bool `json:"enabled,omitempty" jsonschema:"default=true"`
	// Days after which CloudWatch Logs deletes a record.
	RetentionDays retention.Days `json:"retentionDays,omitempty" jsonschema:"default=30"`
	// Which traffic is recorded. Changing it replaces the flow log; existing records stay.
	Traffic Traffic `json:"traffic,omitempty" jsonschema:"enum=ALL,enum=ACCEPT,enum=REJECT,default=ALL"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Region is the AWS region, for example eu-west-1. Required.
	Region string `args:"required" format:"aws-region"`
	// AccountID is the AWS account, twelve digits. Required: only its flow logs may use the role.
	AccountID string `args:"required" format:"aws-account-id"`
	// Tags are added to every taggable resource, together with a Name.
	Tags map[string]string
	// Services are the AWS services that nodes and the platform call from inside the network, in addition to those of every
	// cluster, by the part of their endpoints' names after the region. Preset base creates an endpoint for each.
	Services []string
	// PrefixDelegation says that the CNI assigns /28 prefixes to nodes. It reserves ranges of the pods' subnets for them,
	// so that single addresses do not fragment the ranges. Turning it on later does not free fragmented ranges. It has no
	// effect with IPv6.
	PrefixDelegation bool
	// PodsLeave says that pods take no addresses out of SecondaryCIDR any more: nodes that started before still do. Ranges
	// for prefixes are set aside where pods are and where they were.
	PodsLeave bool
	// IPv6 says that the cluster's IP family is ipv6. The VPC gets an Amazon-provided range and each subnet a part of it,
	// in addition to IPv4. Turning it on adds the ranges in place; turning it off needs a new network, because AWS does not
	// remove the range while subnets use it.
	IPv6 bool
	// ServiceCIDR is the cluster's service range, which must not overlap the VPC; empty if EKS chooses it.
	ServiceCIDR string
	// KMSKeyARN encrypts the flow logs' group; nil means CloudWatch's own key. The key's policy must let
	// logs.<region>.amazonaws.com use it.
	KMSKeyARN pulumi.StringInput
}
