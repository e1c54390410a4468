package engine_test

import (
	"context"
	"io"
	"slices"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	kubecore "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	kubemeta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/convention"
)

// visitor makes pods in namespaces of dev and stg as a team would, with a stack that knows nothing of the platform's.
func visitor(kubeconfig, identifier string) pulumi.RunFunc {
	tolerations := kubecore.TolerationArray{kubecore.TolerationArgs{
		Key: pulumi.String(convention.SpotTaint), Operator: pulumi.String("Equal"), Value: pulumi.String(convention.SpotTaintValue), Effect: pulumi.String("NoSchedule"),
	}}
	affinity := kubecore.AffinityArgs{NodeAffinity: kubecore.NodeAffinityArgs{
		RequiredDuringSchedulingIgnoredDuringExecution: kubecore.NodeSelectorArgs{NodeSelectorTerms: kubecore.NodeSelectorTermArray{
			kubecore.NodeSelectorTermArgs{MatchExpressions: kubecore.NodeSelectorRequirementArray{kubecore.NodeSelectorRequirementArgs{
				Key: pulumi.String(convention.SpotLabel), Operator: pulumi.String("In"), Values: pulumi.ToStringArray([]string{convention.SpotLabelValue}),
			}}},
		}},
	}}
	return func(ctx *pulumi.Context) error {
		p, err := kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{
			Kubeconfig: pulumi.String(kubeconfig), ClusterIdentifier: pulumi.String(identifier),
		})
		if err != nil {
			return err
		}
		for _, pod := range []struct {
			namespace, name string
			spot            bool
		}{{"dev-payments", "bound", true}, {"dev-payments", "free", false}, {"stg-payments", "bound", true}, {"stg-payments", "free", false}} {
			spec := kubecore.PodSpecArgs{Containers: kubecore.ContainerArray{
				kubecore.ContainerArgs{Name: pulumi.String("a"), Image: pulumi.String("a.example/a:1")},
			}}
			if pod.spot {
				spec.Affinity, spec.Tolerations = affinity, tolerations
			}
			_, err := kubecore.NewPod(ctx, pod.namespace+"-"+pod.name, &kubecore.PodArgs{
				Metadata: kubemeta.ObjectMetaArgs{Name: pulumi.String(pod.name), Namespace: pulumi.String(pod.namespace)}, Spec: spec,
			}, pulumi.Provider(p))
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// separates puts the policies that stand in the cluster to work. The pods that it leaves go with their namespaces.
func separates(t *testing.T, e *estate) {
	state := e.state("dev")
	at := slices.IndexFunc(state, func(r kept) bool { return r.Type == "pulumi:pulumi:Stack" })
	cluster := state[at].Outputs.Contract.Cluster
	endpoint, err := e.cloud.Cloud().Serve(context.Background())
	require.NoError(t, err)
	defer endpoint.Close()
	s := clitest.NewStack(t, "visitor", "visitors", visitor(cluster.Kubeconfig, cluster.ARN), endpoint.Env())
	_, err = s.Up(t.Context(), optup.ProgressStreams(io.Discard), optup.ErrorProgressStreams(io.Discard), optup.ContinueOnError())
	require.Error(t, err)
	assert.ErrorContains(t, err, `Pod "free" in namespace "dev-payments" may only run on spot nodes`)
	assert.ErrorContains(t, err, `Pod "bound" in namespace "stg-payments" may not run on spot nodes`)
	within := e.within()
	for id, stands := range map[string]bool{
		"dev-payments/bound": true, "dev-payments/free": false, "stg-payments/bound": false, "stg-payments/free": true,
	} {
		_, found := within["kubernetes:v1/Pod nonprod/"+id]
		assert.Equal(t, stands, found, id)
	}
}
