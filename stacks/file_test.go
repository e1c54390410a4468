package stacks_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/stacks"
)

// estate copies the frozen estate to a directory and edits it: old text to new, by stack.
func estate(t *testing.T, edits map[string][]string) string {
	t.Helper()
	return estatetest.Copy(t, edits)
}

func TestAnEstateKnowsWhoOwnsAndWhoJoins(t *testing.T) {
	t.Parallel()
	e, err := stacks.LoadEstate(estatetest.Dir())
	require.NoError(t, err)
	assert.Equal(t, []string{"dev", "prod", "stg"}, e.Names())
	assert.Equal(t, "dev", e.Owner("stg"))
	assert.Empty(t, e.Owner("prod"))
	assert.Equal(t, []string{"stg"}, e.Joined("dev"))
}

func TestFilesThatPulumiReadsAsNoStackAreNone(t *testing.T) {
	t.Parallel()
	dir := estate(t, nil)
	for _, name := range []string{"Pulumi.other.yml", "Pulumi.dev.deploy.yaml", "Pulumi.old.yaml.bak"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("settings: {}\n"), 0o600))
	}
	e, err := stacks.LoadEstate(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"dev", "prod", "stg"}, e.Names())
}

// Each case breaks the frozen estate's files in one way and names everything that is said about it.
func TestAWrongStackFileIsRefusedByConfigPath(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		stack string
		edits []string
		want  []string // each a part of the message; the file and the path among them
	}{
		{"an unknown key", "dev", []string{"    cidr: 10.16.0.0/16", "    cidr: 10.16.0.0/16\n    zonez: [euw1-az1]"},
			[]string{"Pulumi.dev.yaml:13: network.zonez: unknown key; did you mean zones?"}},
		{"an unknown top-level key", "dev", []string{"eks-platform:network:", "eks-platform:netwrok:"},
			[]string{"netwrok: unknown key; did you mean network?"}},
		{"a key of another namespace", "dev", []string{"config:\n", "config:\n  aws:region: eu-west-1\n"},
			[]string{"Pulumi.dev.yaml:5: aws:region: has no effect"}},
		{"a wrong type", "dev", []string{`version: "1.35"`, "version: 1.35"},
			[]string{"cluster.version: must be a string, got a number; put it in quotes"}},
		{"a missing key", "dev", []string{`    accountId: "111111111111"` + "\n", ""},
			[]string{"aws.accountId: is required"}},
		{"overlapping ranges of two environments", "prod", []string{"cidr: 10.32.0.0/16", "cidr: 10.16.128.0/17"},
			[]string{"Pulumi.prod.yaml", "network.cidr", "overlaps 10.16.0.0/16"}},
		{"a VPC that overlaps the service range", "dev", []string{"cidr: 10.16.0.0/16", "cidr: 172.20.0.0/16"},
			[]string{"172.20.0.0/16", "overlaps"}},
		{"a VPC too small for its subnets", "dev", []string{"cidr: 10.16.0.0/16", "cidr: 10.16.0.0/26"},
			[]string{"network.cidr"}},
		{"a Kubernetes version out of support", "dev", []string{`version: "1.35"`, `version: "1.29"`},
			[]string{"cluster.version", "1.29"}},
		{"a cluster whose groups are all tainted", "prod",
			[]string{"      scaling: {min: 3, max: 6, desired: 3}", "      scaling: {min: 3, max: 6, desired: 3}\n      taints: [{key: a, effect: NoSchedule}]",
				"      labels:\n        lifecycle: OnDemand", "      taints: [{key: a, effect: NoSchedule}]"},
			[]string{"nodeGroups: every group is tainted, spot or at times empty"}},
		{"a spot group with three instance types", "dev", []string{"[m5.large, m5a.large, m6a.large, m6i.large]", "[m5.large, m5a.large, m6a.large]"},
			[]string{"nodeGroups[1].instanceTypes"}},
		{"a spot group of unequal sizes", "dev", []string{"[m5.large, m5a.large, m6a.large, m6i.large]", "[m5.large, m5a.large, m6a.large, m6i.xlarge]"},
			[]string{"nodeGroups[1].instanceTypes", "m6i.xlarge"}},
		{"min above max", "dev", []string{"{min: 2, max: 4, desired: 2}", "{min: 5, max: 4, desired: 4}"},
			[]string{"nodeGroups[0].scaling"}},
		{"an Arm image with an x86 type", "prod", []string{"[m7g.xlarge, m6g.xlarge]", "[m7g.xlarge, m6i.xlarge]"},
			[]string{"nodeGroups[1].instanceTypes", "m6i.xlarge"}},
		{"a taint effect that does not exist", "dev", []string{"effect: NoSchedule", "effect: NoScheduling"},
			[]string{"nodeGroups[1].taints[0].effect: must be one of NoSchedule, NoExecute, PreferNoSchedule", "did you mean NoSchedule?"}},
		{"a schedule that cannot be parsed", "dev", []string{`cron: "0 20 * * *"`, `cron: "0 25 * * *"`},
			[]string{"nodeGroups[1].schedules[0].cron"}},
		{"an unknown time zone", "dev", []string{"timeZone: Europe/Dublin", "timeZone: Europe/Dublyn"},
			[]string{"nodeGroups[1].schedules[0].timeZone"}},
		{"two environments of one name on a cluster", "stg", []string{"environment: stg", "environment: dev"},
			[]string{"Pulumi.stg.yaml:4: environment", "same cluster"}},
		{"two environments on a cluster one of whose names is a prefix of the other", "stg", []string{"environment: stg", "environment: dev-two",
			"name: stg-payments", "name: dev-two-payments"},
			[]string{"Pulumi.stg.yaml:4: environment", "is a prefix of the other"}},
		{"environments in an account whose names begin alike", "prod", []string{"environment: prod", "environment: dev-two", "222222222222", "111111111111"},
			[]string{"Pulumi.prod.yaml", "environment", `"dev-two" and "dev", the environment of stack "dev", begin alike`}},
		{"a cluster in an account whose name begins like an environment's", "prod", []string{"name: prod\n", "name: stg-main\n", "222222222222", "111111111111"},
			[]string{"Pulumi.stg.yaml", `environment: "stg" and "stg-main", the cluster.name of stack "prod", begin alike`}},
		{"an IP budget that cannot hold", "dev", []string{"cidr: 10.16.0.0/16", "cidr: 10.16.0.0/22"},
			[]string{"network.cidr", "is too small for its share"}},
		{"a budget that only the environments together exceed", "stg", []string{"max: 6,", "max: 6000,"},
			[]string{"Pulumi.dev.yaml", "network.cidr", "is too small for its share", "stg-general"}},
		{"a zone that EKS refuses", "dev", []string{"region: eu-west-1", "region: us-east-1", "[euw1-az1, euw1-az2, euw1-az3]", "[use1-az1, use1-az2, use1-az3]"},
			[]string{"network.zones[2]", "use1-az3"}},
		{"a zone of another region", "dev", []string{"euw1-az3", "use1-az1"},
			[]string{"network.zones[2]", "use1-az1"}},
		{"a joining stack with a network", "stg", []string{"  eks-platform:join:\n", "  eks-platform:network: {cidr: 10.1.0.0/16, zones: [euw1-az1, euw1-az2]}\n  eks-platform:join:\n"},
			[]string{"network: cannot be combined with join"}},
		{"an owner that does not exist", "stg", []string{"stack: dev", "stack: nonprod"},
			[]string{"join.stack: there is no stack file Pulumi.nonprod.yaml"}},
		{"another account than the owner's", "stg", []string{"111111111111", "333333333333"},
			[]string{"aws.accountId: must be that of \"dev\""}},
		{"a release of another Kubernetes minor than the owner's", "stg", []string{"release: 1.35.8-20260930", "release: 1.34.11-20260930"},
			[]string{"Pulumi.stg.yaml", "nodeGroups[0].ami.release"}},
		{"a vpc-cni with a known vulnerability", "dev", []string{"version: v1.22.4-eksbuild.3", "version: v1.22.3-eksbuild.1"},
			[]string{"addons.vpcCni.version", "CVE-2026-86831"}},
		{"a tag that belongs to AWS", "dev", []string{"cost-center: platform-nonprod", "aws:cost: x"},
			[]string{"tags.aws:cost"}},
		{"a tag that IAM cannot tell from the platform's", "dev", []string{"cost-center: platform-nonprod", "Environment: dev"},
			[]string{"tags.Environment: it differs from environment only in case"}},
		{"two tags that IAM cannot tell apart", "dev", []string{"cost-center: platform-nonprod", "team: a\n    Team: a"},
			[]string{"tags.team: it differs from Team only in case"}},
		{"a Name for all", "dev", []string{"cost-center: platform-nonprod", "name: x"},
			[]string{"tags.name: must not be set: every resource gets"}},
		{"a tag's value that IAM refuses", "dev", []string{"cost-center: platform-nonprod", "owner: R&D"},
			[]string{`tags.owner: a value must contain only letters`, `"R&D"`}},
		{"a home of the system add-ons that is empty at night", "dev", []string{"{min: 2, max: 4, desired: 2}",
			"{min: 2, max: 4, desired: 2}\n      schedules: [{name: night, cron: \"0 20 * * *\", timeZone: Etc/UTC, min: 0, max: 4, desired: 0}]"},
			[]string{"nodeGroups: every group is tainted, spot or at times empty", "min of all its schedules"}},
		{"a role to assume in another account", "dev", []string{"    region: eu-west-1\n", "    region: eu-west-1\n    assumeRoleArn: arn:aws:iam::333333333333:role/x\n"},
			[]string{"aws.assumeRoleArn: must be in 111111111111, the stack's account, got 333333333333"}},
		{"a region in a separate partition", "dev", []string{"region: eu-west-1", "region: eusc-de-east-1"},
			[]string{"aws.region: eusc-de-east-1 is in a separate partition"}},
		{"a zone that the region does not have", "dev", []string{"euw1-az3]", "euw1-az4]"},
			[]string{`network.zones[2]: "euw1-az4" is not a zone of eu-west-1, whose ids are euw1-az1 to euw1-az3`}},
		{"pods on the range of another environment's VPC", "prod", []string{"    nat: perZone\n", "    nat: perZone\n    secondaryCidr: 10.16.0.0/16\n"},
			[]string{"Pulumi.prod.yaml", `network.secondaryCidr: 10.16.0.0/16 overlaps 10.16.0.0/16 of "dev" (network.cidr)`}},
		{"broken YAML", "dev", []string{"config:\n", "config:\n\t- x"},
			[]string{"Pulumi.dev.yaml:5: is not valid YAML"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := stacks.LoadEstate(estate(t, map[string][]string{c.stack: c.edits}))
			require.Error(t, err)
			for _, part := range c.want {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

func TestAllProblemsOfAllFilesAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := stacks.LoadEstate(estate(t, map[string][]string{
		"dev":  {`version: "1.35"`, `version: "1.29"`, "nat: single", "nat: some"},
		"stg":  {"desired: 2", "desired: 9"},
		"prod": {"nat: perZone", "nat: prZone"},
	}))
	require.Error(t, err)
	for _, part := range []string{
		"Pulumi.dev.yaml:14: network.nat: must be one of none, single, perZone", "cluster.version",
		"Pulumi.stg.yaml", "nodeGroups[0].scaling", "Pulumi.prod.yaml", `did you mean perZone?`,
	} {
		assert.ErrorContains(t, err, part)
	}
}

func TestANetworkThatIsTooSmallIsOneComplaint(t *testing.T) {
	t.Parallel()
	_, err := stacks.LoadEstate(estate(t, map[string][]string{"prod": {"cidr: 10.32.0.0/16", "cidr: 10.32.0.0/26"}}))
	require.ErrorContains(t, err, "network.cidr: 10.32.0.0/26 is too small for 3 zones")
	assert.NotContains(t, err.Error(), "\n", "%v", err)
}
