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
		i := helm.ImageOf(ref)
		assert.Equal(t, ref, i.Repository+":"+i.Tag)
	}
}

func TestMemoryIsLimitedToWhatIsRequestedAndCPUIsNot(t *testing.T) {
	t.Parallel()
	assert.Equal(t, helm.Resources{
		Requests: map[string]string{"cpu": "100m", "memory": "256Mi"}, Limits: map[string]string{"memory": "256Mi"},
	}, helm.ResourcesOf("100m", "256Mi"))
}
