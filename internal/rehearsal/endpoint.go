package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"github.com/eks-platform/eks-platform/internal/rehearsal/aws"
	"github.com/eks-platform/eks-platform/internal/rehearsal/eks"
	"github.com/eks-platform/eks-platform/internal/rehearsal/kubernetes"
)

// Endpoint is a set of provider listeners on this machine, for one engine at a time: what an engine configures belongs
// to its Endpoint, and one whose engine was canceled refuses every further change.
type Endpoint struct {
	providers string
	stop      context.CancelCauseFunc // ends the endpoint
	servers   []*grpc.Server
	served    sync.WaitGroup
}

// errClosed is why operations end when their endpoint closes; errCanceled, when the engine asks to.
var (
	errClosed   = errors.New("the rehearsal cloud was closed")
	errCanceled = errors.New("canceled")
)

// cancels ends what waits in one provider when the engine asks it to cancel, before the provider hears of it. The engine
// asks each provider by itself: all of them when it is interrupted, and one when that one's resource is deleted, while
// the others are still at work.
func cancels(cancel context.CancelCauseFunc) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if info.FullMethod == pulumirpc.ResourceProvider_Cancel_FullMethodName {
			cancel(errCanceled)
		}
		return handle(ctx, request)
	}
}

// Serve starts listeners for package aws, eks and kubernetes on free local ports. They end with the context or
// Close; operations under way then fail.
func (c *Cloud) Serve(ctx context.Context) (*Endpoint, error) {
	ctx, stop := context.WithCancelCause(ctx)
	e := &Endpoint{stop: stop}
	for _, p := range []struct {
		name   string
		server pulumirpc.ResourceProviderServer
	}{
		{"aws", aws.New(aws.Options{Store: c.store, Account: c.options.Account})},
		{"eks", eks.New()},
		{"kubernetes", kubernetes.New(c.store)},
	} {
		waits, cancel := context.WithCancelCause(ctx)
		handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
			Init: func(s *grpc.Server) error {
				pulumirpc.RegisterResourceProviderServer(s, p.server)
				e.servers = append(e.servers, s)
				return nil
			},
			Options: []grpc.ServerOption{grpc.ChainUnaryInterceptor(cancels(cancel), c.intercept(waits))},
		})
		if err != nil {
			e.Close()
			return nil, fmt.Errorf("serve provider %s: %w", p.name, err)
		}
		e.served.Go(func() { <-handle.Done })
		if e.providers != "" {
			e.providers += ","
		}
		e.providers += fmt.Sprintf("%s:%d", p.name, handle.Port)
	}
	context.AfterFunc(ctx, e.Close)
	return e, nil
}

// Env is the environment that makes an engine use the listeners.
func (e *Endpoint) Env() map[string]string {
	return map[string]string{"PULUMI_DEBUG_PROVIDERS": e.providers}
}

// Close ends the listeners and everything under way. It may be called more than once.
func (e *Endpoint) Close() {
	e.stop(errClosed)
	for _, s := range e.servers {
		s.Stop()
	}
	e.served.Wait()
}
