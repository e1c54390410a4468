package state

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/clitest"
)

// cli returns what runs the CLI on a backend, in a project of its own.
func cli(t *testing.T, backend string) func(args ...string) string {
	t.Helper()
	command := clitest.Find(t)
	project, home := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(project, "Pulumi.yaml"), []byte("name: eks-platform\nruntime: go\n"), 0o600))
	return func(args ...string) string {
		t.Helper()
		stdout, stderr, _, err := command.Run(t.Context(), project, nil, nil, nil, []string{
			"PULUMI_HOME=" + home, "PULUMI_BACKEND_URL=" + backend, "PULUMI_CONFIG_PASSPHRASE=x", "PULUMI_SKIP_UPDATE_CHECK=true",
		}, args...)
		require.NoError(t, err, stderr)
		return stdout
	}
}

func TestAStackThatIsMadeWithoutTheCLIIsWhatTheCLIMakes(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, by := range []string{"the CLI", "Create"} {
		backend := "file://" + filepath.ToSlash(t.TempDir())
		run := cli(t, backend)
		if by == "Create" {
			b, err := Open(t.Context(), statestore.Stack{Project: "eks-platform", Name: "dev"}, backend)
			require.NoError(t, err)
			require.NoError(t, b.Create(t.Context()))
			found, err := b.Damage(t.Context(), true)
			require.NoError(t, err)
			assert.Empty(t, found)
		} else {
			run("stack", "init", "--no-select", "--stack", "dev")
		}
		var stacks []struct{ Name string }
		require.NoError(t, json.Unmarshal([]byte(run("stack", "ls", "--json")), &stacks))
		require.Len(t, stacks, 1)
		var exported struct {
			Version    int
			Deployment struct{ Resources []any }
		}
		require.NoError(t, json.Unmarshal([]byte(run("stack", "export", "--stack", "dev")), &exported))
		assert.Empty(t, exported.Deployment.Resources)
		meta, err := os.ReadFile(filepath.Join(backend[len("file://"):], ".pulumi", "meta.yaml"))
		require.NoError(t, err)
		seen[by] = stacks[0].Name + "\n" + string(meta)
	}
	assert.Equal(t, seen["the CLI"], seen["Create"])
}

func TestMakingAStackLeavesOneThatIsThere(t *testing.T) {
	t.Parallel()
	backend := t.TempDir()
	b, err := Open(t.Context(), statestore.Stack{Project: "eks-platform", Name: "dev"}, "file://"+filepath.ToSlash(backend))
	require.NoError(t, err)
	there := []byte(`{"version":3,"checkpoint":{"stack":"organization/eks-platform/dev","latest":{"resources":[{"urn":"urn"}]}}}`)
	_, err = b.Store.Put(t.Context(), b.stateKey(), there)
	require.NoError(t, err)
	require.NoError(t, b.Create(t.Context()))
	o, err := b.Store.Get(t.Context(), b.stateKey())
	require.NoError(t, err)
	assert.Equal(t, string(there), string(o.Data))
}
