package order_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/order"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

const (
	firstType = "test:index:First"
	thenType  = "test:index:Then"
)

type resource struct{ pulumi.CustomResourceState }

// program registers two resources of one type, and then one of another with an option that is made of them.
func program(option func(ctx *pulumi.Context, first []pulumi.Resource) pulumi.ResourceOption) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		var first []pulumi.Resource
		for _, name := range []string{"a", "b"} {
			r := &resource{}
			if err := ctx.RegisterResource(firstType, name, pulumi.Map{}, r); err != nil {
				return err
			}
			first = append(first, r)
		}
		return ctx.RegisterResource(thenType, "c", pulumi.Map{}, &resource{}, option(ctx, first))
	}
}

func TestAfterWaitsAndLeavesNoDependency(t *testing.T) {
	t.Parallel()
	after := program(func(ctx *pulumi.Context, first []pulumi.Resource) pulumi.ResourceOption {
		return order.After(ctx, first...)
	})
	for _, preview := range []bool{false, true} {
		var opts []ptest.Option
		if !preview {
			opts = append(opts, ptest.InOrder(t, firstType, thenType))
		}
		regs, err := ptest.Run(t, preview, after, opts...)
		require.NoError(t, err)
		then, ok := regs.Named(thenType, "c")
		require.True(t, ok)
		assert.Empty(t, regs.WaitsFor(then.URN))
	}
}

func TestAfterNothingWaitsForNothing(t *testing.T) {
	t.Parallel()
	regs, err := ptest.Run(t, false, program(func(ctx *pulumi.Context, _ []pulumi.Resource) pulumi.ResourceOption { return order.After(ctx) }))
	require.NoError(t, err)
	assert.Len(t, regs.ByType(thenType), 1)
}

func TestSettleReturnsWhenAllIsDone(t *testing.T) {
	t.Parallel()
	_, err := ptest.Run(t, false, program(func(ctx *pulumi.Context, first []pulumi.Resource) pulumi.ResourceOption {
		order.Settle(ctx.Context(), order.URNs(first)...)
		return pulumi.DependsOn(nil)
	}), ptest.InOrder(t, firstType, thenType))
	require.NoError(t, err)
}
