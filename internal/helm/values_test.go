package helm_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/internal/helm"
)

const digest = "@sha256:0000000000000000000000000000000000000000000000000000000000000000"

func TestAnImageIsSplitSoThatTheChartPutsItTogetherAgain(t *testing.T) {
	t.Parallel()
	for _, ref := range []string{"public.ecr.aws/eks/controller:v3.5.0", "mirror.example.com:5000/eks/controller:v3.5.0" + digest} {
		assert.Empty(t, helm.ImageProblem(ref))
		i := helm.ImageOf(ref)
		assert.Equal(t, ref, i.Repository+":"+i.Tag)
	}
}

func TestAnImageWithoutATagIsNoneForAChart(t *testing.T) {
	t.Parallel()
	assert.Contains(t, helm.ImageProblem("public.ecr.aws/eks/controller"+digest), "has no tag, and the chart wants one")
	assert.Contains(t, helm.ImageProblem("public.ecr.aws/eks/controller"), "has no version")
	assert.Contains(t, helm.ImageProblem("controller:v1"), "names no registry")
}

func TestAChartsVersionIsOneVersion(t *testing.T) {
	t.Parallel()
	assert.Empty(t, helm.VersionProblem("3.5.0"))
	for _, v := range []string{"", "3.5", "~3.5.0", "3.x", ">=3.5.0", "v3.5.0", "3.5.0 || 4.0.0"} {
		assert.Contains(t, helm.VersionProblem(v), "must be one version of the chart", v)
	}
}

func TestMemoryIsLimitedToWhatIsRequestedAndCPUIsNot(t *testing.T) {
	t.Parallel()
	assert.Equal(t, helm.Resources{
		Requests: map[string]string{"cpu": "100m", "memory": "256Mi"}, Limits: map[string]string{"memory": "256Mi"},
	}, helm.ResourcesOf("100m", "256Mi"))
}

func TestAQuantityIsOneOfKubernetes(t *testing.T) {
	t.Parallel()
	assert.Empty(t, helm.QuantityProblem("100m"))
	for _, q := range []string{"", "0", "-1", "256MB", "a lot"} {
		assert.Contains(t, helm.QuantityProblem(q), "must be an amount such as", q)
	}
}
