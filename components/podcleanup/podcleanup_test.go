package podcleanup_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/eks-platform/eks-platform/components/podcleanup"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/schema"
)

const (
	cronJobType = "kubernetes:batch/v1:CronJob"
	accountType = "kubernetes:core/v1:ServiceAccount"
	roleType    = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	policyType  = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	bindingType = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
)

// read decodes settings as the program does: checked by the schema, defaults filled in.
func read(t *testing.T, text string) (podcleanup.Settings, problem.List) {
	t.Helper()
	raw, err := schema.Generate(&podcleanup.Settings{}, "github.com/eks-platform/eks-platform")
	require.NoError(t, err)
	sch, err := schema.Parse(raw)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	var s podcleanup.Settings
	problems, err := sch.Decode(value, &s)
	require.NoError(t, err)
	return s, problems
}

func arguments(t *testing.T) *podcleanup.Args {
	t.Helper()
	s, problems := read(t, `{"image": "registry.k8s.io/kubectl:v1.35.7"}`)
	require.Empty(t, problems)
	return &podcleanup.Args{Settings: s, ClusterVersion: "1.35"}
}

func run(t *testing.T, preview bool, args *podcleanup.Args) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error {
		p, err := kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("{}")})
		if err != nil {
			return err
		}
		_, err = podcleanup.New(ctx, "nonprod", args, pulumi.Providers(p))
		return err
	})
	require.NoError(t, err)
	return regs
}

// object decodes a registration's inputs into the API's type, which has to know every field.
func object[T any](t *testing.T, regs ptest.Registrations, token, name string) T {
	t.Helper()
	r, ok := regs.Named(token, name)
	require.True(t, ok, "%s %s is not among %v", token, name, regs.ByType(token).Names())
	raw, err := json.Marshal(r.Inputs.Mappable())
	require.NoError(t, err)
	var out T
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&out), "%s", raw)
	return out
}

func TestEveryChildHasTheComponentAsParentTheGivenProviderAndTheSameLabels(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{false, true} {
		children := run(t, preview, arguments(t)).WithTypePrefix("kubernetes:")
		assert.ElementsMatch(t, []string{
			"nonprod-service-account", "nonprod-cluster-role", "nonprod-cluster-role-binding", "nonprod-cron-job", "nonprod-network-policy",
		}, children.Names())
		for _, r := range children {
			assert.Contains(t, r.Parent, podcleanup.Type, r.URN)
			assert.Contains(t, r.Provider, "pulumi:providers:kubernetes::kubernetes", r.URN)
			assert.Equal(t, "pod-cleanup", r.Input("metadata.name"), r.URN)
			assert.Equal(t, map[string]any{
				"app.kubernetes.io/name": "pod-cleanup", "app.kubernetes.io/managed-by": convention.ManagedBy,
			}, r.Input("metadata.labels"), r.URN)
		}
	}
}

func TestItMayListAndDeletePodsAndNothingElse(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments(t))
	role := object[rbacv1.ClusterRole](t, regs, roleType, "nonprod-cluster-role")
	assert.Equal(t, []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list", "delete"}}}, role.Rules)
	binding := object[rbacv1.ClusterRoleBinding](t, regs, bindingType, "nonprod-cluster-role-binding")
	assert.Equal(t, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name}, binding.RoleRef)
	account := object[corev1.ServiceAccount](t, regs, accountType, "nonprod-service-account")
	assert.Equal(t, []rbacv1.Subject{{Kind: "ServiceAccount", Name: account.Name, Namespace: "kube-system"}}, binding.Subjects)
	assert.Empty(t, account.Annotations, "no IAM role")
	require.NotNil(t, account.AutomountServiceAccountToken)
	assert.False(t, *account.AutomountServiceAccountToken)

	job, ok := regs.Named(cronJobType, "nonprod-cron-job")
	require.True(t, ok)
	for _, before := range []struct{ token, name string }{{accountType, "nonprod-service-account"}, {bindingType, "nonprod-cluster-role-binding"}} {
		r, ok := regs.Named(before.token, before.name)
		require.True(t, ok)
		assert.Contains(t, regs.WaitsFor(job.URN), r.URN, "a run before it is refused")
	}
}

func TestKubectlDeletesWhatFailedAndLeavesJobsAlone(t *testing.T) {
	t.Parallel()
	command := func(change func(*podcleanup.Args)) []string {
		args := arguments(t)
		change(args)
		c := object[batchv1.CronJob](t, run(t, false, args), cronJobType, "nonprod-cron-job").Spec.JobTemplate.Spec.Template.Spec.Containers
		require.Len(t, c, 1)
		assert.Empty(t, c[0].Command, "the image has no shell")
		return c[0].Args
	}
	all := []string{"delete", "pods", "--all-namespaces", "--field-selector=status.phase=Failed", "--wait=false"}
	assert.Equal(t, append(all[:5:5], "--selector=!batch.kubernetes.io/job-name"), command(func(*podcleanup.Args) {}))
	assert.Equal(t, all, command(func(a *podcleanup.Args) { a.Jobs = true }))
	assert.Equal(t, append(all[:5:5], "--selector=!batch.kubernetes.io/job-name", "--dry-run=server"), command(func(a *podcleanup.Args) { a.DryRun = true }))
}

