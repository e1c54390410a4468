package automation

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/warehouse"
)

func ops(r *plan.Result) map[string]string {
	out := map[string]string{}
	for _, s := range r.Steps {
		out[s.Name] = s.Op
	}
	return out
}

func TestAnEnvironmentComesUpChangesAndGoes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()

	first, err := r.Preview(ctx, "prod", PreviewOptions{})
	require.NoError(t, err)
	assert.False(t, first.Empty())
	assert.Zero(t, r.boxes.Count(), "a preview must not make anything")
	assert.Equal(t, plan.Planned, first.Steps[0].Status)

	var events []plan.Event
	up, err := r.Up(ctx, "prod", UpOptions{OnEvent: func(e plan.Event) { events = append(events, e) }})
	require.NoError(t, err)
	assert.Equal(t, 2, r.boxes.Count())
	assert.Equal(t, first.Count("create"), up.Count("create"))
	for _, s := range up.Steps {
		assert.Equal(t, plan.Done, s.Status, s.URN)
	}
	done := map[string]bool{}
	for _, e := range events {
		if e.Step != nil && e.Step.Status == plan.Done {
			done[e.Step.Name] = true
		}
	}
	assert.Contains(t, done, "a")
	assert.Contains(t, done, "b")
	assert.NotZero(t, up.Duration)

	again, err := r.Preview(ctx, "prod", PreviewOptions{})
	require.NoError(t, err)
	assert.True(t, again.Empty(), "%v", again.Steps)

	r.configure("prod", "boxes: [a, c]", "colour: blue", "shape: cube")
	change, err := r.Preview(ctx, "prod", PreviewOptions{})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a": "update", "b": "delete", "c": "create"}, ops(change))
	for _, s := range change.Steps {
		if s.Name == "a" {
			assert.Equal(t, []string{"colour"}, s.DiffKeys)
			assert.Equal(t, "fake:index:Box", s.Type)
		}
	}

	r.configure("prod", "boxes: [a, b]", "colour: red", "shape: ball")
	replace, err := r.Preview(ctx, "prod", PreviewOptions{})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a": "replace", "b": "replace"}, ops(replace))
	assert.Equal(t, []string{"shape"}, replace.Steps[0].ReplaceKeys)
	assert.Equal(t, map[string]string{"a": "replace", "b": "replace"}, ops(r.up("prod")))

	gone, err := r.Destroy(ctx, "prod", DestroyOptions{})
	require.NoError(t, err)
	assert.Equal(t, "delete", ops(gone)["a"])
	assert.Zero(t, r.boxes.Count())
}

func TestTheCheckoutStaysAsItIs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	before, err := os.ReadFile(filepath.Join(r.dir, "Pulumi.prod.yaml"))
	require.NoError(t, err)
	r.up("prod")
	after, err := os.ReadFile(filepath.Join(r.dir, "Pulumi.prod.yaml"))
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))
	files, err := os.ReadDir(r.dir)
	require.NoError(t, err)
	assert.Len(t, files, 4)
}

func TestTheRealCloudIsAsThePersonHasIt(t *testing.T) {
	t.Parallel()
	s, err := AWS.Attach(t.Context(), "somewhere", "prod")
	require.NoError(t, err)
	assert.False(t, s.Clean)
	assert.Equal(t, "somewhere", s.WorkDir)
}

func TestRefreshFindsWhatChangedAndWhatIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.configure("prod", "boxes: [a, b, c]", "colour: red", "shape: cube")
	r.up("prod")
	r.boxes.Paint("a", "pink")
	r.boxes.Remove("b")

	look, err := r.Preview(t.Context(), "prod", PreviewOptions{Refresh: true})
	require.NoError(t, err)
	want := map[string]string{"a": "update", "b": "delete"}
	assert.Equal(t, want, drift(look))
	assert.Equal(t, map[string]string{"a": "update", "b": "create"}, ops(look), "what up would do about it")

	adopted, err := r.Refresh(t.Context(), "prod", RefreshOptions{})
	require.NoError(t, err)
	assert.Equal(t, want, drift(adopted))
	next, err := r.Preview(t.Context(), "prod", PreviewOptions{Refresh: true})
	require.NoError(t, err)
	assert.Empty(t, next.Drift)
}

func drift(r *plan.Result) map[string]string {
	out := map[string]string{}
	for _, s := range r.Drift {
		out[s.Name] = s.Op
	}
	return out
}

func TestSecretOutputsAreNeverRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	out, err := r.Outputs(t.Context(), "prod")
	require.NoError(t, err)
	assert.Equal(t, 2.0, out["boxes"])
	assert.Equal(t, "[secret]", out["key"])
	raw, err := json.Marshal(out["vault"])
	require.NoError(t, err)
	assert.Contains(t, string(raw), "[secret]")
	assert.NotContains(t, string(raw), "hunter2")
}

func TestAJoiningEnvironmentWaitsForItsOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.Up(t.Context(), "stg", UpOptions{})
	assert.ErrorIs(t, err, ErrRefused)
	assert.EqualError(t, err, "up stg: refused: stg joins the cluster of dev, which is not up: bring dev up first")
	assert.Zero(t, r.boxes.Count())

	r.up("dev")
	r.up("stg")
	_, err = r.Destroy(t.Context(), "dev", DestroyOptions{})
	assert.ErrorIs(t, err, ErrRefused)
	assert.ErrorContains(t, err, "dev owns the cluster that stg (2 resources) still uses: destroy that first")
	_, err = r.Destroy(t.Context(), "stg", DestroyOptions{})
	require.NoError(t, err)
	_, err = r.Destroy(t.Context(), "dev", DestroyOptions{})
	require.NoError(t, err)
}

