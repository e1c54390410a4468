package deploy

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/internal/warehouse"
)

// program is how the tests name their program.
const testProgram = "tree 1"

// plan previews an environment as it would be approved.
func (r *rig) plan(stack string) *plan.Plan {
	r.t.Helper()
	res, err := r.Preview(r.t.Context(), stack, automation.PreviewOptions{})
	require.NoError(r.t, err)
	found, err := r.Platform.Plan(r.t.Context(), res, testProgram)
	require.NoError(r.t, err)
	return found
}

// deploy deploys prod.
func (r *rig) deploy(o Options) (*Deployment, error) {
	r.t.Helper()
	o.Program = testProgram
	return r.Deploy(r.t.Context(), "prod", o)
}

// records returns the history of prod, the newest first.
func (r *rig) records() []history.Record {
	r.t.Helper()
	h, err := r.History(r.t.Context(), "prod", 0)
	require.NoError(r.t, err)
	require.Empty(r.t, h.Unreadable)
	return h.Records
}

// free makes sure that nobody has prod's lease and that nothing is locked or pending.
func (r *rig) free() {
	r.t.Helper()
	found, err := r.Inspect(r.t.Context(), "prod")
	require.NoError(r.t, err)
	assert.True(r.t, found.Clean(), "%v", found.Lines())
}

// updates counts the updates that Pulumi has written for prod.
func (r *rig) updates() int {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.place, "state", ".pulumi", "history", "warehouse", "prod", "*.history.json"))
	require.NoError(r.t, err)
	return len(files)
}

func TestADeployDoesWhatWasApprovedAndLeavesNothingToDo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	planned := r.plan("prod")
	file := filepath.Join(t.TempDir(), "preview.json")
	require.NoError(t, planned.Write(file))
	approved, err := plan.Read(file)
	require.NoError(t, err)

	var stages []plan.StageName
	d, err := r.deploy(Options{
		ApprovedPlan: approved, Approval: "CHG-1", By: lease.Holder{Actor: "alice", Run: "https://ci/1", Commit: "0123abc"},
		OnEvent: func(e plan.Event) {
			if e.Stage != nil && e.Stage.Note == "" {
				stages = append(stages, e.Stage.Name)
			}
		},
	})
	require.NoError(t, err)
	assert.Equal(t, Deployed, d.Outcome)
	assert.Equal(t, []plan.StageName{plan.StageLease, plan.StageInspect, plan.StagePreview, plan.StageGates, plan.StageUp, plan.StageSettle, plan.StageRecord}, stages)
	assert.Equal(t, planned.Digest, d.Plan.Digest)
	assert.True(t, d.Settled.Empty())
	assert.Equal(t, 2, r.boxes.Count())
	r.free()

	records := r.records()
	require.Len(t, records, 1)
	got := records[0]
	assert.Equal(t, history.Succeeded, got.Result)
	assert.Equal(t, []string{"alice", "https://ci/1", "0123abc", "CHG-1", planned.Digest, testProgram},
		[]string{got.Actor, got.Run, got.Commit, got.Approval, got.Digest, got.Program})
	assert.Equal(t, 2, got.Changes["create"])

	// The same deploy once more has nothing to do: no update, and no gate that could refuse nothing.
	before := r.updates()
	d, err = r.deploy(Options{ApprovedPlan: approved})
	require.NoError(t, err)
	assert.Equal(t, Unchanged, d.Outcome)
	assert.Nil(t, d.Up)
	assert.Equal(t, before, r.updates())
	assert.Len(t, r.records(), 2)
}

