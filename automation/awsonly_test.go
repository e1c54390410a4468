package automation_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/deploy"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
	"github.com/eks-platform/eks-platform/internal/rehearsal/kubernetes"
	"github.com/eks-platform/eks-platform/internal/warehouse"
)

const (
	harbourEndpoint = "https://private.gr7.eu-central-1.eks.amazonaws.com"
	nowhere         = "https://away.gr7.eu-central-1.eks.amazonaws.com"
)

// harbour is a program with two sides: boxes stand for what AWS's API makes, the cluster among them, and namespaces and
// what is in them lie under the one component of what is inside.
type harbour struct {
	t     *testing.T
	store *cloud.Store
	boxes *warehouse.Boxes
	*automation.Platform

	colour string
	shape  string   // of the role
	team   string   // of every namespace
	spaces []string // namespaces
	grants []string // boxes that every namespace depends on, such as access entries
}

var harbourCluster = cloud.Object{
	Scope: cloud.Scope{Account: "111122223333", Region: "eu-central-1"}, Type: "aws:eks/cluster:Cluster", ID: "nonprod",
	Attributes: cloud.Attributes{"name": "nonprod", "endpoint": harbourEndpoint},
}

func newHarbour(t *testing.T) *harbour {
	t.Helper()
	store, err := cloud.Open(filepath.Join(t.TempDir(), "cloud"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	h := &harbour{t: t, store: store, boxes: warehouse.NewBoxes(), colour: "red", team: "a", spaces: []string{"apps"}}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: eks-platform\nruntime: go\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.prod.yaml"), []byte("config: {}\n"), 0o600))
	h.Platform, err = automation.New(automation.Options{
		ProjectDir: dir, Cloud: rehearsal.Over(t.TempDir(), h.serve, func() error { return nil }),
		Program: h.program, Command: clitest.Find(t),
		Estate: func(string) (automation.Estate, error) { return warehouse.Street{"prod"}, nil },
	})
	require.NoError(t, err)
	return h
}

// serve listens for both providers.
func (h *harbour) serve(ctx context.Context) (rehearsal.Providers, error) {
	outside, err := h.boxes.Serve(ctx)
	if err != nil {
		return nil, err
	}
	stop := make(chan bool)
	inside, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: stop, Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, kubernetes.New(h.store))
		return nil
	}})
	if err != nil {
		return nil, err
	}
	return harbourProviders{outside, stop, inside.Port}, nil
}

type harbourProviders struct {
	rehearsal.Providers
	stop   chan bool
	inside int
}

func (p harbourProviders) Env() map[string]string {
	env := p.Providers.Env()
	env["PULUMI_DEBUG_PROVIDERS"] += fmt.Sprintf(",kubernetes:%d", p.inside)
	return env
}

func (p harbourProviders) Close() {
	close(p.stop)
	p.Providers.Close()
}

type thing struct{ pulumi.CustomResourceState }

func (h *harbour) program(ctx *pulumi.Context) error {
	cluster, role := &thing{}, &thing{}
	for name, r := range map[string]*thing{"cluster": cluster, "role": role} {
		inputs := pulumi.Map{"colour": pulumi.String(h.colour)}
		if name == "role" && h.shape != "" {
			inputs["shape"] = pulumi.String(h.shape)
		}
		if err := ctx.RegisterResource("fake:index:Box", name, inputs, r); err != nil {
			return err
		}
	}
	needs := []pulumi.Resource{role}
	for _, name := range h.grants {
		grant := &thing{}
		if err := ctx.RegisterResource("fake:index:Box", name, pulumi.Map{}, grant); err != nil {
			return err
		}
		needs = append(needs, grant)
	}
	inCluster := &pulumi.ResourceState{}
	provider := &struct{ pulumi.ProviderResourceState }{}
	err := ctx.RegisterComponentResourceV2("eks-platform:stacks:InCluster", "prod", nil, inCluster, pulumi.DeletedWith(cluster))
	if err != nil {
		return err
	}
	err = ctx.RegisterResource("pulumi:providers:kubernetes", "prod", pulumi.Map{
		"kubeconfig": cluster.ID().ApplyT(func(pulumi.ID) string {
			return `{"apiVersion":"v1","kind":"Config","current-context":"aws",` +
				`"clusters":[{"name":"kubernetes","cluster":{"server":"` + harbourEndpoint + `"}}],` +
				`"contexts":[{"name":"aws","context":{"cluster":"kubernetes","user":"aws"}}],"users":[{"name":"aws","user":{}}]}`
		}).(pulumi.StringOutput),
		"clusterIdentifier": cluster.ID(),
	}, provider, pulumi.Parent(inCluster))
	if err != nil {
		return err
	}
	tenancy := &pulumi.ResourceState{}
	err = ctx.RegisterComponentResourceV2("eks-platform:tenancy:Spaces", "prod", nil, tenancy, pulumi.Parent(inCluster), pulumi.Providers(provider))
	if err != nil {
		return err
	}
	for _, name := range h.spaces {
		ns := &thing{}
		err := ctx.RegisterResource("kubernetes:core/v1:Namespace", name, pulumi.Map{"metadata": pulumi.Map{
			"name": pulumi.String(name), "labels": pulumi.Map{"team": pulumi.String(h.team)},
		}}, ns, pulumi.Parent(tenancy), pulumi.DependsOn(needs))
		if err != nil {
			return err
		}
		err = ctx.RegisterResource("kubernetes:core/v1:ServiceAccount", name, pulumi.Map{"metadata": pulumi.Map{
			"name": pulumi.String("web"), "namespace": ns.ID(),
		}}, &thing{}, pulumi.Parent(tenancy))
		if err != nil {
			return err
		}
	}
	if err := ctx.RegisterResourceOutputs(tenancy, pulumi.Map{"spaces": pulumi.Int(len(h.spaces))}); err != nil {
		return err
	}
	return ctx.RegisterResourceOutputs(inCluster, pulumi.Map{})
}

