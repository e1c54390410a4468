package automation

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

// Inspect looks for what blocks an update of an environment: its lease, Pulumi's locks, damaged files, and operations that
// a killed run has left. It changes nothing.
func (p *Platform) Inspect(ctx context.Context, env string) (*state.Inspection, error) {
	if _, err := p.Reach(env); err != nil {
		return nil, Named(err, plan.OpRepair, env)
	}
	b, err := p.StateBackend(ctx, env)
	if err != nil {
		return nil, Failure(ctx, err, plan.OpRepair, env)
	}
	var held *lease.Record
	damage := ""
	if b.Store != nil {
		held, err = lease.Read(ctx, b.Store, b.Stack)
		switch {
		case errors.Is(err, lease.ErrUnreadable):
			damage = err.Error()
		case err != nil && !errors.Is(err, lease.ErrNotHeld):
			return nil, Failure(ctx, err, plan.OpRepair, env)
		}
	}
	found, err := p.InspectUnder(ctx, b, held, time.Now())
	if err != nil {
		return nil, Failure(ctx, err, plan.OpRepair, env)
	}
	found.Lease, found.LeaseDamage = held, damage
	return found, nil
}

// InspectUnder is Inspect for the holder of the lease, which it leaves out. prior is the lease under which a lock may have
// been taken, nil for none; now is the time by the store's clock.
func (p *Platform) InspectUnder(ctx context.Context, b *state.Backend, prior *lease.Record, now time.Time) (*state.Inspection, error) {
	out := &state.Inspection{Stack: b.Stack.Name, Where: b.Where(), Unleased: b.Without}
	var err error
	if out.Locks, err = b.Locks(ctx, prior, now); err != nil {
		return nil, err
	}
	if out.Damage, err = b.Damage(ctx, true); err != nil || len(out.Damage) > 0 {
		return out, err
	}
	exported, err := p.Export(ctx, b.Stack.Name)
	if err != nil {
		return nil, err
	}
	deployment, err := Decode(exported)
	if err != nil {
		return nil, err
	}
	out.Pending = state.Pending(deployment)
	return out, nil
}

// Blocked returns the *Error of an operation that is blocked by what was found, with a *state.BlockedError for errors.As;
// nil if nothing but a lease was found.
func Blocked(op plan.Operation, i *state.Inspection) error {
	if !i.Blocks() {
		return nil
	}
	e := &Error{Kind: ErrPending, Operation: op, Stack: i.Stack, Messages: i.Lines(), Cause: &state.BlockedError{Inspection: i}}
	switch {
	case len(i.Locks) > 0:
		e.Kind = ErrLocked
	case len(i.Damage) > 0:
		e.Kind = ErrDamaged
		if slices.ContainsFunc(i.Damage, func(d state.Damage) bool { return !d.Expendable && d.Copy == "" }) {
			e.Messages = append(e.Messages, "nothing was changed")
		}
	}
	return e
}

// Held returns the *Error of an operation whose lease another run holds. errors.As finds the *lease.HeldError.
func Held(op plan.Operation, stack string, held *lease.HeldError) *Error {
	return &Error{Kind: ErrLocked, Operation: op, Stack: stack, Messages: []string{held.Error()}, Cause: held}
}

// intact refuses a stack whose state the CLI cannot read, or would take for that of a new stack. Errors while looking are
// ignored: the CLI will meet and report them.
func (p *Platform) intact(ctx context.Context, op plan.Operation, stack string) error {
	b, err := p.StateBackend(ctx, stack)
	if err != nil {
		return nil
	}
	found, err := b.Damage(ctx, false)
	if err != nil || len(found) == 0 {
		return nil
	}
	return Blocked(op, &state.Inspection{Stack: stack, Damage: found})
}
