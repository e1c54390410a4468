package estatetest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/estatetest"
)

func TestACopyIsEditedAndForgetsHowACheckoutEncrypts(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	for name, text := range map[string]string{
		"Pulumi.yaml":     "name: p\n",
		"Pulumi.dev.yaml": "secretsprovider: awskms://x\nencryptedkey: abc\nconfig:\n  a: 1\n  b: 1\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(from, name), []byte(text), 0o600))
	}
	dir := estatetest.CopyOf(t, from, estatetest.Edits{"dev": {": 1", ": 2", "a: 2", "c: 3"}})
	raw, err := os.ReadFile(filepath.Join(dir, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	assert.Equal(t, "config:\n  c: 3\n  b: 1\n", string(raw))
	assert.FileExists(t, filepath.Join(dir, "Pulumi.yaml"))
}

func TestTheFrozenEstateHasItsStacks(t *testing.T) {
	t.Parallel()
	for _, stack := range estatetest.Stacks {
		assert.FileExists(t, filepath.Join(estatetest.Dir(), "Pulumi."+stack+".yaml"))
	}
	assert.FileExists(t, filepath.Join(estatetest.Root(), "go.mod"))
}
