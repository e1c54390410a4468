package stacks

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// settle returns when each output has a value, is known to stay unknown (in a preview), or has failed.
//
// It orders registrations without adding a dependency. The engine runs few operations at once (four per CPU by
// default), first come, first served: ten interface endpoints and three NAT gateways take every slot for minutes
// while the control plane, which takes nine, waits for its turn. The program therefore lets the cluster reach the
// engine before it registers what only nodes need. A dependency would say the same and lie about it at destroy.
func settle(ctx context.Context, outputs ...pulumi.Output) {
	for _, o := range outputs {
		// A failure is reported by the registration that failed; here it only means that there is nothing to wait for.
		_, _ = internals.UnsafeAwaitOutput(ctx, o)
	}
}

// urns are outputs that have a value once their resources are there.
func urns(resources []pulumi.Resource) []pulumi.Output {
	out := make([]pulumi.Output, 0, len(resources))
	for _, r := range resources {
		out = append(out, r.URN())
	}
	return out
}
