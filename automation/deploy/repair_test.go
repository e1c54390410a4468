package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

// lock writes a lock of Pulumi's as a killed run leaves it.
func (r *rig) lock(user, host string, pid int, since time.Time) string {
	r.t.Helper()
	dir := filepath.Join(r.place, "state", ".pulumi", "locks", "organization", "warehouse", "prod")
	require.NoError(r.t, os.MkdirAll(dir, 0o700))
	raw, err := json.Marshal(map[string]any{"pid": pid, "username": user, "hostname": host, "timestamp": since})
	require.NoError(r.t, err)
	file := filepath.Join(dir, "0b4b3d1e.json")
	require.NoError(r.t, os.WriteFile(file, raw, 0o600))
	require.NoError(r.t, os.WriteFile(file+".attrs", []byte(`{"user.content_type":"application/json"}`), 0o600))
	return file
}

// thisHost is this machine's name.
func thisHost(t *testing.T) string {
	t.Helper()
	host, err := os.Hostname()
	require.NoError(t, err)
	return host
}

// noPID is above every process number that an operating system gives.
const noPID = 1 << 29

func TestALockNamesItsHolderAndGoesOnlyWithProofOrByForce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	r.configure("prod", "boxes: [a]", "colour: red", "shape: cube")
	since := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)

	// Somebody on another host: nothing is known of him, and repair does not guess.
	file := r.lock("carol", "elsewhere", 4711, since)
	for _, repair := range []bool{false, true} {
		d, err := r.deploy(Options{Repair: repair})
		require.ErrorIs(t, err, automation.ErrLocked)
		assert.ErrorContains(t, err, "locked by carol@elsewhere (process 4711) since 2026-11-21 09:30:00 UTC; its process cannot be proven gone from here")
		assert.Equal(t, Refused, d.Outcome)
		assert.Nil(t, d.Plan, "it is told before anything is planned")
		assert.FileExists(t, file)
	}
	_, err := r.Repair(t.Context(), "prod", RepairOptions{})
	require.ErrorIs(t, err, automation.ErrLocked)
	_, err = r.Repair(t.Context(), "prod", RepairOptions{Force: true, Reason: "  "})
	require.ErrorIs(t, err, automation.ErrInvalid)
	assert.FileExists(t, file)
	done, err := r.Repair(t.Context(), "prod", RepairOptions{Force: true, Reason: "carol has left", By: lease.Holder{Actor: "dave"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"removed the lock of carol@elsewhere (process 4711) by force"}, done.Done)
	assert.NoFileExists(t, file)
	assert.NoFileExists(t, file+".attrs")
	last := r.records()[0]
	assert.Equal(t, []string{"repair", "dave", "carol has left"}, []string{last.Operation, last.Actor, last.Reason})
	assert.Equal(t, done.Done, last.Repaired)
	r.free()

	// A process of this machine that is running, and one that is not.
	file = r.lock("erin", thisHost(t), os.Getpid(), time.Now())
	_, err = r.deploy(Options{Repair: true})
	require.ErrorIs(t, err, automation.ErrLocked)
	assert.ErrorContains(t, err, "is running on this machine")
	assert.FileExists(t, file)
	r.lock("erin", thisHost(t), noPID, time.Now())
	_, err = r.deploy(Options{})
	require.ErrorIs(t, err, automation.ErrLocked)
	assert.ErrorContains(t, err, "it is stale: there is no process")
	d, err := r.deploy(Options{Repair: true})
	require.NoError(t, err)
	require.Len(t, d.Repaired, 1)
	assert.Contains(t, d.Repaired[0], "removed the lock of erin@")
	assert.Equal(t, d.Repaired, r.records()[0].Repaired)
	r.free()
}

