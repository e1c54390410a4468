package deploy

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

// written returns the files of a directory with their contents.
func written(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(name)
		out[name] = string(raw)
		return err
	}))
	return out
}

func TestDriftIsToldFromChangesThatWaitAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	kept := filepath.Join(r.place, "state")
	before := written(t, kept)
	clean, err := r.Drift(t.Context(), "prod", DriftOptions{})
	require.NoError(t, err)
	assert.True(t, clean.Clean())

	r.boxes.Paint("b", "pink")
	r.configure("prod", "boxes: [a, b, c]", "colour: red", "shape: cube")
	found, err := r.Drift(t.Context(), "prod", DriftOptions{})
	require.NoError(t, err)
	assert.False(t, found.Clean())
	assert.Equal(t, map[string]string{"b": "update"}, ops(&plan.Result{Steps: found.Drift}))
	assert.Equal(t, map[string]string{"b": "update"}, ops(&plan.Result{Steps: found.Corrections}))
	assert.Equal(t, map[string]string{"c": "create"}, ops(&plan.Result{Steps: found.Planned}))

	// A change that waits is no drift.
	r.boxes.Paint("b", "red")
	waits, err := r.Drift(t.Context(), "prod", DriftOptions{})
	require.NoError(t, err)
	assert.True(t, waits.Clean())
	assert.NotEmpty(t, waits.Planned)
	assert.Equal(t, before, written(t, kept), "neither a lock nor the state was written")
}

func TestDriftSaysWhoDeploysMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	b, err := r.StateBackend(t.Context(), "prod")
	require.NoError(t, err)
	l, err := lease.Acquire(t.Context(), b.Store, b.Stack, lease.Holder{Actor: "alice", Host: "laptop"}, lease.Options{})
	require.NoError(t, err)
	notes := func() []string {
		var out []string
		_, err := r.Drift(t.Context(), "prod", DriftOptions{OnEvent: func(e plan.Event) {
			if e.Stage != nil {
				out = append(out, e.Stage.Note)
			}
		}})
		require.NoError(t, err)
		return out
	}
	said := notes()
	require.Len(t, said, 1)
	assert.Contains(t, said[0], "alice on laptop")
	assert.Contains(t, said[0], "is deploying prod at the moment")
	require.NoError(t, l.Release(t.Context()))
	assert.Empty(t, notes())
}
