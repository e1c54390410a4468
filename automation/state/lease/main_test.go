package lease_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/storetest"
)

// childVar makes the test binary a process that takes leases; its value is the URL of the backend.
const childVar = "LEASE_TEST_BACKEND"

func TestMain(m *testing.M) {
	storetest.Credentials()
	if url := os.Getenv(childVar); url != "" {
		if err := child(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child takes the lease of every stack that it reads a name of, answers won, lost or what went wrong, and releases none.
func child(url string) error {
	ctx := context.Background()
	store, err := statestore.Open(ctx, url)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		_, err := lease.Acquire(ctx, store, statestore.Stack{Project: "eks-platform", Name: lines.Text()}, lease.Holder{Actor: "child"}, lease.Options{})
		answer := "won"
		if errors.Is(err, lease.ErrHeld) {
			answer = "lost"
		} else if err != nil {
			answer = strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Println(answer)
	}
	return lines.Err()
}

var dev = statestore.Stack{Project: "eks-platform", Name: "dev"}

const (
	devKey    = ".eks-platform/leases/eks-platform/dev.json"
	brokenDir = ".eks-platform/leases/eks-platform/dev.broken/"
)

var (
	alice = lease.Holder{Actor: "alice", Host: "runner-1", Run: "https://github.com/o/r/actions/runs/1", Commit: "0123abc"}
	bob   = lease.Holder{Actor: "bob", Host: "runner-2"}
)

// acquire takes the lease of dev and releases it at the end of the test.
func acquire(t *testing.T, store statestore.Store, who lease.Holder, opts lease.Options) *lease.Lease {
	t.Helper()
	l, err := lease.Acquire(t.Context(), store, dev, who, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Release(context.Background()) })
	return l
}

// abandon takes the lease of dev and never sends a heartbeat.
func abandon(t *testing.T, k *storetest.Kind, who lease.Holder) (*lease.Lease, *storetest.Clock) {
	t.Helper()
	stopped := storetest.NewClock()
	return acquire(t, k.Open(t), who, lease.Options{Clock: stopped}), stopped
}

// await waits for something that another goroutine is about to do.
func await(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(2 * time.Minute):
		t.Fatalf("waited in vain for %s", what)
	}
}

// faulty is a store that a test can disturb.
type faulty struct {
	statestore.Store
	// replace stands in for PutIfMatch, create for PutIfAbsent, remove for Delete; nil for nothing.
	replace, create atomic.Pointer[func(ctx context.Context, write func() (string, error)) (string, error)]
	remove          atomic.Pointer[func(key string, remove func() error) error]
	// timeless leaves the times out.
	timeless bool
}

func (f *faulty) Get(ctx context.Context, key string) (*statestore.Object, error) {
	o, err := f.Store.Get(ctx, key)
	if err == nil && f.timeless {
		o.Modified, o.Now = time.Time{}, time.Time{}
	}
	return o, err
}

func (f *faulty) PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error) {
	write := func() (string, error) { return f.Store.PutIfMatch(ctx, key, data, version) }
	if do := f.replace.Load(); do != nil {
		return (*do)(ctx, write)
	}
	return write()
}

func (f *faulty) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	write := func() (string, error) { return f.Store.PutIfAbsent(ctx, key, data) }
	if do := f.create.Load(); do != nil {
		return (*do)(ctx, write)
	}
	return write()
}

func (f *faulty) Delete(ctx context.Context, key, version string) error {
	remove := func() error { return f.Store.Delete(ctx, key, version) }
	if do := f.remove.Load(); do != nil {
		return (*do)(key, remove)
	}
	return remove()
}

// errDown is a store that cannot be reached.
var errDown = errors.New("connection refused")

// answerLost writes and then reports what a repeated request meets: its own object.
func answerLost(_ context.Context, write func() (string, error)) (string, error) {
	if _, err := write(); err != nil {
		return "", err
	}
	return "", statestore.ErrConflict
}
