package tenancy_test

import (
	"path/filepath"
	"strings"
	"testing"

	property "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
	"github.com/eks-platform/eks-platform/internal/rehearsal/kubernetes"
)

const kubeconfig = `{"apiVersion":"v1","kind":"Config","current-context":"aws",
"clusters":[{"name":"kubernetes","cluster":{"server":"https://nonprod.eks.test"}}],
"contexts":[{"name":"aws","context":{"cluster":"kubernetes","user":"aws"}}],"users":[{"name":"aws","user":{}}]}`

// TestTheAPIServerTakesEveryObjectAndFindsNothingToAdd gives every object to the rehearsal's Kubernetes, which refuses
// what the API server refuses, and compares what it then holds with what was asked for.
func TestTheAPIServerTakesEveryObjectAndFindsNothingToAdd(t *testing.T) {
	t.Parallel()
	store, err := cloud.Open(filepath.Join(t.TempDir(), "cloud"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	require.NoError(t, store.Update(func(tx cloud.Tx) error {
		return tx.Put(&cloud.Object{
			Scope: cloud.Scope{Account: "111111111111", Region: "eu-west-1"}, Type: clusterType, ID: "nonprod",
			Attributes: cloud.Attributes{"name": "nonprod", "endpoint": "https://nonprod.eks.test"},
		})
	}))
	server := kubernetes.New(store)
	_, err = server.Configure(t.Context(), &pulumirpc.ConfigureRequest{
		//lint:ignore SA1019 The engine fills it for every provider.
		Variables: map[string]string{"kubernetes:config:kubeconfig": kubeconfig},
	})
	require.NoError(t, err)

	regs := run(t, false, arguments(t, stackFile))
	driver := ptest.Registration{Type: releaseType, URN: "urn:pulumi:test::eks-platform::" + releaseType + "::driver", Inputs: property.NewPropertyMapFromMap(map[string]any{
		"name": "driver", "namespace": "kube-system", "chart": "secrets-store-csi-driver-provider-aws", "version": "3.1.1",
		"repositoryOpts": map[string]any{"repo": "https://aws.github.io/secrets-store-csi-driver-provider-aws"},
	})}
	objects := append(ptest.Registrations{driver}, regs.ByType(namespaceType)...)
	for _, r := range regs.WithTypePrefix("kubernetes:") {
		if r.Type != namespaceType && r.Type != releaseType {
			objects = append(objects, r)
		}
	}
	require.Len(t, objects, 61)
	for _, r := range objects {
		checked, err := server.Check(t.Context(), &pulumirpc.CheckRequest{
			Urn: r.URN, News: properties(t, r.Inputs), RandomSeed: []byte(strings.Repeat("s", 32)),
		})
		require.NoError(t, err, r.URN)
		require.Empty(t, checked.Failures, r.URN)
		created, err := server.Create(t.Context(), &pulumirpc.CreateRequest{Urn: r.URN, Properties: checked.Inputs})
		require.NoError(t, err, r.URN)
		found, err := server.Read(t.Context(), &pulumirpc.ReadRequest{
			Id: created.Id, Urn: r.URN, Properties: created.Properties, Inputs: checked.Inputs,
		})
		require.NoError(t, err, r.URN)
		diff, err := server.Diff(t.Context(), &pulumirpc.DiffRequest{
			Id: created.Id, Urn: r.URN, Olds: found.Properties, OldInputs: found.Inputs, News: checked.Inputs,
		})
		require.NoError(t, err, r.URN)
		assert.Empty(t, diff.Diffs, r.URN)
	}
}

func properties(t *testing.T, m property.PropertyMap) *structpb.Struct {
	t.Helper()
	s, err := plugin.MarshalProperties(m, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	require.NoError(t, err)
	return s
}
