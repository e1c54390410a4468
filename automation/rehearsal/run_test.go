package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/placement"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/stackfile"
	"github.com/eks-platform/eks-platform/internal/warehouse"
)

// rig is a warehouse with stack files and providers that can be rehearsed.
type rig struct {
	t      *testing.T
	dir    string
	boxes  *warehouse.Boxes
	estate warehouse.Street
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), boxes: warehouse.NewBoxes(), estate: warehouse.Everybody}
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, stackfile.Project), []byte("name: warehouse\nruntime: go\n"), 0o600))
	for _, stack := range warehouse.Everybody {
		r.configure(stack, "boxes: [a, b]", "colour: red", "shape: cube")
	}
	return r
}

// configure writes a stack's file.
func (r *rig) configure(stack string, keys ...string) {
	r.t.Helper()
	text := "secretsprovider: awskms://alias/of-the-real-stack\nconfig:\n"
	for _, k := range keys {
		text += "  warehouse:" + k + "\n"
	}
	require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, stackfile.Name(stack)), []byte(text), 0o600))
}

func (r *rig) load(string) (automation.Estate, error) { return r.estate, nil }

// serve starts the warehouse's provider.
func (r *rig) serve(ctx context.Context) (Providers, error) { return r.boxes.Serve(ctx) }

// rehearsed runs Run over the warehouse's stack files.
func (r *rig) rehearsed(change *change, keep bool) (*Report, []PhaseEvent, error) {
	r.t.Helper()
	var mu sync.Mutex
	var events []PhaseEvent
	report, err := Run(r.t.Context(), RunOptions{
		ProjectDir: r.dir, Dir: filepath.Join(r.t.TempDir(), "run"), Keep: keep, Program: warehouse.Program, Command: clitest.Find(r.t),
		Estate: r.load, change: change, serve: r.serve,
		OnPhase: func(e PhaseEvent) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, e)
		},
	})
	return report, events, err
}

// edit replaces a text in a stack file.
func edit(old, new string) func(string) (string, error) {
	return func(file string) (string, error) {
		raw, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if !bytes.Contains(raw, []byte(old)) {
			return "", errors.New("there is nothing to change")
		}
		return "another colour", os.WriteFile(file, bytes.ReplaceAll(raw, []byte(old), []byte(new)), 0o600)
	}
}

var repaint = &change{apply: edit("red", "blue"), typ: "fake:index:Box"}

func TestARehearsalTakesEveryEnvironmentUpAndDownAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	report, events, err := r.rehearsed(repaint, false)
	require.NoError(t, err)
	assert.True(t, report.OK)
	assert.Zero(t, r.boxes.Count())
	require.Len(t, report.Environments, 3)
	for _, env := range report.Environments {
		var phases []PhaseName
		for _, p := range env.Phases {
			phases = append(phases, p.Name)
		}
		assert.Equal(t, []PhaseName{PhasePreview, PhaseUp, PhaseSecondPreview, PhaseChangePreview, PhaseChange, PhaseLastPreview, PhaseDestroy},
			phases, env.Name)
		assert.Equal(t, 2, env.Resources, "%s: two boxes; the stack only groups them", env.Name)
		assert.Equal(t, "another colour: 2 update", env.Change)
		require.NotNil(t, env.Placement, env.Name)
		assert.Equal(t, env.Name, env.Placement.Environment)
		assert.Equal(t, env.Owner, env.Placement.Owner)
	}

	// Who joins a cluster comes after its owner and goes before it.
	at := map[string]int{}
	for i, e := range events {
		if e.Ended {
			at[e.Environment+" "+string(e.Phase)] = i
		}
	}
	begun := map[string]int{}
	for i, e := range events {
		if _, seen := begun[e.Environment+" "+string(e.Phase)]; !seen {
			begun[e.Environment+" "+string(e.Phase)] = i
		}
	}
	assert.Less(t, at["dev up"], begun["stg up"])
	assert.Less(t, at["stg destroy"], begun["dev destroy"])
	assert.Less(t, begun["prod preview"], at["dev destroy"], "prod runs beside dev")
	for _, e := range events {
		if e.Ended && e.Phase == PhaseUp {
			assert.Equal(t, e.Total, e.Done, e.Environment)
		}
	}
}