// leave puts an operation into prod's state whose end nobody saw.
func (r *rig) leave(operation, typ, name string, inputs map[string]any) {
	r.t.Helper()
	file := filepath.Join(r.place, "state", ".pulumi", "stacks", "warehouse", "prod.json")
	raw, err := os.ReadFile(file)
	require.NoError(r.t, err)
	var whole map[string]any
	require.NoError(r.t, json.Unmarshal(raw, &whole))
	latest := whole["checkpoint"].(map[string]any)["latest"].(map[string]any)
	var like map[string]any
	for _, x := range latest["resources"].([]any) {
		if x := x.(map[string]any); x["type"] == "fake:index:Box" {
			like = x
		}
	}
	x := map[string]any{}
	for k, v := range like {
		x[k] = v
	}
	x["urn"], x["type"], x["inputs"] = "urn:pulumi:prod::warehouse::"+typ+"::"+name, typ, inputs
	if operation == "creating" {
		delete(x, "id")
		delete(x, "outputs")
	}
	pending, _ := latest["pending_operations"].([]any)
	latest["pending_operations"] = append(pending, map[string]any{"resource": x, "type": operation})
	raw, err = json.Marshal(whole)
	require.NoError(r.t, err)
	require.NoError(r.t, os.WriteFile(file, raw, 0o600))
}

const boxType = "fake:index:Box"

func TestAnOperationThatWasNotSeenToEndIsResolvedBeforeADeploy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	red := map[string]any{"colour": "red", "shape": "cube"}
	// c exists, and the state does not know it; d was never made.
	r.boxes.Paint("c", "red")
	r.leave("creating", boxType, "c", red)
	r.leave("creating", boxType, "d", red)
	r.configure("prod", "boxes: [a, b, c, d]", "colour: red", "shape: cube")

	for _, repair := range []bool{false, true} {
		d, err := r.deploy(Options{Repair: repair})
		require.ErrorIs(t, err, automation.ErrPending)
		assert.ErrorContains(t, err, "creating fake:index:Box c was interrupted")
		assert.Equal(t, Refused, d.Outcome)
		assert.Nil(t, d.Plan)
	}
	assert.Equal(t, "pending", r.records()[0].Failure.Kind)
	_, err := r.Repair(t.Context(), "prod", RepairOptions{Clear: []string{boxType + " d"}})
	require.ErrorIs(t, err, automation.ErrPending, "one is still undecided")
	assert.NotContains(t, err.Error(), "Box d")
	_, err = r.Repair(t.Context(), "prod", RepairOptions{Clear: []string{boxType + " e"}})
	require.ErrorIs(t, err, automation.ErrInvalid)
	assert.ErrorContains(t, err, "its creation is not pending")

	done, err := r.Repair(t.Context(), "prod", RepairOptions{
		Import: map[string]string{"urn:pulumi:prod::warehouse::fake:index:Box::c": "c"}, Clear: []string{boxType + " d"},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"imported fake:index:Box c (c) into the state: it exists", "dropped the pending creation of fake:index:Box d"}, done.Done)
	r.free()
	d, err := r.deploy(Options{})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"d": "create"}, ops(d.Up), "c was taken in, and not made again")
}

func TestWhatIsImportedAndDoesNotExistIsForgotten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	r.leave("creating", boxType, "c", map[string]any{"colour": "red", "shape": "cube"})
	done, err := r.Repair(t.Context(), "prod", RepairOptions{Import: map[string]string{boxType + " c": "c"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"dropped the pending creation of fake:index:Box c: the cloud has no c"}, done.Done)
	r.free()
	n, err := r.Resources(t.Context(), "prod")
	require.NoError(t, err)
	assert.Equal(t, 2, n)
}

