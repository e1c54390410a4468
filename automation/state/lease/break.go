package lease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/mask"
)

// BreakOptions configures Break.
type BreakOptions struct {
	// Force breaks a lease whose holder may still be running. It needs a Reason.
	Force bool
	// Reason is why, for whoever reads the record later.
	Reason string
	// By is who breaks it; host and process are filled in.
	By Holder
	// ID is the lease that was inspected. If another one has replaced it, that one is not broken. Empty for any.
	ID string
	// Clock is the system's by default.
	Clock Clock
}

// Broken is the record of a lease that was broken.
type Broken struct {
	// Format is the version of this layout, 1.
	Format int `json:"format"`
	// Stack is what the lease was for, Time when it was broken, by the clock of By.
	Stack statestore.Stack `json:"stack"`
	Time  time.Time        `json:"time"`
	By    Holder           `json:"by"`
	// Proof is the proof that its holder is dead; Forced means that it was broken without a proof.
	Proof  string `json:"proof,omitempty"`
	Forced bool   `json:"forced,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Record is the lease; Unreadable is its text if it could not be decoded.
	Record     *Record `json:"record,omitempty"`
	Unreadable string  `json:"unreadable,omitempty"`
}

// Break removes the lease of a stack: one that is expired, one whose holder is proven dead, or any one by force. It returns
// a *HeldError if none of these holds, and ErrNotHeld if there is no lease. What was broken and why is recorded before the
// lease is removed. A holder that is still alive notices at its next heartbeat.
func Break(ctx context.Context, store statestore.Store, stack statestore.Stack, opts BreakOptions) (*Broken, error) {
	if err := stack.Check(); err != nil {
		return nil, err
	}
	opts.Reason = mask.Text(strings.TrimSpace(opts.Reason))
	if opts.Force && opts.Reason == "" {
		return nil, fmt.Errorf("the lease of %s: %w", stack, ErrNoReason)
	}
	if opts.Clock == nil {
		opts.Clock = systemClock{}
	}
	b := &Broken{Format: format, Stack: stack, Time: opts.Clock.Now().UTC(), By: opts.By.here(), Reason: opts.Reason}
	other, err := read(ctx, store, stack)
	var unreadable *unreadableError
	var version string
	switch {
	case errors.As(err, &unreadable) && opts.Force && opts.ID == "":
		b.Forced, b.Unreadable, version = true, mask.Text(string(unreadable.object.Data)), unreadable.object.Version
	case err != nil:
		return nil, err
	case opts.ID != "" && other.ID != opts.ID:
		return nil, fmt.Errorf("%w; it is no longer the lease that was to be broken", &HeldError{Record: other.Record})
	default:
		b.Record, version = &other.Record, other.version
		switch {
		case other.Expired:
			b.Proof = fmt.Sprintf("it expired at %s by the store's clock", stamp(other.Expires))
		case other.Dead != "":
			b.Proof = other.Dead
		case opts.Force:
			b.Forced = true
		default:
			return nil, fmt.Errorf("%w; its holder cannot be proven dead from here: wait, or break it by force and give a reason", &HeldError{Record: other.Record})
		}
	}
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return nil, err
	}
	kept, err := store.PutIfAbsent(ctx, brokenKey(stack, b.Time), append(data, '\n'))
	if err != nil {
		return nil, fmt.Errorf("record that the lease of %s is broken: %w", stack, err)
	}
	err = store.Delete(ctx, key(stack), version)
	if err == nil {
		return b, nil
	}
	// It was renewed, taken over or released in the meantime, or the store failed: nothing was broken.
	if undo := store.Delete(ctx, brokenKey(stack, b.Time), kept); undo != nil {
		err = errors.Join(err, undo)
	}
	return nil, fmt.Errorf("break the lease of %s: %w", stack, err)
}
