package lease_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/storetest"
)

func TestALeaseIsHeldUntilItIsReleased(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		ctx, store := t.Context(), k.Open(t)
		if _, err := lease.Read(ctx, store, dev); !errors.Is(err, lease.ErrNotHeld) {
			t.Fatalf("before: %v", err)
		}
		l := acquire(t, store, alice, lease.Options{Clock: k.Clock})
		if keys, err := store.List(ctx, ".eks-platform/"); err != nil || len(keys) != 1 || keys[0] != devKey {
			t.Errorf("the lease is in %v, %v", keys, err)
		}
		_, err := lease.Acquire(ctx, k.Open(t), dev, bob, lease.Options{Clock: k.Clock})
		var held *lease.HeldError
		if !errors.Is(err, lease.ErrHeld) || !errors.As(err, &held) {
			t.Fatalf("a second one: %v", err)
		}
		if held.Record.ID != l.Record().ID || held.Record.Holder.Actor != "alice" || held.Record.Holder.Commit != "0123abc" {
			t.Errorf("it is held by %+v", held.Record)
		}
		want := fmt.Sprintf("the lease of eks-platform/dev is held by alice on runner-1 (process %d) since 2026-03-01 09:00:00 UTC, "+
			"until 2026-03-01 09:02:00 UTC unless it is renewed, run https://github.com/o/r/actions/runs/1", os.Getpid())
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
		prod := statestore.Stack{Project: "eks-platform", Name: "prod"}
		other, err := lease.Acquire(ctx, store, prod, bob, lease.Options{Clock: k.Clock})
		if err != nil {
			t.Fatalf("another stack: %v", err)
		}
		for _, l := range []*lease.Lease{other, l} {
			if err := l.Release(ctx); err != nil {
				t.Fatal(err)
			}
			if err := l.Release(ctx); err != nil {
				t.Errorf("released again: %v", err)
			}
			await(t, "the end of the lease", l.Done())
			if l.Err() != nil || l.Context().Err() == nil || errors.Is(context.Cause(l.Context()), lease.ErrLost) {
				t.Errorf("after the release: %v, %v", l.Err(), context.Cause(l.Context()))
			}
		}
		if keys, err := store.List(ctx, ".eks-platform/"); err != nil || len(keys) != 0 {
			t.Errorf("what is left: %v, %v", keys, err)
		}
		acquire(t, store, bob, lease.Options{Clock: k.Clock})
	})
}

func TestOneOfManyContendersGetsTheLease(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		var stores []statestore.Store
		for range 4 {
			stores = append(stores, k.Open(t))
		}
		for round := range 50 {
			if round%2 == 1 {
				// Every other round is about an expired one.
				abandon(t, k, alice)
				k.Clock.Advance(5 * time.Minute)
			}
			var winners []*lease.Lease
			var mu sync.Mutex
			var contenders sync.WaitGroup
			for c, store := range stores {
				contenders.Go(func() {
					l, err := lease.Acquire(t.Context(), store, dev, lease.Holder{Actor: fmt.Sprint("contender ", c)}, lease.Options{Clock: k.Clock})
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						winners = append(winners, l)
					} else if !errors.Is(err, lease.ErrHeld) {
						t.Error(err)
					}
				})
			}
			contenders.Wait()
			if len(winners) != 1 {
				t.Fatalf("round %d has %d winners", round, len(winners))
			}
			now, err := lease.Read(t.Context(), stores[0], dev)
			if err != nil || now.ID != winners[0].Record().ID || (now.TookOver != nil) != (round%2 == 1) {
				t.Fatalf("round %d: %+v, %v", round, now, err)
			}
			if err := winners[0].Release(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// process is a child that takes leases.
type process struct {
	*exec.Cmd
	ask    io.Writer
	answer *bufio.Reader
}

func startProcess(t *testing.T, url string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), os.Args[0])}
	p.Env = append(os.Environ(), childVar+"="+url)
	p.Stderr = os.Stderr
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() })
	p.ask, p.answer = in, bufio.NewReader(out)
	return p
}

