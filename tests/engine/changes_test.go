package engine_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// sentinel stands in a boot script, which may hold what not everybody should read.
const sentinel = "sentinel-4711"

// unprotected are edits of dev: nothing is protected, the spot group is the autoscaler's, and a value that must
// not be seen is in the user data of the other.
var unprotected = []string{
	"    nat: single\n", "    nat: single\n    protect: false\n",
	"    version: \"1.35\"\n", "    version: \"1.35\"\n    protect: false\n",
	"      instanceTypes: [m6i.large]\n", "      instanceTypes: [m6i.large]\n      preBootstrap: \"#!/bin/sh\\necho " + sentinel + "\"\n",
	"desired: 2}\n      labels:", "desired: 2, autoscaled: true}\n      labels:",
	`      schedules:
        - {name: night, cron: "0 20 * * *", timeZone: Europe/Dublin, min: 0, max: 10, desired: 0}
        - {name: morning, cron: "0 7 * * 1-5", timeZone: Europe/Dublin, min: 0, max: 10, desired: 2}
`, "",
}

// change is edits on top of what dev was brought up with.
func change(more ...string) edits { return edits{"dev": append(slices.Clone(unprotected), more...)} }

// Changes of one environment, and of its cloud behind its back. Each step leaves dev as it found it.
func TestChangesSayWhatTheyDo(t *testing.T) {
	t.Parallel()
	e := unprotectedStands(t).copied(t, change())
	for _, step := range []struct {
		name string
		run  func(t *testing.T, e *estate)
	}{
		{"the autoscaler finds its groups, and what their nodes are like", autoscalerTags},
		{"another set of log types is one update", changeLogTypes},
		{"a CIDR change says what it replaces", changeCIDR},
		{"what nodes run at their start leaves the engine as a hash", changeUserData},
		{"the autoscaler's size is its own", autoscaledSize},
		{"tags of controllers are theirs", controllerTags},
		{"drift is found and put right", drift},
		{"a label changes in place", changeLabel},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, e.with(t, nil)) }) {
			t.FailNow()
		}
	}
}

func autoscalerTags(t *testing.T, e *estate) {
	tags, _ := e.scalingGroup(nonprod, "dev-spot-nodes").Attributes["tags"].(attributes)
	for key, value := range map[string]string{
		"eks-platform/autoscaled":                          "true",
		"k8s.io/cluster-autoscaler/enabled":                "true",
		"k8s.io/cluster-autoscaler/nonprod":                "owned",
		"cost-center":                                      "platform-nonprod",
		autoscalerLabel + "lifecycle":                      "Ec2Spot",
		autoscalerTaint + "spotInstance":                   "true:NoSchedule",
		autoscalerResources + "ephemeral-storage":          "50Gi",
		autoscalerLabel + "eks.amazonaws.com/capacityType": "SPOT",
	} {
		assert.Equal(t, value, tags[key], key)
	}
	tags, _ = e.scalingGroup(nonprod, "dev-system-nodes").Attributes["tags"].(attributes)
	assert.NotContains(t, tags, "eks-platform/autoscaled")
}

const (
	autoscalerLabel     = "k8s.io/cluster-autoscaler/node-template/label/"
	autoscalerTaint     = "k8s.io/cluster-autoscaler/node-template/taint/"
	autoscalerResources = "k8s.io/cluster-autoscaler/node-template/resources/"
)

func changeLogTypes(t *testing.T, e *estate) {
	e = e.with(t, change("    logs:\n", "    logs:\n      types: [api, audit]\n"))
	// Nothing that depends on the cluster appears: its name, ARN, endpoint and so on stay known.
	assert.Equal(t, []string{"update aws:eks/cluster:Cluster nonprod-cluster [enabledClusterLogTypes]"}, planOf(t, e, "dev"))
}

func changeCIDR(t *testing.T, e *estate) {
	e = e.with(t, change("cidr: 10.16.0.0/16", "cidr: 10.17.0.0/16"))
	lines, plan, err := planLines(t.Context(), e.platform(), "dev")
	require.NoError(t, err)
	golden(t, lines, "preview-dev-cidr.txt")
	replaced := map[string][]string{}
	for _, s := range plan.Steps {
		if s.Op == "replace" {
			replaced[s.Name] = append(replaced[s.Name], s.ReplaceKeys...)
		}
	}
	assert.Equal(t, []string{"cidrBlock"}, replaced["nonprod-vpc"])
	assert.Equal(t, []string{"cidrBlock", "vpcId"}, replaced["nonprod-private-euw1-az1"][:2])
	for _, name := range []string{"nonprod-igw", "nonprod-cluster", "dev-spot-nodes"} {
		assert.Contains(t, replaced, name, "it cannot move to another VPC")
	}
}

