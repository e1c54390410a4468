package engine_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	kubecore "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	kubemeta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
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
	env := map[string]string{
		"PULUMI_BACKEND_URL": "file://" + t.TempDir(), "PULUMI_CONFIG_PASSPHRASE": "test",
		"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
	maps.Copy(env, endpoint.Env())
	s, err := auto.NewStackInlineSource(t.Context(), "visitor", "visitors", visitor(cluster.Kubeconfig, cluster.ARN),
		auto.EnvVars(env), auto.PulumiHome(t.TempDir()), auto.Pulumi(e.cli))
	require.NoError(t, err)
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
