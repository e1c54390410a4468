package eks_test

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/rehearsal/eks"
)

func TestOtherComponentsAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"eks:index:Cluster", "eks:index:NodeGroupV2", "eks:index:Addon"} {
		_, err := eks.New().Construct(context.Background(), &pulumirpc.ConstructRequest{Type: typ, Name: "x"})
		assert.ErrorContains(t, err, "the rehearsal cloud does not construct "+typ)
	}
}

func TestOnlyCoreDataWithARawClusterIsTakenForACluster(t *testing.T) {
	t.Parallel()
	reference := func(typ string) resource.PropertyValue {
		return resource.MakeCustomResourceReference(resource.URN("urn:pulumi:dev::p::"+typ+"::c"), "c", "")
	}
	for _, c := range []struct {
		name    string
		cluster resource.PropertyValue
		want    string
	}{
		{"component", reference("eks:index:Cluster"), "got a reference to eks:index:Cluster"},
		{"text", resource.NewProperty("prod"), "must be a CoreData, got a string"},
		{"nothing", resource.NewNullProperty(), "must be a CoreData, got a null"},
		{"unknown", resource.MakeComputed(resource.NewProperty("")), "got an unknown value"},
		{"no cluster", resource.NewProperty(resource.PropertyMap{"vpcId": resource.NewProperty("vpc-1")}), "CoreData has no cluster"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := eks.New()
			_, err := s.Attach(context.Background(), &pulumirpc.PluginAttach{Address: "127.0.0.1:1"})
			require.NoError(t, err)
			inputs, err := plugin.MarshalProperties(resource.PropertyMap{"cluster": c.cluster},
				plugin.MarshalOptions{KeepUnknowns: true, KeepResources: true})
			require.NoError(t, err)
			_, err = s.Construct(context.Background(), &pulumirpc.ConstructRequest{
				Type: "eks:index:ManagedNodeGroup", Name: "system", Inputs: inputs,
			})
			assert.ErrorContains(t, err, `read the cluster of eks:index:ManagedNodeGroup "system": cluster: `)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestAConstructionNeedsAnEngine(t *testing.T) {
	t.Parallel()
	_, err := eks.New().Construct(context.Background(), &pulumirpc.ConstructRequest{Type: "eks:index:ManagedNodeGroup"})
	assert.ErrorContains(t, err, "before an engine attached")
}
