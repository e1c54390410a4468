package rehearsal

import (
	"context"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Kind is what an Operation does.
type Kind string

// The kinds of operation. Previews are none: they change nothing and are never delayed or failed.
const (
	Create Kind = "create"
	Update Kind = "update"
	Delete Kind = "delete"
	Read   Kind = "read"
)

// Operation is one request of an engine to change or read a resource.
type Operation struct {
	Kind Kind
	// Type is the resource's type token ("aws:ec2/vpc:Vpc").
	Type string
	URN  string
	// ID is the resource's id; of a create, known only when it has ended.
	ID string
	// Start and End are when the provider received the request and when it answered, delays included. End is zero
	// before it has.
	Start, End time.Time
	// Err is what the provider answered, or nil.
	Err error
}

// Interceptor stands in front of every operation.
type Interceptor interface {
	// Before may wait, as AWS takes its time, or refuse: an error is what the engine gets, and nothing happens. It
	// must return when the context ends, which is when the engine gives up.
	Before(ctx context.Context, op Operation) error
}

// Latency says how long the cloud takes for an operation.
type Latency interface {
	Of(op Operation) time.Duration
}

// delays waits as long as a Latency says.
type delays struct{ latency Latency }

func (d delays) Before(ctx context.Context, op Operation) error {
	return sleep(ctx, d.latency.Of(op))
}

// sleep waits, or returns why the context ended.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// operationOf reads a request; false for one that is not an operation on the cloud.
func operationOf(request any) (Operation, bool) {
	op := Operation{}
	preview := false
	switch r := request.(type) {
	case *pulumirpc.CreateRequest:
		op.Kind, op.URN, preview = Create, r.GetUrn(), r.GetPreview()
	case *pulumirpc.UpdateRequest:
		op.Kind, op.URN, op.ID, preview = Update, r.GetUrn(), r.GetId(), r.GetPreview()
	case *pulumirpc.DeleteRequest:
		op.Kind, op.URN, op.ID = Delete, r.GetUrn(), r.GetId()
	case *pulumirpc.ReadRequest:
		op.Kind, op.URN, op.ID = Read, r.GetUrn(), r.GetId()
	default:
		return op, false
	}
	op.Type = string(resource.URN(op.URN).Type())
	return op, !preview
}

// intercept runs an operation behind the cloud's interceptors and notes it in the timeline. stop ends with the
// endpoint or when the engine asks to cancel.
func (c *Cloud) intercept(stop context.Context) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		op, ok := operationOf(request)
		if !ok {
			return handle(ctx, request)
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(stop, func() { cancel(context.Cause(stop)) })()
		op.Start = time.Now()
		response, err := c.run(ctx, op, request, handle)
		op.End, op.Err = time.Now(), err
		if r, ok := response.(*pulumirpc.CreateResponse); ok && err == nil {
			op.ID = r.GetId()
		}
		c.note(op)
		return response, err
	}
}

func (c *Cloud) run(ctx context.Context, op Operation, request any, handle grpc.UnaryHandler) (any, error) {
	for _, i := range c.interceptors {
		if err := i.Before(ctx, op); err != nil {
			return nil, err
		}
	}
	response, err := handle(ctx, request)
	if err != nil {
		return nil, err
	}
	for _, f := range c.faults {
		if err := f.after(ctx, op); err != nil {
			return nil, err
		}
	}
	return response, nil
}

func (c *Cloud) note(op Operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timeline = append(c.timeline, op)
}

// Timeline returns the operations that have ended since Open or the last ForgetTimeline, in the order of their ends.
func (c *Cloud) Timeline() []Operation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Operation(nil), c.timeline...)
}

// ForgetTimeline empties the timeline, so that the next one holds one engine run.
func (c *Cloud) ForgetTimeline() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timeline = nil
}
