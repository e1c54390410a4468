package engine_test

import (
	"context"
	"io"
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
	"github.com/eks-platform/eks-platform/stacks"
)

// plainUp runs the program as "pulumi up" in a checkout does: no gate stands before it, and no stack but this one
// exists. It returns what the CLI said, and why it failed.
func plainUp(t *testing.T, c *rehearsal.Cloud, stack string) (string, error) {
	t.Helper()
	ctx := t.Context()
	endpoint, err := c.Serve(context.Background())
	require.NoError(t, err)
	t.Cleanup(endpoint.Close)
	env := map[string]string{
		"PULUMI_BACKEND_URL": "file://" + t.TempDir(), "PULUMI_CONFIG_PASSPHRASE": "test",
		"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
	maps.Copy(env, endpoint.Env())
	w, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(project(t, nil)), auto.Program(stacks.Program), auto.EnvVars(env),
		auto.PulumiHome(t.TempDir()), auto.Pulumi(clitest.Find(t)))
	require.NoError(t, err)
	s, err := auto.NewStack(ctx, stack, w)
	require.NoError(t, err)
	result, err := s.Up(ctx, optup.ProgressStreams(io.Discard), optup.ErrorProgressStreams(io.Discard), optup.Color("never"))
	if err != nil {
		return err.Error(), err
	}
	return result.StdOut, nil
}

func openCloud(t *testing.T, o rehearsal.Options) *rehearsal.Cloud {
	t.Helper()
	o.Dir = t.TempDir()
	c, err := rehearsal.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

func TestTheProgramItselfRefusesToJoinAClusterThatIsNotThere(t *testing.T) {
	t.Parallel()
	c := openCloud(t, rehearsal.Options{})
	said, err := plainUp(t, c, "stg")
	require.Error(t, err)
	assert.Contains(t, said, `join.stack: stack "dev" has no cluster to join yet: bring it up first (pulumi up -s dev)`)
	assert.NotContains(t, said, "goroutine", "no stack trace")
	objects, err := c.Objects()
	require.NoError(t, err)
	assert.Empty(t, objects)
}

func TestAStackRefusesEveryAccountButItsOwn(t *testing.T) {
	t.Parallel()
	c := openCloud(t, rehearsal.Options{Account: "999999999999"})
	said, err := plainUp(t, c, "dev")
	require.Error(t, err)
	assert.Contains(t, said, "AWS account ID not allowed: 999999999999")
	objects, err := c.Objects()
	require.NoError(t, err)
	assert.Empty(t, objects, "nothing is made in the wrong account")
}
