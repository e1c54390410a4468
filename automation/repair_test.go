package automation

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
)

// lock writes a lock of Pulumi's as a killed run leaves it.
func (r *rig) lock(user, host string, pid int, since time.Time) string {
	r.t.Helper()
	dir := filepath.Join(r.cloud.(*Rehearsal).dir, "state", ".pulumi", "locks", "organization", "warehouse", "prod")
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
		d, err := r.deploy(DeployOptions{Repair: repair})
		require.ErrorIs(t, err, ErrLocked)
		assert.ErrorContains(t, err, "locked by carol@elsewhere (process 4711) since 2026-11-21 09:30:00 UTC; nothing proves from here")
		assert.ErrorContains(t, err, "platform repair prod --force --reason")
		assert.Equal(t, Refused, d.Outcome)
		assert.Nil(t, d.Plan, "it is told before anything is planned")
		assert.FileExists(t, file)
	}
	_, err := r.Repair(t.Context(), "prod", RepairOptions{})
	require.ErrorIs(t, err, ErrLocked)
	_, err = r.Repair(t.Context(), "prod", RepairOptions{Force: true, Reason: "  "})
	require.ErrorIs(t, err, ErrInvalid)
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
	_, err = r.deploy(DeployOptions{Repair: true})
	require.ErrorIs(t, err, ErrLocked)
	assert.ErrorContains(t, err, "is running on this machine")
	assert.FileExists(t, file)
	r.lock("erin", thisHost(t), noPID, time.Now())
	_, err = r.deploy(DeployOptions{})
	require.ErrorIs(t, err, ErrLocked)
	assert.ErrorContains(t, err, "it is stale: there is no process")
	assert.ErrorContains(t, err, "platform repair prod, or deploy with --repair")
	d, err := r.deploy(DeployOptions{Repair: true})
	require.NoError(t, err)
	require.Len(t, d.Repaired, 1)
	assert.Contains(t, d.Repaired[0], "removed the lock of erin@")
	assert.Equal(t, d.Repaired, r.records()[0].Repaired)
	r.free()
}

func TestAProcessThatStartedAfterTheLockIsAnotherOne(t *testing.T) {
	t.Parallel()
	assert.Empty(t, gone(os.Getpid(), time.Now()))
	assert.Contains(t, gone(os.Getpid(), time.Now().Add(-24*time.Hour)), "is another one, which started at")
	assert.Contains(t, gone(noPID, time.Now()), "there is no process")
}

func TestALockIsProvenStaleByTheLeaseUnderWhichItWasTaken(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	expired := func(host string) *lease.Record {
		return &lease.Record{Holder: lease.Holder{Actor: "ci", Host: host}, Acquired: at, Renewed: at.Add(8 * time.Minute), Expires: at.Add(10 * time.Minute), Expired: true}
	}
	held := expired("runner")
	held.Expired = false
	long := at.Add(10*time.Minute + pulumicli.Grace + time.Minute)
	host := thisHost(t)
	for _, c := range []struct {
		name  string
		lock  Lock
		local bool
		prior *lease.Record
		now   time.Time
		proof string
		doubt string
	}{
		{"longer than an engine lives", Lock{Host: "runner", PID: 1, Since: at.Add(time.Minute)}, false, expired("runner"), long, "which expired 31m0s ago", ""},
		{"not long enough", Lock{Host: "runner", PID: 1, Since: at.Add(time.Minute)}, false, expired("runner"), at.Add(20 * time.Minute), "", "is certain 30m0s after that"},
		{"taken before the lease", Lock{Host: "runner", PID: 1, Since: at.Add(-time.Minute)}, false, expired("runner"), long, "", "on another host"},
		{"taken after the lease", Lock{Host: "runner", PID: 1, Since: at.Add(time.Hour)}, false, expired("runner"), long, "", "on another host"},
		{"the lease of another host", Lock{Host: "runner", PID: 1, Since: at.Add(time.Minute)}, false, expired("other"), long, "", "on another host"},
		{"a lease that is held", Lock{Host: "runner", PID: 1, Since: at.Add(time.Minute)}, false, held, long, "", "on another host"},
		{"an equal name is no proof beside S3", Lock{Host: host, PID: noPID, Since: at}, false, nil, long, "", "no proof that it is this one"},
		{"a directory of this machine", Lock{Host: host, PID: noPID, Since: at}, true, nil, long, "there is no process", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := c.lock
			l.prove(c.local, c.prior, c.now)
			if c.proof == "" {
				assert.Empty(t, l.Proof)
			}
			assert.Contains(t, l.Proof, c.proof)
			assert.Contains(t, l.Doubt, c.doubt)
			assert.NotEqual(t, l.Proof == "", l.Doubt == "", "it is proven or in doubt")
		})
	}
}

