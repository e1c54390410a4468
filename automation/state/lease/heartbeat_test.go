package lease_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/internal/storetest"
)

// beat lets a heartbeat happen and waits until it is done.
func beat(t *testing.T, c *storetest.Clock) {
	t.Helper()
	c.Await(t, 30*time.Second)
	c.Advance(30 * time.Second)
	c.Await(t, 30*time.Second)
}

func TestTheHeartbeatKeepsTheLease(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		l := acquire(t, k.Open(t), alice, lease.Options{Clock: k.Clock})
		nonces := map[string]bool{l.Record().Nonce: true}
		for range 12 {
			beat(t, k.Clock)
			if _, err := lease.Acquire(t.Context(), k.Open(t), dev, bob, lease.Options{Clock: k.Clock}); !errors.Is(err, lease.ErrHeld) {
				t.Fatalf("after %s: %v", k.Clock.Now().Sub(l.Record().Acquired), err)
			}
			nonces[l.Record().Nonce] = true
		}
		if len(nonces) != 13 {
			t.Errorf("13 writes had %d nonces", len(nonces))
		}
		r, err := lease.Read(t.Context(), k.Open(t), dev)
		if err != nil || !r.Renewed.Equal(k.Clock.Now()) || r.Acquired.Equal(r.Renewed) || l.Err() != nil || l.Context().Err() != nil {
			t.Errorf("%+v, %v, %v", r, err, l.Err())
		}
		if err := l.Release(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestTheHeartbeatOutlivesTheContextOfTheDeploy(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		ctx, cancel := context.WithCancel(t.Context())
		l, err := lease.Acquire(ctx, k.Open(t), dev, alice, lease.Options{Clock: k.Clock})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		<-l.Context().Done()
		for range 6 {
			beat(t, k.Clock)
		}
		select {
		case <-l.Done():
			t.Fatal("the lease ended with the context")
		default:
		}
		if r, err := lease.Read(t.Context(), k.Open(t), dev); err != nil || r.Expired {
			t.Errorf("%+v, %v", r, err)
		}
		if err := l.Release(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestALeaseThatCannotBeRenewedIsLostWhenItExpires(t *testing.T) {
	t.Parallel()
	k := &storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}
	store := &faulty{Store: k.Open(t)}
	l := acquire(t, store, alice, lease.Options{Clock: k.Clock})
	beat(t, k.Clock)
	down := func(context.Context, func() (string, error)) (string, error) { return "", errDown }
	store.replace.Store(&down)
	renewed := k.Clock.Now()
	k.Clock.Await(t, 30*time.Second)
	k.Clock.Advance(30 * time.Second)
	// It tries more often now.
	for k.Clock.Now().Before(renewed.Add(2*time.Minute - 8*time.Second)) {
		k.Clock.AwaitUpTo(t, 7500*time.Millisecond)
		if l.Err() != nil || l.Context().Err() != nil {
			t.Fatalf("lost after %s: %v", k.Clock.Now().Sub(renewed), l.Err())
		}
		k.Clock.Advance(7500 * time.Millisecond)
	}
	k.Clock.AwaitUpTo(t, 7500*time.Millisecond)
	k.Clock.Advance(7500 * time.Millisecond)
	await(t, "the loss", l.Done())
	if err := l.Err(); !errors.Is(err, lease.ErrLost) || k.Clock.Now().Sub(renewed) != 2*time.Minute {
		t.Errorf("after %s: %v", k.Clock.Now().Sub(renewed), err)
	}
	// Nobody took it: the release still cleans up, and says that the protection had ended.
	if err := l.Release(t.Context()); !errors.Is(err, lease.ErrLost) {
		t.Errorf("released with %v", err)
	}
	if _, err := lease.Read(t.Context(), store, dev); !errors.Is(err, lease.ErrNotHeld) {
		t.Errorf("left behind: %v", err)
	}
}

func TestAShortOutageOfTheStoreIsSurvived(t *testing.T) {
	t.Parallel()
	k := &storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}
	store := &faulty{Store: k.Open(t)}
	l := acquire(t, store, alice, lease.Options{Clock: k.Clock})
	down := func(context.Context, func() (string, error)) (string, error) { return "", errDown }
	store.replace.Store(&down)
	k.Clock.Await(t, 30*time.Second)
	k.Clock.Advance(30 * time.Second)
	for range 8 {
		k.Clock.Await(t, 7500*time.Millisecond)
		k.Clock.Advance(7500 * time.Millisecond)
	}
	k.Clock.Await(t, 7500*time.Millisecond)
	store.replace.Store(nil)
	k.Clock.Advance(7500 * time.Millisecond)
	k.Clock.Await(t, 30*time.Second)
	if r := l.Record(); l.Err() != nil || !r.Expires.Equal(k.Clock.Now().Add(2*time.Minute)) {
		t.Errorf("%+v, %v", r, l.Err())
	}
}

func TestAStoreThatNeverAnswersDoesNotHideTheLoss(t *testing.T) {
	t.Parallel()
	k := &storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}
	store := &faulty{Store: k.Open(t)}
	l := acquire(t, store, alice, lease.Options{Clock: k.Clock})
	gaveUp := make(chan struct{})
	hang := func(ctx context.Context, _ func() (string, error)) (string, error) {
		<-ctx.Done()
		close(gaveUp)
		return "", ctx.Err()
	}
	store.replace.Store(&hang)
	k.Clock.Await(t, 30*time.Second)
	k.Clock.Advance(30 * time.Second)
	k.Clock.Await(t, 90*time.Second)
	k.Clock.Advance(90 * time.Second)
	await(t, "the loss", l.Done())
	await(t, "the request to be given up", gaveUp)
	if err := l.Err(); !errors.Is(err, lease.ErrLost) || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("got %v", err)
	}
}

