package helm_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/helm"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

const releaseType = "kubernetes:helm.sh/v3:Release"

type values struct {
	Replicas int               `json:"replicaCount"`
	Selector map[string]string `json:"nodeSelector"`
	Off      *bool             `json:"enableShield,omitempty"`
}

func release() helm.Release {
	return helm.Release{
		Name: "controller", Namespace: "kube-system", Chart: "controller", Repository: "https://charts.example.com",
		Version: "3.5.0", Values: values{Replicas: 2, Selector: map[string]string{"a.b/c": "d"}},
	}
}

func install(t *testing.T, preview bool, change func(*pulumi.Context, *helm.Release)) (ptest.Registration, error) {
	t.Helper()
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error {
		r := release()
		if change != nil {
			change(ctx, &r)
		}
		_, err := helm.New(ctx, "dev-controller", r)
		return err
	})
	found, _ := regs.Named(releaseType, "dev-controller")
	return found, err
}

func TestAReleaseIsPinnedNamedAndAllOrNothing(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{true, false} {
		r, err := install(t, preview, nil)
		require.NoError(t, err)
		for key, want := range map[string]any{
			"name": "controller", "namespace": "kube-system", "chart": "controller", "version": "3.5.0",
			"repositoryOpts": map[string]any{"repo": "https://charts.example.com"},
			"atomic":         true, "maxHistory": 5.0, "timeout": 600.0,
			"values": map[string]any{"replicaCount": 2.0, "nodeSelector": map[string]any{"a.b/c": "d"}},
		} {
			assert.Equal(t, want, r.Input(key), key)
		}
	}
}

func TestAChartOfAnOCIRegistryHasNoRepository(t *testing.T) {
	t.Parallel()
	r, err := install(t, false, func(_ *pulumi.Context, r *helm.Release) {
		r.Chart, r.Repository = "oci://public.ecr.aws/karpenter/karpenter", ""
	})
	require.NoError(t, err)
	assert.NotContains(t, r.Inputs, "repositoryOpts")
	assert.Equal(t, "oci://public.ecr.aws/karpenter/karpenter", r.Input("chart"))
}

type thing struct {
	pulumi.CustomResourceState
	Arn pulumi.StringOutput `pulumi:"arn"`
}

func TestAComputedValueIsUnknownAloneAndOrdersTheRelease(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{true, false} {
		r, err := install(t, preview, func(ctx *pulumi.Context, r *helm.Release) {
			vpc := &thing{}
			require.NoError(t, ctx.RegisterResource("aws:ec2/vpc:Vpc", "dev", pulumi.Map{}, vpc))
			r.Computed = map[string]pulumi.Input{"vpcId": vpc.Arn}
		})
		require.NoError(t, err)
		values := r.Inputs["values"].ObjectValue()
		assert.Equal(t, preview, values["vpcId"].IsComputed())
		assert.InDelta(t, 2, values["replicaCount"].NumberValue(), 0, "the other values stay known")
		assert.Len(t, r.Dependencies, 1)
	}
}

func TestAReleaseThatCouldMoveByItselfIsRefused(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*pulumi.Context, *helm.Release){
		func(_ *pulumi.Context, r *helm.Release) { r.Version = "" },
		func(_ *pulumi.Context, r *helm.Release) { r.Name = "" },
	} {
		r, err := install(t, false, change)
		require.ErrorContains(t, err, "install the chart controller: the release needs a name and a version")
		assert.Empty(t, r.URN)
	}
}

func TestAValueIsEitherGivenOrComputed(t *testing.T) {
	t.Parallel()
	_, err := install(t, false, func(_ *pulumi.Context, r *helm.Release) {
		r.Computed = map[string]pulumi.Input{"replicaCount": pulumi.Int(3)}
	})
	require.ErrorContains(t, err, "write the values of the chart controller: replicaCount is both given and computed")
}

func TestValuesThatAreNoObjectAreRefused(t *testing.T) {
	t.Parallel()
	_, err := install(t, false, func(_ *pulumi.Context, r *helm.Release) { r.Values = []string{"replicaCount"} })
	require.ErrorContains(t, err, "write the values of the chart controller")
}