// leave puts an operation into prod's state whose end nobody saw.
func (r *rig) leave(operation, typ, name string, inputs map[string]any) {
	r.t.Helper()
	file := filepath.Join(r.cloud.(*Rehearsal).dir, "state", ".pulumi", "stacks", "warehouse", "prod.json")
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
		d, err := r.deploy(DeployOptions{Repair: repair})
		require.ErrorIs(t, err, ErrPending)
		assert.ErrorContains(t, err, "creating fake:index:Box c was not seen to end")
		assert.ErrorContains(t, err, "--import 'urn:pulumi:prod::warehouse::fake:index:Box::c=ID'")
		assert.Equal(t, Refused, d.Outcome)
		assert.Nil(t, d.Plan)
	}
	assert.Equal(t, "pending", r.records()[0].Failure.Kind)
	_, err := r.Repair(t.Context(), "prod", RepairOptions{Clear: []string{boxType + " d"}})
	require.ErrorIs(t, err, ErrPending, "one is still undecided")
	assert.NotContains(t, err.Error(), "Box d")
	_, err = r.Repair(t.Context(), "prod", RepairOptions{Clear: []string{boxType + " e"}})
	require.ErrorIs(t, err, ErrInvalid)
	assert.ErrorContains(t, err, "is not being created")

	done, err := r.Repair(t.Context(), "prod", RepairOptions{
		Import: map[string]string{"urn:pulumi:prod::warehouse::fake:index:Box::c": "c"}, Clear: []string{boxType + " d"},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"took fake:index:Box c (c) into the state: it exists", "forgot the creation of fake:index:Box d"}, done.Done)
	r.free()
	d, err := r.deploy(DeployOptions{})
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
	assert.Equal(t, []string{"forgot the creation of fake:index:Box c: the cloud knows no c"}, done.Done)
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
		files, _ := filepath.Glob(filepath.Join(r.cloud.(*Rehearsal).dir, "state", ".pulumi", "locks", "organization", "warehouse", "prod", "*.json"))
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
	d, err := r.deploy(DeployOptions{})
	require.ErrorIs(t, err, ErrEngine)
	assert.ErrorContains(t, err, "the engine was killed before it could save the state and let go of its lock")
	assert.Equal(t, NotDeployed, d.Outcome)
	assert.Equal(t, "engine", r.records()[0].Failure.Kind)
	_, err = r.Lease(t.Context(), "prod")
	require.ErrorIs(t, err, lease.ErrNotHeld)

	_, err = r.deploy(DeployOptions{})
	require.ErrorIs(t, err, ErrLocked)
	assert.ErrorContains(t, err, "it is stale: ")
	assert.ErrorContains(t, err, "creating fake:index:Box slow was not seen to end")
	done, err := r.Repair(t.Context(), "prod", RepairOptions{Import: map[string]string{boxType + " slow": "slow"}})
	require.NoError(t, err)
	require.Len(t, done.Done, 2)
	assert.Contains(t, done.Done[0], "removed the lock of ")
	assert.Equal(t, "took fake:index:Box slow (slow) into the state: it exists", done.Done[1])
	d, err = r.deploy(DeployOptions{})
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

	_, err := r.deploy(DeployOptions{})
	require.ErrorIs(t, err, ErrPending)
	assert.ErrorContains(t, err, "deploy with --repair")
	d, err := r.deploy(DeployOptions{Repair: true})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"read fake:index:Box a, whose update was not seen to end", "found that fake:index:Box b is gone, whose deletion was not seen to end",
	}, d.Repaired)
	assert.Nil(t, d.Plan.Result.Drift)
	r.free()
}

