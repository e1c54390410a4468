package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/estatetest"
)

// someDigest is a digest.
const someDigest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// savedPlan saves a preview of an environment.
func savedPlan(t *testing.T, dir, env string) string {
	t.Helper()
	file := filepath.Join(dir, env+planSuffix)
	require.NoError(t, (&plan.Plan{Format: 1, Digest: someDigest, Result: &plan.Result{Stack: env}}).Write(file))
	return file
}

func TestWhatIsApprovedAndAllowedGoesToItsEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plan := savedPlan(t, dir, "dev")
	savedPlan(t, dir, "stg")
	urn := "urn:pulumi:stg::eks-platform::aws:kms/key:Key::k"
	both := []string{"dev", "stg"}

	o := deployFlags{approved: []string{someDigest}, allow: []string{"aws:kms/key:Key k"}, approval: "CHG-1", wait: time.Minute}
	got, err := o.options([]string{"dev"})
	require.NoError(t, err)
	assert.Equal(t, someDigest, got["dev"].Approved)
	assert.Equal(t, []string{"aws:kms/key:Key k"}, got["dev"].Allow)
	assert.Equal(t, "CHG-1", got["dev"].Approval)
	assert.Equal(t, time.Minute, got["dev"].Lease.Wait)

	o = deployFlags{approved: []string{"stg=" + someDigest}, allow: []string{"dev=aws:kms/key:Key k", urn}}
	got, err = o.options(both)
	require.NoError(t, err)
	assert.Empty(t, got["dev"].Approved)
	assert.Equal(t, someDigest, got["stg"].Approved)
	assert.Equal(t, []string{"aws:kms/key:Key k"}, got["dev"].Allow)
	assert.Equal(t, []string{urn}, got["stg"].Allow)

	o = deployFlags{approvedFiles: []string{dir}}
	got, err = o.options(both)
	require.NoError(t, err)
	for _, env := range both {
		assert.Equal(t, env, got[env].ApprovedPlan.Result.Stack)
	}

	for want, o := range map[string]deployFlags{
		"must begin with an environment's name": {approved: []string{someDigest}},
		"is given twice for dev":                {approved: []string{"dev=" + someDigest, "dev=" + someDigest}},
		`is for "prod", which is not`:           {allow: []string{"urn:pulumi:prod::p::aws:kms/key:Key::k"}},
		"two previews of dev":                   {approvedFiles: []string{plan, plan}},
		"read the approved preview":             {approvedFiles: []string{filepath.Join(dir, "nothing.json")}},
		"is not a saved preview: invalid char":  {approvedFiles: []string{"deploy_test.go"}},
	} {
		_, err := o.options(both)
		assert.ErrorContains(t, err, want)
	}
	_, err = (&deployFlags{approvedFiles: []string{plan}}).options([]string{"prod"})
	assert.ErrorContains(t, err, "is a preview of dev, which is not among the environments to deploy")
}

func TestWrongUsageOfDeliveryIsOneLineAndExits2(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"deploy"}, {"deploy", "dev", "dev"}, {"deploy", "dev", "stg", "--approved", someDigest}, {"drift"}, {"history"}, {"history", "dev", "--limit", "-1"},
		{"lease", "dev", "--reason", "x"}, {"repair", "dev", "--force"}, {"repair", "dev", "--import", "x"}, {"repair", "dev", "--check", "--clear", "x"},
	} {
		got := platform(t, "", append(args, "-p", estatetest.Dir())...)
		assert.Equal(t, 2, got.code, "%v: %s", args, got.err)
		assert.Empty(t, got.out, "%v", args)
	}
}

func TestLeaseAndHistoryAreShownAndALeaseIsBroken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kept, err := rehearsal.Open(rehearsal.Options{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, kept.Close())
	state := filepath.Join(dir, "state")
	require.NoError(t, os.MkdirAll(state, 0o700))
	on := func(args ...string) said {
		t.Helper()
		return platform(t, "", append(args, "-p", estatetest.Dir(), "--cloud", "rehearsal", "--dir", dir)...)
	}
	assert.Equal(t, said{0, "the lease of dev is free\n", ""}, on("lease", "dev"))
	assert.Equal(t, said{0, "dev has never been deployed with platform deploy\n", ""}, on("history", "dev"))

	store, err := statestore.Open(t.Context(), "file://"+state)
	require.NoError(t, err)
	dev := statestore.Stack{Project: "eks-platform", Name: "dev"}
	l, err := lease.Acquire(t.Context(), store, dev, lease.Holder{Actor: "alice", Run: "https://ci/1"}, lease.Options{TTL: time.Hour})
	require.NoError(t, err)
	for i, result := range []history.Result{history.Succeeded, history.Refused} {
		r := &history.Record{
			Stack: dev, Operation: "deploy", Actor: "alice", Digest: someDigest, Approval: "CHG-1", Changes: map[string]int{"create": 2, "same": 3},
			Result: result, Started: time.Date(2026, 11, 21, 10, i, 0, 0, time.UTC), Duration: 90 * time.Second,
		}
		if result == history.Refused {
			r.Failure = &history.Failure{Kind: "stale"}
		}
		require.NoError(t, history.Append(t.Context(), store, r))
	}

	got := on("lease", "dev")
	assert.Zero(t, got.code)
	assert.Contains(t, got.out, "dev: the lease is held by alice on ")
	assert.Contains(t, got.out, "run https://ci/1; it is valid: wait")
	got = on("lease", "dev", "--break")
	assert.Equal(t, 5, got.code)
	assert.Contains(t, got.err, "its holder cannot be proven dead from here")
	require.NoError(t, l.Err())
	got = on("lease", "dev", "--break", "--reason", "alice is gone", "--actor", "bob")
	assert.Zero(t, got.code, got.err)
	assert.Contains(t, got.out, "dev: broke the lease of alice")
	assert.Contains(t, got.out, "by force: alice is gone")
	require.ErrorIs(t, l.Release(t.Context()), lease.ErrLost)
	var document struct{ Held bool }
	require.NoError(t, json.Unmarshal([]byte(on("lease", "dev", "--json").out), &document))
	assert.False(t, document.Held)

	got = on("history", "dev")
	assert.Equal(t, "2026-11-21 10:01:00  deploy refused (stale) by alice, digest 0123456789ab, approval CHG-1, 1 min 30 s\n"+
		"2026-11-21 10:00:00  deploy succeeded by alice, 2 created, 3 unchanged, digest 0123456789ab, approval CHG-1, 1 min 30 s\n", got.out)
	got = on("history", "dev", "--limit", "1", "--json")
	var records struct {
		Records []history.Record
		More    bool
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &records))
	assert.Len(t, records.Records, 1)
	assert.True(t, records.More)
}

func TestWhatRepairFindsIsReportedOnce(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 5, exitCode(errBlocked))
	assert.Equal(t, 5, exitCode(errors.Join(errors.New("boom"), &automation.Error{Kind: automation.ErrPending})))
}
