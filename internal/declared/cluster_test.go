package declared_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/declared"
)

type network struct {
	pulumi.CustomResourceState
	Arn pulumi.StringOutput `pulumi:"arn"`
}

const networkType = "aws:ec2/vpc:Vpc"

// shared is a program whose stacks own a network or join that of another.
func shared(ctx *pulumi.Context) error {
	owner, _ := ctx.GetConfig(declared.Project + ":join")
	if owner == "" {
		size, _ := ctx.GetConfig(declared.Project + ":size")
		n := &network{}
		if err := ctx.RegisterResource(networkType, ctx.Stack(), pulumi.Map{"size": pulumi.String(size)}, n); err != nil {
			return err
		}
		ctx.Export("network", pulumi.Map{"id": n.ID(), "arn": n.Arn, "zones": pulumi.ToStringArray([]string{"a", "b"})})
		ctx.Export("token", pulumi.ToSecret(pulumi.String("hush")))
		return nil
	}
	name := ctx.Organization() + "/" + ctx.Project() + "/" + owner
	ref, err := pulumi.NewStackReference(ctx, owner, &pulumi.StackReferenceArgs{Name: pulumi.String(name)})
	if err != nil {
		return err
	}
	return ctx.RegisterResource("aws:ec2/subnet:Subnet", ctx.Stack(), pulumi.Map{
		"of": ref.GetOutput(pulumi.String("network")), "token": ref.GetOutput(pulumi.String("token")),
	}, &network{})
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func TestWhoJoinsReadsWhatTheOwnerExports(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{
		"Pulumi.dev.yaml": "config:\n  eks-platform:size: [1, 2]\n",
		"Pulumi.stg.yaml": "config:\n  join: dev\n  environment: staging\n",
	})
	stacks, err := declared.Cluster(shared, dir, "dev", []string{"stg"})
	require.NoError(t, err)
	require.Len(t, stacks, 2)
	assert.Equal(t, "dev", stacks[0].Environment, "the stack's name, where the file has no other")
	assert.Equal(t, "staging", stacks[1].Environment)

	owned, ok := stacks[0].Registrations.Named(networkType, "dev")
	require.True(t, ok)
	assert.Equal(t, map[string]any{"size": "[1,2]"}, owned.PlainInputs())

	subnet, ok := stacks[1].Registrations.Named("aws:ec2/subnet:Subnet", "stg")
	require.True(t, ok)
	assert.Equal(t, map[string]any{
		"of":    map[string]any{"id": "dev-id", "arn": declared.ARN(networkType, "dev"), "zones": []any{"a", "b"}},
		"token": "hush",
	}, subnet.PlainInputs())
}

func TestWhatAProgramRefusesIsTheErrorOfTheRun(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"Pulumi.dev.yaml": "config: {}\n", "Pulumi.stg.yaml": "config: {join: nowhere}\n"})
	refused := errors.New("this size is not to be had")
	_, err := declared.Cluster(func(*pulumi.Context) error { return refused }, dir, "dev", nil)
	require.ErrorIs(t, err, refused)
	assert.EqualError(t, err, "run the program for dev: this size is not to be had")

	_, err = declared.Cluster(shared, dir, "dev", []string{"stg"})
	require.ErrorContains(t, err, `run the program for stg: `)
	assert.ErrorContains(t, err, `unknown stack "organization/eks-platform/nowhere"`)

	_, err = declared.Cluster(shared, dir, "prod", nil)
	assert.ErrorContains(t, err, "Pulumi.prod.yaml")

	_, err = declared.Cluster(func(ctx *pulumi.Context) error {
		return errors.Join(
			ctx.RegisterResource(networkType, "same", nil, &network{}),
			ctx.RegisterResource(networkType, "same", nil, &network{}),
		)
	}, dir, "dev", nil)
	assert.ErrorContains(t, err, "::same is registered twice")
}

func TestAnInvokeWithoutAnAnswerFailsTheRun(t *testing.T) {
	t.Parallel()
	program := func(ctx *pulumi.Context) error {
		var out struct {
			ID string `pulumi:"id"`
		}
		if err := ctx.Invoke("aws:index/getCallerIdentity:getCallerIdentity", nil, &out); err != nil {
			return err
		}
		ctx.Export("id", pulumi.String(out.ID))
		return nil
	}
	_, err := declared.Run(program, declared.Options{Stack: "dev"})
	require.ErrorContains(t, err, "the program calls aws:index/getCallerIdentity:getCallerIdentity")

	got, err := declared.Run(program, declared.Options{Stack: "dev", Call: func(string, resource.PropertyMap) (map[string]any, error) {
		return map[string]any{"id": "me"}, nil
	}})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"id": "me"}, got.Outputs)
}