func TestTheRemedyOfACreationIsWhatCannotMakeADouble(t *testing.T) {
	t.Parallel()
	s := &state{resources: []record{{URN: "urn:pulumi:prod::p::aws:iam/role:Role::old"}}}
	for _, c := range []struct {
		typ, name string
		inputs    map[string]any
		id        string
		want      Remedy
	}{
		{"aws:eks/nodeGroup:NodeGroup", "n", map[string]any{"clusterName": "prod", "nodeGroupName": "sys"}, "prod:sys", RemedyAdopt},
		{"aws:iam/role:Role", "r", map[string]any{"name": "r-1234567"}, "r-1234567", RemedyAdopt},
		{"aws:iam/role:Role", "old", map[string]any{"name": "r-1234567"}, "", RemedyDecide},
		{"aws:eks/nodeGroup:NodeGroup", "n", map[string]any{"clusterName": "prod"}, "", RemedyDecide},
		{"kubernetes:core/v1:ConfigMap", "c", map[string]any{"metadata": map[string]any{"namespace": "ns", "name": "cm"}}, "ns/cm", RemedyAdopt},
		{"kubernetes:core/v1:Namespace", "c", map[string]any{"metadata": map[string]any{"name": "ns"}}, "ns", RemedyAdopt},
		{"kubernetes:helm.sh/v3:Release", "c", map[string]any{"namespace": "ns", "name": "rel"}, "ns/rel", RemedyAdopt},
		{"aws:ec2/route:Route", "r", nil, "", RemedyClear},
		{"aws:ec2/securityGroup:SecurityGroup", "r", map[string]any{"name": "sg"}, "", RemedyClear},
		{"aws:ec2/securityGroup:SecurityGroup", "r", map[string]any{"name": "r-1234567", "__defaults": []any{"name"}}, "", RemedyDecide},
		{"aws:ec2/launchTemplate:LaunchTemplate", "r", map[string]any{"name": "lt", "__defaults": []any{"updateDefaultVersion"}}, "", RemedyClear},
		{"aws:ec2/launchTemplate:LaunchTemplate", "r", map[string]any{"name": "r-1234567", "__defaults": []any{"name"}}, "", RemedyDecide},
		{"aws:iam/policy:Policy", "r", map[string]any{"name": "r-1234567", "__defaults": []any{"name"}}, "", RemedyDecide},
		{"aws:iam/role:Role", "r", map[string]any{"name": "r-1234567", "__defaults": []any{"name"}}, "r-1234567", RemedyAdopt},
		{"aws:ec2/natGateway:NatGateway", "n", map[string]any{"subnetId": "s"}, "", RemedyDecide},
		{"aws:ec2/vpc:Vpc", "n", nil, "", RemedyDecide},
	} {
		var x pendingRecord
		x.Type, x.Resource.URN, x.Resource.Type, x.Resource.Inputs = "creating", "urn:pulumi:prod::p::"+c.typ+"::"+c.name, c.typ, c.inputs
		got := s.pendingOperation(x)
		assert.Equal(t, []any{c.want, c.id}, []any{got.Remedy, got.ID}, "%s %s", c.typ, c.name)
		x.Type = "updating"
		assert.Equal(t, RemedyRefresh, s.pendingOperation(x).Remedy)
	}
}

