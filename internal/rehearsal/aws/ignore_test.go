package aws_test

import (
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

func TestAnUpdateTouchesWhatHasChangedAlone(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	o := p.create(queueType, m{"visibilityTimeoutSeconds": 60, "delaySeconds": 1})
	p.drift(o, func(a cloud.Attributes) { a["visibilityTimeoutSeconds"] = 90 })
	p.update(o, m{"visibilityTimeoutSeconds": 60, "delaySeconds": 2})
	p.drift(o, func(a cloud.Attributes) {
		assert.Equal(t, 90.0, a["visibilityTimeoutSeconds"], "the program still says what the state says")
		assert.Equal(t, 2.0, a["delaySeconds"])
	})
	assert.Equal(t, 90.0, o.outputs["visibilityTimeoutSeconds"].NumberValue(), "an update reads the object back")
}

func TestWhatAProgramIgnoresIsAsTheStateSays(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	in := m{"visibilityTimeoutSeconds": 60, "tags": m{"a": "1", "b": "1"}}
	o := p.create(queueType, in)
	p.drift(o, func(a cloud.Attributes) {
		a["visibilityTimeoutSeconds"] = 90
		a["tags"] = m{"a": "2", "b": "2"}
	})
	before := o.inputs
	require.True(t, p.read(o))
	_, all := p.diff(o, in)
	assert.Equal(t, []string{"tags.a update", "tags.b update", "visibilityTimeoutSeconds update"}, changes(all))

	request := func(ignored ...string) *pulumirpc.DiffRequest {
		return &pulumirpc.DiffRequest{
			Id: o.id, Urn: urn(o.typ, "thing"), Olds: toWire(t, o.outputs), OldInputs: toWire(t, o.inputs), News: toWire(t, before),
			IgnoreChanges: ignored,
		}
	}
	some, err := p.p.Diff(t.Context(), request("visibilityTimeoutSeconds", "tags.a"))
	require.NoError(t, err)
	assert.Equal(t, []string{"tags.b update"}, changes(some))
	some, err = p.p.Diff(t.Context(), request("tags"))
	require.NoError(t, err)
	assert.Equal(t, []string{"visibilityTimeoutSeconds update"}, changes(some))

	r := request("visibilityTimeoutSeconds")
	u, err := p.p.Update(t.Context(), &pulumirpc.UpdateRequest{
		Id: r.GetId(), Urn: r.GetUrn(), Olds: r.GetOlds(), OldInputs: r.GetOldInputs(), News: r.GetNews(), IgnoreChanges: r.GetIgnoreChanges(),
	})
	require.NoError(t, err)
	after := fromWire(t, u.GetProperties())
	assert.Equal(t, 90.0, after["visibilityTimeoutSeconds"].NumberValue())
	assert.Equal(t, "1", after["tags"].ObjectValue()["a"].StringValue())
}
