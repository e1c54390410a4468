package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

// Clock is a source of time.
type Clock interface {
	// Now returns the time.
	Now() time.Time
	// After returns a channel that receives once a duration has passed, and a function that cancels it.
	After(time.Duration) (passed <-chan time.Time, forget func())
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// Options are the settings of Acquire. The zero value has the defaults.
type Options struct {
	// TTL is how long a lease is valid after a heartbeat, 2 min by default. A shorter one frees the stack of a killed
	// holder sooner, but gives a store that does not answer less time to recover.
	TTL time.Duration
	// Heartbeat is the time between heartbeats, a quarter of the TTL by default.
	Heartbeat time.Duration
	// Wait is how long to wait for a lease that another holder has. By default Acquire does not wait.
	Wait time.Duration
	// Waiting, if set, is called before every pause of Acquire with the lease that it waits for.
	Waiting func(Record)
	// Clock is the system's by default.
	Clock Clock
}

func (o Options) withDefaults() (Options, error) {
	if o.TTL == 0 {
		o.TTL = 2 * time.Minute
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = o.TTL / 4
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Heartbeat <= 0 || o.TTL < 2*o.Heartbeat {
		return o, fmt.Errorf("a lease of %s needs a heartbeat at least twice in that time, not every %s", o.TTL, o.Heartbeat)
	}
	return o, nil
}

// The pauses between two reads of a held lease grow from the first to the last.
const (
	firstPause = time.Second
	lastPause  = 10 * time.Second
)

// Acquire takes the lease of a stack, replacing an expired one, and keeps it until Release. If another holder has it, it
// returns a *HeldError once the time to wait is over. The heartbeat continues when ctx ends: a cancelled deploy still
// finishes its running step, and releases the lease afterwards.
func Acquire(ctx context.Context, store statestore.Store, stack statestore.Stack, holder Holder, opts Options) (*Lease, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := stack.Check(); err != nil {
		return nil, err
	}
	t := &taking{store: store, stack: stack, holder: holder.here(), opts: opts, id: rand.Text()}
	until := opts.Clock.Now().Add(opts.Wait)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		l, other, err := t.try(ctx)
		if err != nil {
			return nil, err
		}
		if l != nil {
			l.start(ctx)
			return l, nil
		}
		refused := &HeldError{Record: other.Record}
		now := opts.Clock.Now()
		if !now.Before(until) {
			return nil, refused
		}
		if opts.Waiting != nil {
			opts.Waiting(other.Record)
		}
		passed, forget := opts.Clock.After(min(jitter(pause), until.Sub(now)))
		select {
		case <-ctx.Done():
			forget()
			return nil, fmt.Errorf("%w while waiting: %w", context.Cause(ctx), refused)
		case <-passed:
		}
	}
}

// jitter returns a duration between half a pause and a whole one, so that waiting processes do not retry together.
func jitter(d time.Duration) time.Duration { return d/2 + mathrand.N(d/2+1) }

// taking is one call of Acquire.
type taking struct {
	store  statestore.Store
	stack  statestore.Stack
	holder Holder
	opts   Options
	id     string

	// seen is the version that was read last, and since when: for stores that do not report the time.
	seen  string
	since time.Time
}

// rounds is how often a record that changes concurrently is read again immediately.
const rounds = 4

// try takes the lease, or returns the record of whoever has it.
func (t *taking) try(ctx context.Context) (*Lease, *held, error) {
	for round := 1; ; round++ {
		other, err := read(ctx, t.store, t.stack)
		if err != nil && !errors.Is(err, ErrNotHeld) {
			return nil, nil, err
		}
		if other != nil && other.ID != t.id && !t.expired(other) {
			return nil, other, nil
		}
		l, err := t.take(ctx, other)
		if err == nil {
			return l, nil, nil
		}
		if !errors.Is(err, statestore.ErrConflict) {
			t.undo(ctx)
			return nil, nil, fmt.Errorf("take the lease of %s: %w", t.stack, err)
		}
		// Another process was faster, or a response got lost: the next read will show.
		if round == rounds {
			if other != nil {
				return nil, other, nil
			}
			return nil, nil, fmt.Errorf("take the lease of %s: %w, %d times in a row", t.stack, err, rounds)
		}
	}
}

// expired reports whether a record can be taken over.
func (t *taking) expired(other *held) bool {
	if other.timed {
		return other.Expired
	}
	now := t.opts.Clock.Now()
	if other.version != t.seen {
		t.seen, t.since = other.version, now
		return false
	}
	return now.Sub(t.since) > other.valid+margin
}

// take writes the record in place of what was read, nil if there was none.
func (t *taking) take(ctx context.Context, other *held) (*Lease, error) {
	now := t.opts.Clock.Now()
	r := Record{
		Format: format, ID: t.id, Stack: t.stack, Holder: t.holder,
		Acquired: now.UTC(), Renewed: now.UTC(), Expires: now.Add(t.opts.TTL).UTC(),
	}
	switch {
	case other == nil:
	case other.ID == t.id:
		r.TookOver = other.TookOver
	default:
		old := other.Record
		old.TookOver = nil // one previous lease is enough
		r.TookOver = &old
	}
	data, err := r.encode()
	if err != nil {
		return nil, err
	}
	var version string
	if other == nil {
		version, err = t.store.PutIfAbsent(ctx, key(t.stack), data)
	} else {
		version, err = t.store.PutIfMatch(ctx, key(t.stack), data, other.version)
	}
	if err != nil {
		return nil, err
	}
	return &Lease{
		store: t.store, stack: t.stack, id: t.id, opts: t.opts, record: r, version: version, deadline: now.Add(t.opts.TTL),
		stop: make(chan struct{}), stopped: make(chan struct{}), done: make(chan struct{}),
	}, nil
}

// undo removes the record if it was written after all, so that no one waits for it. If that fails, it expires.
func (t *taking) undo(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if own, err := read(ctx, t.store, t.stack); err == nil && own.ID == t.id {
		_ = t.store.Delete(ctx, key(t.stack), own.version)
	}
}
