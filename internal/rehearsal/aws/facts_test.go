package aws

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	awsfacts "github.com/eks-platform/eks-platform/internal/facts/aws"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

func TestEveryTypeHasAnIDFormThatCanBeFilledAndADecodableDefault(t *testing.T) {
	t.Parallel()
	types := awsfacts.Resources()
	require.NotEmpty(t, types)
	for _, typ := range types {
		f, err := resourceFactsOf(typ)
		require.NoError(t, err)
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
				assert.True(t, defaultValue(p).IsNumber(), "%s.%s", typ, name)
			}
		}
	}
}

func TestEveryRegisteredTypeAndFunctionIsAmongTheFacts(t *testing.T) {
	t.Parallel()
	for typ := range services {
		assert.NotNil(t, awsfacts.ResourceOf(typ), typ)
	}
	for token := range functions {
		assert.NotNil(t, awsfacts.FunctionOf(token), token)
	}
}