// reach lets the cluster answer at an address; nowhere is as good as no way to it.
func (h *harbour) reach(address string) {
	h.t.Helper()
	o := harbourCluster
	o.Attributes = cloud.Attributes{"name": "nonprod", "endpoint": address}
	require.NoError(h.t, h.store.Update(func(tx cloud.Tx) error { return tx.Put(&o) }))
}

// inside lists what is in the cluster, with the team of each namespace.
func (h *harbour) inside() []string {
	h.t.Helper()
	out := []string{}
	require.NoError(h.t, h.store.View(func(tx cloud.Tx) error {
		for _, o := range tx.All() {
			if _, object, ok := strings.Cut(o.Type, "kubernetes:"); ok {
				meta, _ := o.Attributes["metadata"].(map[string]any)
				labels, _ := meta["labels"].(map[string]any)
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %v", object, o.ID, labels["team"])))
			}
		}
		return nil
	}))
	slices.Sort(out)
	return out
}

func types(r *plan.Result) []string {
	var out []string
	for _, s := range r.Steps {
		out = append(out, s.Type)
	}
	return out
}

func TestAnAWSOnlyOperationNeedsNoWayToTheClusterAndLeavesWhatIsInIt(t *testing.T) {
	t.Parallel()
	h := newHarbour(t)
	ctx := t.Context()
	h.reach(nowhere)
	up := func(o automation.UpOptions) *plan.Result {
		t.Helper()
		r, err := h.Up(ctx, "prod", o)
		require.NoError(t, err)
		return r
	}

	planned, err := h.Preview(ctx, "prod", automation.PreviewOptions{AWSOnly: true})
	require.NoError(t, err)
	assert.NotContains(t, types(planned), "kubernetes:core/v1:Namespace")
	first := up(automation.UpOptions{AWSOnly: true})
	assert.ElementsMatch(t, []string{
		"pulumi:pulumi:Stack", "pulumi:providers:fake", "fake:index:Box", "fake:index:Box",
		"eks-platform:stacks:InCluster", "pulumi:providers:kubernetes",
	}, types(first), "the component and its provider are no objects of the cluster")
	assert.Equal(t, planned.Count("create"), first.Count("create"))
	assert.Equal(t, 2, h.boxes.Count())
	assert.Empty(t, h.inside())

	again, err := h.Preview(ctx, "prod", automation.PreviewOptions{AWSOnly: true})
	require.NoError(t, err)
	assert.True(t, again.Empty(), "%v", again.Steps)
	_, err = h.Up(ctx, "prod", automation.UpOptions{})
	assert.ErrorContains(t, err, "configured Kubernetes cluster is unreachable", "the rest needs the cluster")

	h.reach(harbourEndpoint)
	up(automation.UpOptions{})
	made := []string{"v1/Namespace nonprod/apps a", "v1/ServiceAccount nonprod/apps/web <nil>"}
	assert.Equal(t, made, h.inside())

	// Everything changes, on both sides, and the cluster is out of reach again: the inside waits.
	h.reach(nowhere)
	h.colour, h.team, h.spaces = "blue", "b", []string{"shop"}
	changed := up(automation.UpOptions{AWSOnly: true, Refresh: true})
	assert.Equal(t, map[string]string{"cluster": "update", "role": "update"}, ops(changed))
	assert.Equal(t, made, h.inside())
	refreshed, err := h.Refresh(ctx, "prod", automation.RefreshOptions{AWSOnly: true})
	require.NoError(t, err)
	assert.Empty(t, refreshed.Drift)
	_, err = h.Refresh(ctx, "prod", automation.RefreshOptions{})
	assert.ErrorContains(t, err, "failed to read resource state due to unreachable cluster", "a whole refresh reads what is inside")

	h.reach(harbourEndpoint)
	up(automation.UpOptions{})
	assert.Equal(t, []string{"v1/Namespace nonprod/shop b", "v1/ServiceAccount nonprod/shop/web <nil>"}, h.inside())
	end, err := h.Preview(ctx, "prod", automation.PreviewOptions{})
	require.NoError(t, err)
	assert.True(t, end.Empty(), "%v", end.Steps)
}

// withheld names the deletions that a result says are withheld.
func withheld(r *plan.Result) map[string]string {
	out := map[string]string{}
	for _, s := range r.Withheld {
		out[s.Name] = s.Op
	}
	return out
}

