package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// digest previews dev and returns what a deploy would compare.
func (e *estate) digest() (string, *plan.Result) {
	e.t.Helper()
	r := e.preview("dev", automation.PreviewOptions{})
	return e.digestOf(r, ""), r
}

// digestOf returns what a deploy of a program would compare, after a preview of dev.
func (e *estate) digestOf(r *plan.Result, program string) string {
	e.t.Helper()
	id, err := e.platform().Identity(e.t.Context(), "dev", program)
	require.NoError(e.t, err)
	return r.Digest(id)
}

// named returns the step of a resource.
func named(t *testing.T, r *plan.Result, typ, name string) plan.Step {
	t.Helper()
	for _, s := range r.Steps {
		if s.Type == typ && s.Name == name {
			return s
		}
	}
	require.Failf(t, "no step", "%s %s in %v", typ, name, brief(r))
	return plan.Step{}
}

// Physical names have random digits, what depends on what is created is unknown, the engine takes resources up in
// another order every time: two previews of the same are the same nevertheless.
func TestTwoPreviewsOfTheSameHaveOneDigest(t *testing.T) {
	t.Parallel()
	nothing := open(t, change(), rehearsal.Options{})
	fresh, _ := nothing.digest()
	again, _ := nothing.digest()
	assert.Equal(t, fresh, again, "of an environment that does not exist")
	e := unprotectedStands(t).copied(t, change())

	seen := map[string]string{fresh: "everything"}
	for name, edit := range map[string][]string{
		"a cidr":            {"cidr: 10.16.0.0/16", "cidr: 10.17.0.0/16"},
		"another cidr":      {"cidr: 10.16.0.0/16", "cidr: 10.18.0.0/16"},
		"instance types":    {"instanceTypes: [m6i.large]", "instanceTypes: [m6i.xlarge]"},
		"a boot script":     {sentinel, sentinel + "-changed"},
		"no change at all":  {},
		"the cluster's log": {"    logs:\n", "    logs:\n      types: [api, audit]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			e := e.with(t, change(edit...))
			first, r := e.digest()
			second, _ := e.digest()
			assert.Equal(t, first, second)
			assert.NotEqual(t, first, e.digestOf(r, "another program"))
			assert.Empty(t, seen[first], "must differ from %s", name)
			seen[first] = name
			switch name {
			case "instance types":
				group := named(t, r, nodeGroupType, "dev-system-nodes")
				assert.Equal(t, "replace", group.Op)
				assert.Equal(t, "node group", group.Critical)
				require.NotNil(t, group.NodeGroup)
				assert.Equal(t, 2, group.NodeGroup.Nodes)
				assert.Equal(t, []plan.PropertyChange{
					{Path: "instanceTypes", Kind: plan.PropertyUpdated, Replaces: true, Old: `["m6i.large"]`, New: `["m6i.xlarge"]`},
				}, group.Properties)
				assert.False(t, group.DeletedFirst)
			case "a boot script":
				group := named(t, r, nodeGroupType, "dev-system-nodes")
				require.NotNil(t, group.NodeGroup)
				assert.Equal(t, []string{"launchTemplate"}, group.NodeGroup.Renews)
				template := named(t, r, templateType, "dev-system-template")
				for _, p := range template.Properties {
					if p.Path == "userData" {
						assert.Equal(t, "[hidden]", p.Old)
						assert.Equal(t, "[hidden]", p.New)
					}
				}
			}
		})
	}
}
