//go:build unix

package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/deploy"
	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// What the test binary does as the process that is killed: the variables hold its project, the rehearsal's directory and
// the directory of the CLI.
const (
	victimProject   = "DEPLOY_TEST_PROJECT"
	victimRehearsal = "DEPLOY_TEST_REHEARSAL"
)

func init() {
	if os.Getenv(victimProject) != "" {
		if err := victim(os.Getenv(victimProject), os.Getenv(victimRehearsal)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// victim deploys dev in a cloud that makes the control plane and never answers. It says so on its standard output.
func victim(project, dir string) error {
	cloud, err := openRehearsal(rehearsal.Options{Dir: dir, Faults: []rehearsal.Fault{{
		Type: clusterType, Operation: rehearsal.Create, Kind: rehearsal.FaultKill, After: true,
		Kill: func() { fmt.Println("made"); select {} },
	}}})
	if err != nil {
		return err
	}
	command, err := pulumicli.Find(context.Background(), pulumicli.Options{})
	if err != nil {
		return err
	}
	p, err := automation.New(automation.Options{ProjectDir: project, Cloud: cloud, Command: command})
	if err != nil {
		return err
	}
	_, err = deploy.Run(context.Background(), p, "dev", deploy.Options{By: lease.Holder{Actor: "victim", Run: "https://ci/1"}})
	return err
}

// engineOf returns the process of the CLI that holds dev's lock.
func engineOf(t *testing.T, dir string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "state", ".pulumi", "locks", "organization", "eks-platform", "dev", "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var lock struct{ PID int }
	require.NoError(t, json.Unmarshal(raw, &lock))
	require.NotZero(t, lock.PID)
	return lock.PID
}

// settled waits until the control plane is all that the engine still waits for, by the state that it writes at every
// step, and the number of objects in the cloud's file has not changed for a moment.
func settled(t *testing.T, dir string) {
	t.Helper()
	file := filepath.Join(dir, "cloud.db")
	for same, last := 0, ""; same < 8; time.Sleep(250 * time.Millisecond) {
		info, err := os.Stat(file)
		require.NoError(t, err)
		now := fmt.Sprint(info.Size(), info.ModTime())
		if now == last && underWay(dir) == 1 {
			same++
		} else {
			same, last = 0, now
		}
	}
}

// underWay counts the operations on dev that the state says have begun and not ended; -1 when it is just being written.
func underWay(dir string) int {
	raw, err := os.ReadFile(filepath.Join(dir, "state", ".pulumi", "stacks", "eks-platform", "dev.json"))
	if err != nil {
		return -1
	}
	var file struct {
		Checkpoint struct {
			Latest struct {
				Pending []struct{} `json:"pending_operations"`
			}
		}
	}
	if json.Unmarshal(raw, &file) != nil {
		return -1
	}
	return len(file.Checkpoint.Latest.Pending)
}

func TestADeployThatIsKilledIsNamedAndRepairedByTheNext(t *testing.T) {
	t.Parallel()
	e := open(t, nil, rehearsal.Options{})
	dir := e.cloud.Dir()
	require.NoError(t, e.cloud.Close())

	deploying := exec.Command(os.Args[0])
	deploying.Env = append(os.Environ(), victimProject+"="+e.dir, victimRehearsal+"="+dir, "PATH="+filepath.Dir(e.cli.Path)+":"+os.Getenv("PATH"))
	deploying.Stderr = os.Stderr
	out, err := deploying.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, deploying.Start())
	said := make([]byte, 5)
	_, err = out.Read(said)
	require.NoError(t, err)
	require.Equal(t, "made\n", string(said))
	settled(t, dir)
	// Both at once, and neither can do anything about it: the deploy and the engine.
	require.NoError(t, syscall.Kill(engineOf(t, dir), syscall.SIGKILL))
	require.NoError(t, deploying.Process.Kill())
	_ = deploying.Wait()

	again, err := openRehearsal(rehearsal.Options{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, again.Close()) })
	e.cloud = again
	p := e.platform()

	_, err = deploy.Run(t.Context(), p, "dev", deploy.Options{})
	require.ErrorIs(t, err, automation.ErrLocked)
	assert.ErrorContains(t, err, "is held by victim on ")
	assert.ErrorContains(t, err, "https://ci/1")
	assert.ErrorContains(t, err, "its holder is dead")
	found, err := p.Inspect(t.Context(), "dev")
	require.NoError(t, err)
	require.Len(t, found.Locks, 1)
	assert.NotEmpty(t, found.Locks[0].Proof)
	require.Len(t, found.Pending, 1, "%v", found.Pending)
	assert.Equal(t, state.PendingOperation{
		Operation: "creating", URN: found.Pending[0].URN, Type: clusterType, Name: "nonprod-cluster", ID: "nonprod", Remedy: state.RemedyAdopt,
	}, found.Pending[0])

	d, err := deploy.Run(t.Context(), p, "dev", deploy.Options{Repair: true, By: lease.Holder{Actor: "next"}})
	require.NoError(t, err)
	assert.Equal(t, deploy.Deployed, d.Outcome)
	require.Len(t, d.Repaired, 3, "%v", d.Repaired)
	assert.Contains(t, d.Repaired[0], "broke the lease of victim")
	assert.Contains(t, d.Repaired[1], "removed the lock of ")
	assert.Equal(t, "imported aws:eks/cluster:Cluster nonprod-cluster (nonprod) into the state: it exists", d.Repaired[2])
	e.object(nonprod, clusterType, "nonprod") // one, and not two
	for _, s := range d.Up.Steps {
		assert.NotEqual(t, clusterType, s.Type, "the control plane stays as it is: %s %v", s.Op, s.DiffKeys)
	}
	found, err = p.Inspect(t.Context(), "dev")
	require.NoError(t, err)
	assert.True(t, found.Clean(), "%v", found.Lines())
	h, err := p.History(t.Context(), "dev", 0)
	require.NoError(t, err)
	require.Len(t, h.Records, 1, "a process that is killed records nothing, and one that finds a lease held has nothing to record")
	assert.Equal(t, history.Succeeded, h.Records[0].Result)
	assert.Equal(t, d.Repaired, h.Records[0].Repaired)

	replacesOnlyWhatIsNamed(t, e)
}

// replacesOnlyWhatIsNamed changes what cannot be changed in place, on the environment that stands.
func replacesOnlyWhatIsNamed(t *testing.T, e *estate) {
	t.Helper()
	e = e.with(t, edits{"dev": {"instanceTypes: [m6i.large]", "instanceTypes: [m6i.xlarge]"}})
	p := e.platform()
	before := e.object(nonprod, nodeGroupType, "dev-system-nodes").ID
	d, err := deploy.Run(t.Context(), p, "dev", deploy.Options{})
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.Equal(t, deploy.Refused, d.Outcome)
	var gate *deploy.GateError
	require.ErrorAs(t, err, &gate)
	require.Equal(t, []string{nodeGroupType + " dev-system-nodes"}, gate.Allowances)
	name := gate.Allowances[0]
	assert.Equal(t, before, e.object(nonprod, nodeGroupType, "dev-system-nodes").ID)

	_, err = deploy.Run(t.Context(), p, "dev", deploy.Options{Allow: []string{name, clusterType + " nonprod-cluster"}})
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.ErrorContains(t, err, "matches no critical resource that would be replaced or deleted")
	d, err = deploy.Run(t.Context(), p, "dev", deploy.Options{Allow: []string{name}})
	require.NoError(t, err)
	assert.Equal(t, deploy.Deployed, d.Outcome)
	assert.NotEqual(t, before, e.object(nonprod, nodeGroupType, "dev-system-nodes").ID)
	assert.Contains(t, d.Record.Destructive, history.Resource{Op: "replace", Type: nodeGroupType, Name: "dev-system-nodes", URN: d.Record.Destructive[0].URN})
	assert.Equal(t, []string{name}, d.Record.Allowances)
}
