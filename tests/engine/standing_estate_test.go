package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// stood is an estate that was brought up once, for all tests that begin with one that stands: each copies it.
type stood struct {
	dir      string                  // the rehearsal's, closed
	results  map[string]*plan.Result // of the updates that created the environments
	joins    []string                // the plan of stg, when dev stood and stg did not
	timeline []rehearsal.Operation
}

// places are directories that the tests share, which TestMain removes.
var places struct {
	sync.Mutex
	dirs []string
}

func place() (string, error) {
	dir, err := os.MkdirTemp("", "engine-test-")
	if err == nil {
		places.Lock()
		defer places.Unlock()
		places.dirs = append(places.dirs, dir)
	}
	return dir, err
}

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // a quarter of the time in this process was the garbage collector's
	code := m.Run()
	for _, dir := range places.dirs {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// once brings something up for all tests, the first time that one asks for it. Only a test can find the CLI.
type once struct {
	sync.Once
	made *stood
	err  error
}

func (o *once) get(t *testing.T, build func(cli *pulumicli.Command) (*stood, error)) *stood {
	t.Helper()
	cli := clitest.Find(t)
	o.Do(func() { o.made, o.err = build(cli) })
	require.NoError(t, o.err)
	return o.made
}

var frozenOnce, unprotectedOnce once

// frozenStands is the frozen estate with all of its environments up: prod beside dev, and stg after that.
func frozenStands(t *testing.T) *stood {
	t.Helper()
	return frozenOnce.get(t, func(cli *pulumicli.Command) (*stood, error) {
		dir, err := place()
		if err != nil {
			return nil, err
		}
		out := &stood{dir: dir, results: map[string]*plan.Result{}}
		cloud, err := openRehearsal(rehearsal.Options{Dir: dir, Latency: slow{}})
		if err != nil {
			return nil, err
		}
		cloud.WriteStateAtEnd()
		p, err := automation.New(automation.Options{ProjectDir: estatetest.Dir(), Cloud: cloud, Command: cli})
		if err != nil {
			return nil, errors.Join(err, cloud.Close())
		}
		ctx := context.Background()
		var prodErr error
		var made *plan.Result
		var wg sync.WaitGroup
		wg.Go(func() { made, prodErr = p.Up(ctx, "prod", automation.UpOptions{}) })
		out.results["dev"], err = p.Up(ctx, "dev", automation.UpOptions{})
		if err == nil {
			out.joins, _, err = planLines(ctx, p, "stg")
		}
		if err == nil {
			out.results["stg"], err = p.Up(ctx, "stg", automation.UpOptions{})
		}
		wg.Wait()
		out.results["prod"] = made
		out.timeline = cloud.Cloud().Timeline()
		return out, errors.Join(err, prodErr, cloud.Close())
	})
}

// unprotectedStands is the frozen estate after an update of dev to what change says.
func unprotectedStands(t *testing.T) *stood {
	t.Helper()
	frozen := frozenStands(t)
	stackFiles := project(t, change())
	return unprotectedOnce.get(t, func(cli *pulumicli.Command) (*stood, error) {
		dir, err := place()
		if err != nil {
			return nil, err
		}
		if err := os.CopyFS(dir, os.DirFS(frozen.dir)); err != nil {
			return nil, err
		}
		cloud, err := openRehearsal(rehearsal.Options{Dir: dir})
		if err != nil {
			return nil, err
		}
		cloud.WriteStateAtEnd()
		p, err := automation.New(automation.Options{ProjectDir: stackFiles, Cloud: cloud, Command: cli})
		if err == nil {
			_, err = p.Up(context.Background(), "dev", automation.UpOptions{})
		}
		return &stood{dir: dir}, errors.Join(err, cloud.Close())
	})
}

// copied is an estate of the test's own that stands as another does.
func (s *stood) copied(t *testing.T, changes edits) *estate {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "rehearsal")
	require.NoError(t, os.CopyFS(dir, os.DirFS(s.dir)))
	return openIn(t, dir, changes, rehearsal.Options{})
}
