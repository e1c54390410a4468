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

	"github.com/eks-platform/eks-platform/internal/clitest"
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

// stack makes a stack of a program on the real engine, with this world's provider. Its state lies in a directory of
// the test.
func (w *world) stack(name string, program pulumi.RunFunc) auto.Stack {
	t := w.t
	t.Helper()
	stop := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: stop, Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, w.server)
		return nil
	}})
	require.NoError(t, err)
	t.Cleanup(func() { close(stop) })
	return clitest.NewStack(t, name, "kubernetes", program, map[string]string{"PULUMI_DEBUG_PROVIDERS": fmt.Sprintf("kubernetes:%d", handle.Port)})
}

func TestARealEngineIsServed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, true, nil)
	now := manifest{kubeconfig: kubeconfig(endpoint), team: "a"}
	stack := w.stack("dev", func(ctx *pulumi.Context) error { return now.program(ctx) })
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

// objects are what a program of TestTwoStacksShareAClusterOnTheRealEngine makes, in their order.
type objects []struct {
	typ, name string
	inputs    m
}

// program registers a provider and the objects, each after the one before.
func (o *objects) program(settings pulumi.Map) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		provider := &struct{ pulumi.ProviderResourceState }{}
		settings["clusterIdentifier"] = pulumi.String("nonprod")
		if err := ctx.RegisterResource("pulumi:providers:kubernetes", "k8s", settings, provider); err != nil {
			return err
		}
		var before []pulumi.Resource
		for _, each := range *o {
			r := &custom{}
			inputs := pulumi.Map{}
			for key, value := range each.inputs {
				inputs[key] = pulumi.Any(value)
			}
			if err := ctx.RegisterResource(each.typ, each.name, inputs, r, pulumi.Provider(provider), pulumi.DependsOn(before)); err != nil {
				return err
			}
			before = []pulumi.Resource{r}
		}
		return nil
	}
}

// TestTwoStacksShareAClusterOnTheRealEngine runs two environments through one cluster's life.
func TestTwoStacksShareAClusterOnTheRealEngine(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, true, nil)
	in := func(namespace string, inputs m) m {
		inputs["metadata"].(m)["namespace"] = namespace
		return inputs
	}
	dev := objects{
		{namespace, "dev", m{"metadata": m{"name": "dev"}}},
		{quota, "quota", in("dev", valid(t, quota))}, {secret, "secret", in("dev", valid(t, secret))},
		{deployment, "web", in("dev", valid(t, deployment))}, {autoscaler, "web", in("dev", valid(t, autoscaler))},
		{cronJob, "clean", in("dev", valid(t, cronJob))}, {binding, "edit", in("dev", valid(t, binding))},
		{policy, "policy", valid(t, policy)}, {policyBind, "bind", valid(t, policyBind)},
		{release, "alb", controller()}, {ingress, "web", valid(t, ingress)},
		{crd, "widgets", valid(t, crd)}, {widget, "widget", in("dev", valid(t, widget))},
		{storageClass, "gp3", valid(t, storageClass)},
	}
	stg := objects{
		{namespace, "stg", m{"metadata": m{"name": "stg"}}}, {deployment, "web", in("stg", valid(t, deployment))},
		{storageClass, "gp3", valid(t, storageClass)},
	}
	reach := func(endpoint string) pulumi.Map { return pulumi.Map{"kubeconfig": pulumi.String(kubeconfig(endpoint))} }
	one, two := w.stack("dev", dev.program(reach(endpoint))), w.stack("stg", stg.program(reach(endpoint)))

	preview, err := one.Preview(ctx, optpreview.ProgressStreams(io.Discard))
	require.NoError(t, err)
	assert.Equal(t, len(dev)+2, preview.ChangeSummary[apitype.OpCreate])
	_, err = one.Up(ctx, optup.ProgressStreams(io.Discard))
	require.NoError(t, err)
	for range 2 {
		again, err := one.Preview(ctx, optpreview.ProgressStreams(io.Discard), optpreview.ExpectNoChanges())
		require.NoError(t, err)
		assert.Equal(t, len(dev)+2, again.ChangeSummary[apitype.OpSame], "the second preview is empty, and so it is after a refresh")
		refreshed, err := one.Refresh(ctx, optrefresh.ProgressStreams(io.Discard), optrefresh.ExpectNoChanges())
		require.NoError(t, err)
		assert.NotContains(t, *refreshed.Summary.ResourceChanges, "update")
	}

	_, err = two.Up(ctx, optup.ProgressStreams(io.Discard))
	assert.ErrorContains(t, err, `storageclasses.storage.k8s.io "gp3" already exists`, "what is cluster-wide is its owner's alone")
	stg = stg[:2]
	_, err = two.Up(ctx, optup.ProgressStreams(io.Discard))
	require.NoError(t, err)

	dev[3].inputs = in("dev", changed(t, deployment, "spec/selector", "{matchExpressions: [{key: app, operator: Exists}]}"))
	replaced, err := one.Up(ctx, optup.ProgressStreams(io.Discard))
	require.NoError(t, err)
	assert.Equal(t, 1, (*replaced.Summary.ResourceChanges)["replace"], "another selector is another Deployment")

	// Somebody destroys the cluster: everything in it is gone, and who asks is told so.
	require.NoError(t, w.store.Update(func(tx cloud.Tx) error {
		c := clusterObject()
		return tx.Delete(c.Scope, c.Type, c.ID)
	}))
	assert.Empty(t, w.keys())
	dev[3].inputs = in("dev", changed(t, deployment, "spec/replicas", "5"))
	shown, err := one.Preview(ctx, optpreview.ProgressStreams(io.Discard))
	require.NoError(t, err, "a preview only warns")
	assert.Contains(t, shown.StdOut, "configured Kubernetes cluster is unreachable")
	_, err = one.Up(ctx, optup.ProgressStreams(io.Discard))
	assert.ErrorContains(t, err, "configured Kubernetes cluster is unreachable")
	_, err = two.Destroy(ctx, optdestroy.ProgressStreams(io.Discard))
	assert.ErrorContains(t, err, "PULUMI_K8S_DELETE_UNREACHABLE")

	forgiving := reach(endpoint)
	forgiving["deleteUnreachable"] = pulumi.Bool(true)
	two.Workspace().SetProgram(stg.program(forgiving))
	_, err = two.Refresh(ctx, optrefresh.ProgressStreams(io.Discard), optrefresh.RunProgram(true))
	require.NoError(t, err)
	_, err = two.Destroy(ctx, optdestroy.ProgressStreams(io.Discard))
	assert.NoError(t, err)
}
