package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// another adds an environment that is a copy of one of the frozen estate's, under another name.
func another(t *testing.T, dir, of, name string, edits ...string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "Pulumi."+of+".yaml"))
	require.NoError(t, err)
	text := strings.NewReplacer(append(edits,
		"environment: "+of, "environment: "+name, "name: "+of, "name: "+name, ":role/"+of+"-", ":role/"+name+"-",
		"["+of+"/", "["+name+"/", "[/"+of+"/", "[/"+name+"/")...).Replace(string(raw))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi."+name+".yaml"), []byte(text), 0o600))
}

func TestManyEnvironmentsArePreviewedAtOnceAndEachAsIfItWereAlone(t *testing.T) {
	t.Parallel()
	e := open(t, nil, rehearsal.Options{})
	another(t, e.dir, "prod", "live", "10.32.0.0/16", "10.48.0.0/16")
	another(t, e.dir, "prod", "trial", "10.32.0.0/16", "10.64.0.0/16")
	another(t, e.dir, "stg", "qa")
	names := []string{"dev", "live", "prod", "qa", "stg", "trial"}

	alone := map[string]automation.Previewed{}
	for _, name := range []string{"dev", "live", "prod"} {
		got, err := e.platform().Previews(t.Context(), []string{name}, automation.PreviewsOptions{Program: "the same"})
		require.NoError(t, err)
		alone[name] = got[0]
	}

	var overlapping int
	events := map[string]int{}
	var done []string
	got, err := e.platform().Previews(t.Context(), names, automation.PreviewsOptions{
		Program: "the same", AtOnce: len(names),
		// Not guarded: calls must not overlap, which the race detector would tell.
		Preview: automation.PreviewOptions{OnEvent: func(ev plan.Event) {
			overlapping++
			events[ev.Stack]++
			overlapping--
			assert.Zero(t, overlapping)
		}},
		OnDone: func(p automation.Previewed) { done = append(done, p.Stack) },
	})
	require.NoError(t, err)
	assert.ElementsMatch(t, names, done)
	for i, name := range names {
		assert.Equal(t, name, got[i].Stack)
		if first, known := alone[name]; known {
			assert.NotEmpty(t, got[i].Plan.Digest, name)
			assert.Equal(t, first.Plan.Digest, got[i].Plan.Digest, "%s at once with the others is %s alone", name, name)
			assert.Equal(t, first.Result.Changes, got[i].Result.Changes)
		}
		assert.NotZero(t, events[name], name)
		for _, s := range got[i].Result.Steps {
			assert.Contains(t, s.URN, "urn:pulumi:"+name+"::", "a resource of another environment")
		}
	}
	assert.Len(t, events, len(names))
	assert.Equal(t, got[3].Result.Changes, got[4].Result.Changes, "qa is a copy of stg")
	assert.Empty(t, e.objects(), "a preview makes nothing, also not the owner of a cluster that others join")
}

func TestAPreviewThatFailsLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	e := open(t, nil, rehearsal.Options{})
	e.up("prod", automation.UpOptions{})
	e = e.with(t, edits{"prod": {"cidr: 10.32.0.0/16", "cidr: 10.33.0.0/16"}})
	got, err := e.platform().Previews(t.Context(), []string{"prod", "stg", "dev"}, automation.PreviewsOptions{})
	require.ErrorIs(t, err, automation.ErrRefused)

	require.ErrorIs(t, got[0].Err, automation.ErrRefused)
	assert.Nil(t, got[0].Plan, "nothing is to be approved that was seen in part")
	require.NotNil(t, got[0].Result, "what it would replace is there")
	assert.True(t, slices.ContainsFunc(got[0].Result.Steps, func(s plan.Step) bool { return s.Op == "replace" && s.Name == "prod-vpc" }))

	require.NoError(t, got[1].Err)
	assert.Len(t, got[1].Notes, 1)
	assert.Contains(t, got[1].Notes[0], "dev is not up in this rehearsal")
	require.NoError(t, got[2].Err)
	assert.Empty(t, got[2].Notes)
	assert.Nil(t, got[1].Plan, "what dev is there is gone")
	assert.NotEmpty(t, got[2].Plan.Digest)
	for _, p := range got[1:] {
		assert.NotZero(t, p.Result.Count("create"))
	}
	left, err := filepath.Glob(filepath.Join(e.cloud.Dir(), "with-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestWhereAStackFileIsWrongEveryPreviewSaysSo(t *testing.T) {
	t.Parallel()
	dir := project(t, edits{"prod": {"nat: perZone", "nat: some"}})
	c, err := openRehearsal(rehearsal.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	e := &estate{t: t, dir: dir, cloud: c, cli: clitest.Find(t)}
	got, err := e.platform().Previews(t.Context(), []string{"dev", "prod"}, automation.PreviewsOptions{})
	require.ErrorIs(t, err, automation.ErrInvalid)
	assert.Equal(t, 1, strings.Count(err.Error(), "network.nat"), "told once")
	for _, p := range got {
		require.ErrorIs(t, p.Err, automation.ErrInvalid)
		assert.Nil(t, p.Result)
	}
}