func changeUserData(t *testing.T, e *estate) {
	e = e.with(t, change(sentinel, sentinel+"-changed"))
	var seen strings.Builder
	r := e.preview("dev", automation.PreviewOptions{OnEvent: func(event plan.Event) {
		raw, err := json.Marshal(event)
		assert.NoError(t, err)
		seen.Write(raw)
	}})
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	assert.Contains(t, seen.String(), `"userData"`, "the change is seen")
	assert.NotContains(t, seen.String()+string(raw), sentinel)
	out, err := e.platform().Outputs(t.Context(), "dev")
	require.NoError(t, err)
	raw, err = json.Marshal(out)
	require.NoError(t, err)
	assert.NotContains(t, string(raw), sentinel)
}

// changeBehind edits an object in the cloud as a person or a controller would.
func (e *estate) changeBehind(o *cloud.Object, edit func(a cloud.Attributes)) {
	e.t.Helper()
	require.NoError(e.t, e.cloud.Cloud().Change(o.Scope, o.Type, o.ID, edit))
}

// scale gives a node group another size, with its Auto Scaling group.
func (e *estate) scale(group string, size int) {
	e.t.Helper()
	e.changeBehind(e.object(nonprod, nodeGroupType, group), func(a cloud.Attributes) {
		a["scalingConfig"].(attributes)["desiredSize"] = size
	})
	e.changeBehind(e.scalingGroup(nonprod, group), func(a cloud.Attributes) { a["desiredCapacity"] = size })
}

func autoscaledSize(t *testing.T, e *estate) {
	e.scale("dev-spot-nodes", 7)
	for _, refresh := range []bool{false, true} {
		r := e.preview("dev", automation.PreviewOptions{Refresh: refresh})
		assert.True(t, r.Empty(), "refresh %v: %v %v", refresh, r.Steps, r.Drift)
	}
	// Bounds that the size is outside of are refused by the preview, as EKS would refuse them, and the way there works.
	const bounds = "min: 0, max: 10, desired: 2, autoscaled"
	raised := e.with(t, change(bounds, "min: 8, max: 10, desired: 8, autoscaled"))
	_, err := raised.platform().Preview(t.Context(), "dev", automation.PreviewOptions{Refresh: true})
	require.ErrorContains(t, err, "scaling.min (8) and max (10) leave out the 7 nodes that the group has")
	require.ErrorContains(t, err, "--scaling-config minSize=8,maxSize=10,desiredSize=8")
	raised.scale("dev-spot-nodes", 8)
	raised.preview("dev", automation.PreviewOptions{Refresh: true})
	raised.scale("dev-spot-nodes", 7)

	// An update of something else leaves the size alone, too.
	e.with(t, change("        lifecycle: Ec2Spot", "        lifecycle: Ec2Spot\n        size: kept")).up("dev", automation.UpOptions{})
	e.up("dev", automation.UpOptions{})
	group := e.object(nonprod, nodeGroupType, "dev-spot-nodes").Attributes
	assert.Equal(t, attributes{"minSize": 0.0, "maxSize": 10.0, "desiredSize": 7.0}, group["scalingConfig"])
}

func controllerTags(t *testing.T, e *estate) {
	for _, o := range []*cloud.Object{
		e.object(nonprod, subnetType, "nonprod-private-euw1-az1"),
		e.object(nonprod, subnetType, "nonprod-public-euw1-az2"),
		e.object(nonprod, templateType, "dev-spot-template"),
		e.object(nonprod, "aws:ec2/vpc:Vpc", "nonprod-vpc"),
	} {
		e.changeBehind(o, func(a cloud.Attributes) {
			tags, _ := a["tags"].(attributes)
			tags["kubernetes.io/cluster/nonprod"] = "owned"
			tags["karpenter.sh/discovery"] = "nonprod"
		})
	}
	for _, refresh := range []bool{false, true} {
		r := e.preview("dev", automation.PreviewOptions{Refresh: refresh})
		assert.True(t, r.Empty(), "refresh %v: %v %v", refresh, r.Steps, r.Drift)
	}
}

