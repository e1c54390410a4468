package plan

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/stretchr/testify/assert"
)

// replacement is an event about a resource that is replaced because of some properties.
func replacement(typ, name, id string, inputs, outputs, now object, keys ...string) apitype.StepEventMetadata {
	urn := "urn:pulumi:prod::p::" + typ + "::" + name
	m := apitype.StepEventMetadata{
		Op: apitype.OpReplace, Type: typ, URN: urn, Keys: keys, DetailedDiff: map[string]apitype.PropertyDiff{},
		Old: &apitype.StepEventStateMetadata{Type: typ, URN: urn, ID: id, Inputs: inputs, Outputs: outputs},
		New: &apitype.StepEventStateMetadata{Type: typ, URN: urn, Inputs: now},
	}
	for _, k := range keys {
		m.DetailedDiff[k] = apitype.PropertyDiff{Kind: apitype.DiffUpdateReplace, InputDiff: true}
	}
	return m
}

func TestAReplacementNamesTheOneThatItFollowsFrom(t *testing.T) {
	t.Parallel()
	unknown := plugin.UnknownStringValue
	group := object{"name": "eks-spot-3e04ee14"}
	c := NewCollector(OpPreview, "prod", nil)
	for _, m := range []apitype.StepEventMetadata{
		replacement("aws:eks/nodeGroup:NodeGroup", "nodes", "prod:spot",
			object{"instanceTypes": []any{"a", "b"}, "clusterName": "prod-cluster"},
			object{"clusterName": "prod-cluster", "status": "ACTIVE", "resources": []any{object{"autoscalingGroups": []any{group}}}},
			object{"instanceTypes": []any{"a", "c"}, "clusterName": "prod-cluster"}, "instanceTypes[1]"),
		replacement("aws:autoscaling/tag:Tag", "tag", "eks-spot-3e04ee14,team",
			object{"autoscalingGroupName": "eks-spot-3e04ee14"}, object{"autoscalingGroupName": "eks-spot-3e04ee14"},
			object{"autoscalingGroupName": unknown}, "autoscalingGroupName"),
		// It holds the same, and is replaced for a reason of its own.
		replacement("aws:autoscaling/tag:Tag", "own", "x", object{"autoscalingGroupName": "eks-spot-3e04ee14", "key": "a"}, object{},
			object{"autoscalingGroupName": unknown, "key": "b"}, "autoscalingGroupName", "key"),
		// Nothing forces it but what it depends on, which its inputs name.
		replacement("aws:autoscaling/schedule:Schedule", "night", "n", object{"autoscalingGroupName": "eks-spot-3e04ee14"}, object{}, object{"autoscalingGroupName": unknown}),
		// A state and a tag are no relation.
		replacement("fake:index:Box", "stranger", "s", object{"mode": "ACTIVE", "tags": object{"group": "eks-spot-3e04ee14"}}, object{},
			object{"mode": unknown}, "mode"),
	} {
		c.Add(events.EngineEvent{EngineEvent: apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: m, Planning: true}}})
	}
	c.Add(events.EngineEvent{EngineEvent: apitype.EngineEvent{SummaryEvent: &apitype.SummaryEvent{Result: apitype.OperationResultSucceeded}}})
	got := map[string]string{}
	for _, s := range c.Result().Steps {
		got[s.Name] = nameOf(s.FollowsFrom)
	}
	assert.Equal(t, map[string]string{"nodes": "", "tag": "nodes", "own": "", "night": "nodes", "stranger": ""}, got)

	raw, err := json.Marshal(c.Result().Steps[0].Properties)
	assert.NoError(t, err)
	assert.JSONEq(t, `[{"path":"instanceTypes","kind":"update","replaces":true,"old":"[\"a\", \"b\"]","new":"[\"a\", \"c\"]"}]`, string(raw),
		"a short list is shown as one value")
}

func TestPeopleAreToldTheSameCountsWhateverGroupsResources(t *testing.T) {
	t.Parallel()
	c := NewCollector(OpPreview, "prod", nil)
	observed := map[string]bool{}
	c.observe = func(e Event) {
		if e.Step != nil && e.Step.Counted() {
			observed[e.Step.URN] = true
		}
	}
	one := func(op apitype.OpType, typ, name string) {
		urn := "urn:pulumi:prod::p::" + typ + "::" + name
		state := &apitype.StepEventStateMetadata{Type: typ, URN: urn}
		m := apitype.StepEventMetadata{Op: op, Type: typ, URN: urn, Old: state, New: state}
		if op == apitype.OpCreate {
			m.Old = nil
		}
		c.Add(events.EngineEvent{EngineEvent: apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: m, Planning: true}}})
		c.Add(events.EngineEvent{EngineEvent: apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: m, Planning: true}}})
	}
	one(apitype.OpSame, "pulumi:pulumi:Stack", "s")
	one(apitype.OpSame, "aws:ec2/vpc:Vpc", "v")
	one(apitype.OpUpdate, "eks-platform:network:Network", "n")
	one(apitype.OpUpdate, "aws:ec2/subnet:Subnet", "s")
	one(apitype.OpCreate, "pulumi:providers:kubernetes", "k")
	one(apitype.OpCreate, "pulumi:providers:pulumi", "default")
	one(apitype.OpRead, "pulumi:pulumi:StackReference", "dev")
	one(apitype.OpCreate, "aws:eks/addon:Addon", "a")
	c.Add(events.EngineEvent{EngineEvent: apitype.EngineEvent{SummaryEvent: &apitype.SummaryEvent{
		Result: apitype.OperationResultSucceeded, ResourceChanges: map[apitype.OpType]int{"same": 2, "update": 2, "create": 2}, // as the engine counts
	}}})
	r := c.Result()
	assert.Equal(t, map[string]int{"same": 1, "update": 1, "create": 1}, r.Counts)
	assert.Equal(t, 3, r.Resources())
	assert.Len(t, observed, r.Resources(), "progress counts what the summary counts")
}