func TestAStaleApprovalStopsTheDeployWithTheDifference(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	r.configure("prod", "boxes: [a, b, c]", "colour: red", "shape: cube")
	approved := r.plan("prod")
	// Somebody edits the stack file in between.
	r.configure("prod", "boxes: [a, d]", "colour: red", "shape: cube")

	d, err := r.deploy(Options{ApprovedPlan: approved})
	require.ErrorIs(t, err, automation.ErrStale)
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.Equal(t, Refused, d.Outcome)
	for _, text := range []string{
		"the stack file or the project file has changed", "not approved: create fake:index:Box d", "not approved: delete fake:index:Box b",
		"approved, and no longer planned: create fake:index:Box c", plan.ShortDigest(approved.Digest),
	} {
		assert.ErrorContains(t, err, text)
	}
	assert.Equal(t, []plan.Step{approved.Result.Steps[len(approved.Result.Steps)-1]}, d.Difference.Vanished)
	assert.Equal(t, 2, r.boxes.Count())

	// The digest alone refuses as well, and so does another program.
	_, err = r.deploy(Options{Approved: approved.Digest[:12]})
	require.ErrorIs(t, err, automation.ErrStale)
	assert.ErrorContains(t, err, "create fake:index:Box d")
	now := r.plan("prod")
	_, err = r.Deploy(t.Context(), "prod", Options{ApprovedPlan: now, Program: "tree 2"})
	require.ErrorIs(t, err, automation.ErrStale)
	assert.ErrorContains(t, err, "the program differs: it is tree 2, approved was tree 1")

	records := r.records()
	require.Len(t, records, 3)
	for _, rec := range records {
		assert.Equal(t, history.Refused, rec.Result)
		assert.Equal(t, "stale", rec.Failure.Kind)
	}
	r.free()
	_, err = r.deploy(Options{Approved: now.Digest[:12]})
	require.NoError(t, err)
}

func TestAnApprovalIsAskedForBeforeAnythingIsChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.estate = strict{warehouse.Everybody}
	_, err := r.deploy(Options{})
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.NotErrorIs(t, err, automation.ErrStale)
	assert.ErrorContains(t, err, "prod needs an approval (delivery.requireApproval in Pulumi.prod.yaml), and none was given")
	var gate *GateError
	require.ErrorAs(t, err, &gate)
	assert.True(t, gate.Approval)
	assert.Zero(t, r.boxes.Count())
	_, err = r.deploy(Options{Approval: "CHG-1"})
	require.NoError(t, err)
	assert.Equal(t, "CHG-1", r.records()[0].Approval)
}

// strict is a street in which every deploy needs an approval.
type strict struct{ warehouse.Street }

func (strict) RequiresApproval(string) bool { return true }

func TestCriticalResourcesGoOnlyWhenTheyAreNamed(t *testing.T) {
	t.Parallel()
	vpc := plan.Step{Op: "replace", URN: "urn:pulumi:prod::p::aws:ec2/vpc:Vpc::prod-vpc", Type: "aws:ec2/vpc:Vpc", Name: "prod-vpc", Critical: "network"}
	key := plan.Step{Op: "delete", URN: "urn:pulumi:prod::p::aws:kms/key:Key::k", Type: "aws:kms/key:Key", Name: "k", Critical: "encryption key"}
	twin := key
	twin.URN = "urn:pulumi:prod::p::x$aws:kms/key:Key::k"
	harmless := []plan.Step{
		{Op: "update", URN: "u1", Type: "aws:ec2/vpc:Vpc", Name: "other", Critical: "network"},
		{Op: "delete", URN: "u2", Type: "aws:iam/role:Role", Name: "role"},
	}
	for _, c := range []struct {
		name  string
		steps []plan.Step
		allow []string
		want  []string
	}{
		{"nothing critical", harmless, nil, nil},
		{"none named", append([]plan.Step{vpc, key}, harmless...), nil, []string{
			"would replace the network prod-vpc", "aws:ec2/vpc:Vpc prod-vpc", "would delete the encryption key k", "aws:kms/key:Key k"}},
		{"one named", []plan.Step{vpc, key}, []string{"aws:ec2/vpc:Vpc prod-vpc"}, []string{"would delete the encryption key k"}},
		{"all named", []plan.Step{vpc, key}, []string{vpc.URN, "aws:kms/key:Key k"}, nil},
		{"one that is not at stake", []plan.Step{vpc}, []string{vpc.URN, "aws:ec2/vpc:Vpc other"}, []string{`"aws:ec2/vpc:Vpc other" matches no critical resource`}},
		{"a type alone", []plan.Step{vpc}, []string{"aws:ec2/vpc:Vpc"}, []string{"matches no critical resource", "would replace"}},
		{"two of one name", []plan.Step{key, twin}, []string{"aws:kms/key:Key k"}, []string{"matches 2 resources", twin.URN}},
		{"two of one name by URN", []plan.Step{key, twin}, []string{key.URN, twin.URN}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			problems, missing := missingAllowances(c.steps, c.allow)
			got := strings.Join(append(problems, missing...), "\n")
			if c.want == nil {
				assert.Empty(t, got)
			}
			for _, w := range c.want {
				assert.Contains(t, got, w)
			}
		})
	}
}

