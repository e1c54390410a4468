package lease_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/storetest"
)

// broken returns what is kept of the leases that were broken.
func broken(t *testing.T, store statestore.Store) []lease.Broken {
	t.Helper()
	keys, err := store.List(t.Context(), brokenDir)
	if err != nil {
		t.Fatal(err)
	}
	var out []lease.Broken
	for _, key := range keys {
		o, err := store.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		var b lease.Broken
		if err := json.Unmarshal(o.Data, &b); err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

func TestALeaseOfAKilledProcessIsBrokenWithProofAndOnlyThen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := statestore.Open(t.Context(), "file://"+dir)
	if err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, "file://"+dir)
	if err := p.take("dev"); err != nil {
		t.Fatal(err)
	}
	if got := p.result(t); got != "won" {
		t.Fatal(got)
	}
	_, err = lease.Break(t.Context(), store, dev, lease.BreakOptions{By: bob})
	if !errors.Is(err, lease.ErrHeld) || !strings.Contains(err.Error(), "cannot be proven dead") {
		t.Fatalf("while it lives: %v", err)
	}
	if r, err := lease.Read(t.Context(), store, dev); err != nil || r.Dead != "" || r.Holder.Process.PID != p.Process.Pid {
		t.Fatalf("while it lives: %+v, %v", r, err)
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// Until its parent asks, it is a zombie.
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) {
		r, err := lease.Read(t.Context(), store, dev)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(r.Dead, "has ended") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a zombie is not proven dead: %+v", r)
		}
	}
	if err := p.Wait(); err == nil {
		t.Fatal("it was not killed")
	}
	if _, err := lease.Acquire(t.Context(), store, dev, bob, lease.Options{}); !errors.Is(err, lease.ErrHeld) || !strings.Contains(err.Error(), "can be broken: there is no process") {
		t.Fatalf("taking it: %v", err)
	}
	b, err := lease.Break(t.Context(), store, dev, lease.BreakOptions{By: bob})
	if err != nil {
		t.Fatal(err)
	}
	if b.Forced || !strings.Contains(b.Proof, "there is no process") || b.Record.Holder.Actor != "child" || b.By.Actor != "bob" {
		t.Errorf("broke %+v", b)
	}
	if kept := broken(t, store); len(kept) != 1 || kept[0].Proof != b.Proof || kept[0].Record.ID != b.Record.ID {
		t.Errorf("kept %+v", kept)
	}
	acquire(t, store, bob, lease.Options{})
}

func TestAProcessNumberProvesNothingElsewhere(t *testing.T) {
	t.Parallel()
	k := &storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}
	store := k.Open(t)
	own := acquire(t, store, alice, lease.Options{Clock: k.Clock})
	process := own.Record().Holder.Process
	if err := own.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if process.Machine == "" || process.Start == "" {
		t.Fatalf("this process is not identified: %+v", process)
	}
	const none = 1 << 30 // above what Linux and macOS hand out
	for name, c := range map[string]struct {
		process lease.Process
		proof   string
	}{
		"alive":                          {process, ""},
		"a number that nobody has":       {lease.Process{Machine: process.Machine, PID: none, Start: "1"}, "there is no process"},
		"a number that was handed on":    {lease.Process{Machine: process.Machine, PID: process.PID, Start: "1"}, "a different process"},
		"another machine":                {lease.Process{Machine: "another", PID: none, Start: "1"}, ""},
		"an unknown machine":             {lease.Process{PID: none, Start: "1"}, ""},
		"a process without a start time": {lease.Process{Machine: process.Machine, PID: none}, ""},
	} {
		l, err := lease.Acquire(t.Context(), store, dev, lease.Holder{Actor: name, Host: own.Record().Holder.Host, Process: c.process}, lease.Options{Clock: k.Clock})
		if err != nil {
			t.Fatal(err)
		}
		r, err := lease.Read(t.Context(), store, dev)
		if err != nil || (r.Dead == "") != (c.proof == "") || !strings.Contains(r.Dead, c.proof) {
			t.Errorf("%s: %q, %v", name, r.Dead, err)
		}
		if err := l.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestForceNeedsAReasonAndBothAreKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		store := k.Open(t)
		l := acquire(t, store, alice, lease.Options{Clock: k.Clock})
		for _, reason := range []string{"", "  "} {
			if _, err := lease.Break(t.Context(), store, dev, lease.BreakOptions{Force: true, Reason: reason, Clock: k.Clock}); !errors.Is(err, lease.ErrNoReason) {
				t.Errorf("reason %q: %v", reason, err)
			}
		}
		if _, err := lease.Break(t.Context(), store, dev, lease.BreakOptions{Reason: "no force", Clock: k.Clock}); !errors.Is(err, lease.ErrHeld) {
			t.Errorf("without force: %v", err)
		}
		if _, err := lease.Break(t.Context(), store, dev, lease.BreakOptions{Force: true, Reason: "x", ID: "another", Clock: k.Clock}); !errors.Is(err, lease.ErrHeld) {
			t.Errorf("another lease: %v", err)
		}
		if kept := broken(t, store); len(kept) != 0 || l.Err() != nil {
			t.Fatalf("refused, and yet: %+v, %v", kept, l.Err())
		}
		b, err := lease.Break(t.Context(), store, dev, lease.BreakOptions{
			Force: true, Reason: "the runner was deleted", ID: l.Record().ID, By: bob, Clock: k.Clock,
		})
		if err != nil || !b.Forced || b.Proof != "" {
			t.Fatalf("%+v, %v", b, err)
		}
		kept := broken(t, store)
		if len(kept) != 1 || kept[0].Reason != "the runner was deleted" || !kept[0].Forced || kept[0].By.Actor != "bob" ||
			kept[0].Record.Holder.Run != alice.Run || !kept[0].Time.Equal(k.Clock.Now()) {
			t.Errorf("kept %+v", kept)
		}
		if _, err := lease.Break(t.Context(), store, dev, lease.BreakOptions{Clock: k.Clock}); !errors.Is(err, lease.ErrNotHeld) {
			t.Errorf("breaking nothing: %v", err)
		}
		// The holder that lives finds out.
		k.Clock.Await(t, 30*time.Second)
		k.Clock.Advance(30 * time.Second)
		await(t, "the loss", l.Done())
		if err := l.Err(); !errors.Is(err, lease.ErrLost) || !strings.Contains(err.Error(), "was broken") {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnExpiredLeaseIsBrokenWithoutForce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		abandon(t, k, alice)
		k.Clock.Advance(3 * time.Minute)
		b, err := lease.Break(t.Context(), k.Open(t), dev, lease.BreakOptions{Clock: k.Clock})
		if err != nil || b.Forced || !strings.Contains(b.Proof, "expired at 2026-03-01 09:02:00 UTC") {
			t.Errorf("%+v, %v", b, err)
		}
	})
}

