package kubernetes_test

import (
	"context"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const eksCharts = "https://aws.github.io/eks-charts"

// controller returns a release of the AWS Load Balancer Controller.
func controller() m {
	return m{
		"name": "alb", "namespace": "kube-system", "chart": "aws-load-balancer-controller", "version": "3.5.0",
		"repositoryOpts": m{"repo": eksCharts}, "values": m{"clusterName": "nonprod"},
	}
}

func with(inputs m, changes m) m {
	for key, value := range changes {
		if value == nil {
			delete(inputs, key)
		} else {
			inputs[key] = value
		}
	}
	return inputs
}

func TestAReleaseIsInstalledUpgradedAndRemoved(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, true, nil)
	r := w.make(release, controller())
	assert.Equal(t, "kube-system/alb", r.created.Id)
	assert.Equal(t, map[string]any{
		"appVersion": "v3.5.0", "chart": "aws-load-balancer-controller", "name": "alb", "namespace": "kube-system",
		"revision": 1.0, "status": "deployed", "version": "3.5.0",
	}, property(t, r.created.Properties, "status"))
	assert.Equal(t, 300.0, property(t, r.created.Properties, "timeout"))
	assert.Empty(t, w.diff(release, r.created, r.inputs, r.inputs).Diffs)
	read, err := w.server.Read(ctx, &pulumirpc.ReadRequest{Id: r.created.Id, Urn: project + release + "::thing", Inputs: r.inputs, Properties: r.created.Properties})
	require.NoError(t, err)
	assert.Equal(t, r.inputs.AsMap(), read.Inputs.AsMap())
	assert.Equal(t, r.created.Properties.AsMap(), read.Properties.AsMap())

	d, updated, err := w.to(r, with(controller(), m{"values": m{"clusterName": "nonprod", "region": "eu-central-1"}}))
	require.NoError(t, err)
	assert.Equal(t, []string{"values"}, d.Diffs, "the detailed diff alone has the path")
	assert.Contains(t, d.DetailedDiff, "values.region")
	assert.Empty(t, d.Replaces)
	assert.Equal(t, 2.0, property(t, updated.Properties, "status/revision"))
	for _, key := range []string{"name", "namespace"} {
		checked := w.mustCheck(release, with(controller(), m{key: "default"}))
		d := w.diff(release, r.created, r.inputs, checked)
		assert.Equal(t, []string{key}, d.Replaces)
		assert.False(t, d.DeleteBeforeReplace)
	}
	_, err = w.server.Delete(ctx, &pulumirpc.DeleteRequest{Id: r.created.Id, Urn: project + release + "::thing", Properties: r.created.Properties})
	require.NoError(t, err)
	assert.Equal(t, []string{"aws:eks/cluster:Cluster nonprod"}, w.keys())
	_, err = w.server.Delete(ctx, &pulumirpc.DeleteRequest{Id: r.created.Id, Urn: project + release + "::thing", Properties: r.created.Properties})
	assert.ErrorContains(t, err, "release: not found")
}

func TestAReleaseThatHelmRefusesIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	for _, c := range []struct {
		name    string
		changes m
		want    string
	}{
		{"no chart", m{"chart": ""}, "chart no chart name found"},
		{"a chart that the repository does not have", m{"chart": "aws-load-balancer-controler", "version": ""}, `knows no chart "aws-load-balancer-controler" in ` + eksCharts},
		{"a version that is none", m{"version": "three"}, "improper constraint: three"},
		{"a constraint that nothing satisfies", m{"version": "~3.4.0"}, `chart "aws-load-balancer-controller" matching ~3.4.0 not found in ` + eksCharts},
		{"a major version that nobody has seen", m{"version": "30.5.0"}, "the newest known is 3.5.0"},
		{"a constraint on a chart that is not known", m{"chart": "own", "repositoryOpts": m{"repo": "https://example.com"}, "version": ">=1"}, "pin an exact one"},
		{"a long name", m{"name": strings.Repeat("a", 54)}, "the length must not be longer than 53"},
		{"an illegal name", m{"name": "Alb"}, "invalid release name"},
		{"an OCI chart with a repository", m{"chart": "oci://public.ecr.aws/karpenter/karpenter"}, "repositoryOpts.repo must not be set"},
		{"an unknown property", m{"chartVersion": "1"}, `unknown field "chartVersion"`},
		{"a wrong type", m{"timeout": "long"}, "cannot unmarshal string into Go struct field release.timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, reasons := w.check(release, with(controller(), c.changes))
			assert.Contains(t, strings.Join(reasons, "\n"), c.want)
		})
	}
}

