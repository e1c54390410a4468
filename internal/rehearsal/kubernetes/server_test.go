package kubernetes_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
	"github.com/eks-platform/eks-platform/internal/rehearsal/kubernetes"
)

const (
	endpoint = "https://0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com"
	project  = "urn:pulumi:dev::eks-platform::"
)

type m = map[string]any

// world is a store and a configured provider.
type world struct {
	t      *testing.T
	store  *cloud.Store
	server *kubernetes.Server
}

// newWorld returns a provider whose kubeconfig names the cluster at endpoint; exists reports whether there is one.
func newWorld(t *testing.T, exists bool, settings map[string]string) *world {
	t.Helper()
	store, err := cloud.Open(filepath.Join(t.TempDir(), "cloud"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	w := &world{t: t, store: store, server: kubernetes.New(store)}
	kubernetes.SetPatience(w.server, 0)
	if exists {
		require.NoError(t, store.Update(func(tx cloud.Tx) error { return tx.Put(clusterObject()) }))
	}
	w.configure(kubeconfig(endpoint), settings)
	return w
}

func clusterObject() *cloud.Object {
	return &cloud.Object{
		Scope: cloud.Scope{Account: "111122223333", Region: "eu-central-1"}, Type: "aws:eks/cluster:Cluster", ID: "nonprod",
		Attributes: cloud.Attributes{"name": "nonprod", "endpoint": endpoint},
	}
}

func kubeconfig(server string) string {
	return `{"apiVersion":"v1","kind":"Config","current-context":"aws",
"clusters":[{"name":"kubernetes","cluster":{"server":"` + server + `"}}],
"contexts":[{"name":"aws","context":{"cluster":"kubernetes","user":"aws"}}],"users":[{"name":"aws","user":{}}]}`
}

func (w *world) configure(kubeconfig string, settings map[string]string) {
	vars := map[string]string{"kubernetes:config:kubeconfig": kubeconfig}
	for k, v := range settings {
		vars["kubernetes:config:"+k] = v
	}
	//lint:ignore SA1019 The engine fills it for every provider.
	_, err := w.server.Configure(context.Background(), &pulumirpc.ConfigureRequest{Variables: vars})
	require.NoError(w.t, err)
}

func props(t testing.TB, v m) *structpb.Struct {
	t.Helper()
	return propsOf(t, resource.NewPropertyMapFromMap(v))
}

func propsOf(t testing.TB, v resource.PropertyMap) *structpb.Struct {
	t.Helper()
	s, err := plugin.MarshalProperties(v, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	require.NoError(t, err)
	return s
}

// check returns the checked inputs and the failures' reasons.
func (w *world) check(typ string, inputs m) (*structpb.Struct, []string) {
	w.t.Helper()
	resp, err := w.server.Check(context.Background(), &pulumirpc.CheckRequest{
		Urn: project + typ + "::thing", News: props(w.t, inputs), RandomSeed: []byte(strings.Repeat("s", 32)),
	})
	require.NoError(w.t, err)
	var reasons []string
	for _, f := range resp.Failures {
		reasons = append(reasons, strings.TrimSpace(f.Property+" "+f.Reason))
	}
	return resp.Inputs, reasons
}

func (w *world) create(typ string, inputs m) (*pulumirpc.CreateResponse, error) {
	w.t.Helper()
	checked, failures := w.check(typ, inputs)
	require.Empty(w.t, failures)
	return w.server.Create(context.Background(), &pulumirpc.CreateRequest{
		Urn: project + typ + "::thing", Properties: checked,
	})
}

func (w *world) keys() []string {
	var out []string
	require.NoError(w.t, w.store.View(func(tx cloud.Tx) error {
		for _, o := range tx.All() {
			out = append(out, o.Type+" "+o.ID)
		}
		return nil
	}))
	return out
}

const (
	namespace      = "kubernetes:core/v1:Namespace"
	serviceAccount = "kubernetes:core/v1:ServiceAccount"
	configMap      = "kubernetes:core/v1:ConfigMap"
)

func TestADestroyedClusterTakesItsObjectsAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	_, err := w.create(namespace, m{"metadata": m{"name": "apps"}})
	require.NoError(t, err)
	sa, err := w.create(serviceAccount, m{"metadata": m{"name": "web", "namespace": "apps"}})
	require.NoError(t, err)
	assert.Equal(t, "apps/web", sa.Id)
	_, err = w.create(configMap, m{"metadata": m{"name": "settings"}, "data": m{"a": "b"}})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"aws:eks/cluster:Cluster nonprod", "kubernetes:v1/ConfigMap nonprod/default/settings",
		"kubernetes:v1/Namespace nonprod/apps", "kubernetes:v1/ServiceAccount nonprod/apps/web",
	}, w.keys())
	c := clusterObject()
	require.NoError(t, w.store.Update(func(tx cloud.Tx) error { return tx.Delete(c.Scope, c.Type, c.ID) }))
	assert.Empty(t, w.keys())
}

