package kubernetes_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/eks-platform/eks-platform/internal/pulumicli"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// custom is any resource; the generated SDK would take minutes to compile for two types.
type custom struct {
	pulumi.CustomResourceState
}

// manifest is what the program of TestARealEngineIsServed registers.
type manifest struct {
	kubeconfig, team string
}

// program registers a provider, a namespace and a service account in it.
func (m manifest) program(ctx *pulumi.Context) error {
	var provider struct{ pulumi.ProviderResourceState }
	err := ctx.RegisterResource("pulumi:providers:kubernetes", "k8s", pulumi.Map{
		"kubeconfig": pulumi.String(m.kubeconfig), "clusterIdentifier": pulumi.String("arn:aws:eks:::cluster/nonprod"),
	}, &provider)
	if err != nil {
		return err
	}
	ns := &custom{}
	err = ctx.RegisterResource(namespace, "apps", pulumi.Map{"metadata": pulumi.Map{
		"name": pulumi.String("apps"), "labels": pulumi.Map{"team": pulumi.String(m.team)},
	}}, ns, pulumi.Provider(&provider))
	if err != nil {
		return err
	}
	return ctx.RegisterResource(serviceAccount, "web", pulumi.Map{"metadata": pulumi.Map{"namespace": ns.ID()}}, &custom{},
		pulumi.Provider(&provider))
}

func TestARealEngineIsServed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	cli, err := pulumicli.Find(ctx, pulumicli.Options{Progress: func(line string) { t.Log(line) }})
	require.NoError(t, err)
	w := newWorld(t, true, nil)
	stop := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: stop, Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, w.server)
		return nil
	}})
	require.NoError(t, err)
	t.Cleanup(func() { close(stop) })
	dir := t.TempDir()
	now := manifest{kubeconfig: kubeconfig(endpoint), team: "a"}
	stack, err := auto.UpsertStackInlineSource(ctx, "dev", "kubernetes", func(ctx *pulumi.Context) error { return now.program(ctx) },
		auto.Pulumi(cli), auto.EnvVars(map[string]string{
			"PULUMI_DEBUG_PROVIDERS": fmt.Sprintf("kubernetes:%d", handle.Port), "PULUMI_BACKEND_URL": "file://" + dir,
			"PULUMI_HOME": dir, "PULUMI_CONFIG_PASSPHRASE": "x", "PULUMI_SKIP_UPDATE_CHECK": "true",
		}))
	require.NoError(t, err)
	up := func() map[string]int {
		result, err := stack.Up(ctx, optup.ProgressStreams(io.Discard))
		require.NoError(t, err)
		return *result.Summary.ResourceChanges
	}

	preview, err := stack.Preview(ctx, optpreview.ProgressStreams(io.Discard))
	require.NoError(t, err)
	assert.Equal(t, 4, preview.ChangeSummary[apitype.OpCreate])
	assert.Equal(t, map[string]int{"create": 4}, up())
	assert.Regexp(t, `^\[aws:eks/cluster:Cluster nonprod kubernetes:v1/Namespace nonprod/apps kubernetes:v1/ServiceAccount nonprod/apps/web-[0-9a-f]{8}\]$`,
		fmt.Sprint(w.keys()))
	assert.Equal(t, map[string]int{"same": 4}, up(), "nothing has changed")

	now.team = "b"
	assert.Equal(t, map[string]int{"same": 3, "update": 1}, up())

	// The same cluster by another way: the identifier keeps everything in place.
	other := "https://other.gr7.eu-central-1.eks.amazonaws.com"
	require.NoError(t, w.store.Update(func(tx cloud.Tx) error {
		c, ok := tx.Get(clusterObject().Scope, clusterObject().Type, clusterObject().ID)
		require.True(t, ok)
		c.Attributes["endpoint"] = other
		return tx.Put(c)
	}))
	now.kubeconfig = kubeconfig(other)
	assert.Equal(t, map[string]int{"same": 3, "update": 1}, up())

	require.NoError(t, w.store.Update(func(tx cloud.Tx) error {
		return tx.Delete(clusterObject().Scope, "kubernetes:v1/Namespace", "nonprod/apps")
	}))
	refreshed, err := stack.Refresh(ctx, optrefresh.ProgressStreams(io.Discard))
	require.NoError(t, err)
	assert.Equal(t, 2, (*refreshed.Summary.ResourceChanges)["delete"], "the namespace and what was in it")
	assert.Equal(t, map[string]int{"create": 2, "same": 2}, up())

	_, err = stack.Destroy(ctx, optdestroy.ProgressStreams(io.Discard))
	require.NoError(t, err)
	assert.Equal(t, []string{"aws:eks/cluster:Cluster nonprod"}, w.keys())
}
