package rules_test

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"testing"

	fluentbit "github.com/calyptia/go-fluentbit-config/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

const logGroupType = "aws:cloudwatch/logGroup:LogGroup"

// clusters are the stacks on each cluster, the owner first, with the beginning of the names of its groups.
var clusters = []struct {
	prefix, accountID string
	stacks            []string
}{
	{"/eks-platform/nonprod/", "111111111111", []string{"dev", "stg"}},
	{"/eks-platform/prod/", "222222222222", []string{"prod"}},
}

// outputsOf returns the outputs of the Fluent Bit that a stack runs, as a library that others wrote reads them.
func outputsOf(t *testing.T, regs ptest.Registrations) []attributes {
	t.Helper()
	maps := regs.ByType("kubernetes:core/v1:ConfigMap")
	require.Len(t, maps, 1)
	data, _ := maps[0].Input("data").(attributes)
	text, _ := data["fluent-bit.yaml"].(string)
	config, err := fluentbit.ParseAsYAML(text)
	require.NoError(t, err)
	var out []attributes
	for _, plugin := range config.Pipeline.Outputs {
		options := attributes{}
		for _, p := range plugin.Properties {
			options[p.Key] = p.Value
		}
		assert.Equal(t, "cloudwatch_logs", options["name"], "logs go to CloudWatch and nowhere else")
		out = append(out, options)
	}
	require.Len(t, out, 3)
	return out
}

func TestEveryGroupThatFluentBitWritesToIsMadeByTheProgram(t *testing.T) {
	t.Parallel()
	for _, c := range clusters {
		made := map[string]ptest.Registration{}
		environments := map[any]bool{}
		for _, stack := range c.stacks {
			for _, g := range registered(t, stack).ByType(logGroupType) {
				if name, _ := g.Input("name").(string); strings.HasPrefix(name, c.prefix) {
					made[name] = g
				}
			}
			for _, n := range registered(t, stack).ByType(namespaceObject) {
				labels, _ := n.Input("metadata.labels").(attributes)
				environments[labels[convention.Environment]] = true
			}
		}
		written := map[string]bool{}
		for _, o := range outputsOf(t, registered(t, c.stacks[0])) {
			assert.Equal(t, false, o["auto_create_group"], "a group that Fluent Bit makes has no retention")
			assert.Nil(t, o["log_retention_days"])
			group, _ := o["log_group_name"].(string)
			written[group] = true
			if o["log_group_template"] != nil {
				assert.Equal(t, c.prefix+"$destination", o["log_group_template"])
				for name := range environments { // nil for namespaces of the platform, whose logs are the cluster's
					if name != nil {
						written[c.prefix+"environments/"+name.(string)] = true
					}
				}
			}
		}
		assert.Len(t, written, 3+len(c.stacks))
		for name := range written {
			g, found := made[name]
			assert.True(t, found, "nobody makes %s", name)
			days, _ := g.Input("retentionInDays").(float64)
			assert.Positive(t, days, name)
			assert.True(t, g.Protect, name)
			delete(made, name)
		}
		assert.Empty(t, made, "nobody writes to it")
	}
}

func TestFluentBitMayWriteToTheGroupsOfItsClusterAndDoNothingElse(t *testing.T) {
	t.Parallel()
	for _, c := range clusters {
		owner := registered(t, c.stacks[0])
		policy, ok := owner.Named("aws:iam/rolePolicy:RolePolicy", c.stacks[0]+"-fluent-bit-write")
		require.True(t, ok)
		text, _ := policy.Input("policy").(string)
		var document struct{ Statement []statement }
		require.NoError(t, json.Unmarshal([]byte(text), &document))
		require.Len(t, document.Statement, 1)
		assert.ElementsMatch(t, []string{"logs:CreateLogStream", "logs:PutLogEvents"}, texts(document.Statement[0].Action))
		patterns := texts(document.Statement[0].Resource)
		arn := "arn:aws:logs:eu-west-1:" + c.accountID + ":log-group:" + c.prefix
		for _, p := range patterns {
			assert.True(t, strings.HasPrefix(p, arn), "%s is not of this cluster alone", p)
		}
		for _, stack := range c.stacks {
			for _, g := range registered(t, stack).ByType(logGroupType) {
				name, _ := g.Input("name").(string)
				of := "arn:aws:logs:eu-west-1:" + c.accountID + ":log-group:" + name + ":log-stream:node"
				allowed := slices.ContainsFunc(patterns, func(p string) bool {
					// In IAM a star covers slashes, too.
					matches, err := path.Match(strings.ReplaceAll(p, "/", "|"), strings.ReplaceAll(of, "/", "|"))
					return err == nil && matches
				})
				assert.Equal(t, strings.HasPrefix(name, c.prefix), allowed, "%s: the control plane's and the VPC's are not Fluent Bit's", name)
			}
		}
		for _, kind := range []string{"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/rolePolicy:RolePolicy"} {
			for _, r := range owner.ByType(kind) {
				assert.True(t, r.URN == policy.URN || !strings.HasPrefix(r.Name, c.stacks[0]+"-fluent-bit"), "%s gives it more", r.URN)
			}
		}
	}
}

func TestFluentBitWaitsForItsGroupsAndItsRole(t *testing.T) {
	t.Parallel()
	for _, c := range clusters {
		regs := registered(t, c.stacks[0])
		daemon, ok := regs.Named(daemonSetObject, c.stacks[0]+"-fluent-bit")
		require.True(t, ok)
		for _, r := range regs {
			group := r.Type == logGroupType && strings.Contains(r.URN, "eks-platform:logging:Logging$")
			given := r.Type == associationType && strings.Contains(r.Name, "fluent-bit")
			if group || given {
				assert.True(t, daemon.DependsOn(r.URN), "%s", r.URN)
			}
		}
	}
}