// take has the process take a lease, and says what it answers.
func (p *process) take(stack string) error {
	_, err := fmt.Fprintln(p.ask, stack)
	return err
}

func (p *process) result(t *testing.T) string {
	t.Helper()
	line, err := p.answer.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestOneOfTwoProcessesGetsTheLease(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"in a directory": "file://" + t.TempDir(),
		"in S3":          storetest.NewS3(t, storetest.NewClock(), storetest.Behaviour{ConditionalDelete: true}).URL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both := []*process{startProcess(t, url), startProcess(t, url)}
			for round := range 50 {
				stack := fmt.Sprint("round-", round)
				for i := range both {
					if err := both[(i+round)%2].take(stack); err != nil {
						t.Fatal(err)
					}
				}
				got := ""
				for _, p := range both {
					got += p.result(t) + " "
				}
				if got != "won lost " && got != "lost won " {
					t.Fatalf("%s: %s", stack, got)
				}
			}
		})
	}
}

func TestAnExpiredLeaseIsTakenOverAndNotBefore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		old, aliceClock := abandon(t, k, alice)
		k.Clock.Advance(2*time.Minute + time.Second)
		if _, err := lease.Acquire(t.Context(), k.Open(t), dev, bob, lease.Options{Clock: k.Clock}); !errors.Is(err, lease.ErrHeld) {
			t.Fatalf("within the margin: %v", err)
		}
		k.Clock.Advance(2 * time.Second)
		if r, err := lease.Read(t.Context(), k.Open(t), dev); err != nil || !r.Expired {
			t.Errorf("it is not shown as expired: %+v, %v", r, err)
		}
		l := acquire(t, k.Open(t), bob, lease.Options{Clock: k.Clock})
		if before := l.Record().TookOver; before == nil || before.ID != old.Record().ID || before.Holder.Actor != "alice" {
			t.Errorf("took over %+v", before)
		}
		// Alice wakes up.
		aliceClock.Await(t, 30*time.Second)
		aliceClock.Advance(30 * time.Second)
		await(t, "the loss to be noticed", old.Done())
		if err := old.Err(); !errors.Is(err, lease.ErrLost) || !strings.Contains(err.Error(), "taken over by bob on runner-2") {
			t.Errorf("got %v", err)
		}
		if !errors.Is(context.Cause(old.Context()), lease.ErrLost) {
			t.Errorf("the cause is %v", context.Cause(old.Context()))
		}
		if err := old.Release(t.Context()); !errors.Is(err, lease.ErrLost) {
			t.Errorf("released with %v", err)
		}
		if r, err := lease.Read(t.Context(), k.Open(t), dev); err != nil || r.ID != l.Record().ID {
			t.Errorf("bob's lease was touched: %+v, %v", r, err)
		}
	})
}

func TestALossThatNoHeartbeatNoticedIsReportedByTheRelease(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		old, _ := abandon(t, k, alice)
		k.Clock.Advance(3 * time.Minute)
		l := acquire(t, k.Open(t), bob, lease.Options{Clock: k.Clock})
		if err := old.Release(t.Context()); !errors.Is(err, lease.ErrLost) {
			t.Errorf("got %v", err)
		}
		await(t, "the end of the lease", old.Done())
		if err := l.Release(t.Context()); err != nil {
			t.Errorf("bob's release: %v", err)
		}
	})
}

func TestOnlyTheStoresClockCounts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		fast, slow := storetest.NewClock(), storetest.NewClock()
		fast.Advance(5 * time.Hour)
		slow.Advance(-5 * time.Hour)
		acquire(t, k.Open(t), alice, lease.Options{Clock: slow})
		k.Clock.Advance(time.Minute)
		_, err := lease.Acquire(t.Context(), k.Open(t), dev, bob, lease.Options{Clock: fast})
		var held *lease.HeldError
		if !errors.As(err, &held) {
			t.Fatalf("a slow clock loses its lease: %v", err)
		}
		if want := k.Clock.Now().Add(time.Minute); !held.Record.Expires.Equal(want) {
			t.Errorf("expires %s, want %s", held.Record.Expires, want)
		}
		k.Clock.Advance(2 * time.Minute)
		acquire(t, k.Open(t), bob, lease.Options{Clock: slow})
	})
}

