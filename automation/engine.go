package automation

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"

	"github.com/eks-platform/eks-platform/automation/plan"
)

// The SDK closes the event channel when the engine has closed its stream, and never when the CLI fails before it opens
// one (a locked stack). Events that were sent have all arrived when the call returns; these are the bounds for a stream
// that has started and for one that has not.
const (
	drainBegun    = 10 * time.Second
	drainNotBegun = 300 * time.Millisecond
)

// call is one engine operation of the SDK, with where its events and its standard output and error go.
type call func(ctx context.Context, events chan<- events.EngineEvent, stdout, stderr io.Writer) error

// engine runs one operation and returns what it did. The result is returned even if the operation failed.
func (w *workspace) engine(ctx context.Context, op plan.Operation, stack string, observe func(plan.Event), do call) (*plan.Result, error) {
	c := plan.NewCollector(op, stack, observe)
	ch := make(chan events.EngineEvent, 64)
	begun, over, stop := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for first := true; ; first = false {
			select {
			case e, open := <-ch:
				if first {
					close(begun)
				}
				if !open {
					return
				}
				c.Add(e)
			case <-stop:
				return
			}
		}
	}()
	var stdout, stderr bytes.Buffer
	err := do(ctx, ch, &stdout, &stderr)
	wait := drainNotBegun
	select {
	case <-begun:
		wait = drainBegun
	default:
	}
	select {
	case <-over:
	case <-time.After(wait):
		close(stop)
		<-over
	}
	r := c.Result()
	r.Duration = time.Since(r.Started)
	// The engine's own summary decides: if the update succeeded and only a later read failed, it is a success.
	if err != nil && !r.Succeeded() {
		return r, classify(ctx, &attempt{
			operation: op, stack: stack, stdout: stdout.String(), stderr: stderr.String(), err: err, result: r, unlock: w.session.Unlock,
		})
	}
	if moved := r.Moved(); len(moved) > 0 {
		refused := &Error{Kind: ErrRefused, Operation: op, Stack: stack}
		for _, d := range moved {
			refused.Messages = append(refused.Messages, d.String())
		}
		return r, refused
	}
	return r, nil
}