func drift(t *testing.T, e *estate) {
	subnet := e.object(nonprod, subnetType, "nonprod-private-euw1-az1")
	e.changeBehind(subnet, func(a cloud.Attributes) { delete(a["tags"].(attributes), "kubernetes.io/role/internal-elb") })
	e.scale("dev-system-nodes", 4)
	addon := e.object(nonprod, addonType, "metrics-server")
	require.NoError(t, e.cloud.Cloud().Remove(addon.Scope, addon.Type, addon.ID))

	assert.True(t, e.preview("dev", automation.PreviewOptions{}).Empty(), "nobody has looked")
	found := map[string]string{
		"nonprod-private-euw1-az1": "update", "dev-system-nodes": "update", "nonprod-metrics-server": "delete",
	}
	todo := []string{
		"create nonprod-metrics-server", "update dev-system-nodes [scalingConfig.desiredSize]",
		"update nonprod-private-euw1-az1 [tagsAll[\"kubernetes.io/role/internal-elb\"] tags[\"kubernetes.io/role/internal-elb\"]]",
	}
	look := e.preview("dev", automation.PreviewOptions{Refresh: true})
	assert.Equal(t, found, drifted(look))
	assert.Equal(t, todo, brief(look))

	r, err := e.platform().Refresh(t.Context(), "dev", automation.RefreshOptions{})
	require.NoError(t, err)
	assert.Equal(t, found, drifted(r))
	plan := e.preview("dev", automation.PreviewOptions{})
	assert.Equal(t, todo, brief(plan))

	e.up("dev", automation.UpOptions{})
	r = e.preview("dev", automation.PreviewOptions{Refresh: true})
	assert.True(t, r.Empty(), "%v %v", r.Steps, r.Drift)
	tags, _ := e.object(nonprod, subnetType, "nonprod-private-euw1-az1").Attributes["tags"].(attributes)
	assert.Equal(t, "1", tags["kubernetes.io/role/internal-elb"])
	assert.Equal(t, "owned", tags["kubernetes.io/cluster/nonprod"], "a controller's tag is still there")
	e.object(nonprod, addonType, "metrics-server")
	group := e.object(nonprod, nodeGroupType, "dev-system-nodes").Attributes
	assert.Equal(t, 2.0, group["scalingConfig"].(attributes)["desiredSize"])
}

func drifted(r *plan.Result) map[string]string {
	out := map[string]string{}
	for _, s := range r.Drift {
		out[s.Name] = s.Op
	}
	return out
}

// brief lists the steps of a result without their types, sorted.
func brief(r *plan.Result) []string {
	var out []string
	for _, s := range r.Steps {
		line := s.Op + " " + s.Name
		if len(s.DiffKeys) > 0 {
			line += " [" + strings.Join(s.DiffKeys, " ") + "]"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func changeLabel(t *testing.T, e *estate) {
	before := e.object(nonprod, nodeGroupType, "dev-spot-nodes")
	e = e.with(t, change("        lifecycle: Ec2Spot", "        lifecycle: Ec2Spot\n        team: a"))
	assert.Equal(t, []string{
		// The autoscaler must know of the label while the group has no nodes.
		"create aws:autoscaling/tag:Tag dev-spot-tag-k8s.io/cluster-autoscaler/node-template/label/team",
		"update aws:eks/nodeGroup:NodeGroup dev-spot-nodes [labels.team]",
		"update eks-platform:nodegroup:Group dev-spot",
	}, planOf(t, e, "dev"))
	e.cloud.Cloud().ForgetTimeline()
	e.up("dev", automation.UpOptions{})
	assert.Len(t, e.operationsOn("dev", rehearsal.Update).all, 1)
	after := e.object(nonprod, nodeGroupType, "dev-spot-nodes")
	assert.Equal(t, before.ID, after.ID)
	assert.Equal(t, attributes{"lifecycle": "Ec2Spot", "team": "a"}, after.Attributes["labels"])
	again := e.preview("dev", automation.PreviewOptions{})
	assert.True(t, again.Empty(), "%v", again.Steps)
}
