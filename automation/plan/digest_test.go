package plan

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// digestOf is the digest of a run with these steps.
func digestOf(steps ...apitype.StepEventMetadata) string {
	c := NewCollector(OpPreview, "prod", nil)
	for _, m := range steps {
		c.Add(events.EngineEvent{EngineEvent: apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: m, Planning: true}}})
	}
	c.Add(events.EngineEvent{EngineEvent: apitype.EngineEvent{SummaryEvent: &apitype.SummaryEvent{Result: apitype.OperationResultSucceeded}}})
	return c.Result().Digest(Identity{Program: "p", StackFile: "f", CLI: "3.250.0"})
}

func TestADigestCoversWhatChangesAndNothingElse(t *testing.T) {
	t.Parallel()
	create := func(name string, inputs object) apitype.StepEventMetadata {
		return apitype.StepEventMetadata{
			Op: apitype.OpCreate, Type: "t:t:T", URN: "urn:pulumi:prod::p::t:t:T::" + name, New: &apitype.StepEventStateMetadata{Inputs: inputs},
		}
	}
	a, b := create("a", object{"x": "1"}), create("b", object{"x": plugin.UnknownStringValue, "key": aSecret})
	base := digestOf(a, b)
	assert.Equal(t, base, digestOf(b, a), "in whatever order")
	assert.NotEqual(t, base, digestOf(a))
	assert.NotEqual(t, base, digestOf(a, create("b", object{"x": "known", "key": aSecret})))
	assert.NotEqual(t, base, digestOf(a, create("b", object{"x": plugin.UnknownStringValue, "key": "hunter2"})))
	assert.NotEqual(t, base, digestOf(create("a", object{"x": "2"}), b))

	up := update("t:t:T", object{"x": "1"}, object{"x": "2"}, changed("x"))
	base = digestOf(up)
	other := update("t:t:T", object{"x": "1"}, object{"x": "2"}, map[string]apitype.PropertyDiff{"x": {Kind: apitype.DiffUpdateReplace}})
	assert.NotEqual(t, base, digestOf(other))
	other = up
	other.Op, other.Keys = apitype.OpReplace, []string{"x"}
	assert.NotEqual(t, base, digestOf(other))

	// A name with random digits differs in every preview, also in those who use it.
	named := func(digits string) string {
		role := create("role", object{"name": "role-" + digits, "path": "/", "__defaults": []any{"name", "path"}})
		pod := create("pod", object{"metadata": object{"name": "pod-" + digits, "annotations": object{"pulumi.com/autonamed": "true"}}})
		return digestOf(role, pod, create("attachment", object{"role": "role-" + digits, "text": "arn:aws:iam::1:role/role-" + digits + "!"}))
	}
	assert.Equal(t, named("0a1b2c3"), named("9d8e7f6"))
	chosen := func(name string) string { return digestOf(create("role", object{"name": name, "__defaults": []any{}})) }
	assert.NotEqual(t, chosen("role-0a1b2c3"), chosen("role-9d8e7f6"), "a name that the program chose counts")
}

func TestADigestThatWentThroughJSONIsNone(t *testing.T) {
	t.Parallel()
	r, _ := replay(t, OpPreview, "preview-drift.jsonl")
	require.NotEmpty(t, r.Digest(Identity{}))
	assert.Len(t, ShortDigest(r.Digest(Identity{})), 12)
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	var back Result
	require.NoError(t, json.Unmarshal(raw, &back))
	assert.Empty(t, back.Digest(Identity{}))
	assert.False(t, slices.ContainsFunc(back.Steps, func(s Step) bool { return s.Fingerprint == "" }), "its steps can still be compared")
}
