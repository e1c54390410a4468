package network_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/internal/retention"
	"github.com/eks-platform/eks-platform/internal/schema"
)

func validSettings() network.Settings {
	return network.Settings{CIDR: "10.16.0.0/16", Zones: []string{"euw1-az1", "euw1-az2", "euw1-az3"}}
}

func validArgs() network.Args {
	return network.Args{
		Settings: validSettings(), Region: "eu-west-1", AccountID: "111111111111",
		Tags: map[string]string{"team": "platform"},
	}
}

func TestEveryRuleNamesThePathAndTheReason(t *testing.T) {
	t.Parallel()
	off := false
	tests := []struct {
		name string
		edit func(*network.Args)
		want string
	}{
		{"no range", func(a *network.Args) { a.CIDR = "" }, "cidr: is required"},
		{"not a range", func(a *network.Args) { a.CIDR = "10.0.0.0" }, `cidr: must be the address of an IPv4 network`},
		{"IPv6", func(a *network.Args) { a.CIDR = "fd00::/16" }, "must be the address of an IPv4 network"},
		{"host bits", func(a *network.Args) { a.CIDR = "10.16.1.0/16" }, "did you mean 10.16.0.0/16?"},
		{"too large", func(a *network.Args) { a.CIDR = "10.0.0.0/8" }, "cidr: 10.0.0.0/8: AWS allows VPC ranges from /16 to /28"},
		{"public range", func(a *network.Args) { a.CIDR = "8.8.0.0/16" }, "cidr: 8.8.0.0/16 is not private"},
		{"too small", func(a *network.Args) { a.CIDR = "10.0.0.0/25" }, "too small for 3 zones: each needs a private subnet of at least /26, a public one of at least /27 and a control-plane /28; use a /23 or larger"},
		{"private prefix that does not fit", func(a *network.Args) { a.PrivatePrefix = 17 }, "cidr: 10.16.0.0/16 is too small"},
		{"private prefix that fits nowhere", func(a *network.Args) { a.PrivatePrefix = 17 }, "no VPC is large enough"},
		{"private prefix out of range", func(a *network.Args) { a.PrivatePrefix = 29 }, "privatePrefix: must be at most 28, got 29"},
		{"public prefix out of range", func(a *network.Args) { a.PublicPrefix = 28 }, "publicPrefix: must be at most 27, got 28"},
		{"pod prefix without a range", func(a *network.Args) { a.PodPrefix = 20 }, "podPrefix: needs secondaryCidr"},
		{"one zone", func(a *network.Args) { a.Zones = a.Zones[:1] }, "zones: must have at least 2 items, got 1"},
		{"five zones", func(a *network.Args) {
			a.Zones = []string{"euw1-az1", "euw1-az2", "euw1-az3", "euw1-az4", "euw1-az5"}
		}, "zones: must have at most 4 items, got 5"},
		{"zone twice", func(a *network.Args) { a.Zones[2] = "euw1-az1" }, `zones[2]: is the same as item 1`},
		{"zone name", func(a *network.Args) { a.Zones[0] = "eu-west-1a" }, `zones[0]: "eu-west-1a" is a zone name`},
		{"zone of another region", func(a *network.Args) { a.Zones[1] = "use1-az2" }, `zones[1]: "use1-az2" is not a zone of eu-west-1`},
		{"zone without number", func(a *network.Args) { a.Zones[1] = "euw1-az" }, `zones[1]: "euw1-az" is not a zone`},
		{"number alone", func(a *network.Args) { a.Zones[1] = "2" }, `zones[1]: "2" is not a zone of eu-west-1`},
		{"local zone", func(a *network.Args) {
			a.Region, a.Zones = "us-west-2", []string{"usw2-az1", "usw2-lax1-az1"}
		}, `zones[1]: "usw2-lax1-az1" is not a zone of us-west-2`},
		{"zone that EKS refuses", func(a *network.Args) {
			a.Region, a.Zones = "us-east-1", []string{"use1-az1", "use1-az3"}
		}, "zones[1]: EKS cannot place a control plane in use1-az3"},
		{"unknown nat", func(a *network.Args) { a.NAT = "two" }, `nat: must be one of none, single, perZone, got "two"`},
		{"no way out", func(a *network.Args) { a.NAT = network.NATNone }, "nat: none needs endpoints.preset base"},
		{"unknown preset", func(a *network.Args) { a.Endpoints.Preset = "all" }, `endpoints.preset: must be one of none, base, got "all"`},
		{"illegal service", func(a *network.Args) { a.Endpoints.Additional = []string{"S Q S"} }, "endpoints.additional[0]: \"S Q S\" is not the name"},
		{"service without private DNS", func(a *network.Args) { a.Endpoints.Additional = []string{"sqs", "s3express"} }, `endpoints.additional[1]: "s3express" has no private DNS name`},
		{"service without private DNS in full", func(a *network.Args) {
			a.Endpoints.Additional = []string{"com.amazonaws.eu-west-1.dynamodb"}
		}, `endpoints.additional[0]: "com.amazonaws.eu-west-1.dynamodb" has no private DNS name`},
		{"S3 as interface", func(a *network.Args) { a.Endpoints.Additional = []string{"sqs", "s3"} }, `endpoints.additional[1]: "s3" already exists`},
		{"S3 in full", func(a *network.Args) {
			a.Endpoints.Additional = []string{"com.amazonaws.eu-west-1.s3"}
		}, "already exists, as a gateway endpoint"},
		{"service of another account", func(a *network.Args) {
			a.Endpoints.Additional = []string{"com.amazonaws.vpce.eu-west-1.vpce-svc-0123"}
		}, "is a service of another account"},
		{"service of another region", func(a *network.Args) {
			a.Endpoints.Additional = []string{"com.amazonaws.eu-west-2.sqs"}
		}, "endpoints.additional[0]: \"com.amazonaws.eu-west-2.sqs\" is a service of eu-west-2"},
		{"service twice", func(a *network.Args) { a.Endpoints.Additional = []string{"sqs", "sqs"} }, "endpoints.additional[1]: is the same as item 1"},
		{"retention", func(a *network.Args) { a.FlowLogs.RetentionDays = 31 }, "flowLogs.retentionDays: must be one of 1, 3, 5"},
		{"traffic", func(a *network.Args) { a.FlowLogs.Traffic = "SOME" }, `flowLogs.traffic: must be one of ALL, ACCEPT, REJECT, got "SOME"`},
		{"secondary overlaps", func(a *network.Args) { a.SecondaryCIDR = "10.16.0.0/20" }, "secondaryCidr: 10.16.0.0/20 overlaps the VPC's own range"},
		{"secondary of another family", func(a *network.Args) { a.SecondaryCIDR = "172.16.0.0/16" }, "secondaryCidr: AWS refuses 172.16.0.0/16 together with 10.16.0.0/16"},
		{"public secondary", func(a *network.Args) { a.SecondaryCIDR = "9.0.0.0/16" }, "secondaryCidr: AWS refuses 9.0.0.0/16"},
		{"secondary with IPv6", func(a *network.Args) {
			a.SecondaryCIDR, a.IPv6 = "100.64.0.0/16", true
		}, "secondaryCidr: has no effect with cluster.ipFamily ipv6"},
		{"secondary beside 10.0.0.0/15", func(a *network.Args) {
			a.CIDR, a.SecondaryCIDR = "10.1.0.0/16", "10.0.0.0/16"
		}, "secondaryCidr: AWS refuses a range of 10.0.0.0/16"},
		{"secondary too small", func(a *network.Args) { a.SecondaryCIDR = "100.64.0.0/27" }, "secondaryCidr: 100.64.0.0/27 must be from /16 to /26"},
		{"pods do not fit", func(a *network.Args) {
			a.SecondaryCIDR, a.PodPrefix = "100.64.0.0/16", 17
		}, "secondaryCidr: 100.64.0.0/16 has no room for pod subnets of /17 in 3 zones"},
		{"reserved overlaps", func(a *network.Args) { a.ReservedCIDRs = []string{"10.0.0.0/8"} }, "cidr: 10.16.0.0/16 overlaps the reserved range 10.0.0.0/8"},
		{"reserved overlaps pods", func(a *network.Args) {
			a.SecondaryCIDR, a.ReservedCIDRs = "100.64.0.0/16", []string{"100.64.128.0/17"}
		}, "secondaryCidr: 100.64.0.0/16 overlaps the reserved range 100.64.128.0/17"},
		{"reserved is no range", func(a *network.Args) { a.ReservedCIDRs = []string{"office"} }, `reservedCidrs[0]: must be the address of an IPv4 network`},
		{"service range overlaps", func(a *network.Args) { a.ServiceCIDR = "10.16.128.0/20" }, "cidr: 10.16.0.0/16 overlaps the cluster's service range 10.16.128.0/20"},
		{"service range overlaps a reserved one", func(a *network.Args) {
			a.ServiceCIDR, a.ReservedCIDRs = "172.20.0.0/16", []string{"172.20.5.0/24"}
		}, "reservedCidrs[0]: 172.20.5.0/24 overlaps the cluster's service range"},
		{"multicast", func(a *network.Args) { a.ReservedCIDRs = []string{"224.0.0.0/24"} }, "reservedCidrs[0]: 224.0.0.0/24 contains multicast"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := validArgs()
			tt.edit(&args)
			assert.ErrorContains(t, args.Problems().Err(), tt.want)
		})
	}

	t.Run("nothing is wrong with valid args", func(t *testing.T) {
		t.Parallel()
		args := validArgs()
		require.Empty(t, args.Problems())
		args.NAT, args.Endpoints.Preset, args.Protect = network.NATNone, network.PresetBase, &off
		args.FlowLogs = network.FlowLogs{Enabled: &off, RetentionDays: 365, Traffic: network.TrafficReject}
		args.Endpoints.Additional = []string{"com.amazonaws.route53", "bedrock-runtime", "com.amazonaws.eu-west-1.sqs"}
		args.SecondaryCIDR, args.ReservedCIDRs, args.ServiceCIDR = "100.64.0.0/16", []string{"192.168.0.0/16"}, "172.20.0.0/16"
		args.Services = []string{"sqs", "ssm"}
		require.Empty(t, args.Problems())
	})
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	got := (&network.Args{Settings: network.Settings{CIDR: "x", Zones: []string{"eu-west-1a"}, NAT: "y", FlowLogs: network.FlowLogs{RetentionDays: 2}}}).Problems()
	paths := map[string]bool{}
	for _, p := range got {
		paths[p.Path] = true
	}
	assert.Equal(t, map[string]bool{
		"cidr": true, "zones": true, "nat": true, "flowLogs.retentionDays": true,
	}, paths)
}

