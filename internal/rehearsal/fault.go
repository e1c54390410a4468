package rehearsal

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// FaultKind is how a Fault shows.
type FaultKind string

// The kinds of fault.
const (
	// FaultError refuses the operation with the fault's message.
	FaultError FaultKind = "error"
	// FaultThrottle makes AWS throttle: the genuine provider retries by itself, so the operation only takes longer,
	// by the provider's backoff (1 s, 2 s, 4 s, ... at most 20 s) for each of Times answers.
	FaultThrottle FaultKind = "throttle"
	// FaultKill calls the fault's Kill, which typically ends the engine, and refuses the operation.
	FaultKill FaultKind = "kill"
)

// Fault is something that goes wrong on purpose.
type Fault struct {
	// Type is the resource type that it strikes; empty strikes all.
	Type string
	// URN is a part of the resource's URN; empty strikes all.
	URN string
	// Operation is the kind of operation that it strikes; empty strikes all.
	Operation Kind
	// Kind is how it shows. Default FaultError.
	Kind FaultKind
	// Message is what AWS answers. Default an internal failure.
	Message string
	// Times is how often it strikes, then it is over; of FaultThrottle, how often AWS throttles each operation.
	// Default 1; negative means always.
	Times int
	// After lets the operation happen first: the cloud has done it, and the answer is lost.
	After bool
	// Unit is the unit of the provider's backoff under FaultThrottle. Default 1 s; smaller in tests and where
	// latencies are scaled down.
	Unit time.Duration
	// Kill is called by FaultKill.
	Kill func()
}

// armed is a Fault and how often it has struck.
type armed struct {
	Fault
	struck atomic.Int64
}

func (f *armed) matches(op Operation) bool {
	return (f.Type == "" || f.Type == op.Type) && (f.Operation == "" || f.Operation == op.Kind) && strings.Contains(op.URN, f.URN)
}

// Before strikes before the operation.
func (f *armed) Before(ctx context.Context, op Operation) error {
	if f.After {
		return nil
	}
	return f.strike(ctx, op)
}

func (f *armed) after(ctx context.Context, op Operation) error {
	if !f.After {
		return nil
	}
	return f.strike(ctx, op)
}

func (f *armed) strike(ctx context.Context, op Operation) error {
	if !f.matches(op) {
		return nil
	}
	if f.Kind == FaultThrottle {
		return sleep(ctx, f.backoff())
	}
	if limit := int64(max(f.Times, 1)); f.struck.Add(1) > limit && f.Times >= 0 {
		return nil
	}
	if f.Kind == FaultKill && f.Kill != nil {
		f.Kill()
	}
	message := f.Message
	if message == "" {
		message = "api error InternalFailure: an injected fault"
	}
	return fmt.Errorf("%s", message)
}

// maxBackoff is the longest pause between two tries of the genuine provider, in units.
const maxBackoff = 20

// backoff is how long the provider's retries take until AWS answers.
func (f *armed) backoff() time.Duration {
	unit := f.Unit
	if unit == 0 {
		unit = time.Second
	}
	total := 0
	for i := range max(f.Times, 1) {
		total += min(1<<min(i, 5), maxBackoff)
	}
	return time.Duration(total) * unit
}
