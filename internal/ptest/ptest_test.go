package ptest_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/ptest"
)

type component struct{ pulumi.ResourceState }

type thing struct {
	pulumi.CustomResourceState
	Arn pulumi.StringOutput `pulumi:"arn"`
}

type provider struct{ pulumi.ProviderResourceState }

const thingType = "aws:iam/role:Role"

func register(ctx *pulumi.Context, name string, props pulumi.Map, opts ...pulumi.ResourceOption) (*thing, error) {
	res := &thing{}
	return res, ctx.RegisterResource(thingType, name, props, res, opts...)
}

func TestARegistrationCarriesItsOptionsAndInputs(t *testing.T) {
	t.Parallel()
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		p := &provider{}
		if err := ctx.RegisterResource("pulumi:providers:aws", "main", pulumi.Map{}, p); err != nil {
			return err
		}
		c := &component{}
		if err := ctx.RegisterComponentResource("eks-platform:x:X", "c", c, pulumi.Providers(p), pulumi.Protect(true)); err != nil {
			return err
		}
		first, err := register(ctx, "first", pulumi.Map{"password": pulumi.ToSecret(pulumi.String("hush"))}, pulumi.Parent(c))
		if err != nil {
			return err
		}
		_, err = register(ctx, "second", pulumi.Map{"of": first.Arn, "deep": pulumi.Map{"er": pulumi.Int(3)}},
			pulumi.Parent(c), pulumi.Protect(false), pulumi.RetainOnDelete(true), pulumi.DeletedWith(first),
			pulumi.IgnoreChanges([]string{"deep"}), pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String("old")}}))
		return err
	})
	require.NoError(t, err)

	first, ok := regs.Named(thingType, "first")
	require.True(t, ok)
	assert.Equal(t, "urn:pulumi:test::eks-platform::eks-platform:x:X$aws:iam/role:Role::first", first.URN)
	assert.True(t, first.Protect, "inherited from the component")
	assert.True(t, first.Inputs["password"].IsSecret())
	assert.Equal(t, "hush", first.Input("password"))
	assert.Contains(t, first.Provider, "pulumi:providers:aws::main")
	assert.Equal(t, "first-id", first.ID)

	second, ok := regs.Named(thingType, "second")
	require.True(t, ok)
	assert.Equal(t, ptest.ARN(thingType, "first"), second.Input("of"))
	assert.EqualValues(t, 3, second.Input("deep.er"))
	assert.False(t, second.Protect)
	assert.True(t, second.RetainOnDelete)
	assert.Equal(t, first.URN, second.DeletedWith)
	assert.Equal(t, []string{"deep"}, second.IgnoreChanges)
	assert.Equal(t, []ptest.Alias{{Name: "old"}}, second.Aliases)
	assert.True(t, second.DependsOn(first.URN))
	assert.False(t, first.DependsOn(second.URN))
	assert.Contains(t, regs.WaitsFor(second.URN), first.Parent)

	c, ok := regs.Named("eks-platform:x:X", "c")
	require.True(t, ok)
	assert.Equal(t, c.URN, first.Parent)
	assert.Empty(t, c.Parent)
	assert.Contains(t, c.Providers, "aws")
	assert.Len(t, regs.WithTypePrefix("aws:"), 2)
}

func TestAPreviewKnowsNoComputedOutput(t *testing.T) {
	t.Parallel()
	regs, err := ptest.Run(t, true, func(ctx *pulumi.Context) error {
		first, err := register(ctx, "first", pulumi.Map{})
		if err != nil {
			return err
		}
		_, err = register(ctx, "second", pulumi.Map{"of": first.Arn, "id": first.ID()})
		return err
	})
	require.NoError(t, err)
	second, ok := regs.Named(thingType, "second")
	require.True(t, ok)
	assert.Empty(t, second.ID)
	assert.True(t, second.Inputs["of"].IsComputed())
	assert.True(t, second.Inputs["id"].IsComputed())
	assert.Nil(t, second.Input("of"))
}

// failures stands in for a testing.TB whose failures are expected.
type failures struct {
	testing.TB
	mu    sync.Mutex
	texts []string
}

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}