func TestTheSchemaRequiresOnlyRangeAndZonesAndShowsTheDefaults(t *testing.T) {
	t.Parallel()
	raw, err := schema.Generate(&network.Settings{}, "github.com/eks-platform/eks-platform")
	require.NoError(t, err)
	type node struct {
		Default    any             `json:"default"`
		Pattern    string          `json:"pattern"`
		Enum       []any           `json:"enum"`
		Required   []string        `json:"required"`
		Properties map[string]node `json:"properties"`
	}
	var root node
	require.NoError(t, json.Unmarshal(raw, &root))
	assert.Equal(t, []string{"cidr", "zones"}, root.Required)
	assert.Equal(t, "perZone", root.Properties["nat"].Default)
	assert.Equal(t, true, root.Properties["protect"].Default)
	assert.Equal(t, `^[0-9.]+/[0-9]{1,2}$`, root.Properties["cidr"].Pattern)
	flow := root.Properties["flowLogs"].Properties
	assert.EqualValues(t, 30, flow["retentionDays"].Default)
	for _, days := range flow["retentionDays"].Enum {
		args := validArgs()
		args.FlowLogs.RetentionDays = retention.Days(days.(float64))
		assert.Empty(t, args.Problems(), "the schema allows %v days", days)
	}
	assert.Len(t, flow["retentionDays"].Enum, 22)
}