func TestADeletedNamespaceTakesItsObjectsAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	ns, err := w.create(namespace, m{"metadata": m{"name": "apps"}})
	require.NoError(t, err)
	_, err = w.create(configMap, m{"metadata": m{"name": "settings", "namespace": "apps"}})
	require.NoError(t, err)
	_, err = w.server.Delete(context.Background(), &pulumirpc.DeleteRequest{
		Id: ns.Id, Urn: project + namespace + "::thing", Properties: ns.Properties,
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"aws:eks/cluster:Cluster nonprod"}, w.keys())
}

func TestWhatTheAPIServerRefusesFailsTheCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	for _, c := range []struct {
		name, typ string
		inputs    m
		want      string
	}{
		{"unknown field", namespace, m{"metadata": m{"name": "apps"}, "spec": m{"finalisers": []any{}}}, `unknown field "spec.finalisers"`},
		{"unknown metadata field", configMap, m{"metadata": m{"name": "apps", "lables": m{}}}, `unknown field "metadata.lables"`},
		{"wrong type", configMap, m{"metadata": m{"name": "x"}, "data": m{"replicas": 3}}, "cannot unmarshal number"},
		{"illegal name", namespace, m{"metadata": m{"name": "Apps"}}, `metadata.name: Invalid value: "Apps": a lowercase RFC 1123 label`},
		{"dot in a namespace", namespace, m{"metadata": m{"name": "a.b"}}, "metadata.name"},
		{"illegal label", serviceAccount, m{"metadata": m{"name": "x", "labels": m{"a b": "c"}}}, "metadata.labels: Invalid value"},
		{"illegal key", configMap, m{"metadata": m{"name": "x"}, "data": m{"a/b": "c"}}, "data[a/b]: Invalid value"},
		{"other kind", configMap, m{"kind": "Secret", "metadata": m{"name": "x"}}, "kind must be ConfigMap"},
		{"namespace on a namespace", namespace, m{"metadata": m{"name": "x", "namespace": "y"}}, "metadata.namespace: Forbidden"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, reasons := w.check(c.typ, c.inputs)
			require.NotEmpty(t, reasons)
			assert.Contains(t, strings.Join(reasons, "\n"), c.want)
		})
	}
}

func TestUnknownFieldsAreFoundDespiteUnknownValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false, nil)
	unknown := resource.MakeComputed(resource.NewProperty(""))
	in := resource.NewPropertyMapFromMap(m{"metadata": m{"name": "x"}, "dta": m{}})
	in["data"] = resource.NewProperty(resource.PropertyMap{"arn": unknown, "region": resource.NewProperty("eu-central-1")})
	resp, err := w.server.Check(context.Background(), &pulumirpc.CheckRequest{Urn: project + configMap + "::thing", News: propsOf(t, in)})
	require.NoError(t, err)
	require.Len(t, resp.Failures, 1)
	assert.Contains(t, resp.Failures[0].Reason, `unknown field "dta"`)
	out, err := plugin.UnmarshalProperties(resp.Inputs, plugin.MarshalOptions{KeepUnknowns: true})
	require.NoError(t, err)
	assert.True(t, out["data"].ObjectValue()["arn"].IsComputed(), "the unknown value was lost")
}

func TestAKindThatIsNotKnownIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	for _, typ := range []string{"kubernetes:apps/v1:Deploymint", "kubernetes:apps/v1:DeploymentPatch", "kubernetes:yaml/v2:ConfigGroup", "kubernetes:helm.sh/v4:Chart"} {
		_, err := w.server.Check(context.Background(), &pulumirpc.CheckRequest{Urn: project + typ + "::web"})
		assert.ErrorContains(t, err, "does not know the type "+typ)
	}
	_, err := w.server.Construct(context.Background(), &pulumirpc.ConstructRequest{Type: "kubernetes:helm.sh/v4:Chart"})
	assert.ErrorContains(t, err, "kubernetes:helm.sh/v4:Chart")
}

