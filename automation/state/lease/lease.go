package lease

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

// Lease is a lease that this process holds.
type Lease struct {
	store statestore.Store
	stack statestore.Stack
	id    string
	opts  Options

	ctx    context.Context
	cancel context.CancelCauseFunc
	base   context.Context // the caller's values, without its cancellation

	stopping sync.Once
	stop     chan struct{} // closed to end the heartbeat
	stopped  chan struct{} // closed when it has ended
	done     chan struct{} // closed when the lease is lost or released

	releasing sync.Mutex
	released  bool // under releasing

	mu       sync.Mutex // of what follows
	record   Record
	version  string
	deadline time.Time // when the lease is over without another heartbeat
	lost     error
}

// Record returns the lease as last written.
func (l *Lease) Record() Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.record
}

// Context returns the context given to Acquire, which also ends when the lease is lost or released. context.Cause is an
// ErrLost if it was lost.
func (l *Lease) Context() context.Context { return l.ctx }

// Done is closed when the lease is lost or released, but not when Acquire's context ends.
func (l *Lease) Done() <-chan struct{} { return l.done }

// Err is nil while the lease is held, and after it was released in time. Otherwise it is an ErrLost.
func (l *Lease) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// start begins the heartbeat.
func (l *Lease) start(ctx context.Context) {
	l.base = context.WithoutCancel(ctx)
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	go l.beat()
}

// beat renews the lease until it is lost or released.
func (l *Lease) beat() {
	defer close(l.stopped)
	pause := l.opts.Heartbeat
	for {
		passed, forget := l.opts.Clock.After(pause)
		select {
		case <-l.stop:
			forget()
			return
		case <-passed:
		}
		err := l.renewInTime()
		switch left := l.left(); {
		case err == nil:
			pause = l.opts.Heartbeat
		case errors.Is(err, errStopped):
			return
		case errors.Is(err, ErrLost):
			l.lose(err)
			return
		case left <= 0:
			l.lose(l.overdue(err))
			return
		default:
			pause = min(l.opts.Heartbeat/4, left)
		}
	}
}

// errStopped ends a heartbeat on Release.
var errStopped = errors.New("released")

// left is how long the lease is valid without another heartbeat.
func (l *Lease) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deadline.Sub(l.opts.Clock.Now())
}

func (l *Lease) overdue(cause error) error {
	return fmt.Errorf("%w: no heartbeat of %s succeeded for %s: %w", ErrLost, l.stack, l.opts.TTL, cause)
}

// renewInTime renews the lease and gives up when it has expired or was released.
func (l *Lease) renewInTime() error {
	ctx, cancel := context.WithCancel(l.base)
	defer cancel()
	result := make(chan error, 1)
	// A late heartbeat, after a pause of the whole process, may still find its record: then no other process had the lease
	// in the meantime.
	left := max(l.left(), l.opts.Heartbeat/4)
	passed, forget := l.opts.Clock.After(left)
	defer forget()
	go func() { result <- l.renew(ctx) }()
	select {
	case err := <-result:
		return err
	case <-l.stop:
		// Whether or not it was written, Release finds the current version.
		return errStopped
	case <-passed:
		return l.overdue(errors.New("the store does not answer"))
	}
}

// renew writes the next record in place of the last one.
func (l *Lease) renew(ctx context.Context) error {
	l.mu.Lock()
	next, version := l.record, l.version
	l.mu.Unlock()
	now := l.opts.Clock.Now()
	next.Renewed, next.Expires = now.UTC(), now.Add(l.opts.TTL).UTC()
	data, err := next.encode()
	if err != nil {
		return err
	}
	version, err = l.store.PutIfMatch(ctx, key(l.stack), data, version)
	if errors.Is(err, statestore.ErrConflict) {
		own, err := l.find(ctx)
		if err != nil {
			return err
		}
		// The response to an earlier heartbeat got lost. The next one is due immediately, and has the right version.
		l.adopt(own)
		return errors.New("the record was written by an earlier heartbeat")
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.record, l.version, l.deadline = next, version, now.Add(l.opts.TTL)
	l.mu.Unlock()
	return nil
}

// adopt adopts the version of a record that turned out to be this lease's.
func (l *Lease) adopt(own *held) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version = own.version
}

// find reads the record. It returns an ErrLost if it is no longer this lease's.
func (l *Lease) find(ctx context.Context) (*held, error) {
	now, err := read(ctx, l.store, l.stack)
	var unreadable *unreadableError
	switch {
	case errors.Is(err, ErrNotHeld):
		return nil, fmt.Errorf("%w: the lease of %s was broken", ErrLost, l.stack)
	case errors.As(err, &unreadable):
		return nil, fmt.Errorf("%w: %w", ErrLost, err)
	case err != nil:
		return nil, err
	case now.ID != l.id:
		return nil, fmt.Errorf("%w: the lease of %s was taken over by %s at %s", ErrLost, l.stack, now.Holder, stamp(now.Acquired))
	}
	return now, nil
}

// lose ends the lease.
func (l *Lease) lose(err error) {
	l.mu.Lock()
	l.lost = err
	l.mu.Unlock()
	l.cancel(err)
	close(l.done)
}

// Release ends the heartbeat and releases the lease. It returns an ErrLost if the lease was lost before: what ran since was
// not protected. Repeating it is harmless; it tries again only if the store failed, and otherwise the lease expires. Pass a
// context that has not ended, with a timeout.
func (l *Lease) Release(ctx context.Context) error {
	l.releasing.Lock()
	defer l.releasing.Unlock()
	l.stopping.Do(func() { close(l.stop) })
	<-l.stopped
	if l.released {
		return l.Err()
	}
	if err := l.remove(ctx); err != nil {
		return fmt.Errorf("release the lease of %s: %w", l.stack, err)
	}
	l.released = true
	if err := l.Err(); err != nil {
		return err
	}
	l.cancel(errStopped)
	close(l.done)
	return nil
}

// remove deletes the record if it is still this lease's, and returns an ErrLost if not.
func (l *Lease) remove(ctx context.Context) error {
	for round := 1; ; round++ {
		l.mu.Lock()
		version := l.version
		l.mu.Unlock()
		err := l.store.Delete(ctx, key(l.stack), version)
		if err == nil {
			return nil
		}
		if round == rounds || !errors.Is(err, statestore.ErrNotFound) && !errors.Is(err, statestore.ErrConflict) {
			return err
		}
		// The response to the last heartbeat may have been lost, and with it the version.
		own, err := l.find(ctx)
		switch {
		case err == nil:
			l.adopt(own)
		case errors.Is(err, ErrLost):
			if l.Err() == nil {
				l.lose(err)
			}
			return nil
		default:
			return err
		}
	}
}