func TestAReleaseInTheMiddleOfAHeartbeatRemovesTheLease(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		store := &faulty{Store: k.Open(t)}
		l := acquire(t, store, alice, lease.Options{Clock: k.Clock})
		reached := make(chan struct{})
		// The heartbeat is written, and its answer never comes.
		hang := func(ctx context.Context, write func() (string, error)) (string, error) {
			if _, err := write(); err != nil {
				t.Error(err)
			}
			close(reached)
			<-ctx.Done()
			return "", ctx.Err()
		}
		store.replace.Store(&hang)
		k.Clock.Await(t, 30*time.Second)
		k.Clock.Advance(30 * time.Second)
		await(t, "the heartbeat", reached)
		if err := l.Release(t.Context()); err != nil {
			t.Errorf("released with %v", err)
		}
		if _, err := lease.Read(t.Context(), store, dev); !errors.Is(err, lease.ErrNotHeld) {
			t.Errorf("left behind: %v", err)
		}
	})
}

func TestAHeartbeatWhoseAnswerGotLostIsRecognised(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		store := &faulty{Store: k.Open(t)}
		l := acquire(t, store, alice, lease.Options{Clock: k.Clock})
		lost := answerLost
		store.replace.Store(&lost)
		k.Clock.Await(t, 30*time.Second)
		k.Clock.Advance(30 * time.Second)
		k.Clock.Await(t, 7500*time.Millisecond)
		store.replace.Store(nil)
		k.Clock.Advance(7500 * time.Millisecond)
		k.Clock.Await(t, 30*time.Second)
		if l.Err() != nil || !l.Record().Renewed.Equal(k.Clock.Now()) {
			t.Errorf("%+v, %v", l.Record(), l.Err())
		}
		if err := l.Release(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAReleaseThatFailedCanBeRepeated(t *testing.T) {
	t.Parallel()
	k := &storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}
	store := &faulty{Store: k.Open(t)}
	l := acquire(t, store, alice, lease.Options{Clock: k.Clock})
	down := func(string, func() error) error { return errDown }
	store.remove.Store(&down)
	if err := l.Release(t.Context()); !errors.Is(err, errDown) || errors.Is(err, lease.ErrLost) {
		t.Errorf("got %v", err)
	}
	store.remove.Store(nil)
	if err := l.Release(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
	if _, err := lease.Read(t.Context(), store, dev); !errors.Is(err, lease.ErrNotHeld) {
		t.Errorf("left behind: %v", err)
	}
}
