package autoscaling_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/image"
)

const (
	examplePath = "../../examples/autoscaling/hpa.yaml"
	pagePath    = "../../docs/components/autoscaling.md"
)

// example decodes the example as strictly as the API server can: with its own types, refusing unknown and repeated
// fields.
func example(t *testing.T) (deployment *appsv1.Deployment, hpa *autoscalingv2.HorizontalPodAutoscaler, budget *policyv1.PodDisruptionBudget) {
	t.Helper()
	raw, err := os.ReadFile(examplePath)
	require.NoError(t, err)
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := bytes.Split(raw, []byte("\n---\n"))
	require.Len(t, documents, 3)
	objects := make([]runtime.Object, 0, len(documents))
	for _, d := range documents {
		o, _, err := decoder.Decode(d, nil, nil)
		require.NoError(t, err, "%s", d)
		objects = append(objects, o)
	}
	var ok bool
	deployment, ok = objects[0].(*appsv1.Deployment)
	require.True(t, ok)
	hpa, ok = objects[1].(*autoscalingv2.HorizontalPodAutoscaler)
	require.True(t, ok)
	budget, ok = objects[2].(*policyv1.PodDisruptionBudget)
	require.True(t, ok)
	return deployment, hpa, budget
}

func TestTheExampleScalesItsOwnDeployment(t *testing.T) {
	t.Parallel()
	deployment, hpa, _ := example(t)
	assert.Equal(t, autoscalingv2.CrossVersionObjectReference{
		APIVersion: deployment.APIVersion, Kind: deployment.Kind, Name: deployment.Name,
	}, hpa.Spec.ScaleTargetRef)
	assert.Equal(t, deployment.Namespace, hpa.Namespace)
	assert.Nil(t, deployment.Spec.Replicas, "an apply would set back what the autoscaler chose")
	require.NotNil(t, hpa.Spec.MinReplicas)
	assert.Greater(t, *hpa.Spec.MinReplicas, int32(1), "with one pod a budget of one stops nothing")
	assert.Greater(t, hpa.Spec.MaxReplicas, *hpa.Spec.MinReplicas)

	require.Len(t, hpa.Spec.Metrics, 1)
	metric := hpa.Spec.Metrics[0].Resource
	require.NotNil(t, metric)
	assert.Equal(t, corev1.ResourceCPU, metric.Name)
	require.NotNil(t, metric.Target.AverageUtilization)
	for _, c := range deployment.Spec.Template.Spec.Containers {
		assert.Contains(t, c.Resources.Requests, metric.Name, "%s has nothing that utilization is measured against", c.Name)
		assert.Contains(t, c.Resources.Requests, corev1.ResourceMemory, c.Name)
		assert.Empty(t, image.Problem(c.Image))
	}
}

func TestTheExamplesSelectorsFitItsPods(t *testing.T) {
	t.Parallel()
	deployment, _, budget := example(t)
	assert.Equal(t, deployment.Namespace, budget.Namespace)
	selectors := map[string]*metav1.LabelSelector{"Deployment": deployment.Spec.Selector, "budget": budget.Spec.Selector}
	for _, c := range deployment.Spec.Template.Spec.TopologySpreadConstraints {
		selectors[c.TopologyKey] = c.LabelSelector
	}
	require.Len(t, selectors, 3)
	for name, s := range selectors {
		selector, err := metav1.LabelSelectorAsSelector(s)
		require.NoError(t, err)
		assert.False(t, selector.Empty(), name)
		assert.True(t, selector.Matches(labels.Set(deployment.Spec.Template.Labels)), name)
	}
	require.NotNil(t, budget.Spec.MaxUnavailable)
	assert.Equal(t, 1, budget.Spec.MaxUnavailable.IntValue())
}

func TestTheExampleRunsOnSpotNodes(t *testing.T) {
	t.Parallel()
	deployment, _, _ := example(t)
	pod := deployment.Spec.Template.Spec
	assert.Equal(t, convention.Affinity(), pod.Affinity)
	assert.Equal(t, []corev1.Toleration{convention.Toleration()}, pod.Tolerations)
	require.NotNil(t, pod.TerminationGracePeriodSeconds)
	assert.Less(t, *pod.TerminationGracePeriodSeconds, int64(120), "a spot node is gone after two minutes")
}

func TestThePageShowsTheExampleAsItIs(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(examplePath)
	require.NoError(t, err)
	page, err := os.ReadFile(pagePath)
	require.NoError(t, err)
	assert.True(t, strings.Contains(string(page), "```yaml\n"+string(raw)+"```\n"), "%s must show %s word for word", pagePath, examplePath)
}
