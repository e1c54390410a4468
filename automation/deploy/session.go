package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

// session is a deploy, a repair or a drift check of one stack: who runs it, the store beside the stack's state, and its
// observer.
type session struct {
	*automation.Platform
	op      plan.Operation
	stack   string
	by      lease.Holder
	observe func(plan.Event)

	backend *state.Backend
	// lease is nil until it is taken, and in backends without leases.
	lease *lease.Lease
	// broken is the lease that was broken to take this one.
	broken *lease.Record
}

// holder completes who acts with what this machine knows, and masks what people have given: the history keeps it for everybody
// who may read the state.
func holder(by lease.Holder) lease.Holder {
	by = by.OnThisMachine()
	by.Actor, by.Run, by.Commit = plan.Mask(by.Actor), plan.MaskAddress(by.Run), plan.Mask(by.Commit)
	return by
}

// closingTime is how long writing the record and releasing the lease may take after a cancel.
const closingTime = 30 * time.Second

// tell reports a stage to the observer.
func (s *session) tell(name plan.StageName, note string) {
	if s.observe != nil {
		s.observe(plan.Event{
			Kind: plan.EventStage, Time: time.Now(), Operation: s.op, Stack: s.stack, Stage: &plan.Stage{Name: name, Note: note},
		})
	}
}

// open opens the store beside the state.
func (s *session) open(ctx context.Context) (err error) {
	if s.backend == nil {
		s.backend, err = s.StateBackend(ctx, s.stack)
	}
	return err
}

// work is what a session does under its lease.
type work struct {
	// take takes the lease.
	take func(ctx context.Context) (*lease.Lease, error)
	// run does the work. Its context ends when the lease is lost.
	run func(ctx context.Context) error
	// lost says what the work had done when the lease was lost.
	lost func(err error) []string
	// record returns its record for the history.
	record func(err error) *history.Record
}

// under takes the lease, does the work, writes its record and releases the lease, however the work ended. In backends
// without leases, it just does the work.
func (s *session) under(ctx context.Context, w work) error {
	s.tell(plan.StageLease, "")
	if err := s.open(ctx); err != nil {
		return s.failure(ctx, err)
	}
	if s.backend.Store == nil {
		s.tell(plan.StageLease, s.backend.Without)
		return s.failure(ctx, w.run(ctx))
	}
	l, err := w.take(ctx)
	if err != nil {
		return s.failure(ctx, err)
	}
	s.lease = l
	if old := l.Record().TookOver; old != nil {
		s.tell(plan.StageLease, fmt.Sprintf("took over the lease of %s, which expired at %s and was never released", old.Holder, old.Expires.UTC().Format(time.RFC3339)))
	}
	err = s.failure(l.Context(), w.run(l.Context()))
	if cause := context.Cause(l.Context()); err != nil && errors.Is(cause, lease.ErrLost) {
		err = s.lost(cause, w.lost(err))
	}
	s.tell(plan.StageRecord, "")
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingTime)
	defer cancel()
	// The record first: the next holder of the lease finds it.
	err = s.keep(closing, w.record(err), err)
	released := l.Release(closing)
	switch {
	case released == nil:
	case errors.Is(released, lease.ErrLost) && err == nil:
		err = s.lost(released, w.lost(nil))
	case err == nil:
		// The work is done; the lease expires by itself.
		s.tell(plan.StageRecord, fmt.Sprintf("the lease could not be released and expires by itself: %v", released))
	}
	return err
}

// keep writes the record of the work. Work that cannot be recorded fails, if only after the fact.
func (s *session) keep(ctx context.Context, r *history.Record, err error) error {
	writing := history.Append(ctx, s.backend.Store, r)
	switch {
	case writing == nil:
	case err == nil:
		return s.error(automation.ErrEngine, "it is done, but could not be recorded in the history: "+writing.Error()).Because(writing)
	default:
		s.tell(plan.StageRecord, writing.Error())
	}
	return err
}

// record begins the record of work that began at a time and ended with an error.
func (s *session) record(started time.Time, err error) *history.Record {
	r := &history.Record{
		Stack: s.backend.Stack, Operation: string(s.op), Actor: s.by.Actor, Host: s.by.Host, Run: s.by.Run, Commit: s.by.Commit,
		Result: resultOf(err), Started: started.UTC(), Duration: time.Since(started),
	}
	if err != nil {
		r.Failure = &history.Failure{Kind: kindOf(err)}
	}
	return r
}

// lost is the error of work whose lease was lost.
func (s *session) lost(cause error, messages []string) error {
	return s.error(automation.ErrLeaseLost, append([]string{cause.Error()}, messages...)...).Because(cause)
}

// error is an error of the session's own.
func (s *session) error(kind error, messages ...string) *automation.Error {
	return &automation.Error{Kind: kind, Operation: s.op, Stack: s.stack, Messages: messages}
}

// failure turns any error into an *automation.Error, in the session's name unless an operation of the engine failed.
func (s *session) failure(ctx context.Context, err error) error {
	return automation.Failure(ctx, err, s.op, s.stack)
}

// inspect looks for what an earlier run has left, under the session's lease. The lease that it took over may prove that a
// lock is stale.
func (s *session) inspect(ctx context.Context) (*state.Inspection, error) {
	if s.lease == nil {
		return s.InspectUnder(ctx, s.backend, nil, time.Now())
	}
	prior := s.broken
	if old := s.lease.Record().TookOver; old != nil {
		past := *old
		past.Expired = true
		prior = &past
	}
	// The time at which our own lease was written is the store's.
	now := time.Now()
	if own, err := lease.Read(ctx, s.backend.Store, s.backend.Stack); err == nil {
		now = own.Renewed
	}
	return s.InspectUnder(ctx, s.backend, prior, now)
}
