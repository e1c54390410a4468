package kubernetes_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
	"github.com/eks-platform/eks-platform/internal/rehearsal/kubernetes"
)

// BenchmarkPreview is what one Deployment costs the provider in a preview, in a cluster that holds n objects.
func BenchmarkPreview(b *testing.B) {
	for _, n := range []int{10, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			store, err := cloud.Open(b.TempDir() + "/cloud")
			require.NoError(b, err)
			defer store.Close()
			require.NoError(b, store.Update(func(tx cloud.Tx) error { return tx.Put(clusterObject()) }))
			s := kubernetes.New(store)
			ctx := context.Background()
			//lint:ignore SA1019 The engine fills it for every provider.
			_, err = s.Configure(ctx, &pulumirpc.ConfigureRequest{Variables: map[string]string{"kubernetes:config:kubeconfig": kubeconfig(endpoint)}})
			require.NoError(b, err)
			inputs := valid(b, deployment)
			one := func(name string, preview bool) {
				inputs["metadata"].(m)["name"] = name
				urn := project + deployment + "::" + name
				checked, err := s.Check(ctx, &pulumirpc.CheckRequest{
					Urn: urn, News: props(b, inputs), RandomSeed: []byte(strings.Repeat("s", 32)),
				})
				require.NoError(b, err)
				_, err = s.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked.Inputs, Preview: preview})
				require.NoError(b, err)
			}
			for i := range n {
				one(fmt.Sprint("web-", i), false)
			}
			for b.Loop() {
				one("another", true)
			}
		})
	}
}