func TestOneOfTwoDeploysRunsAndTheOtherLearnsWhoDoes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	free := make(chan struct{})
	r.boxes.Slow = func() { <-free }
	r.configure("prod", "boxes: [slow]", "colour: red", "shape: cube")
	type ended struct {
		d   *Deployment
		err error
	}
	both := make(chan ended, 2)
	for _, name := range []string{"alice", "bob"} {
		go func() {
			d, err := r.Deploy(context.Background(), "prod", Options{By: lease.Holder{Actor: name, Run: "https://ci/" + name}})
			both <- ended{d, err}
		}()
	}
	loser := <-both
	require.ErrorIs(t, loser.err, automation.ErrLocked)
	require.ErrorIs(t, loser.err, lease.ErrHeld)
	var held *lease.HeldError
	require.ErrorAs(t, loser.err, &held)
	assert.ErrorContains(t, loser.err, "is held by "+held.Record.Holder.Actor)
	assert.ErrorContains(t, loser.err, "https://ci/"+held.Record.Holder.Actor)
	assert.Equal(t, Refused, loser.d.Outcome)
	assert.Nil(t, loser.d.Record)
	<-r.boxes.Created
	close(free)
	winner := <-both
	require.NoError(t, winner.err)
	records := r.records()
	require.Len(t, records, 1)
	assert.Equal(t, held.Record.Holder.Actor, records[0].Actor)
	r.free()
}

func TestADeployCanWaitForTheLeaseOfAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b, err := r.StateBackend(t.Context(), "prod")
	require.NoError(t, err)
	l, err := lease.Acquire(t.Context(), b.Store, b.Stack, lease.Holder{Actor: "alice", Host: "laptop"}, lease.Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	o := Options{Lease: lease.Options{Wait: time.Minute, Waiting: func(lease.Record) { cancel() }}}
	d, err := r.Deploy(ctx, "prod", o)
	require.ErrorIs(t, err, automation.ErrCancelled)
	assert.Equal(t, Cancelled, d.Outcome)
	require.NoError(t, l.Err())

	var notes []string
	o.Lease.Waiting = nil
	o.OnEvent = func(e plan.Event) {
		if e.Stage != nil && e.Stage.Note != "" {
			notes = append(notes, e.Stage.Note)
			assert.NoError(t, l.Release(context.Background()))
		}
	}
	d, err = r.Deploy(t.Context(), "prod", o)
	require.NoError(t, err)
	assert.Equal(t, Deployed, d.Outcome)
	require.Len(t, notes, 1)
	assert.Contains(t, notes[0], "waiting for alice on laptop")
}

func TestACancelLetsTheRunningStepEndAndLeavesNothingLocked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.boxes.Slow = func() { time.Sleep(2 * time.Second) } // the interrupt comes in the middle
	r.configure("prod", "boxes: [slow]", "colour: red", "shape: cube")
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-r.boxes.Created; cancel() }()
	d, err := r.Deploy(ctx, "prod", Options{})
	require.ErrorIs(t, err, automation.ErrCancelled)
	assert.Equal(t, Cancelled, d.Outcome)
	n, err := r.Resources(t.Context(), "prod")
	require.NoError(t, err)
	assert.Equal(t, 1, n, "the box that was under way must be recorded")
	r.free()
	records := r.records()
	require.Len(t, records, 1)
	assert.Equal(t, history.Cancelled, records[0].Result)
	d, err = r.deploy(Options{})
	require.NoError(t, err)
	assert.NotEqual(t, Refused, d.Outcome)
}

func TestALostLeaseInterruptsTheEngine(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	broken := make(chan struct{})
	r.boxes.Slow = func() { <-broken; time.Sleep(2 * time.Second) } // twenty heartbeats to notice it
	r.configure("prod", "boxes: [slow]", "colour: red", "shape: cube")
	go func() {
		<-r.boxes.Created
		defer close(broken)
		_, err := r.BreakLease(context.Background(), "prod", lease.BreakOptions{Force: true, Reason: "to see what happens", By: lease.Holder{Actor: "mallory"}})
		assert.NoError(t, err)
	}()
	d, err := r.deploy(Options{Lease: lease.Options{TTL: time.Minute, Heartbeat: 100 * time.Millisecond}})
	require.ErrorIs(t, err, automation.ErrLeaseLost)
	require.ErrorIs(t, err, lease.ErrLost)
	assert.NotErrorIs(t, err, automation.ErrCancelled)
	assert.ErrorContains(t, err, "was broken")
	assert.Equal(t, NotDeployed, d.Outcome)
	r.free()
	assert.Equal(t, "lease-lost", r.records()[0].Failure.Kind)
	n, err := r.Resources(t.Context(), "prod")
	require.NoError(t, err)
	assert.Equal(t, 1, n, "the box that was under way must be recorded")
}