func TestWithoutAStoresClockAnUnchangedRecordExpires(t *testing.T) {
	t.Parallel()
	k := &storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}
	store := &faulty{Store: k.Open(t), timeless: true}
	first, aliceClock := abandon(t, k, alice)
	looks, got := make(chan struct{}), make(chan *lease.Lease, 1)
	go func() {
		l, err := lease.Acquire(t.Context(), store, dev, bob, lease.Options{
			Clock: k.Clock, Wait: time.Hour, Waiting: func(lease.Record) { looks <- struct{}{} },
		})
		if err != nil {
			t.Error(err)
		}
		got <- l
	}()
	// Bob looks at least every 10 s. Every look is over before the next thing happens.
	await(t, "the first look at the record", looks)
	pass := func() {
		k.Clock.AwaitUpTo(t, 10*time.Second)
		k.Clock.Advance(10 * time.Second)
	}
	unchanged := func(d time.Duration) {
		for range d / (10 * time.Second) {
			pass()
			await(t, "a look at the record", looks)
		}
	}
	unchanged(110 * time.Second)
	// A heartbeat in between starts the count again.
	aliceClock.Await(t, 30*time.Second)
	aliceClock.Advance(30 * time.Second)
	aliceClock.Await(t, 30*time.Second)
	unchanged(130 * time.Second)
	if r, err := lease.Read(t.Context(), store, dev); err != nil || r.ID != first.Record().ID {
		t.Fatalf("taken over before its time: %+v, %v", r, err)
	}
	pass()
	select {
	case l := <-got:
		if err := l.Release(t.Context()); err != nil {
			t.Error(err)
		}
	case <-looks:
		t.Error("not taken over after its time")
	}
}

func TestWhoWaitsGetsTheLeaseAfterTheRelease(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		l, _ := abandon(t, k, alice)
		seen, got := make(chan lease.Record, 100), make(chan *lease.Lease, 1)
		go func() {
			l, err := lease.Acquire(t.Context(), k.Open(t), dev, bob, lease.Options{
				Clock: k.Clock, Wait: time.Minute, Waiting: func(r lease.Record) { seen <- r },
			})
			if err != nil {
				t.Error(err)
			}
			got <- l
		}()
		k.Clock.AwaitUpTo(t, time.Second)
		k.Clock.Advance(time.Second)
		k.Clock.AwaitUpTo(t, 2*time.Second)
		if err := l.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.Clock.Advance(2 * time.Second)
		if l := <-got; l == nil || l.Record().Holder.Actor != "bob" || l.Record().TookOver != nil {
			t.Errorf("got %+v", l)
		} else if err := l.Release(t.Context()); err != nil {
			t.Error(err)
		}
		if r := <-seen; len(seen) != 1 || r.Holder.Actor != "alice" {
			t.Errorf("waited for %s, then %d more", r.Holder, len(seen))
		}
	})
}

func TestWaitingEndsWithItsTime(t *testing.T) {
	t.Parallel()
	k := &storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}
	acquire(t, k.Open(t), alice, lease.Options{Clock: storetest.NewClock(), TTL: time.Hour})
	result := make(chan error, 1)
	began := k.Clock.Now()
	go func() {
		_, err := lease.Acquire(t.Context(), k.Open(t), dev, bob, lease.Options{Clock: k.Clock, Wait: time.Minute})
		result <- err
	}()
	for {
		select {
		case err := <-result:
			// The clock goes on while this goroutine waits for a processor: the end of the lease, in an hour, is what it must not wait for.
			if waited := k.Clock.Now().Sub(began); !errors.Is(err, lease.ErrHeld) || waited < time.Minute || waited > 30*time.Minute {
				t.Errorf("after %s: %v", waited, err)
			}
			return
		default:
			k.Clock.Advance(time.Second)
			time.Sleep(time.Millisecond)
		}
	}
}

