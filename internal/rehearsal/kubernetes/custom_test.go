package kubernetes_test

import (
	"context"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

func TestACustomResourceNeedsItsDefinition(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	_, err := w.create(widget, valid(t, widget))
	assert.ErrorContains(t, err, `no matches for kind "Widget" in version "example.com/v1"; its CustomResourceDefinition must exist first`)
	_, err = w.server.Create(context.Background(), &pulumirpc.CreateRequest{
		Urn: project + widget + "::thing", Properties: w.mustCheck(widget, valid(t, widget)), Preview: true,
	})
	require.NoError(t, err, "it may come earlier in the same update")

	definition := w.make(crd, valid(t, crd))
	made := w.make(widget, valid(t, widget))
	assert.Equal(t, "default/w", made.created.Id)
	_, err = w.create("kubernetes:example.com/v2:Widget", valid(t, widget))
	assert.ErrorContains(t, err, `in version "example.com/v2"`)

	_, err = w.server.Delete(context.Background(), &pulumirpc.DeleteRequest{
		Id: "widgets.example.com", Urn: project + crd + "::thing", Properties: definition.created.Properties,
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"aws:eks/cluster:Cluster nonprod"}, w.keys(), "its objects go with a definition")
}

func TestACustomResourceIsHeldToItsSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	w.make(crd, valid(t, crd))
	for _, c := range []struct{ path, value, want string }{
		{"spec/size", "null", "spec.size: Required value"},
		{"spec/size", "big", "must be of type integer"},
		{"spec/size", "1.5", "must be of type integer"},
		{"spec/size", "0", "minimum is 1"},
		{"spec/size", "10", "maximum is 9"},
		{"spec/sise", "1", "spec.sise: Invalid value: 1: unknown field"},
		{"spec/colour", "green", "must be one of [red blue]"},
		{"spec/code", "A1", "must match ^[a-z]+$"},
		{"spec/port", "true", "must be an integer or a string"},
		{"spec/labels/a", "1", "spec.labels[a]: Invalid value: 1: must be of type string"},
		{"spec/list", "[{}, {}, {}]", "maxItems is 2"},
		{"spec/list/0/nam", "a", "spec.list[0].nam: Invalid value"},
		{"status/ready", "true", "status: Invalid value"},
	} {
		_, err := w.create(widget, changed(t, widget, c.path, c.value))
		assert.ErrorContains(t, err, c.want)
	}
	assert.Len(t, w.keys(), 2, "nothing of it is left")
}

func TestAClusterWideCustomResourceGetsNoNamespace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	w.make(crd, changed(t, crd, "spec/scope", "Cluster"))
	assert.Equal(t, "w", w.make(widget, valid(t, widget)).created.Id)
	_, err := w.create(widget, changed(t, widget, "metadata/namespace", "default"))
	assert.ErrorContains(t, err, "metadata.namespace must not be set")
}

func TestPropertiesOfSchemasThatTheSDKCannotSpellReachTheAPIServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	w.make(crd, changed(t, crd, "spec/versions/0/schema/openAPIV3Schema/properties/spec", "{type: object, x_kubernetes_preserve_unknown_fields: true}"))
	_, err := w.create(widget, changed(t, widget, "spec/whatever", "1"))
	assert.NoError(t, err)
}

func TestDefinitionsComeWithTheClusterItsAddonsAndItsCharts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	const (
		groups   = "kubernetes:vpcresources.k8s.aws/v1beta1:SecurityGroupPolicy"
		eni      = "kubernetes:crd.k8s.amazonaws.com/v1alpha1:ENIConfig"
		external = "kubernetes:external-secrets.io/v1:ExternalSecret"
	)
	named := m{"metadata": m{"name": "x"}}
	_, err := w.create(groups, named)
	require.NoError(t, err, "EKS brings it")

	_, err = w.create(eni, named)
	assert.ErrorContains(t, err, "no matches for kind")
	require.NoError(t, w.store.Update(func(tx cloud.Tx) error {
		return tx.Put(&cloud.Object{Scope: clusterObject().Scope, Type: "aws:eks/addon:Addon", ID: "nonprod:vpc-cni", Attributes: cloud.Attributes{
			"addonName": "vpc-cni", "clusterName": "nonprod",
		}})
	}))
	o := w.make(eni, named)
	assert.Equal(t, "x", o.created.Id, "and it is cluster-wide")

	_, err = w.create(external, named)
	assert.ErrorContains(t, err, "no matches for kind")
	chart := m{
		"name": "eso", "chart": "external-secrets", "version": "2.9.0", "namespace": "kube-system",
		"repositoryOpts": m{"repo": "https://charts.external-secrets.io"}, "values": m{"installCRDs": false},
	}
	r := w.make(release, chart)
	_, err = w.create(external, named)
	assert.ErrorContains(t, err, "no matches for kind", "its values leave the definitions out")
	chart["values"] = m{}
	_, _, err = w.to(r, chart)
	require.NoError(t, err)
	_, err = w.create(external, m{"metadata": m{"name": "x"}, "spec": m{"target": m{"name": "password"}}})
	require.NoError(t, err)
	_, err = w.create(pod, changed(t, pod, "spec/volumes/0", "{name: ca, secret: {secretName: password}}"))
	assert.NoError(t, err, "the operator makes the Secret")
}