func TestAnEngineThatIsKilledIsNamedAtOnceAndByTheNextDeploy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	free := make(chan struct{})
	r.boxes.Slow = func() { <-free }
	r.configure("prod", "boxes: [slow]", "colour: red", "shape: cube")
	go func() {
		defer close(free) // the box is made, and nobody is there to hear of it
		<-r.boxes.Created
		files, _ := filepath.Glob(filepath.Join(r.place, "state", ".pulumi", "locks", "organization", "warehouse", "prod", "*.json"))
		var lock struct{ PID int }
		if assert.Len(t, files, 1) {
			raw, err := os.ReadFile(files[0])
			assert.NoError(t, err)
			assert.NoError(t, json.Unmarshal(raw, &lock))
			engine, err := os.FindProcess(lock.PID)
			assert.NoError(t, err)
			assert.NoError(t, engine.Kill())
		}
	}()
	d, err := r.deploy(Options{})
	require.ErrorIs(t, err, automation.ErrEngine)
	assert.ErrorContains(t, err, "the engine was killed before it could save the state and release its lock")
	assert.Equal(t, NotDeployed, d.Outcome)
	assert.Equal(t, "engine", r.records()[0].Failure.Kind)
	_, err = r.Lease(t.Context(), "prod")
	require.ErrorIs(t, err, lease.ErrNotHeld)

	_, err = r.deploy(Options{})
	require.ErrorIs(t, err, automation.ErrLocked)
	assert.ErrorContains(t, err, "it is stale: ")
	assert.ErrorContains(t, err, "creating fake:index:Box slow was interrupted")
	done, err := r.Repair(t.Context(), "prod", RepairOptions{Import: map[string]string{boxType + " slow": "slow"}})
	require.NoError(t, err)
	require.Len(t, done.Done, 2)
	assert.Contains(t, done.Done[0], "removed the lock of ")
	assert.Equal(t, "imported fake:index:Box slow (slow) into the state: it exists", done.Done[1])
	d, err = r.deploy(Options{})
	require.NoError(t, err)
	for _, s := range d.Plan.Result.Steps {
		assert.NotEqual(t, "slow", s.Name, "it is not made again: %s", s.Op)
	}
	r.free()
}

func TestAnUpdateAndADeletionThatWereNotSeenToEndAreRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	red := map[string]any{"colour": "red", "shape": "cube"}
	r.leave("updating", boxType, "a", red)
	r.leave("deleting", boxType, "b", red)
	r.boxes.Paint("a", "blue") // it happened
	r.boxes.Remove("b")        // so did this
	r.configure("prod", "boxes: [a]", "colour: blue", "shape: cube")

	_, err := r.deploy(Options{})
	require.ErrorIs(t, err, automation.ErrPending)
	d, err := r.deploy(Options{Repair: true})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"read fake:index:Box a, whose update was interrupted", "found that fake:index:Box b, whose deletion was interrupted, is gone",
	}, d.Repaired)
	assert.Nil(t, d.Plan.Result.Drift)
	r.free()
}

func TestTheLeaseOfADeadHolderIsBrokenOnlyWhenRepairsAreWanted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b, err := r.StateBackend(t.Context(), "prod")
	require.NoError(t, err)
	// A lease of this machine whose process is gone: what a killed deploy leaves.
	l, err := lease.Acquire(t.Context(), b.Store, b.Stack, lease.Holder{Actor: "ghost"}, lease.Options{TTL: time.Hour})
	require.NoError(t, err)
	holder := l.Record().Holder
	require.NoError(t, l.Release(t.Context()))
	holder.Process.PID = noPID
	_, err = lease.Acquire(context.Background(), b.Store, b.Stack, holder, lease.Options{TTL: time.Hour})
	require.NoError(t, err)

	_, err = r.deploy(Options{})
	require.ErrorIs(t, err, automation.ErrLocked)
	assert.ErrorContains(t, err, "is held by ghost on ")
	d, err := r.deploy(Options{Repair: true})
	require.NoError(t, err)
	require.Len(t, d.Repaired, 1)
	assert.Contains(t, d.Repaired[0], "broke the lease of ghost on ")
	r.free()
	assert.Equal(t, history.Succeeded, r.records()[0].Result)
}

func TestALeaseThatIsHeldIsNotRepaired(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b, err := r.StateBackend(t.Context(), "prod")
	require.NoError(t, err)
	l, err := lease.Acquire(t.Context(), b.Store, b.Stack, lease.Holder{Actor: "alice"}, lease.Options{})
	require.NoError(t, err)
	_, err = r.Repair(t.Context(), "prod", RepairOptions{})
	require.ErrorIs(t, err, automation.ErrLocked)
	assert.ErrorContains(t, err, "alice")
	require.NoError(t, l.Err())
	_, err = r.Repair(t.Context(), "prod", RepairOptions{Force: true, Reason: "alice is on holiday"})
	require.NoError(t, err)
	assert.Equal(t, "alice is on holiday", r.records()[0].Reason)
	require.ErrorIs(t, l.Release(t.Context()), lease.ErrLost)
}

// elsewhere is a cloud whose backend keeps nothing beside the state.
type elsewhere struct {
	automation.Cloud
	url string
}

func (e elsewhere) Backend() (string, error) { return e.url, nil }