func TestALeaseThatIsRenewedWhileItIsBrokenStays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		l := acquire(t, k.Open(t), alice, lease.Options{Clock: k.Clock})
		store := &faulty{Store: k.Open(t)}
		meddle := func(key string, remove func() error) error {
			if key == devKey {
				beat(t, k.Clock)
			}
			return remove()
		}
		store.remove.Store(&meddle)
		if _, err := lease.Break(t.Context(), store, dev, lease.BreakOptions{Force: true, Reason: "x", Clock: k.Clock}); !errors.Is(err, statestore.ErrConflict) {
			t.Errorf("got %v", err)
		}
		if kept := broken(t, store); len(kept) != 0 {
			t.Errorf("kept %+v", kept)
		}
		if err := l.Release(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestARecordThatCannotBeUnderstoodIsKeptAsItIsWhenItIsBroken(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		store := k.Open(t)
		if _, err := store.Put(t.Context(), devKey, []byte("garbage")); err != nil {
			t.Fatal(err)
		}
		if _, err := lease.Break(t.Context(), store, dev, lease.BreakOptions{Clock: k.Clock}); !errors.Is(err, lease.ErrUnreadable) {
			t.Errorf("without force: %v", err)
		}
		b, err := lease.Break(t.Context(), store, dev, lease.BreakOptions{Force: true, Reason: "damaged", Clock: k.Clock})
		if err != nil || b.Unreadable != "garbage" {
			t.Errorf("%+v, %v", b, err)
		}
		acquire(t, store, bob, lease.Options{Clock: k.Clock})
	})
}

func TestWhatIsKeptOfABrokenLeaseHasNoCredential(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2"
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		store := k.Open(t)
		who := lease.Holder{Actor: "bot password=" + secret, Run: "https://ci:" + secret + "@ci.example.com/7?token=" + secret, Commit: "token=" + secret}
		for _, garbage := range []string{"", `{"run": "https://ci:` + secret + `@ci.example.com"`} {
			if garbage == "" {
				acquire(t, store, who, lease.Options{Clock: k.Clock})
			} else if _, err := store.Put(t.Context(), devKey, []byte(garbage)); err != nil {
				t.Fatal(err)
			}
			o, err := store.Get(t.Context(), devKey)
			if err != nil || garbage == "" && strings.Contains(string(o.Data), secret) {
				t.Errorf("the lease has %s, %v", o.Data, err)
			}
			if _, err := lease.Break(t.Context(), store, dev, lease.BreakOptions{Force: true, Reason: "password=" + secret, By: who, Clock: k.Clock}); err != nil {
				t.Fatal(err)
			}
			k.Clock.Advance(time.Second) // the next one has another name
		}
		keys, err := store.List(t.Context(), brokenDir)
		if err != nil || len(keys) != 2 {
			t.Fatalf("%v, %v", keys, err)
		}
		for _, key := range keys {
			o, err := store.Get(t.Context(), key)
			if err != nil || strings.Contains(string(o.Data), secret) || !strings.Contains(string(o.Data), "[masked]") {
				t.Errorf("%s has %s, %v", key, o.Data, err)
			}
		}
	})
}