func TestAnObjectNeedsItsNamespace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	_, err := w.create(serviceAccount, m{"metadata": m{"name": "web", "namespace": "apps"}})
	assert.ErrorContains(t, err, `namespaces "apps" not found`)
	_, err = w.create(serviceAccount, m{"metadata": m{"name": "web", "namespace": "kube-system"}})
	assert.NoError(t, err)
}

func TestANameIsTakenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	_, err := w.create(namespace, m{"metadata": m{"name": "apps"}})
	require.NoError(t, err)
	for _, name := range []string{"apps", "kube-system"} {
		_, err = w.create(namespace, m{"metadata": m{"name": name}})
		assert.ErrorContains(t, err, `namespaces "`+name+`" already exists`)
	}
}

func TestAMissingClusterIsUnreachable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false, nil)
	checked, failures := w.check(namespace, m{"metadata": m{"name": "apps"}})
	require.Empty(t, failures)
	urn := project + namespace + "::thing"
	ctx := context.Background()

	preview, err := w.server.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked, Preview: true})
	require.NoError(t, err, "a preview only warns")
	assert.Empty(t, preview.Id)

	_, err = w.server.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked})
	assert.ErrorContains(t, err, "configured Kubernetes cluster is unreachable: unable to load schema information")
	assert.ErrorContains(t, err, endpoint)
	_, err = w.server.Read(ctx, &pulumirpc.ReadRequest{Id: "apps", Urn: urn, Inputs: checked})
	assert.ErrorContains(t, err, "PULUMI_K8S_DELETE_UNREACHABLE")
	_, err = w.server.Delete(ctx, &pulumirpc.DeleteRequest{Id: "apps", Urn: urn, Properties: checked})
	assert.ErrorContains(t, err, "PULUMI_K8S_DELETE_UNREACHABLE")

	w.configure(kubeconfig(endpoint), map[string]string{"deleteUnreachable": "true"})
	_, err = w.server.Delete(ctx, &pulumirpc.DeleteRequest{Id: "apps", Urn: urn, Properties: checked})
	assert.NoError(t, err)
	read, err := w.server.Read(ctx, &pulumirpc.ReadRequest{Id: "apps", Urn: urn, Inputs: checked})
	require.NoError(t, err)
	assert.Empty(t, read.Id)

	w.configure("not: [a kubeconfig", nil)
	_, err = w.server.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked})
	assert.ErrorContains(t, err, "failed to parse kubeconfig data in `kubernetes:config:kubeconfig`")
}

func TestAPreviewLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	checked, _ := w.check(namespace, m{"metadata": m{"name": "apps"}})
	resp, err := w.server.Create(context.Background(), &pulumirpc.CreateRequest{
		Urn: project + namespace + "::thing", Properties: checked, Preview: true,
	})
	require.NoError(t, err)
	assert.Equal(t, "apps", resp.Properties.Fields["metadata"].GetStructValue().Fields["labels"].GetStructValue().
		Fields["kubernetes.io/metadata.name"].GetStringValue(), "a preview shows what the API server will add")
	assert.Equal(t, []string{"aws:eks/cluster:Cluster nonprod"}, w.keys())
}

func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	in := resource.NewPropertyMapFromMap(m{"metadata": m{"name": "x"}, "data": m{"user": "me"}})
	in["data"].ObjectValue()["password"] = resource.MakeSecret(resource.NewProperty("hunter2"))
	ctx, urn := context.Background(), project+configMap+"::thing"
	checked, err := w.server.Check(ctx, &pulumirpc.CheckRequest{Urn: urn, News: propsOf(t, in)})
	require.NoError(t, err)
	created, err := w.server.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked.Inputs})
	require.NoError(t, err)
	for _, s := range []*structpb.Struct{checked.Inputs, created.Properties} {
		out, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepSecrets: true})
		require.NoError(t, err)
		data := out["data"].ObjectValue()
		assert.True(t, data["password"].IsSecret())
		assert.False(t, data["user"].IsSecret())
	}
}

// diff returns what changes when a created object gets new inputs.
func (w *world) diff(typ string, created *pulumirpc.CreateResponse, before, after *structpb.Struct) *pulumirpc.DiffResponse {
	w.t.Helper()
	resp, err := w.server.Diff(context.Background(), &pulumirpc.DiffRequest{
		Id: created.Id, Urn: project + typ + "::thing", Olds: created.Properties, OldInputs: before, News: after,
	})
	require.NoError(w.t, err)
	return resp
}

