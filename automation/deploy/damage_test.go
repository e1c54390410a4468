package deploy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
)

// kept is a file in the rehearsal's backend.
func (r *rig) kept(name string) string {
	return filepath.Join(r.place, "state", ".pulumi", filepath.FromSlash(name))
}

func TestAttributesThatAKillLeftBehindAreRemoved(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	files, err := filepath.Glob(r.kept("stacks/warehouse/prod.json*.attrs"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, damaged := range append(files, r.kept("meta.yaml.attrs")) { // the last is there when the CLI has made the backend
		require.NoError(t, os.WriteFile(damaged, nil, 0o600))
	}

	_, err = r.Preview(t.Context(), "prod", automation.PreviewOptions{})
	require.ErrorIs(t, err, automation.ErrDamaged)
	assert.ErrorContains(t, err, ".pulumi/stacks/warehouse/prod.json.attrs is empty")
	assert.ErrorContains(t, err, ".pulumi/meta.yaml.attrs is empty")
	d, err := r.deploy(Options{})
	require.ErrorIs(t, err, automation.ErrDamaged)
	assert.Equal(t, Refused, d.Outcome)
	d, err = r.deploy(Options{Repair: true})
	require.NoError(t, err)
	assert.Equal(t, Unchanged, d.Outcome)
	assert.Len(t, d.Repaired, len(files)+1)
	r.free()
}

func TestADamagedStateIsNamedWithItsCopyAndNeverTakenForANewOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.deploy(Options{})
	require.NoError(t, err)
	file := r.kept("stacks/warehouse/prod.json")
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, c := range []struct {
		content []byte // nil for no file
		says    string
	}{
		{[]byte{}, "is empty"},
		{whole[:len(whole)/2], "cannot be read: unexpected end of JSON input"},
		{[]byte("null\n"), "contains no state, although the history has updates of the stack"},
		{[]byte(`{"version":3,"checkpoint":{"latest":null}}`), "contains no state, although the history has updates of the stack"},
		{nil, "is missing, although the history has updates of the stack"},
	} {
		if c.content == nil {
			require.NoError(t, os.Remove(file))
		} else {
			require.NoError(t, os.WriteFile(file, c.content, 0o600))
		}
		_, err := r.Preview(t.Context(), "prod", automation.PreviewOptions{})
		require.ErrorIs(t, err, automation.ErrDamaged, "%s", c.content)
		_, err = r.Up(t.Context(), "prod", automation.UpOptions{})
		require.ErrorIs(t, err, automation.ErrDamaged, "%s", c.content)
		_, err = r.deploy(Options{Repair: true})
		require.ErrorIs(t, err, automation.ErrDamaged)
		for _, said := range []string{".pulumi/stacks/warehouse/prod.json " + c.says, "the newest intact copy is .pulumi/"} {
			assert.ErrorContains(t, err, said)
		}
		assert.Equal(t, 2, r.boxes.Count())

		done, err := r.Repair(t.Context(), "prod", RepairOptions{Restore: true})
		require.NoError(t, err)
		require.Len(t, done.Done, 1)
		assert.Contains(t, done.Done[0], "restored .pulumi/stacks/warehouse/prod.json from ")
		again, err := r.Preview(t.Context(), "prod", automation.PreviewOptions{Refresh: true})
		require.NoError(t, err)
		assert.True(t, again.Empty(), "%v", again.Steps)
	}

	// Without a copy there is nothing to offer, and nothing is done.
	for _, dir := range []string{"stacks", "history", "backups"} {
		require.NoError(t, os.RemoveAll(r.kept(dir)))
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = r.Repair(t.Context(), "prod", RepairOptions{Restore: true})
	require.ErrorIs(t, err, automation.ErrDamaged)
	assert.ErrorContains(t, err, "the backend has no intact copy of it")
}

func TestAStackThatWasDestroyedIsEmptyAndNotDamaged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	_, err := r.Destroy(t.Context(), "prod", automation.DestroyOptions{})
	require.NoError(t, err)
	r.up("prod")
}
