package automation

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

func TestTheBackendIsTheOneThatTheCLIIsLoggedInTo(t *testing.T) {
	r := newRig(t)
	r.cloud = AWS
	dir := t.TempDir()
	t.Setenv("PULUMI_BACKEND_URL", "")
	t.Setenv("PULUMI_HOME", t.TempDir())
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, projectFile), []byte("name: warehouse\nruntime: go\nbackend:\n  url: file://"+dir+"\n"), 0o600))
	b, err := r.StateBackend(t.Context(), "prod")
	require.NoError(t, err)
	assert.Equal(t, "file://"+dir+"/", b.Where())
	assert.Equal(t, statestore.Stack{Project: "warehouse", Name: "prod"}, b.Stack)

	other := t.TempDir()
	t.Setenv("PULUMI_BACKEND_URL", "file://"+other)
	b, err = r.StateBackend(t.Context(), "prod")
	require.NoError(t, err)
	assert.Equal(t, "file://"+other+"/", b.Where())
}