func TestDiffsAreUpdatesOrReplacementsAsInTheGenuineProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	before := m{"metadata": m{"name": "x", "labels": m{"team": "a"}}, "data": m{"a": "b"}}
	old, _ := w.check(configMap, before)
	created, err := w.create(configMap, before)
	require.NoError(t, err)

	for _, c := range []struct {
		name     string
		after    m
		diffs    []string
		replaces []string
		delFirst bool
	}{
		{"nothing", before, nil, nil, false},
		{"label", m{"metadata": m{"name": "x", "labels": m{"team": "b"}}, "data": m{"a": "b"}}, []string{"metadata.labels.team"}, nil, false},
		{"data", m{"metadata": m{"name": "x", "labels": m{"team": "a"}}, "data": m{"a": "c"}}, []string{"data.a"}, []string{"data.a"}, true},
		{"no data", m{"metadata": m{"name": "x", "labels": m{"team": "a"}}}, []string{"data"}, []string{"data"}, true},
		{"name", m{"metadata": m{"name": "y", "labels": m{"team": "a"}}, "data": m{"a": "b"}}, []string{"metadata.name"}, []string{"metadata.name"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, failures := w.check(configMap, c.after)
			require.Empty(t, failures)
			d := w.diff(configMap, created, old, now)
			assert.Equal(t, c.diffs, slices.Sorted(maps.Keys(d.DetailedDiff)))
			assert.Equal(t, c.replaces, d.Replaces)
			assert.Equal(t, c.delFirst, d.DeleteBeforeReplace)
		})
	}
	w.configure(kubeconfig(endpoint), map[string]string{"enableConfigMapMutable": "true"})
	now, _ := w.check(configMap, m{"metadata": m{"name": "x", "labels": m{"team": "a"}}, "data": m{"a": "c"}})
	assert.Empty(t, w.diff(configMap, created, old, now).Replaces, "a mutable ConfigMap is updated")
}

func TestRefreshFindsDriftAndUpdateCorrectsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	inputs := m{"metadata": m{"name": "apps", "labels": m{"team": "a"}}}
	checked, _ := w.check(namespace, inputs)
	created, err := w.create(namespace, inputs)
	require.NoError(t, err)
	scope := clusterObject().Scope
	labels := func(tx cloud.Tx) (*cloud.Object, map[string]any) {
		o, ok := tx.Get(scope, "kubernetes:v1/Namespace", "nonprod/apps")
		require.True(t, ok)
		return o, o.Attributes["metadata"].(map[string]any)["labels"].(map[string]any)
	}
	require.NoError(t, w.store.Update(func(tx cloud.Tx) error {
		o, l := labels(tx)
		l["team"], l["other"] = "stranger", "kept"
		return tx.Put(o)
	}))
	ctx, urn := context.Background(), project+namespace+"::thing"
	read, err := w.server.Read(ctx, &pulumirpc.ReadRequest{Id: "apps", Urn: urn, Inputs: checked, Properties: created.Properties})
	require.NoError(t, err)
	d, err := w.server.Diff(ctx, &pulumirpc.DiffRequest{Id: "apps", Urn: urn, Olds: read.Properties, OldInputs: read.Inputs, News: checked})
	require.NoError(t, err)
	assert.Equal(t, []string{"metadata.labels.team"}, slices.Sorted(maps.Keys(d.DetailedDiff)), "what another manager added is no drift")

	_, err = w.server.Update(ctx, &pulumirpc.UpdateRequest{Id: "apps", Urn: urn, Olds: read.Properties, OldInputs: checked, News: checked})
	require.NoError(t, err)
	require.NoError(t, w.store.View(func(tx cloud.Tx) error {
		_, l := labels(tx)
		assert.Equal(t, m{"team": "a", "other": "kept", "kubernetes.io/metadata.name": "apps"}, l)
		return nil
	}))

	require.NoError(t, w.store.Update(func(tx cloud.Tx) error { return tx.Delete(scope, "kubernetes:v1/Namespace", "nonprod/apps") }))
	read, err = w.server.Read(ctx, &pulumirpc.ReadRequest{Id: "apps", Urn: urn, Inputs: checked, Properties: created.Properties})
	require.NoError(t, err)
	assert.Empty(t, read.Id, "a deleted object is gone for refresh")
}

