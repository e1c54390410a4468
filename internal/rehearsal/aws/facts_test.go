package aws

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

func TestEveryTypeHasAnIDFormThatCanBeFilledAndADecodableDefault(t *testing.T) {
	t.Parallel()
	b, err := facts()
	require.NoError(t, err)
	require.Len(t, b.Resources, 109)
	for typ, f := range b.Resources {
		attributes := map[string]any{}
		for name, p := range f.Props {
			if p.Required && p.Type == "string" {
				attributes[name] = "value"
			}
		}
		if f.Autoname != nil {
			attributes[f.Autoname.Prop] = "name"
		}
		c := &Call{Type: typ, Attributes: attributes, Partition: "aws", Scope: cloud.Scope{Account: ExampleAccount, Region: "eu-central-1"}}
		id, err := makeID(f, c)
		assert.NoError(t, err, typ)
		assert.NotEmpty(t, id, typ)
		assert.NotContains(t, id, "{", typ)
		assert.NotContains(t, id, "[", typ)
		for name, p := range f.Props {
			if p.Default != nil && p.Type == "integer" {
				assert.True(t, p.defaultValue().IsNumber(), "%s.%s", typ, name)
			}
		}
	}
}

func TestEveryRegisteredTypeAndFunctionIsAmongTheFacts(t *testing.T) {
	t.Parallel()
	b, err := facts()
	require.NoError(t, err)
	for typ := range services {
		assert.Contains(t, b.Resources, typ)
	}
	for token := range functions {
		assert.Contains(t, b.Functions, token)
	}
}

// BenchmarkFacts is what the first request of a process pays.
func BenchmarkFacts(b *testing.B) {
	for b.Loop() {
		require.NoError(b, json.Unmarshal(factsJSON, &factBook{}))
	}
}
