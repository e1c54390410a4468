// Package order orders registrations without making one resource depend on another.
//
// A dependency says more than "later": the engine also deletes in its order, and a run that leaves resources out
// (--exclude) keeps whatever they depend on, so that what was taken out of a stack file stays in AWS. Where only the
// order of creation is meant, the waiting is done here, in the program, and the engine hears nothing of it.
package order

import (
	"context"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// Settle returns when each output has a value, is known to stay unknown (in a preview), or has failed.
//
// The engine runs few operations at once (four per CPU by default), first come, first served: ten interface endpoints
// and three NAT gateways take every slot for minutes while the control plane, which takes nine, waits for its turn. The
// program therefore lets the cluster reach the engine before it registers what only nodes need.
func Settle(ctx context.Context, outputs ...pulumi.Output) {
	for _, o := range outputs {
		// A failure is reported by the registration that failed; here it only means that there is nothing to wait for.
		_, _ = internals.UnsafeAwaitOutput(ctx, o)
	}
}

// URNs returns outputs that have a value once their resources exist.
func URNs(resources []pulumi.Resource) []pulumi.Output {
	out := make([]pulumi.Output, 0, len(resources))
	for _, r := range resources {
		out = append(out, r.URN())
	}
	return out
}

// After returns an option that holds a registration back until the resources exist. Unlike pulumi.DependsOn it records
// no dependency: nothing keeps the resources when they leave the program, and they may go before what waited for them.
func After(ctx *pulumi.Context, resources ...pulumi.Resource) pulumi.ResourceOption {
	waits := URNs(slices.Clone(resources))
	settled, resolve, _ := ctx.NewOutput()
	go func() {
		Settle(ctx.Context(), waits...)
		resolve(nil)
	}()
	return pulumi.DependsOnInputs(settled.ApplyT(func(any) []pulumi.Resource { return nil }).(pulumi.ResourceArrayOutput))
}