func TestAFailedDeployIsRecordedWithoutWhatTheCloudSaid(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.configure("prod", "boxes: [a, heavy]", "colour: red", "shape: cube")
	d, err := r.deploy(Options{})
	require.ErrorIs(t, err, automation.ErrProvider)
	assert.Equal(t, NotDeployed, d.Outcome)
	got := r.records()[0]
	assert.Equal(t, history.Failed, got.Result)
	assert.Equal(t, "provider", got.Failure.Kind)
	require.Len(t, got.Failure.Resources, 1)
	assert.Contains(t, got.Failure.Resources[0], "Box::heavy")
	r.free()
}

func TestADeployThatDoesNotSettleSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	// Drift that the update does not look for.
	r.boxes.Paint("b", "pink")
	r.configure("prod", "boxes: [a, b, c]", "colour: red", "shape: cube")
	d, err := r.deploy(Options{})
	require.ErrorIs(t, err, automation.ErrUnsettled)
	assert.ErrorContains(t, err, "drift: update fake:index:Box b")
	assert.Equal(t, Unsettled, d.Outcome)
	assert.NotNil(t, d.Up)
	assert.Equal(t, "unsettled", r.records()[0].Failure.Kind)
	d, err = r.deploy(Options{Refresh: true})
	require.NoError(t, err)
	assert.Equal(t, Deployed, d.Outcome)
}

func TestEnvironmentsAreDeployedOwnersFirstAndAFailureStopsTheRest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	order, err := r.Order("stg", "prod", "dev")
	require.NoError(t, err)
	assert.Equal(t, []string{"dev", "stg", "prod"}, order)
	order, err = r.Order("prod", "stg")
	require.NoError(t, err)
	assert.Equal(t, []string{"stg", "prod"}, order, "cluster by cluster, also where the owner is not deployed")

	r.configure("dev", "boxes: [heavy]", "colour: red", "shape: cube")
	all, err := r.DeployAll(t.Context(), []string{"stg", "dev"}, func(string) Options { return Options{} })
	require.ErrorIs(t, err, automation.ErrProvider)
	require.Len(t, all, 2)
	assert.Equal(t, NotDeployed, all[0].Outcome)
	assert.Equal(t, []any{"stg", Skipped}, []any{all[1].Stack, all[1].Outcome})
	assert.Zero(t, r.boxes.Count())

	_, err = r.DeployAll(t.Context(), []string{"stg", "dev"}, func(env string) Options {
		if env == "stg" {
			return Options{Approved: "short"}
		}
		return Options{}
	})
	require.ErrorIs(t, err, automation.ErrInvalid, "what is wrong with the second is told before the first is begun")
	_, err = r.DeployAll(t.Context(), []string{"nowhere"}, nil)
	require.ErrorIs(t, err, automation.ErrInvalid)
}

func TestADeployThatOnlyPublishesSomethingElseIsCarriedOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	r.configure("prod", "boxes: [a, b]", "colour: red", "shape: cube", "motto: new")
	d, err := r.deploy(Options{})
	require.NoError(t, err)
	assert.Equal(t, Deployed, d.Outcome)
	out, err := r.Outputs(t.Context(), "prod")
	require.NoError(t, err)
	assert.Equal(t, "new", out["motto"])
	again := r.plan("prod")
	assert.False(t, again.Result.OutputsChange)
}

func TestErrorsHaveShortKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		kind   string
		result history.Result
	}{
		{&automation.Error{Kind: automation.ErrStale}, "stale", history.Refused},
		{&automation.Error{Kind: automation.ErrRefused}, "gate", history.Refused},
		{&automation.Error{Kind: automation.ErrLocked}, "locked", history.Refused},
		{&automation.Error{Kind: automation.ErrPending}, "pending", history.Refused},
		{(&automation.Error{Kind: automation.ErrLeaseLost}).Because(context.Canceled), "lease-lost", history.Failed},
		{&automation.Error{Kind: automation.ErrCancelled}, "cancelled", history.Cancelled},
		{errors.New("boom"), "engine", history.Failed},
	} {
		assert.Equal(t, c.kind, kindOf(c.err))
		assert.Equal(t, c.result, resultOf(c.err), c.kind)
	}
}
