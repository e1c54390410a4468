package aws_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/facts/aws"
)

func TestEveryTokenHasFactsThatParse(t *testing.T) {
	t.Parallel()
	types := aws.Resources()
	require.NotEmpty(t, types)
	for _, token := range types {
		r := aws.ResourceOf(token)
		require.NotNil(t, r, token)
		assert.NotEmpty(t, r.TF, token)
		assert.NotEmpty(t, r.ID, token)
		assertSound(t, token, r.Props)
		for _, name := range r.ComputedOnly {
			assert.True(t, name == "id" || r.Props[name] != nil, "%s: computedOnly: %s", token, name)
		}
	}
	require.NotEmpty(t, aws.Functions())
	for _, token := range aws.Functions() {
		f := aws.FunctionOf(token)
		require.NotNil(t, f, token)
		assertSound(t, token, f.Props)
	}
	assert.NotEmpty(t, aws.Describes().Version)
}

func assertSound(t *testing.T, at string, props map[string]*aws.Property) {
	t.Helper()
	assert.NotEmpty(t, props, at)
	for name, p := range props {
		path := at + "." + name
		assert.Contains(t, []string{"string", "boolean", "integer", "number", "list", "set", "map", "object", "archive", "asset", "any"}, p.Type, path)
		if p.Type == "list" || p.Type == "set" || p.Type == "map" {
			assert.NotEmpty(t, p.Elem, path)
		} else {
			assert.Empty(t, p.Elem, path)
		}
		if p.EnumType != "" {
			assert.NotEmpty(t, aws.Enum(p.EnumType), path)
		}
		if len(p.Props) > 0 {
			assertSound(t, path, p.Props)
		}
	}
}

// The platform's types are the least that the rehearsal cloud must know: those of the golden names of every environment.
func TestEveryTypeThatTheProgramRegistersIsKnown(t *testing.T) {
	t.Parallel()
	goldens, err := filepath.Glob("../../../tests/testdata/urns-*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, goldens)
	types := map[string]bool{}
	for _, file := range goldens {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range registered.FindAllStringSubmatch(string(text), -1) {
			types[m[1]] = true
		}
	}
	require.Greater(t, len(types), 30)
	for typ := range types {
		assert.NotNil(t, aws.ResourceOf(typ), "there are no facts about %s: docs/facts.md says how to add a type", typ)
	}
}

// registered is the type of a resource that is registered on the AWS provider, at the end of a URN's types.
var registered = regexp.MustCompile(`(?:\$|::)(aws:[a-z0-9]+/[a-zA-Z0-9]+:[A-Za-z0-9]+)::`)

func TestWhatTheFactsDoNotKnowHasNone(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"aws:ec2/vpc:VPC", "aws:ec2/Vpc:Vpc", "aws:ec2/nothing:Nothing", "gcp:ec2/vpc:Vpc", "vpc", "aws:ec2/vpc:", ""} {
		assert.Nil(t, aws.ResourceOf(token), token)
		assert.Nil(t, aws.FunctionOf(token), token)
	}
}

// BenchmarkResourceOf is what a process pays for the first resource of a type.
func BenchmarkResourceOf(b *testing.B) {
	for b.Loop() {
		aws.Forget()
		aws.ResourceOf("aws:eks/nodeGroup:NodeGroup")
	}
}
