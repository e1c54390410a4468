package aws

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Attach connects to the engine that uses this provider, for its log.
func (p *Provider) Attach(_ context.Context, r *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	host, err := provider.NewHostClient(r.GetAddress())
	if err != nil {
		return nil, fmt.Errorf("connect to the engine at %s: %w", r.GetAddress(), err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.host != nil {
		_ = p.host.Close()
	}
	p.host = host
	return &emptypb.Empty{}, nil
}

// warn notes what AWS accepts and what will not work all the same. The person reads it in the engine's log.
func (c *Call) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// log tells the engine what was noted about a resource.
func (p *Provider) log(ctx context.Context, urn string, warnings []string) {
	p.mu.Lock()
	host := p.host
	p.mu.Unlock()
	if host == nil {
		return
	}
	for _, w := range warnings {
		// A warning that cannot be delivered must not fail the operation that it comments on.
		_ = host.Log(ctx, diag.Warning, resource.URN(urn), w)
	}
}