func TestWithoutAPlaceForLeasesADeployGoesOnAndSaysSo(t *testing.T) {
	t.Parallel()
	for url, said := range map[string]string{"https://api.pulumi.com": "Pulumi Cloud itself locks it", "gs://bucket": "not in gs://"} {
		r := newRig(t)
		r.on(elsewhere{r.cloud, url})
		var notes []string
		d, err := r.deploy(Options{OnEvent: func(e plan.Event) {
			if e.Stage != nil && e.Stage.Note != "" {
				notes = append(notes, e.Stage.Note)
			}
		}})
		require.NoError(t, err)
		assert.Contains(t, d.Unleased, said)
		assert.Equal(t, []string{d.Unleased}, notes)
		assert.Nil(t, d.Record)
		_, err = r.History(t.Context(), "prod", 0)
		require.ErrorIs(t, err, automation.ErrNoStore)
		_, err = r.Lease(t.Context(), "prod")
		require.ErrorIs(t, err, automation.ErrNoStore)
	}
}

func TestAnIDIsThatOfOneResource(t *testing.T) {
	t.Parallel()
	exported := json.RawMessage(`{"resources":[{"urn":"urn:pulumi:prod::p::t:m:Box::a","type":"t:m:Box","id":"box-a"}]}`)
	box := func(name, id string) state.PendingOperation {
		return state.PendingOperation{Type: "t:m:Box", Name: name, ID: id}
	}
	for _, c := range []struct {
		adopted []state.PendingOperation
		want    []string
	}{
		{[]state.PendingOperation{box("c", "box-c"), box("d", "box-d")}, nil},
		{[]state.PendingOperation{box("c", "box-a")}, []string{"box-a is already t:m:Box a and cannot be c as well"}},
		{[]state.PendingOperation{box("c", "x"), box("d", "x")}, []string{"x is already t:m:Box c and cannot be d as well"}},
	} {
		got, err := twice(exported, c.adopted)
		require.NoError(t, err)
		assert.Equal(t, c.want, got)
	}
}

// TestWhoDeploysKeepsNoCredential holds what leases and the history keep of a person's own words.
func TestWhoDeploysKeepsNoCredential(t *testing.T) {
	t.Parallel()
	by := holder(lease.Holder{Actor: "bot password=hunter2", Run: "https://ci:hunter2@ci.example.com/7?token=hunter2", Commit: "token=hunter2hunter2"})
	assert.NotContains(t, fmt.Sprintf("%+v", by), "hunter2")
	assert.Contains(t, by.Run, "ci.example.com/7")
}

func TestALeaseThatCannotBeReadIsBrokenByForceAndOnlyThen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.up("prod")
	b, err := r.StateBackend(t.Context(), "prod")
	require.NoError(t, err)
	l, err := lease.Acquire(t.Context(), b.Store, b.Stack, lease.Holder{Actor: "alice"}, lease.Options{})
	require.NoError(t, err)
	keys, err := b.Store.List(t.Context(), "")
	require.NoError(t, err)
	damaged := 0
	for _, key := range keys {
		o, err := b.Store.Get(t.Context(), key)
		require.NoError(t, err)
		if strings.Contains(string(o.Data), l.Record().ID) {
			_, err = b.Store.Put(t.Context(), key, []byte("garbage"))
			require.NoError(t, err)
			damaged++
		}
	}
	require.Equal(t, 1, damaged)

	found, err := r.Inspect(t.Context(), "prod")
	require.NoError(t, err)
	assert.False(t, found.Clean())
	assert.Contains(t, strings.Join(found.Lines(), "\n"), "unreadable")
	_, err = r.deploy(Options{})
	require.ErrorIs(t, err, automation.ErrDamaged)
	_, err = r.Repair(t.Context(), "prod", RepairOptions{})
	require.ErrorIs(t, err, automation.ErrDamaged)
	require.ErrorIs(t, err, lease.ErrUnreadable)

	done, err := r.Repair(t.Context(), "prod", RepairOptions{Force: true, Reason: "nobody deploys"})
	require.NoError(t, err)
	assert.Equal(t, []string{"broke a lease that cannot be read, by force"}, done.Done)
	found, err = r.Inspect(t.Context(), "prod")
	require.NoError(t, err)
	assert.True(t, found.Clean(), "%v", found.Lines())
}
