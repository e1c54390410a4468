package rules_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/placement"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/stacks"
)

// held holds the estate in a directory to everything that any estate must meet, whatever its stacks are called and
// however many there are: its files are valid, what they declare keeps the rules, and every pod has nodes to run on. It
// returns what is wrong, and the stacks that it looked at.
func held(t *testing.T, dir string) (wrong, names []string) {
	t.Helper()
	e, err := stacks.LoadEstate(dir)
	if err != nil {
		return strings.Split(err.Error(), "\n"), nil
	}
	registered, err := registrations(e, dir)
	require.NoError(t, err)
	p, err := automation.New(automation.Options{ProjectDir: dir})
	require.NoError(t, err)
	for _, stack := range e.Names() {
		regs := registered[stack]
		require.NotEmpty(t, regs, "%s registers nothing; there is nothing to hold to the rules", stack)
		file, err := readSettings(dir, stack)
		require.NoError(t, err)
		for _, all := range []map[string]rule{rules, insideRules} {
			for _, name := range slices.Sorted(maps.Keys(all)) {
				for _, breach := range all[name](regs, file) {
					wrong = append(wrong, fmt.Sprintf("%s: %s: %s", stack, name, breach))
				}
			}
		}
		placement, err := placement.Of(t.Context(), p, stack)
		require.NoError(t, err)
		if err := placement.Err(); err != nil {
			wrong = append(wrong, err.Error())
		}
		for _, u := range placement.Unjudged {
			wrong = append(wrong, fmt.Sprintf("%s: where the pods of %s may run is not known: %s", stack, u.Declared, u.Why))
		}
	}
	return wrong, e.Names()
}

// These are the adopter's own files: nothing is expected of what they say but what is expected of any estate.
func TestTheEstateAtTheRootKeepsTheRules(t *testing.T) {
	t.Parallel()
	wrong, names := held(t, estatetest.Root())
	assert.Empty(t, wrong)
	assert.NotEmpty(t, names, "there is no stack file")
}

func TestTheFrozenEstateKeepsTheRules(t *testing.T) {
	t.Parallel()
	wrong, names := held(t, estatetest.Dir())
	assert.Empty(t, wrong)
	assert.ElementsMatch(t, estatetest.Stacks, names)
	for _, stack := range names {
		assert.NotEmpty(t, registered(t, stack).WithTypePrefix("kubernetes:"), "%s has nothing inside its cluster; half of the rules check nothing", stack)
	}
}

// What the program does when a stack file does not say otherwise.
func TestClustersArePrivateAndLogEverythingByDefault(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, stack := range estatetest.Stacks {
		for _, r := range registered(t, stack).ByType(clusterType) {
			if r.Read {
				continue
			}
			seen++
			assert.Equal(t, true, r.Input("vpcConfig.endpointPrivateAccess"), stack)
			assert.Equal(t, false, r.Input("vpcConfig.endpointPublicAccess"), stack)
			assert.Len(t, r.Input("enabledClusterLogTypes"), 5, stack)
		}
	}
	assert.Equal(t, 2, seen)
}