func TestAVersionConstraintPicksTheNewestKnownVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	for _, c := range []struct {
		constraint string
		fits       bool
	}{
		{"", true}, {"3.5.0", true}, {"v3.5.0", true}, {"3", true}, {"3.x", true}, {"^3.1", true}, {"~3.5.0", true}, {">= 3, < 4", true}, {"2.x || 3.x", true},
		{">3.4 <=3.5.0", true}, {"!=3.4.0", true}, {"*", true}, {"^3.6.0", false}, {"<3.5.0", false}, {">3.5.0", false}, {"4.x", false}, {"~3.4", false}, {"!=3.5.0", false}, {">3", false},
	} {
		checked, failures := w.check(release, with(controller(), m{"version": c.constraint}))
		if !c.fits {
			assert.NotEmpty(t, failures, c.constraint)
			continue
		}
		require.Empty(t, failures, c.constraint)
		assert.Equal(t, "3.5.0", strings.TrimPrefix(checked.AsMap()["version"].(string), "v"), c.constraint)
	}
}

func TestAReleaseNeedsItsNamespaceAndAFreeName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	_, err := w.create(release, with(controller(), m{"namespace": "ingress"}))
	assert.ErrorContains(t, err, `namespaces "ingress" not found`)
	_, err = w.create(release, with(controller(), m{"namespace": "ingress", "createNamespace": true}))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"aws:eks/cluster:Cluster nonprod", "kubernetes:helm.sh/v3/Release nonprod/ingress/alb", "kubernetes:v1/Namespace nonprod/ingress",
	}, w.keys())
	_, err = w.create(release, with(controller(), m{"namespace": "ingress"}))
	assert.ErrorContains(t, err, "cannot re-use a name that is still in use")
	_, err = w.create(release, controller())
	assert.NoError(t, err, "a name is free in another namespace")
	_, err = w.create(ingress, valid(t, ingress))
	assert.NoError(t, err, "the chart brings its class")
}

func TestAReleaseInAnUnreachableCluster(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, false, nil)
	checked := w.mustCheck(release, controller())
	urn := project + release + "::thing"
	preview, err := w.server.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked, Preview: true})
	require.NoError(t, err)
	assert.Empty(t, preview.Id)
	_, err = w.server.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked})
	assert.ErrorContains(t, err, "can't create Helm Release with unreachable cluster: ")
	_, err = w.server.Delete(ctx, &pulumirpc.DeleteRequest{Id: "kube-system/alb", Urn: urn, Properties: checked})
	assert.ErrorContains(t, err, "PULUMI_K8S_DELETE_UNREACHABLE")
	w.configure(kubeconfig(endpoint), map[string]string{"deleteUnreachable": "true"})
	_, err = w.server.Delete(ctx, &pulumirpc.DeleteRequest{Id: "kube-system/alb", Urn: urn, Properties: checked})
	assert.NoError(t, err)
}

func TestAReleaseWithoutANameKeepsTheOneItWasGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	first := w.mustCheck(release, with(controller(), m{"name": nil}))
	require.Regexp(t, `^thing-[0-9a-f]{8}$`, first.AsMap()["name"])
	again, err := w.server.Check(context.Background(), &pulumirpc.CheckRequest{
		Urn: project + release + "::thing", Olds: first, News: props(t, with(controller(), m{"name": nil})), RandomSeed: []byte(strings.Repeat("t", 32)),
	})
	require.NoError(t, err)
	assert.Equal(t, first.AsMap()["name"], again.Inputs.AsMap()["name"])
}
