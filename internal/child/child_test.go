package child_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

type component struct{ pulumi.ResourceState }

func TestAChildIsNamedAfterItsComponentAndCannotBeReparented(t *testing.T) {
	t.Parallel()
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		parent, other := &component{}, &component{}
		if err := ctx.RegisterComponentResource("t:t:Parent", "net", parent); err != nil {
			return err
		}
		if err := ctx.RegisterComponentResource("t:t:Parent", "other", other); err != nil {
			return err
		}
		kids := child.Of{Parent: parent, Name: "net"}
		return ctx.RegisterComponentResource("t:t:Child", kids.ID("private", "euw1-az1"), &component{},
			kids.Opts(pulumi.Parent(other), pulumi.Protect(true))...)
	})
	require.NoError(t, err)
	kid, ok := regs.Named("t:t:Child", "net-private-euw1-az1")
	require.True(t, ok)
	assert.Contains(t, kid.Parent, "::net")
	assert.True(t, kid.Protect)
}

func TestOptionsOfOneChildDoNotReachTheNext(t *testing.T) {
	t.Parallel()
	shared := make([]pulumi.ResourceOption, 1, 4)
	shared[0] = pulumi.Protect(true)
	a, b := &component{}, &component{}
	first := child.Of{Parent: a}.Opts(shared...)
	second := child.Of{Parent: b}.Opts(shared...)
	assert.Len(t, first, 2)
	assert.Len(t, second, 2)
	assert.Len(t, shared, 1)
}