func TestWaitingEndsWithItsContextAndSaysForWhom(t *testing.T) {
	t.Parallel()
	k := &storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}
	abandon(t, k, alice)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := lease.Acquire(ctx, k.Open(t), dev, bob, lease.Options{Clock: k.Clock, Wait: time.Minute, Waiting: func(lease.Record) { cancel() }})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, lease.ErrHeld) || !strings.Contains(err.Error(), "alice on runner-1") {
		t.Errorf("got %v", err)
	}
}

func TestATakingWhoseAnswerGotLostIsRecognised(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		lost := answerLost
		store := &faulty{Store: k.Open(t)}
		store.create.Store(&lost)
		l := acquire(t, store, alice, lease.Options{Clock: k.Clock})
		if err := l.Release(t.Context()); err != nil {
			t.Error(err)
		}
		// The same with an expired one, which is not forgotten over it.
		abandon(t, k, bob)
		k.Clock.Advance(3 * time.Minute)
		once := func(ctx context.Context, write func() (string, error)) (string, error) {
			store.replace.Store(nil)
			return answerLost(ctx, write)
		}
		store.replace.Store(&once)
		l = acquire(t, store, alice, lease.Options{Clock: k.Clock})
		if l.Record().TookOver == nil || l.Record().TookOver.Holder.Actor != "bob" {
			t.Errorf("took over %+v", l.Record().TookOver)
		}
	})
}

func TestAFailedTakingLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		fail := func(_ context.Context, write func() (string, error)) (string, error) {
			if _, err := write(); err != nil {
				t.Error(err)
			}
			return "", errDown
		}
		store := &faulty{Store: k.Open(t)}
		store.create.Store(&fail)
		if _, err := lease.Acquire(t.Context(), store, dev, alice, lease.Options{Clock: k.Clock}); !errors.Is(err, errDown) {
			t.Fatalf("got %v", err)
		}
		if _, err := lease.Read(t.Context(), store, dev); !errors.Is(err, lease.ErrNotHeld) {
			t.Errorf("left behind: %v", err)
		}
	})
}

func TestARecordThatCannotBeUnderstoodIsNeitherTakenNorLost(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		store := k.Open(t)
		for _, text := range []string{"", "not JSON", `{"format":2,"id":"x"}`, `{"format":1}`} {
			if _, err := store.Put(t.Context(), devKey, []byte(text)); err != nil {
				t.Fatal(err)
			}
			_, err := lease.Acquire(t.Context(), store, dev, bob, lease.Options{Clock: k.Clock})
			if !errors.Is(err, lease.ErrUnreadable) || !strings.Contains(err.Error(), devKey) {
				t.Errorf("%q: %v", text, err)
			}
			if o, err := store.Get(t.Context(), devKey); err != nil || string(o.Data) != text {
				t.Errorf("%q was changed: %v", text, err)
			}
		}
	})
}

func TestSettingsThatCannotKeepALeaseAreRefused(t *testing.T) {
	t.Parallel()
	store := (&storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}).Open(t)
	for _, opts := range []lease.Options{{TTL: -time.Second}, {TTL: time.Minute, Heartbeat: 40 * time.Second}, {Heartbeat: -1}} {
		if _, err := lease.Acquire(t.Context(), store, dev, alice, opts); err == nil {
			t.Errorf("%+v is accepted", opts)
		}
	}
	bad := statestore.Stack{Project: "eks-platform", Name: "../prod"}
	if _, err := lease.Acquire(t.Context(), store, bad, alice, lease.Options{}); err == nil {
		t.Error("a stack that leaves the directory is accepted")
	}
}