func TestDeletionsThatAreWithheldAreNamedUntilTheyAreDone(t *testing.T) {
	t.Parallel()
	h := newHarbour(t)
	ctx := t.Context()
	h.reach(harbourEndpoint)
	h.grants, h.spaces, h.shape = []string{"on-call", "audit"}, []string{"apps", "shop"}, "cube"
	_, err := h.Up(ctx, "prod", automation.UpOptions{})
	require.NoError(t, err)
	same, err := h.Preview(ctx, "prod", automation.PreviewOptions{AWSOnly: true})
	require.NoError(t, err)
	assert.Empty(t, same.Withheld, "what the program registers is not withheld")

	h.reach(nowhere)
	h.grants, h.spaces = []string{"audit"}, []string{"apps"}
	revoked := map[string]string{"on-call": "delete", "shop": "delete"}
	planned, err := h.Preview(ctx, "prod", automation.PreviewOptions{AWSOnly: true})
	require.NoError(t, err)
	assert.True(t, planned.Empty(), "%v", planned.Steps)
	assert.Equal(t, revoked, withheld(planned))
	d, err := deploy.Run(ctx, h.Platform, "prod", deploy.Options{AWSOnly: true, Program: "tree 1"})
	require.ErrorIs(t, err, automation.ErrUnsettled)
	assert.Equal(t, deploy.Unsettled, d.Outcome, "there was nothing to do but what is withheld")
	assert.ErrorContains(t, err, "withheld: delete fake:index:Box on-call")

	// The old role goes after its replacement is there, and is withheld as well.
	h.shape = "ball"
	revoked["role"] = "delete-replaced"
	planned, err = h.Preview(ctx, "prod", automation.PreviewOptions{AWSOnly: true})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"role": "replace"}, ops(planned))
	assert.Equal(t, revoked, withheld(planned))
	up, err := h.Up(ctx, "prod", automation.UpOptions{AWSOnly: true})
	require.NoError(t, err)
	assert.Equal(t, revoked, withheld(up))
	h.colour = "blue"
	d, err = deploy.Run(ctx, h.Platform, "prod", deploy.Options{AWSOnly: true, Program: "tree 1"})
	require.ErrorIs(t, err, automation.ErrUnsettled)
	assert.Equal(t, revoked, withheld(d.Up))
	assert.ErrorContains(t, err, "delete-replaced fake:index:Box role")

	h.reach(harbourEndpoint)
	up, err = h.Up(ctx, "prod", automation.UpOptions{})
	require.NoError(t, err)
	assert.Empty(t, up.Withheld)
	assert.Equal(t, "delete", ops(up)["on-call"])
	planned, err = h.Preview(ctx, "prod", automation.PreviewOptions{AWSOnly: true})
	require.NoError(t, err)
	assert.Empty(t, planned.Withheld)
}

// TestThePatternIsTheOneThatPeopleType holds the documented command to the program's type.
func TestThePatternIsTheOneThatPeopleType(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "**eks-platform:stacks:InCluster$**", automation.InCluster)
	for _, doc := range []string{"../docs/private-access.md", "operations.go"} {
		text, err := os.ReadFile(doc)
		require.NoError(t, err)
		assert.Contains(t, string(text), "--exclude '"+automation.InCluster+"'", doc)
	}
}

func TestAClustersContentsAreDeletedWithItEvenIfUnreachable(t *testing.T) {
	t.Parallel()
	h := newHarbour(t)
	ctx := t.Context()
	h.reach(harbourEndpoint)
	_, err := h.Up(ctx, "prod", automation.UpOptions{})
	require.NoError(t, err)
	made := h.inside()
	require.Len(t, made, 2)

	h.reach(nowhere)
	_, err = h.Destroy(ctx, "prod", automation.DestroyOptions{})
	require.NoError(t, err)
	assert.Zero(t, h.boxes.Count())
	assert.Equal(t, made, h.inside(), "nobody asked the cluster to delete anything: it is gone itself")
	left, err := h.Resources(ctx, "prod")
	require.NoError(t, err)
	assert.Zero(t, left)
}

// TestOnlyWhatDiesWithTheClusterMayBeForgotten holds the other half of the rule: what leaves a cluster that stays is
// deleted in it, or the operation fails.
func TestOnlyWhatDiesWithTheClusterMayBeForgotten(t *testing.T) {
	t.Parallel()
	h := newHarbour(t)
	h.reach(harbourEndpoint)
	_, err := h.Up(t.Context(), "prod", automation.UpOptions{})
	require.NoError(t, err)
	h.reach(nowhere)
	h.spaces = nil
	_, err = h.Up(t.Context(), "prod", automation.UpOptions{})
	var failure *automation.Error
	require.True(t, errors.As(err, &failure), "%v", err)
	assert.ErrorContains(t, err, "unreachable")
	assert.Len(t, h.inside(), 2)
}

// ops says what a result does, by name.
func ops(r *plan.Result) map[string]string {
	out := map[string]string{}
	for _, s := range r.Steps {
		out[s.Name] = s.Op
	}
	return out
}
