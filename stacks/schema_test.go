package stacks_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/schema"
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

func TestTheSchemaAndTheReferenceInTheRepositoryAreThoseOfTheGoTypes(t *testing.T) {
	t.Chdir("..")
	raw, err := schema.Generate(&stacks.Config{}, module,
		"stacks", "components/network", "components/cluster", "components/addons", "components/nodegroup",
		"components/tenancy", "components/logging", "components/ingress", "components/autoscaling", "components/secrets",
		"components/storage", "components/podcleanup", "internal/image")
	require.NoError(t, err)
	_, err = schema.Parse(raw)
	require.NoError(t, err)
	generated(t, "stacks/config.schema.json", append(raw, '\n'))

	file, err := stacks.FileSchema(raw)
	require.NoError(t, err)
	_, err = schema.Parse(file)
	require.NoError(t, err)
	generated(t, "stack.schema.json", append(file, '\n'))

	reference, err := stacks.ReferenceOf(raw)
	require.NoError(t, err)
	generated(t, "docs/configuration.md", []byte(reference))
}
