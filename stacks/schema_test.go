package stacks_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/schema"
	"github.com/eks-platform/eks-platform/internal/service"
	"github.com/eks-platform/eks-platform/stacks"
)

// module is this module's path, as the Go comments' reader needs it.
const module = "github.com/eks-platform/eks-platform"

// generated compares a generated text with the file in the repository, or rewrites the file.
func generated(t *testing.T, path string, want []byte) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, want, 0o644))
		return
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "%s is stale: run UPDATE_GOLDEN=1 go test ./stacks", path)
}

// schemaOf generates the schema of a configuration with the keys of a registry. The working directory is the module's.
func schemaOf(t *testing.T, registry service.Registry) []byte {
	t.Helper()
	tree := func(value any, packages ...string) map[string]any {
		raw, err := schema.Generate(value, module, packages...)
		require.NoError(t, err)
		out := map[string]any{}
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		require.NoError(t, dec.Decode(&out))
		return out
	}
	whole := tree(&stacks.Config{}, "stacks", "components/network", "components/cluster", "components/addons", "components/nodegroup", "internal/image")
	properties, ok := whole["properties"].(map[string]any)
	require.True(t, ok)
	for _, s := range registry {
		if s.AlwaysOn {
			continue
		}
		of := tree(s.Settings(), s.Package)
		of["description"], of[schema.OptionalKey] = s.Doc, true
		properties[s.Name] = of
	}
	raw, err := json.MarshalIndent(whole, "", "  ")
	require.NoError(t, err)
	return raw
}

func TestTheSchemaAndTheReferenceInTheRepositoryAreThoseOfTheGoTypes(t *testing.T) {
	t.Chdir("..")
	raw := schemaOf(t, stacks.Services)
	_, err := schema.Parse(raw)
	require.NoError(t, err)
	generated(t, "stacks/config.schema.json", append(raw, '\n'))

	file, err := stacks.FileSchema(raw)
	require.NoError(t, err)
	_, err = schema.Parse(file)
	require.NoError(t, err)
	generated(t, "stack.schema.json", append(file, '\n'))

	reference, err := stacks.ReferenceOf(raw, stacks.Services)
	require.NoError(t, err)
	generated(t, "docs/configuration.md", []byte(reference))
}
