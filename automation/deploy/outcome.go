package deploy

import (
	"errors"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/state/history"
)

// kinds are the short words for kinds of errors in the history. The first match counts.
var kinds = []struct {
	kind error
	word string
}{
	{automation.ErrLeaseLost, "lease-lost"}, {automation.ErrCancelled, "cancelled"}, {automation.ErrUnsettled, "unsettled"}, {automation.ErrStale, "stale"},
	{automation.ErrRefused, "gate"}, {automation.ErrPending, "pending"}, {automation.ErrDamaged, "damaged"}, {automation.ErrLocked, "locked"}, {automation.ErrInvalid, "invalid"}, {automation.ErrNoStack, "no-stack"},
	{automation.ErrProgram, "program"}, {automation.ErrProvider, "provider"}, {automation.ErrEngine, "engine"},
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

// resultOf returns how a deploy with that error ended.
func resultOf(err error) history.Result {
	switch {
	case err == nil:
		return history.Succeeded
	case errors.Is(err, automation.ErrLeaseLost):
		return history.Failed
	case errors.Is(err, automation.ErrCancelled):
		return history.Cancelled
	case errors.Is(err, automation.ErrRefused), errors.Is(err, automation.ErrLocked), errors.Is(err, automation.ErrPending), errors.Is(err, automation.ErrDamaged):
		return history.Refused
	}
	return history.Failed
}