func TestProtectedResourcesGoOnlyWhenThatIsAskedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.configure("prod", "boxes: [a, safe]", "colour: red", "shape: cube")
	r.up("prod")
	_, err := r.Destroy(t.Context(), "prod", DestroyOptions{})
	assert.ErrorIs(t, err, ErrRefused)
	assert.ErrorContains(t, err, "fake:index:Box safe")
	assert.NotContains(t, err.Error(), "Box a")
	assert.Equal(t, 2, r.boxes.Count(), "nothing must be destroyed")

	// A protected resource that leaves the program is the engine's to refuse.
	r.configure("prod", "boxes: [a]", "colour: red", "shape: cube")
	_, err = r.Up(t.Context(), "prod", UpOptions{})
	assert.ErrorIs(t, err, ErrRefused)

	_, err = r.Destroy(t.Context(), "prod", DestroyOptions{Unprotect: true})
	require.NoError(t, err)
	assert.Zero(t, r.boxes.Count())
}

func TestFailuresSayWhatIsWrongAndNoMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)

	r.configure("prod", "boxes: [a]", "broken: yes")
	_, err := r.Preview(t.Context(), "prod", PreviewOptions{})
	assert.ErrorIs(t, err, ErrProgram)
	assert.EqualError(t, err, "preview prod: the program failed: boxes: there is no box for that")

	r.configure("prod", "boxes: [a, heavy]", "colour: red", "shape: cube")
	res, err := r.Up(t.Context(), "prod", UpOptions{})
	assert.ErrorIs(t, err, ErrProvider)
	assert.ErrorContains(t, err, "fake:index:Box heavy: ")
	assert.ErrorContains(t, err, "api error TooHeavy: the box is too heavy")
	for _, s := range res.Steps {
		if s.Name == "heavy" {
			assert.Equal(t, plan.Failed, s.Status)
		}
	}

	_, err = r.Preview(t.Context(), "nowhere", PreviewOptions{})
	assert.ErrorIs(t, err, ErrInvalid)
	assert.ErrorContains(t, err, `there is no environment "nowhere"`)
}

func TestAnInterruptLetsTheEngineFinishAndReleaseItsLock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.boxes.Slow = func() { time.Sleep(2 * time.Second) } // the interrupt comes in the middle
	r.configure("prod", "boxes: [slow]", "colour: red", "shape: cube")
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-r.boxes.Created; cancel() }()
	_, err := r.Up(ctx, "prod", UpOptions{})
	assert.ErrorIs(t, err, ErrCancelled)
	assert.ErrorIs(t, err, context.Canceled)
	assert.EqualError(t, err, "up prod: cancelled")
	n, err := r.Resources(t.Context(), "prod")
	require.NoError(t, err)
	assert.Equal(t, 1, n, "the box that was under way must be recorded")
	again, err := r.Up(t.Context(), "prod", UpOptions{})
	require.NoError(t, err, "the lock must be gone")
	assert.False(t, again.Pending)
}

func TestALockedStackIsToldFromOtherFailures(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	free := make(chan struct{})
	r.boxes.Slow = func() { <-free }
	r.configure("prod", "boxes: [slow]", "colour: red", "shape: cube")
	first := make(chan error, 1)
	go func() { _, err := r.Up(context.Background(), "prod", UpOptions{}); first <- err }()
	<-r.boxes.Created
	_, err := r.Up(t.Context(), "prod", UpOptions{})
	close(free)
	assert.ErrorIs(t, err, ErrLocked)
	assert.ErrorContains(t, err, "held by ")
	_, locks, _ := strings.Cut(err.Error(), "if that process is gone, remove ")
	assert.DirExists(t, locks, "%v", err)
	var e *Error
	require.True(t, errors.As(err, &e))
	assert.Len(t, e.Messages, 1)
	require.NoError(t, <-first)
}

func TestOutsideARehearsalAStackIsMadeOnlyWhenAsked(t *testing.T) {
	command := clitest.Find(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, projectFile), []byte("name: warehouse\nruntime: go\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.prod.yaml"), []byte("config:\n  warehouse:boxes: []\n"), 0o600))
	t.Setenv("PULUMI_BACKEND_URL", "file://"+t.TempDir())
	home := t.TempDir()
	t.Setenv("PULUMI_HOME", home)
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "x")
	p, err := New(Options{ProjectDir: dir, Program: warehouse.Program, Command: command})
	require.NoError(t, err)
	p.load = func(string) (Estate, error) { return warehouse.Everybody, nil }
	_, err = p.Preview(t.Context(), "prod", PreviewOptions{})
	assert.ErrorIs(t, err, ErrNoStack)
	assert.ErrorContains(t, err, "pulumi stack init prod")
	_, err = p.Preview(t.Context(), "prod", PreviewOptions{Create: true})
	assert.NoError(t, err)
	selected, err := filepath.Glob(filepath.Join(home, "workspaces", "*"))
	require.NoError(t, err)
	for _, file := range selected {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotContains(t, string(raw), "prod", "what the person has selected stays")
	}
}