func TestAKeptRehearsalIsUpAsTheStackFilesSay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.estate = warehouse.Street{"prod"}
	report, _, err := r.rehearsed(&change{typ: repaint.typ, apply: func(file string) (string, error) {
		// Somebody edits the checkout meanwhile, which is none of this rehearsal's business.
		r.configure("prod", "boxes: [a, b]", "colour: green", "shape: cube")
		return repaint.apply(file)
	}}, true)
	require.NoError(t, err)
	r.configure("prod", "boxes: [a, b]", "colour: red", "shape: cube")
	assert.True(t, report.Kept)
	assert.NotZero(t, r.boxes.Count())

	p, err := automation.New(automation.Options{
		ProjectDir: r.dir, Cloud: Over(report.Dir, r.boxes.Serve, func() error { return nil }), Program: warehouse.Program, Estate: r.load, Command: clitest.Find(t),
	})
	require.NoError(t, err)
	look, err := p.Preview(t.Context(), "prod", automation.PreviewOptions{})
	require.NoError(t, err)
	assert.True(t, look.Empty(), "%v", look.Steps)
}

func TestARehearsalRefusesAChangeThatReplaces(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.estate = warehouse.Street{"dev", "stg"}
	report, _, err := r.rehearsed(&change{apply: edit("cube", "ball"), typ: "fake:index:Box"}, false)
	assert.ErrorIs(t, err, ErrRehearsal)
	assert.ErrorContains(t, err, "must happen in place, and would replace fake:index:Box ")
	assert.False(t, report.OK)
	for _, env := range report.Environments {
		if env.Name == "stg" {
			assert.Empty(t, env.Phases, "stg must not begin when its owner did not get through")
		} else {
			assert.Contains(t, env.Error, "must happen in place", env.Name)
		}
	}
}

func TestTheChangeOfARehearsalIsOneMoreLabel(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	text := "config:\n  eks-platform:nodeGroups:\n    - name: system\n      labels:\n        a: b # stays\n    - name: spot\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	what, err := addLabel(file)
	require.NoError(t, err)
	assert.Equal(t, "one more label on node group system", what)
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.YAMLEq(t, strings.ReplaceAll(text, "# stays\n", "# stays\n        rehearsal: changed\n"), string(raw))
	assert.Contains(t, string(raw), "# stays")

	require.NoError(t, os.WriteFile(file, []byte("config:\n  eks-platform:nodeGroups: []\n"), 0o600))
	_, err = addLabel(file)
	assert.ErrorContains(t, err, "there is no node group to change")
}

func TestARehearsalKnowsNothingOfTheRealStack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cloud := Over(t.TempDir(), r.boxes.Serve, func() error { return nil })
	s, err := cloud.Attach(t.Context(), r.dir, "prod")
	require.NoError(t, err)
	t.Cleanup(s.Release)
	assert.True(t, s.Clean, "no credentials of the person reach the engine")
	assert.NotEmpty(t, s.Home)
	copied, err := os.ReadFile(filepath.Join(s.WorkDir, "Pulumi.prod.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(copied), "colour: red")
	assert.NotContains(t, string(copied), "awskms")
}

func TestRunsOfOneEnvironmentShareNoFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cloud := Over(t.TempDir(), r.boxes.Serve, func() error { return nil })
	file := filepath.Join(r.dir, "Pulumi.prod.yaml")
	first, err := cloud.Attach(t.Context(), r.dir, "prod")
	require.NoError(t, err)
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, bytes.Replace(raw, []byte("red"), []byte("blue"), 1), 0o600))
	second, err := cloud.Attach(t.Context(), r.dir, "prod")
	require.NoError(t, err)
	for run, colour := range map[*automation.Attachment]string{first: "red", second: "blue"} {
		copied, err := os.ReadFile(filepath.Join(run.WorkDir, "Pulumi.prod.yaml"))
		require.NoError(t, err)
		assert.Contains(t, string(copied), "colour: "+colour, "a run has the stack file with which it began")
		run.Release()
		assert.NoDirExists(t, run.WorkDir)
	}
}

func TestPodsWithoutAHomeFailARehearsal(t *testing.T) {
	t.Parallel()
	homeless := &placement.Report{Environment: "prod"}
	homeless.Problems = []string{"environment pod x/y: it can run on no node group"}
	r := &rehearse{report: &Report{Environments: []*EnvironmentReport{
		{Name: "stg", Placement: &placement.Report{Environment: "stg"}}, {Name: "prod", Placement: homeless},
	}}}
	err := r.misplaced()
	require.ErrorIs(t, err, ErrRehearsal)
	assert.ErrorContains(t, err, "prod: environment pod x/y: it can run on no node group")
	r.report.Environments = r.report.Environments[:1]
	assert.NoError(t, r.misplaced())
}
