package rules_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/policy"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

const (
	admissionPolicy  = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
	admissionBinding = admissionPolicy + "Binding"
)

// objectOf reads what was registered as its API type.
func objectOf[T any](t *testing.T, r ptest.Registration) *T {
	t.Helper()
	raw, err := json.Marshal(r.PlainInputs())
	require.NoError(t, err)
	out := new(T)
	require.NoError(t, json.Unmarshal(raw, out), r.URN)
	return out
}

// policiesOf returns the admission policies that a stack puts to work in its cluster.
func policiesOf(t *testing.T, regs ptest.Registrations) *policy.Set {
	t.Helper()
	set := &policy.Set{}
	bound := 0
	for _, r := range regs.ByType(admissionPolicy) {
		p := objectOf[admissionv1.ValidatingAdmissionPolicy](t, r)
		compiled, errs := policy.CompileValidating(p, "1.35")
		require.Empty(t, errs)
		for _, b := range regs.ByType(admissionBinding) {
			if binding := objectOf[admissionv1.ValidatingAdmissionPolicyBinding](t, b); binding.Spec.PolicyName == p.Name {
				set.Validate(compiled, binding)
				bound++
			}
		}
	}
	require.Equal(t, 2, bound)
	return set
}

// refused says why the policies refuse to let somebody make an object, or "".
func refused(t *testing.T, set *policy.Set, namespace *corev1.Namespace, o runtime.Object, resource string) string {
	t.Helper()
	gvk := o.GetObjectKind().GroupVersionKind()
	answer, err := set.Admit(t.Context(), policy.Request{
		Operation: admissionv1.Create, Object: o, Resource: gvk.GroupVersion().WithResource(resource), Namespace: namespace,
		User: "somebody", Groups: []string{"system:authenticated"},
	})
	require.NoError(t, err)
	if answer.Denied == nil {
		return ""
	}
	return answer.Denied.Error()
}

func podIn(namespace string, spec corev1.PodSpec) runtime.Object {
	spec.Containers = []corev1.Container{{Name: "a", Image: "a.example/a:1"}}
	return &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: namespace}, Spec: spec,
	}
}

func daemonSetIn(namespace string, spec corev1.PodSpec) runtime.Object {
	pod, _ := podIn(namespace, spec).(*corev1.Pod)
	return &appsv1.DaemonSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "DaemonSet"},
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: namespace},
		Spec:       appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{Spec: pod.Spec}},
	}
}

// The policies are those that the program makes, and so are the namespaces with their labels.
func TestThePoliciesKeepThePodsOfTheEnvironmentsApart(t *testing.T) {
	t.Parallel()
	spot := corev1.PodSpec{Affinity: convention.Affinity(), Tolerations: []corev1.Toleration{convention.Toleration()}}
	wild := corev1.PodSpec{Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}}}
	bound := map[string]bool{"dev": true, "stg": false, "prod": false}
	seen := map[string]int{}
	for stack, owner := range map[string]string{"dev": "dev", "stg": "dev", "prod": "prod"} {
		set := policiesOf(t, registered(t, owner))
		for _, r := range registered(t, stack).ByType(namespaceObject) {
			n := objectOf[corev1.Namespace](t, r)
			name := n.Name
			pod := func(spec corev1.PodSpec) string { return refused(t, set, n, podIn(name, spec), "pods") }
			daemon := refused(t, set, n, daemonSetIn(name, wild), "daemonsets")
			if n.Labels[convention.System] == "true" {
				assert.Empty(t, daemon, "%s: the platform's DaemonSets run on every node", name)
				assert.NotEmpty(t, pod(wild), "%s: its other pods do not", name)
				continue
			}
			seen[stack]++
			if bound[stack] {
				assert.Empty(t, pod(spot), name)
				assert.Contains(t, pod(corev1.PodSpec{}), "may only run on spot nodes", name)
				assert.Contains(t, pod(corev1.PodSpec{Tolerations: spot.Tolerations}), "may only run on spot nodes", "%s: one may, the other must", name)
				assert.Contains(t, pod(corev1.PodSpec{Affinity: spot.Affinity}), "may only run on spot nodes", name)
			} else {
				assert.Empty(t, pod(corev1.PodSpec{}), name)
				assert.Contains(t, pod(spot), "may not run on spot nodes", name)
			}
			assert.NotEmpty(t, pod(wild), name)
			assert.NotEmpty(t, daemon, "%s: a team's DaemonSet is no exception", name)
			assert.NotEmpty(t, pod(corev1.PodSpec{NodeName: "a", Affinity: spot.Affinity, Tolerations: spot.Tolerations}), "%s: past the scheduler", name)
		}
	}
	assert.Equal(t, map[string]int{"dev": 3, "stg": 3, "prod": 3}, seen)
}