func TestAnObjectWithoutANameKeepsTheOneItWasGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	name := func(s *structpb.Struct) string {
		return s.Fields["metadata"].GetStructValue().Fields["name"].GetStringValue()
	}
	first, failures := w.check(serviceAccount, m{"metadata": m{}})
	require.Empty(t, failures)
	require.Regexp(t, `^thing-[0-9a-f]{8}$`, name(first))
	again, err := w.server.Check(context.Background(), &pulumirpc.CheckRequest{
		Urn: project + serviceAccount + "::thing", Olds: first, News: props(t, m{}), RandomSeed: []byte(strings.Repeat("t", 32)),
	})
	require.NoError(t, err)
	assert.Equal(t, name(first), name(again.Inputs))
}

func TestOnlyAChangedClusterIdentifierReplacesAProviderThatHasOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	here, there := kubeconfig(endpoint), kubeconfig("https://other.eks.amazonaws.com")
	unknown := resource.MakeComputed(resource.NewProperty(""))
	for _, c := range []struct {
		name     string
		old, new resource.PropertyMap
		changes  bool
		replaces []string
	}{
		{"same", resource.NewPropertyMapFromMap(m{"kubeconfig": here}), resource.NewPropertyMapFromMap(m{"kubeconfig": here}), false, nil},
		{"other cluster without identifier", resource.NewPropertyMapFromMap(m{"kubeconfig": here}), resource.NewPropertyMapFromMap(m{"kubeconfig": there}), true, []string{"kubeconfig"}},
		{"unknown kubeconfig without identifier", resource.NewPropertyMapFromMap(m{"kubeconfig": here}), resource.PropertyMap{"kubeconfig": unknown}, true, []string{"kubeconfig"}},
		{"same identifier, other cluster", resource.NewPropertyMapFromMap(m{"kubeconfig": here, "clusterIdentifier": "a"}), resource.NewPropertyMapFromMap(m{"kubeconfig": there, "clusterIdentifier": "a"}), true, nil},
		{"same identifier, unknown kubeconfig", resource.NewPropertyMapFromMap(m{"kubeconfig": here, "clusterIdentifier": "a"}), resource.PropertyMap{"kubeconfig": unknown, "clusterIdentifier": resource.NewProperty("a")}, true, nil},
		{"other identifier", resource.NewPropertyMapFromMap(m{"kubeconfig": here, "clusterIdentifier": "a"}), resource.NewPropertyMapFromMap(m{"kubeconfig": here, "clusterIdentifier": "b"}), true, []string{"clusterIdentifier"}},
		{"identifier added", resource.NewPropertyMapFromMap(m{"kubeconfig": here}), resource.NewPropertyMapFromMap(m{"kubeconfig": here, "clusterIdentifier": "a"}), true, nil},
		{"other setting", resource.NewPropertyMapFromMap(m{"kubeconfig": here}), resource.NewPropertyMapFromMap(m{"kubeconfig": here, "namespace": "x"}), true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, err := w.server.DiffConfig(context.Background(), &pulumirpc.DiffRequest{Olds: propsOf(t, c.old), News: propsOf(t, c.new)})
			require.NoError(t, err)
			assert.Equal(t, c.changes, resp.Changes == pulumirpc.DiffResponse_DIFF_SOME)
			assert.Equal(t, c.replaces, resp.Replaces)
		})
	}
}

func TestEachConnectionIsAProviderInstanceOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	stop := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: stop, Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, w.server)
		return nil
	}})
	require.NoError(t, err)
	t.Cleanup(func() { close(stop) })
	ctx := context.Background()
	connect := func(server string) pulumirpc.ResourceProviderClient {
		conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", handle.Port), grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		c := pulumirpc.NewResourceProviderClient(conn)
		//lint:ignore SA1019 The engine fills it for every provider.
		_, err = c.Configure(ctx, &pulumirpc.ConfigureRequest{Variables: map[string]string{"kubernetes:config:kubeconfig": kubeconfig(server)}})
		require.NoError(t, err)
		return c
	}
	here, nowhere := connect(endpoint), connect("https://nowhere.eks.amazonaws.com")
	checked, _ := w.check(namespace, m{"metadata": m{"name": "apps"}})
	req := &pulumirpc.CreateRequest{Urn: project + namespace + "::thing", Properties: checked}
	_, err = nowhere.Create(ctx, req)
	assert.ErrorContains(t, err, "https://nowhere.eks.amazonaws.com")
	_, err = here.Create(ctx, req)
	assert.NoError(t, err, "the instance that was configured last must not have taken the other's place")
}