// What an adopter does with the stack files, and what is wrong with it: nothing, or the one fault that is named.
func TestAnAdoptersEditsAreRedOnlyWhereTheyAreFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		edit  func(t *testing.T, a *adopter)
		names []string
		fault string // what must be said; "" when nothing is wrong
	}{
		{name: "their account and region", edit: elsewhere, names: []string{"dev", "prod", "stg"}},
		{name: "without stg", edit: func(_ *testing.T, a *adopter) { a.remove("stg") }, names: []string{"dev", "prod"}},
		{name: "one environment", edit: func(_ *testing.T, a *adopter) { a.remove("stg"); a.remove("dev") }, names: []string{"prod"}},
		{name: "a fourth environment on the shared cluster", edit: func(_ *testing.T, a *adopter) { a.another("stg", "qa") },
			names: []string{"dev", "prod", "qa", "stg"}},
		{name: "a fourth environment with a cluster of its own", edit: func(_ *testing.T, a *adopter) {
			a.another("prod", "live", "cidr: 10.32.0.0/16", "cidr: 10.48.0.0/16")
		}, names: []string{"dev", "live", "prod", "stg"}},
		{name: "another tenant", edit: func(t *testing.T, a *adopter) {
			for _, stack := range []string{"dev", "stg", "prod"} {
				a.replace(stack, "      - name: search\n", "      - name: search\n      - name: billing\n        namespaces:\n          - name: "+stack+"-ledger\n")
			}
		}, names: []string{"dev", "prod", "stg"}},
		{name: "another order of lines", edit: reversed, names: []string{"dev", "prod", "stg"}},
		{name: "other names for the environments", edit: renamed, names: []string{"live", "qa", "sandbox"}},
		{name: "no tenants, no logging, none of the services", edit: bare, names: []string{"dev", "prod", "stg"}},
		{name: "tags of their own", edit: func(t *testing.T, a *adopter) {
			a.replace("dev", "    cost-center: platform-nonprod\n", "    team: core\n    owner: alice\n")
			a.replace("stg", "  eks-platform:tags:\n    cost-center: platform-nonprod\n", "")
		}, names: []string{"dev", "prod", "stg"}},
		{name: "what pulumi stack init writes", edit: func(_ *testing.T, a *adopter) {
			a.files["dev"] += "secretsprovider: awskms://alias/eks-platform-state?region=eu-west-1\nencryptedkey: AQIDAHg=\n"
		}, names: []string{"dev", "prod", "stg"}},
		{name: "everything at once", edit: func(t *testing.T, a *adopter) {
			a.another("stg", "qa")
			a.remove("stg")
			elsewhere(t, a)
			reversed(t, a)
		}, names: []string{"dev", "prod", "qa"}},

		// The quick start's first try, and what is not it.
		{name: "an endpoint for one address", edit: endpoint("dev", "{access: privateAndPublic, publicCidrs: [203.0.113.7/32]}"),
			names: []string{"dev", "prod", "stg"}},
		{name: "an endpoint for nobody in particular", edit: endpoint("dev", "{access: privateAndPublic}"), fault: "cluster.endpoint.publicCidrs: is required"},
		{name: "an endpoint for everybody", edit: endpoint("dev", "{access: public}"), fault: "dev: clusters are closed and encrypt secrets: aws:eks/cluster:Cluster nonprod-cluster: answers listed ranges alone"},
		{name: "an endpoint for half of the internet", edit: endpoint("dev", "{access: privateAndPublic, publicCidrs: [0.0.0.0/1, 128.0.0.0/1]}"),
			fault: "answers listed ranges alone on the internet"},
		{name: "production on the internet", edit: endpoint("prod", "{access: privateAndPublic, publicCidrs: [203.0.113.7/32]}"),
			fault: "prod: clusters are closed and encrypt secrets: aws:eks/cluster:Cluster prod-cluster: is not on the internet"},
		{name: "a first try without protection", edit: func(t *testing.T, a *adopter) {
			a.replace("dev", "    nat: single\n", "    nat: single\n    protect: false\n")
			a.replace("dev", "    name: nonprod\n", "    name: nonprod\n    protect: false\n")
		}, names: []string{"dev", "prod", "stg"}},
		{name: "production without protection", edit: func(t *testing.T, a *adopter) {
			a.replace("prod", "    nat: perZone\n", "    nat: perZone\n    protect: false\n")
		}, fault: "prod: what must not be lost is protected: aws:ec2/vpc:Vpc prod-vpc: is protected"},
		{name: "no audit log", edit: func(t *testing.T, a *adopter) {
			a.replace("prod", "      retentionDays: 365\n", "      retentionDays: 365\n      types: [api]\n")
		}, fault: "logs who did what"},
		{name: "spot nodes alone", edit: func(t *testing.T, a *adopter) {
			a.replace("prod", "    - name: system\n", "    - name: system\n      capacity: spot\n")
		}, fault: "Pulumi.prod.yaml"},
		{name: "an account that is no account", edit: func(t *testing.T, a *adopter) {
			a.replace("prod", `accountId: "222222222222"`, `accountId: "2222"`)
		}, fault: "Pulumi.prod.yaml:6: aws.accountId"},
		{name: "networks that overlap", edit: func(t *testing.T, a *adopter) { a.replace("prod", "10.32.0.0/16", "10.16.0.0/16") }, fault: "network.cidr"},
		{name: "no owner for who joins", edit: func(_ *testing.T, a *adopter) { a.remove("dev") }, fault: "join.stack: there is no stack file Pulumi.dev.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := adopt(t)
			c.edit(t, a)
			wrong, names := held(t, a.write())
			if c.fault == "" {
				assert.Empty(t, wrong)
				assert.Equal(t, c.names, names)
				return
			}
			said := strings.Join(wrong, "\n")
			assert.Contains(t, said, c.fault)
			for _, line := range wrong {
				assert.NotContains(t, line, "goroutine")
			}
		})
	}
}
