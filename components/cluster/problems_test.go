package cluster_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/cluster"
)

func TestProblemsNameTheirPathAndRule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*cluster.Args)
		path   string
		text   string
	}{
		{"a name that EKS refuses", func(a *cluster.Args) { a.Name = "-x" }, "name", "must be letters, digits"},
		{"a name too long for the roles", func(a *cluster.Args) { a.Name = "a123456789b123456789c123456789d123456789e" }, "name", "at most 40 characters"},
		{"an old version", func(a *cluster.Args) { a.Version = "1.29" }, "version", "choose one of 1.34, 1.35, 1.36"},
		{"a version that EKS does not have yet", func(a *cluster.Args) { a.Version = "1.37" }, "version", "is not supported"},
		{"a version out of standard support", func(a *cluster.Args) { a.Version = "1.33" }, "version", "ended on 2026-07-29"},
		{"an unknown support type", func(a *cluster.Args) { a.SupportType = "GOLD" }, "supportType", "one of STANDARD, EXTENDED"},
		{"an unknown access", func(a *cluster.Args) { a.Endpoint.Access = "open" }, "endpoint.access", "must be one of"},
		{"ranges without a public endpoint", func(a *cluster.Args) { a.Endpoint.PublicCIDRs = []string{"203.0.113.0/24"} },
			"endpoint.publicCidrs", "has no effect"},
		{"a public endpoint without ranges", func(a *cluster.Args) { a.Endpoint.Access = cluster.PrivateAndPublic },
			"endpoint.publicCidrs", "is required"},
		{"the whole internet", func(a *cluster.Args) {
			a.Endpoint = cluster.Endpoint{Access: cluster.PrivateAndPublic, PublicCIDRs: []string{"203.0.113.0/24", "0.0.0.0/0"}}
		}, "endpoint.publicCidrs[1]", "whole internet"},
		{"a private range on the internet", func(a *cluster.Args) {
			a.Endpoint = cluster.Endpoint{Access: cluster.Public, PublicCIDRs: []string{"10.0.0.0/8"}}
		}, "endpoint.publicCidrs[0]", "is not a public range"},
		{"a range with host bits", func(a *cluster.Args) {
			a.Endpoint = cluster.Endpoint{Access: cluster.Public, PublicCIDRs: []string{"203.0.113.7/24"}}
		}, "endpoint.publicCidrs[0]", "such as 203.0.113.0/24"},
		{"an IPv6 range on an IPv4 cluster", func(a *cluster.Args) {
			a.Endpoint = cluster.Endpoint{Access: cluster.Public, PublicCIDRs: []string{"2001:db8::/32"}}
		}, "endpoint.publicCidrs[0]", "ipFamily ipv6"},
		{"private ranges without a private endpoint", func(a *cluster.Args) {
			a.Endpoint = cluster.Endpoint{Access: cluster.Public, PrivateCIDRs: []string{"10.200.0.0/16"}}
		}, "endpoint.privateCidrs", "has no effect"},
		{"a private range with host bits", func(a *cluster.Args) { a.Endpoint.PrivateCIDRs = []string{"10.200.0.1/16"} },
			"endpoint.privateCidrs[0]", "did you mean 10.200.0.0/16?"},
		{"everything as a private range", func(a *cluster.Args) { a.Endpoint.PrivateCIDRs = []string{"0.0.0.0/0"} },
			"endpoint.privateCidrs[0]", "is the whole IPv4 address space"},
		{"a private range twice", func(a *cluster.Args) { a.Endpoint.PrivateCIDRs = []string{"10.200.0.0/16", "10.200.0.0/16"} },
			"endpoint.privateCidrs[1]", "same as item 1"},
		{"a part of the VPC as a private range", func(a *cluster.Args) {
			a.VPCCIDRs, a.Endpoint.PrivateCIDRs = []string{"10.16.0.0/16"}, []string{"10.16.4.0/24"}
		}, "endpoint.privateCidrs[0]", "overlaps 10.16.0.0/16 of the VPC"},
		{"no public ranges, written out", func(a *cluster.Args) {
			a.Endpoint = cluster.Endpoint{Access: cluster.Public, PublicCIDRs: []string{}}
		}, "endpoint.publicCidrs", "at least 1 item"},
		{"a multicast range", func(a *cluster.Args) { a.Endpoint.PrivateCIDRs = []string{"224.0.0.0/8"} },
			"endpoint.privateCidrs[0]", "multicast"},
		{"a role with a wildcard", func(a *cluster.Args) { a.Access[1].PrincipalARN = "arn:aws:iam::111111111111:role/*" },
			"access[1].principalArn", "no wildcards"},
		{"a role of Identity Center without its path", func(a *cluster.Args) {
			a.Access[1].PrincipalARN = "arn:aws:iam::111111111111:role/AWSReservedSSO_Admin_0123456789abcdef"
		}, "access[1].principalArn", "lacks its path"},
		{"one zone", func(a *cluster.Args) { a.Zones = []string{"euw1-az1"} }, "zones", "at least 2 items"},
		{"a zone twice", func(a *cluster.Args) { a.Zones = []string{"euw1-az1", "euw1-az1"} }, "zones[1]", "same as item 1"},
		{"a zone without a subnet", func(a *cluster.Args) {
			a.ZoneIDs, a.Zones = []string{"euw1-az1", "euw1-az2"}, []string{"euw1-az1", "euw1-az3"}
		}, "zones[1]", "not one of the network's zones: euw1-az1, euw1-az2"},
		{"a log type that does not exist", func(a *cluster.Args) { a.Logs.Types = []cluster.LogType{"kubelet"} }, "logs.types[0]", "must be one of api, audit"},
		{"a log type twice", func(a *cluster.Args) { a.Logs.Types = []cluster.LogType{"api", "api"} }, "logs.types[1]", "same as item 1"},
		{"a period that CloudWatch does not know", func(a *cluster.Args) { a.Logs.RetentionDays = 42 }, "logs.retentionDays", "got 42"},
		{"a public service range", func(a *cluster.Args) { a.ServiceCIDR = "100.64.0.0/16" }, "serviceCidr", "must be private"},
		{"a service range too small", func(a *cluster.Args) { a.ServiceCIDR = "10.0.0.0/25" }, "serviceCidr", "12 to 24"},
		{"a service range too large", func(a *cluster.Args) { a.ServiceCIDR = "10.0.0.0/8" }, "serviceCidr", "12 to 24"},
		{"a service range with host bits", func(a *cluster.Args) { a.ServiceCIDR = "10.0.0.1/16" }, "serviceCidr", "address of an IPv4 network"},
		{"a service range reaching beyond private space", func(a *cluster.Args) { a.ServiceCIDR = "192.160.0.0/12" }, "serviceCidr", "must be private"},
		{"a service range inside the VPC", func(a *cluster.Args) { a.VPCCIDRs = []string{"10.0.0.0/16", "172.20.128.0/17"} },
			"serviceCidr", "overlaps 172.20.128.0/17"},
		{"an unknown family", func(a *cluster.Args) { a.IPFamily = "dual" }, "ipFamily", "one of ipv4, ipv6"},
		{"an alias for a key", func(a *cluster.Args) { a.SecretsKeyARN = "arn:aws:kms:eu-west-1:111111111111:alias/x" }, "secretsKeyArn", "aliases are not accepted"},
		{"a key elsewhere", func(a *cluster.Args) { a.SecretsKeyARN = "arn:aws:kms:eu-west-2:111111111111:key/x" }, "secretsKeyArn", "in eu-west-1"},
		{"a window that KMS refuses", func(a *cluster.Args) { a.KeyDeletionWindowDays = 3 }, "keyDeletionWindowDays", "at least 7"},
		{"nobody to administer", func(a *cluster.Args) { a.Access = a.Access[1:] }, "access", "no one could administer"},
		{"an administrator of a namespace only", func(a *cluster.Args) { a.Access[0].Policies[0].Namespaces = []string{"x"} },
			"access", "no one could administer"},
		{"an entry's name twice", func(a *cluster.Args) { a.Access[1].Name = "admins" }, "access[1].name", "already the name of access[0]"},
		{"an entry's name with capitals", func(a *cluster.Args) { a.Access[1].Name = "TeamA" }, "access[1].name", "lower-case"},
		{"a principal twice", func(a *cluster.Args) { a.Access[1].PrincipalARN = a.Access[0].PrincipalARN }, "access[1].principalArn", "already has access by access[0]"},
		{"the root user", func(a *cluster.Args) { a.Access[1].PrincipalARN = "arn:aws:iam::111111111111:root" }, "access[1].principalArn", "root user"},
		{"a service-linked role", func(a *cluster.Args) {
			a.Access[1].PrincipalARN = "arn:aws:iam::111111111111:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
		}, "access[1].principalArn", "service-linked"},
		{"a session", func(a *cluster.Args) {
			a.Access[1].PrincipalARN = "arn:aws:sts::111111111111:assumed-role/admin/me"
		}, "access[1].principalArn", "give its role"},
		{"a group", func(a *cluster.Args) { a.Access[1].PrincipalARN = "arn:aws:iam::111111111111:group/admins" }, "access[1].principalArn", "role or user"},
		{"another partition", func(a *cluster.Args) { a.Access[1].PrincipalARN = "arn:aws-cn:iam::111111111111:role/x" }, "access[1].principalArn", "partition aws,"},
		{"a group of Kubernetes", func(a *cluster.Args) { a.Access[1].KubernetesGroups = []string{"system:masters"} },
			"access[1].kubernetesGroups[0]", "must not begin with system:"},
		{"a user name of Kubernetes", func(a *cluster.Args) { a.Access[1].Username = "system:admin" }, "access[1].username", "must not begin with system:"},
		{"a policy that does not exist", func(a *cluster.Args) { a.Access[1].Policies[0].Policy = "AmazonEKSRootPolicy" },
			"access[1].policies[0].policy", "must be one of"},
		{"a policy twice", func(a *cluster.Args) { a.Access[1].Policies[1].Policy = "AmazonEKSEditPolicy" },
			"access[1].policies[1].policy", "is already policies[0]"},
		{"a namespace that cannot be", func(a *cluster.Args) { a.Access[1].Policies[0].Namespaces = []string{"Team_A"} },
			"access[1].policies[0].namespaces[0]", "namespace name"},
		{"an entry without any access", func(a *cluster.Args) { a.Access[1].Policies, a.Access[1].KubernetesGroups = nil, nil },
			"access[1]", "gives no access"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			args := arguments()
			require.Empty(t, args.Problems())
			tc.change(args)
			got := args.Problems()
			require.Len(t, got, 1)
			assert.Equal(t, tc.path, got[0].Path)
			assert.Contains(t, got[0].Message, tc.text)
		})
	}
}

func TestAnOldVersionIsAcceptedWithExtendedSupport(t *testing.T) {
	t.Parallel()
	args := arguments()
	args.Version, args.SupportType = "1.33", cluster.ExtendedSupport
	assert.Empty(t, args.Problems())
}

func TestPublicMayBeTheWholeInternetWhenSaidSo(t *testing.T) {
	t.Parallel()
	args := arguments()
	args.Endpoint = cluster.Endpoint{Access: cluster.Public, PublicCIDRs: []string{"0.0.0.0/0"}}
	assert.Empty(t, args.Problems())
}

func TestVersionsAreInOrderAndEachIsAccepted(t *testing.T) {
	t.Parallel()
	versions := cluster.Versions()
	require.NotEmpty(t, versions)
	for i, v := range versions {
		args := arguments()
		args.Version = v.Minor
		if v.ExtendedOnly {
			args.SupportType = cluster.ExtendedSupport
		}
		assert.Empty(t, args.Problems(), v.Minor)
		assert.Less(t, v.StandardUntil, v.ExtendedUntil)
		if i > 0 {
			assert.Less(t, versions[i-1].StandardUntil, v.StandardUntil)
		}
	}
}