func TestTheLeaseOfADeadHolderIsBrokenOnlyWhenRepairsAreWanted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b, err := r.beside(t.Context(), "prod")
	require.NoError(t, err)
	// A lease of this machine whose process is gone: what a killed deploy leaves.
	l, err := lease.Acquire(t.Context(), b.store, b.stack, lease.Holder{Actor: "ghost"}, lease.Options{TTL: time.Hour})
	require.NoError(t, err)
	holder := l.Record().Holder
	require.NoError(t, l.Release(t.Context()))
	holder.Process.PID = noPID
	_, err = lease.Acquire(context.Background(), b.store, b.stack, holder, lease.Options{TTL: time.Hour})
	require.NoError(t, err)

	_, err = r.deploy(DeployOptions{})
	require.ErrorIs(t, err, ErrLocked)
	assert.ErrorContains(t, err, "is held by ghost on ")
	assert.ErrorContains(t, err, "break it with: platform repair prod, or deploy with --repair")
	d, err := r.deploy(DeployOptions{Repair: true})
	require.NoError(t, err)
	require.Len(t, d.Repaired, 1)
	assert.Contains(t, d.Repaired[0], "broke the lease of ghost on ")
	r.free()
	assert.Equal(t, history.Succeeded, r.records()[0].Result)
}

func TestALeaseThatIsHeldIsNotRepaired(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b, err := r.beside(t.Context(), "prod")
	require.NoError(t, err)
	l, err := lease.Acquire(t.Context(), b.store, b.stack, lease.Holder{Actor: "alice"}, lease.Options{})
	require.NoError(t, err)
	_, err = r.Repair(t.Context(), "prod", RepairOptions{})
	require.ErrorIs(t, err, ErrLocked)
	assert.ErrorContains(t, err, "alice")
	require.NoError(t, l.Err())
	_, err = r.Repair(t.Context(), "prod", RepairOptions{Force: true, Reason: "alice is on holiday"})
	require.NoError(t, err)
	assert.Equal(t, "alice is on holiday", r.records()[0].Reason)
	require.ErrorIs(t, l.Release(t.Context()), lease.ErrLost)
}

// elsewhere is a cloud whose backend keeps nothing beside the state.
type elsewhere struct {
	Cloud
	url string
}

func (e elsewhere) Backend() (string, error) { return e.url, nil }

func TestWithoutAPlaceForLeasesADeployGoesOnAndSaysSo(t *testing.T) {
	t.Parallel()
	for url, said := range map[string]string{"https://api.pulumi.com": "Pulumi Cloud locks it", "gs://bucket": "not in gs://"} {
		r := newRig(t)
		r.cloud = elsewhere{r.cloud, url}
		var notes []string
		d, err := r.deploy(DeployOptions{OnEvent: func(e Event) {
			if e.Stage != nil && e.Stage.Note != "" {
				notes = append(notes, e.Stage.Note)
			}
		}})
		require.NoError(t, err)
		assert.Contains(t, d.Unleased, said)
		assert.Equal(t, []string{d.Unleased}, notes)
		assert.Nil(t, d.Record)
		_, err = r.History(t.Context(), "prod", 0)
		require.ErrorIs(t, err, ErrNoStore)
		_, err = r.Lease(t.Context(), "prod")
		require.ErrorIs(t, err, ErrNoStore)
	}
}

func TestTheBackendIsTheOneThatTheCLIIsLoggedInTo(t *testing.T) {
	r := newRig(t)
	r.cloud = AWS
	dir := t.TempDir()
	t.Setenv("PULUMI_BACKEND_URL", "")
	t.Setenv("PULUMI_HOME", t.TempDir())
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, projectFile), []byte("name: warehouse\nruntime: go\nbackend:\n  url: file://"+dir+"\n"), 0o600))
	b, err := r.beside(t.Context(), "prod")
	require.NoError(t, err)
	assert.Equal(t, "file://"+dir+"/", b.where())
	assert.Equal(t, statestore.Stack{Project: "warehouse", Name: "prod"}, b.stack)

	other := t.TempDir()
	t.Setenv("PULUMI_BACKEND_URL", "file://"+other)
	b, err = r.beside(t.Context(), "prod")
	require.NoError(t, err)
	assert.Equal(t, "file://"+other+"/", b.where())
}