func TestRunsNeitherOverlapNorPileUp(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.Schedule, args.TimeZone = "*/30 6-20 * * 1-5", "Europe/Berlin"
	job := object[batchv1.CronJob](t, run(t, true, args), cronJobType, "nonprod-cron-job")
	assert.Equal(t, "kube-system", job.Namespace)
	assert.Equal(t, "*/30 6-20 * * 1-5", job.Spec.Schedule)
	require.NotNil(t, job.Spec.TimeZone)
	assert.Equal(t, "Europe/Berlin", *job.Spec.TimeZone)
	assert.Equal(t, batchv1.ForbidConcurrent, job.Spec.ConcurrencyPolicy)
	for name, value := range map[string]*int32{"successful": job.Spec.SuccessfulJobsHistoryLimit, "failed": job.Spec.FailedJobsHistoryLimit} {
		require.NotNil(t, value, name)
		assert.EqualValues(t, 1, *value, name)
	}
	require.NotNil(t, job.Spec.StartingDeadlineSeconds, "a hundred missed runs would stop the schedule")
	spec := job.Spec.JobTemplate.Spec
	require.NotNil(t, spec.ActiveDeadlineSeconds)
	assert.EqualValues(t, 300, *spec.ActiveDeadlineSeconds)
	require.NotNil(t, spec.BackoffLimit)
	assert.Zero(t, *spec.BackoffLimit)
}

func TestThePodIsRestrictedAndStaysOnDemand(t *testing.T) {
	t.Parallel()
	pod := object[batchv1.CronJob](t, run(t, false, arguments(t)), cronJobType, "nonprod-cron-job").Spec.JobTemplate.Spec.Template.Spec
	assert.Equal(t, convention.OnDemand(), pod.NodeSelector)
	assert.Empty(t, pod.Tolerations, "it would run on spot nodes")
	assert.Equal(t, "pod-cleanup", pod.ServiceAccountName)
	assert.Equal(t, corev1.RestartPolicyNever, pod.RestartPolicy)
	require.NotNil(t, pod.AutomountServiceAccountToken)
	assert.True(t, *pod.AutomountServiceAccountToken)
	yes, no, user := true, false, int64(65532)
	assert.Equal(t, &corev1.PodSecurityContext{
		RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &user,
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}, pod.SecurityContext)
	require.Len(t, pod.Containers, 1)
	assert.Equal(t, &corev1.SecurityContext{
		AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes,
		Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}, pod.Containers[0].SecurityContext)
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		assert.Contains(t, pod.Containers[0].Resources.Requests, name)
	}
	assert.Contains(t, pod.Containers[0].Resources.Limits, corev1.ResourceMemory)
	assert.Contains(t, pod.Containers[0].Resources.Limits, corev1.ResourceEphemeralStorage)
}

func TestItsPodsReachTheAPIServerAndNothingReachesThem(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments(t))
	policy := object[networkingv1.NetworkPolicy](t, regs, policyType, "nonprod-network-policy")
	pods := object[batchv1.CronJob](t, regs, cronJobType, "nonprod-cron-job").Spec.JobTemplate.Spec.Template
	selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
	require.NoError(t, err)
	assert.True(t, selector.Matches(k8slabels.Set(pods.Labels)))
	assert.False(t, selector.Matches(k8slabels.Set{"k8s-app": "kube-dns"}), "it must not cut off the other pods of kube-system")
	assert.Equal(t, "kube-system", policy.Namespace)
	assert.ElementsMatch(t, []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}, policy.Spec.PolicyTypes)
	assert.Empty(t, policy.Spec.Ingress)
	tcp, https := corev1.ProtocolTCP, intstr.FromInt32(443)
	assert.Equal(t, []networkingv1.NetworkPolicyEgressRule{{Ports: []networkingv1.NetworkPolicyPort{{Protocol: &tcp, Port: &https}}}}, policy.Spec.Egress)
}

func TestTheImageComesFromTheMirror(t *testing.T) {
	t.Parallel()
	pulled := func(args *podcleanup.Args) string {
		return object[batchv1.CronJob](t, run(t, false, args), cronJobType, "nonprod-cron-job").Spec.JobTemplate.Spec.Template.Spec.Containers[0].Image
	}
	args := arguments(t)
	assert.Equal(t, "registry.k8s.io/kubectl:v1.35.7", pulled(args))
	args.Registries = image.Registries{"registry.k8s.io": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/k8s"}
	assert.Equal(t, "111111111111.dkr.ecr.eu-west-1.amazonaws.com/k8s/kubectl:v1.35.7", pulled(args))
}

func TestInvalidArgumentsRegisterNothing(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.Image = "registry.k8s.io/kubectl"
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		_, err := podcleanup.New(ctx, "nonprod", args)
		return err
	})
	require.ErrorContains(t, err, `image: "registry.k8s.io/kubectl" has no version`)
	assert.Empty(t, regs)
}
