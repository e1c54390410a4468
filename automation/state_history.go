package automation

import (
	"context"
	"errors"

	"github.com/eks-platform/eks-platform/automation/state/history"
)

// History returns the newest deploys of a stack, as many as the limit says; 0 returns all. Where no history is kept, the
// error is an ErrNoStore.
func (p *Platform) History(ctx context.Context, stack string, limit int) (*history.History, error) {
	b, err := p.store(ctx, stack)
	if err != nil {
		return nil, err
	}
	return history.List(ctx, b.store, b.stack, limit)
}

// kinds are the short words for kinds of errors in the history. The first that fits counts.
var kinds = []struct {
	kind error
	word string
}{
	{ErrLeaseLost, "lease-lost"}, {ErrCancelled, "cancelled"}, {ErrUnsettled, "unsettled"}, {ErrStale, "stale"},
	{ErrRefused, "gate"}, {ErrPending, "pending"}, {ErrDamaged, "damaged"}, {ErrLocked, "locked"}, {ErrInvalid, "invalid"}, {ErrNoStack, "no-stack"},
	{ErrProgram, "program"}, {ErrProvider, "provider"}, {ErrEngine, "engine"},
}

// kindOf returns the short word for an error.
func kindOf(err error) string {
	for _, k := range kinds {
		if errors.Is(err, k.kind) {
			return k.word
		}
	}
	return "engine"
}

// resultOf tells how a deploy with that error ended.
func resultOf(err error) history.Result {
	switch {
	case err == nil:
		return history.Succeeded
	case errors.Is(err, ErrLeaseLost):
		return history.Failed
	case errors.Is(err, ErrCancelled):
		return history.Cancelled
	case errors.Is(err, ErrRefused), errors.Is(err, ErrLocked), errors.Is(err, ErrPending), errors.Is(err, ErrDamaged):
		return history.Refused
	}
	return history.Failed
}