func TestAURNRegisteredTwiceFailsTheTest(t *testing.T) {
	t.Parallel()
	f := &failures{TB: t}
	_, err := ptest.Run(f, false, func(ctx *pulumi.Context) error {
		_, first := register(ctx, "same", pulumi.Map{})
		_, second := register(ctx, "same", pulumi.Map{})
		return errors.Join(first, second)
	})
	require.NoError(t, err)
	require.Len(t, f.texts, 1)
	assert.Contains(t, f.texts[0], "::same is registered twice")
}

func TestConfigStackNameAndStackOutputsReachTheProgram(t *testing.T) {
	t.Parallel()
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		ref, err := pulumi.NewStackReference(ctx, "org/eks-platform/dev", nil)
		if err != nil {
			return err
		}
		value, _ := ctx.GetConfig(ptest.Project + ":key")
		_, err = register(ctx, "x", pulumi.Map{
			"stack": pulumi.String(ctx.Stack()), "value": pulumi.String(value),
			"vpc": ref.GetStringOutput(pulumi.String("vpcId")),
			"key": ref.GetOutput(pulumi.String("token")),
		})
		return err
	}, ptest.WithStack("stg"), ptest.WithConfig(map[string]string{"key": "v"}),
		ptest.WithStackOutputs("org/eks-platform/dev", map[string]any{"vpcId": "vpc-1", "token": "t"}, "token"))
	require.NoError(t, err)
	x, ok := regs.Named(thingType, "x")
	require.True(t, ok)
	assert.Equal(t, "stg", x.Input("stack"))
	assert.Equal(t, "v", x.Input("value"))
	assert.Equal(t, "vpc-1", x.Input("vpc"))
	assert.True(t, x.Inputs["key"].IsSecret())

	_, err = ptest.Run(t, false, func(ctx *pulumi.Context) error {
		_, err := pulumi.NewStackReference(ctx, "nowhere", nil)
		return err
	})
	require.ErrorContains(t, err, `unknown stack "nowhere"`)
}

func TestOutputsAndInvokesCanBeGiven(t *testing.T) {
	t.Parallel()
	const call = "aws:index/getCallerIdentity:getCallerIdentity"
	program := func(ctx *pulumi.Context) error {
		first, err := register(ctx, "first", pulumi.Map{})
		if err != nil {
			return err
		}
		var result struct {
			AccountID string `pulumi:"accountId"`
		}
		if err := ctx.Invoke(call, nil, &result); err != nil {
			return err
		}
		_, err = register(ctx, "second", pulumi.Map{"arn": first.Arn, "account": pulumi.String(result.AccountID)})
		return err
	}
	regs, err := ptest.Run(t, false, program,
		ptest.WithOutputs(thingType, func(name string, _ resource.PropertyMap) map[string]any {
			return map[string]any{"arn": "own-" + name}
		}),
		ptest.WithCall(call, func(resource.PropertyMap) (map[string]any, error) {
			return map[string]any{"accountId": "1"}, nil
		}))
	require.NoError(t, err)
	second, _ := regs.Named(thingType, "second")
	assert.Equal(t, "own-first", second.Input("arn"))
	assert.Equal(t, "1", second.Input("account"))

	_, err = ptest.Run(t, false, program)
	require.ErrorContains(t, err, "ptest.WithCall")
}

func TestAGoldenDistinguishesRemovalsAdditionsAndOptions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "urns.yaml")
	before := ptest.Registrations{{URN: "urn:a"}, {URN: "urn:b", Protect: true}}
	after := ptest.Registrations{{URN: "urn:b", IgnoreChanges: []string{"x"}}, {URN: "urn:c", RetainOnDelete: true}}

	t.Setenv(ptest.UpdateGoldenEnv, "1")
	ptest.Golden(t, before, path)
	t.Setenv(ptest.UpdateGoldenEnv, "")

	ptest.Golden(t, before, path)
	f := &failures{TB: t}
	ptest.Golden(f, after, path)
	require.Len(t, f.texts, 1)
	assert.Contains(t, f.texts[0], "REMOVED urn:a\n        (= deletes live infrastructure")
	assert.Contains(t, f.texts[0], "ADDED   urn:c (retainOnDelete)")
	assert.Contains(t, f.texts[0], "CHANGED OPTIONS urn:b\n        was protect, is ignoreChanges x")
}
