// Package library tests the library as another module has it.
package library

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/estatetest"
)

// A module of its own can import nothing that is internal here: that this one builds and deploys shows that the exported
// names are enough.
func TestABotOfAnotherModulePreviewsAndDeploys(t *testing.T) {
	t.Parallel()
	cli := clitest.Find(t)
	root, dir := estatetest.Root(), t.TempDir()
	// A copy, since the go command completes go.mod and go.sum when this module's requirements have moved on.
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(root, "tests", "bot"))))
	edit(t, filepath.Join(dir, "go.mod"), "=> ../..", "=> "+root)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600))
	bot := filepath.Join(dir, "bot")
	build := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-ldflags=-s -w", "-o", bot, ".")
	build.Dir = dir
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	run := exec.CommandContext(t.Context(), bot, estatetest.Copy(t, nil), "dev")
	run.Env = append(os.Environ(), "PATH="+filepath.Dir(cli.Path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err = run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	said := string(out)
	assert.Contains(t, said, "### What is to be done")
	assert.Contains(t, said, "dev settle", "it looked at the cloud afterwards")
	assert.True(t, strings.HasSuffix(said, "dev deployed\n"), said)
}

// edit replaces a text in a file, which must have it.
func edit(t *testing.T, file, old, new string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(raw), old)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(raw), old, new, 1)), 0o600))
}
