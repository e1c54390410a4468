package admission_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	schedulecorev1 "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"

	"github.com/eks-platform/eks-platform/components/admission"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/policy"
)

// supported are the Kubernetes minors that EKS supports.
var supported = []string{"1.34", "1.35", "1.36"}

// decode reads what was registered as the API type, and refuses fields that it does not have.
func decode[T any](t testing.TB, inputs map[string]any) *T {
	t.Helper()
	text, err := json.Marshal(inputs)
	require.NoError(t, err)
	out := new(T)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(out), string(text))
	return out
}

// standing returns the policies as the component registers them for one Kubernetes minor, compiled for another.
func standing(t testing.TB, version, compiledFor string) *policy.Set {
	t.Helper()
	regs := registered(t, false, version)
	set := &policy.Set{}
	for _, r := range regs.ByType(policyType) {
		p, errs := policy.CompileValidating(decode[admissionv1.ValidatingAdmissionPolicy](t, r.PlainInputs()), compiledFor)
		require.Empty(t, errs)
		b, ok := regs.Named(bindingType, r.Name+"-binding")
		require.True(t, ok)
		set.Validate(p, decode[admissionv1.ValidatingAdmissionPolicyBinding](t, b.PlainInputs()))
	}
	for _, r := range regs.ByType(mutatingType) {
		p, errs := policy.CompileMutating(decode[admissionv1beta1.MutatingAdmissionPolicy](t, r.PlainInputs()), compiledFor)
		require.Empty(t, errs)
		b, ok := regs.Named(mutatingBind, r.Name+"-binding")
		require.True(t, ok)
		set.Mutate(p, decode[admissionv1beta1.MutatingAdmissionPolicyBinding](t, b.PlainInputs()))
	}
	return set
}

func TestEveryExpressionCompilesForTheOldestSupportedKubernetes(t *testing.T) {
	t.Parallel()
	for _, version := range supported {
		standing(t, version, "1.34")
	}
}

// object decodes a YAML manifest into its API type.
func object(t testing.TB, text string) runtime.Object {
	t.Helper()
	raw, err := yaml.YAMLToJSONStrict([]byte(text))
	require.NoError(t, err, text)
	o, _, err := scheme.Codecs.UniversalDeserializer().Decode(raw, nil, nil)
	require.NoError(t, err, text)
	return o
}

var labels = map[string]map[string]string{
	"dev":         {convention.Environment: "dev", convention.Capacity: convention.Spot},
	"stg":         {convention.Environment: "stg"},
	"other":       {convention.Capacity: "reserved"},
	"platform":    {convention.System: "true"},
	"notplatform": {convention.System: "false"},
	"kube-system": {},
}

var resources = map[string]schema.GroupVersionResource{
	"Pod":         corev1.SchemeGroupVersion.WithResource("pods"),
	"Deployment":  {Group: "apps", Version: "v1", Resource: "deployments"},
	"StatefulSet": {Group: "apps", Version: "v1", Resource: "statefulsets"},
	"ReplicaSet":  {Group: "apps", Version: "v1", Resource: "replicasets"},
	"DaemonSet":   {Group: "apps", Version: "v1", Resource: "daemonsets"},
	"Job":         {Group: "batch", Version: "v1", Resource: "jobs"},
	"CronJob":     {Group: "batch", Version: "v1", Resource: "cronjobs"},
}

// request is the creation of an object, or its update where old is one.
func request(t testing.TB, old, text string) policy.Request {
	t.Helper()
	o := object(t, text)
	m := o.(metav1.Object)
	labels, known := labels[m.GetNamespace()]
	require.True(t, known, m.GetNamespace())
	r := policy.Request{
		Operation: admissionv1.Create, Object: o, Resource: resources[o.GetObjectKind().GroupVersionKind().Kind],
		Namespace: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: m.GetNamespace(), Labels: labels}},
		User:      "jane", Groups: []string{"system:authenticated"},
	}
	if old != "" {
		r.Operation, r.OldObject = admissionv1.Update, object(t, old)
	}
	return r
}

// The parts that pods are made of.
const (
	spotTerm     = "{matchExpressions: [{key: lifecycle, operator: In, values: [Ec2Spot]}]}"
	zoneTerm     = "{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [eu-central-1a]}]}"
	zoneSpotTerm = "{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [eu-central-1a]}, {key: lifecycle, operator: In, values: [Ec2Spot]}]}"
	tolerated    = "tolerations: [{key: spotInstance, operator: Equal, value: 'true', effect: NoSchedule}]"
	wildcard     = "tolerations: [{operator: Exists}]"
	unrelated    = "tolerations: [{key: dedicated, operator: Exists}]"
	containers   = "containers: [{name: a, image: 'a:1'}]"
	daemonRef    = "ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: a, uid: u, controller: true}]"
	controller   = "system:serviceaccount:kube-system:daemon-set-controller"
)

// affine is a required node affinity with terms.
func affine(terms ...string) string {
	return "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [" + strings.Join(terms, ", ") + "]}}}"
}

// pinned is what the DaemonSet controller makes of a template's affinity.
var pinned = affine("{matchFields: [{key: metadata.name, operator: In, values: [node-1]}]}")

// spec joins the parts of a pod's specification.
func spec(parts ...string) string { return "{" + strings.Join(append(parts, containers), ", ") + "}" }

func pod(namespace string, parts ...string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: %s}, spec: %s}", namespace, spec(parts...))
}

func daemonPod(namespace string, parts ...string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: %s, %s}, spec: %s}", namespace, daemonRef, spec(parts...))
}

// workload is an object of a kind with a pod template.
func workload(kind, namespace string, parts ...string) string {
	template := fmt.Sprintf("template: {metadata: {labels: {app: web}}, spec: %s}", spec(parts...))
	version, rest := "apps/v1", "selector: {matchLabels: {app: web}}, "+template
	switch kind {
	case "Job":
		version, rest = "batch/v1", template
	case "CronJob":
		version, rest = "batch/v1", "schedule: '* * * * *', jobTemplate: {spec: {"+template+"}}"
	}
	return fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: web, namespace: %s}, spec: {%s}}", version, kind, namespace, rest)
}

// What refusals say.
const (
	noAffinity   = `may only run on spot nodes: write the matchExpression {key: lifecycle, operator: In, values: [Ec2Spot]} into every term of `
	noToleration = `may only run on spot nodes: write the toleration {key: spotInstance, operator: Equal, value: "true", effect: NoSchedule} into `
	tolerates    = `may not run on spot nodes: take every toleration that covers spotInstance=true:NoSchedule out of `
	chosen       = `may not choose its node, which is the work of the scheduler: remove `
)

// cases are requests and what the policies say of them: before 1.36, and from 1.36 on, where pods are completed.
var cases = []struct {
	name          string
	old, new      string
	user          string
	groups        []string
	want, want136 string
}{
	{name: "a pod for spot nodes", new: pod("dev", affine(spotTerm), tolerated)},
	{name: "a pod for spot nodes in one zone", new: pod("dev", affine(zoneSpotTerm), tolerated)},
	{name: "a pod that tolerates everything and keeps to spot nodes", new: pod("dev", affine(spotTerm), wildcard)},
	{name: "a bare pod", new: pod("dev"), want: noAffinity + "spec.affinity"},
	{name: "a pod that only tolerates", new: pod("dev", tolerated), want: noAffinity},
	{name: "a pod that only prefers", new: pod("dev", tolerated, "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: "+spotTerm+"}]}}"), want: noAffinity},
	{name: "a pod with another affinity", new: pod("dev", tolerated, "affinity: {podAntiAffinity: {}}"), want: noAffinity},
	{name: "a pod by node selector", new: pod("dev", tolerated, "nodeSelector: {lifecycle: Ec2Spot}"), want: noAffinity},
	{name: "one of two terms leaves spot", new: pod("dev", tolerated, affine(spotTerm, zoneTerm)), want: noAffinity},
	{name: "a term by name only", new: pod("dev", tolerated, pinned), want: noAffinity},
	{name: "another value beside it", new: pod("dev", tolerated, affine("{matchExpressions: [{key: lifecycle, operator: In, values: [Ec2Spot, OnDemand]}]}")), want: noAffinity},
	{name: "another operator", new: pod("dev", tolerated, affine("{matchExpressions: [{key: lifecycle, operator: Exists}]}")), want: noAffinity},
	{name: "a pod that does not tolerate", new: pod("dev", affine(spotTerm)), want: noToleration + "spec.tolerations"},
	{name: "a pod that tolerates another taint", new: pod("dev", affine(spotTerm), unrelated), want: noToleration},
	{name: "a pod that tolerates another value", new: pod("dev", affine(spotTerm), "tolerations: [{key: spotInstance, value: 'false'}]"), want: noToleration},
	{name: "a pod that tolerates another effect", new: pod("dev", affine(spotTerm), "tolerations: [{key: spotInstance, operator: Exists, effect: NoExecute}]"), want: noToleration},
	{name: "a pod that chooses its node", new: pod("dev", affine(spotTerm), tolerated, "nodeName: node-1"), want: chosen + "spec.nodeName", want136: chosen},
	{name: "a change of a pod from before the policies", old: pod("dev"), new: pod("dev", unrelated)},

	{name: "a Deployment that says nothing", new: workload("Deployment", "dev"), want: noAffinity + "spec.template.spec.affinity"},
	{name: "a StatefulSet that says nothing", new: workload("StatefulSet", "dev"), want: noAffinity},
	{name: "a ReplicaSet that says nothing", new: workload("ReplicaSet", "dev"), want: noAffinity},
	{name: "a Job that says nothing", new: workload("Job", "dev", "restartPolicy: Never"), want: noAffinity},
	{name: "a CronJob that says nothing", new: workload("CronJob", "dev", "restartPolicy: Never"), want: noAffinity + "spec.jobTemplate.spec.template.spec.affinity"},
	{name: "a DaemonSet that says nothing", new: workload("DaemonSet", "dev"), want: noAffinity},
	{name: "a Deployment for spot nodes", new: workload("Deployment", "dev", affine(spotTerm), tolerated)},
	{name: "a CronJob for spot nodes", new: workload("CronJob", "dev", affine(spotTerm), tolerated, "restartPolicy: Never")},
	{name: "a DaemonSet for spot nodes", new: workload("DaemonSet", "dev", affine(spotTerm), tolerated)},
	{name: "a Deployment from before the policies is scaled", old: workload("Deployment", "dev"), new: strings.Replace(workload("Deployment", "dev"), "selector", "replicas: 3, selector", 1)},
	{name: "a Deployment from before the policies gets an image", old: workload("Deployment", "dev"), new: strings.Replace(workload("Deployment", "dev"), "a:1", "a:2", 1), want: noAffinity},
	{name: "a Deployment leaves spot", old: workload("Deployment", "dev", affine(spotTerm), tolerated), new: workload("Deployment", "dev", tolerated), want: noAffinity},
	{name: "a Deployment on its way out", old: workload("Deployment", "dev"), new: strings.Replace(workload("Deployment", "dev", unrelated), "name: web", "deletionTimestamp: '2026-01-01T00:00:00Z', name: web", 1)},

	{name: "a team's DaemonSet pod on spot", new: daemonPod("dev", pinned, tolerated), user: controller},
	{name: "somebody pretends to be the DaemonSet controller", new: daemonPod("dev", pinned, tolerated), want: noAffinity},
	{name: "the controller makes a pod of no DaemonSet", new: pod("dev", pinned, tolerated), user: controller, want: noAffinity},
	{name: "a mirror pod", new: pod("dev", "nodeName: node-1", "tolerations: [{operator: Exists, effect: NoExecute}]"), user: "system:node:node-1", groups: []string{"system:nodes"}},

	{name: "a pod of staging", new: pod("stg")},
	{name: "a pod of staging that tolerates another taint", new: pod("stg", unrelated)},
	{name: "a pod of staging that stays when its node fails", new: pod("stg", "tolerations: [{operator: Exists, effect: NoExecute}]")},
	{name: "a pod of staging that tolerates another value", new: pod("stg", "tolerations: [{key: spotInstance, value: 'false'}]")},
	{name: "a pod of staging that tolerates spot", new: pod("stg", tolerated), want: tolerates + "spec.tolerations", want136: tolerates},
	{name: "a pod of staging that tolerates everything", new: pod("stg", wildcard), want: tolerates, want136: tolerates},
	{name: "a pod of staging that tolerates any value", new: pod("stg", "tolerations: [{key: spotInstance, operator: Exists}]"), want: tolerates, want136: tolerates},
	{name: "a pod of staging that tolerates by default operator", new: pod("stg", "tolerations: [{key: spotInstance, value: 'true'}]"), want: tolerates, want136: tolerates},
	{name: "a pod of staging that chooses its node", new: pod("stg", "nodeName: node-1"), want: chosen, want136: chosen},
	{name: "a toleration added to a pod of staging", old: pod("stg", unrelated), new: pod("stg", "tolerations: [{key: dedicated, operator: Exists}, {operator: Exists}]"), want: tolerates, want136: tolerates},
	{name: "a toleration added to a pod of staging on a node", old: pod("stg", "nodeName: node-1"), new: pod("stg", "nodeName: node-1", unrelated)},
	{name: "a pod of staging that tolerated spot before the policies", old: pod("stg", tolerated), new: strings.Replace(pod("stg", tolerated), "a:1", "a:2", 1)},
	{name: "a Deployment of staging that tolerates spot", new: workload("Deployment", "stg", tolerated), want: tolerates + "spec.template.spec.tolerations", want136: tolerates},
	{name: "a CronJob of staging that tolerates spot", new: workload("CronJob", "stg", tolerated, "restartPolicy: Never"), want: tolerates, want136: tolerates},
	{name: "a DaemonSet of staging that tolerates everything", new: workload("DaemonSet", "stg", wildcard), want: tolerates, want136: tolerates},
	{name: "its pod, if it was there before", new: daemonPod("stg", pinned, wildcard), user: controller, want: tolerates, want136: tolerates},
	{name: "a namespace with another capacity", new: pod("other", tolerated), want: tolerates, want136: tolerates},
	{name: "a pod of staging with the affinity alone", new: pod("stg", affine(spotTerm))},

	{name: "a DaemonSet of the platform", new: workload("DaemonSet", "platform", wildcard)},
	{name: "a DaemonSet in kube-system", new: workload("DaemonSet", "kube-system", wildcard)},
	{name: "a DaemonSet pod of the platform", new: daemonPod("platform", pinned, wildcard), user: controller},
	{name: "a DaemonSet pod in kube-system", new: daemonPod("kube-system", pinned, wildcard), user: controller},
	{name: "a DaemonSet pod of the platform by hand", new: daemonPod("platform", pinned, wildcard), want: tolerates, want136: tolerates},
	{name: "a Deployment of the platform that tolerates everything", new: workload("Deployment", "platform", wildcard), want: tolerates, want136: tolerates},
	{name: "a label that is not true", new: workload("DaemonSet", "notplatform", wildcard), want: tolerates, want136: tolerates},
	{name: "coredns", new: workload("Deployment", "kube-system", "tolerations: [{key: CriticalAddonsOnly, operator: Exists}, {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]")},
	{name: "the EBS driver's controller", new: workload("Deployment", "kube-system", "tolerations: [{key: CriticalAddonsOnly, operator: Exists}, {operator: Exists, effect: NoExecute, tolerationSeconds: 300}]")},
}

func TestThePoliciesJudgePodsAndTemplates(t *testing.T) {
	t.Parallel()
	for _, version := range supported {
		set := standing(t, version, version)
		for _, c := range cases {
			t.Run(version+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				r := request(t, c.old, c.new)
				if c.user != "" {
					r.User, r.Groups = c.user, append(c.groups, "system:authenticated")
				}
				answer, err := set.Admit(context.Background(), r)
				require.NoError(t, err)
				want := c.want
				if admission.Completes(version) {
					want = c.want136
				}
				if want == "" {
					require.Nil(t, answer.Denied, "%v", answer.Denied)
					return
				}
				require.NotNil(t, answer.Denied, "was admitted")
				assert.Contains(t, answer.Denied.Error(), want)
				assert.Contains(t, answer.Denied.Error(), `"web" in namespace "`+r.Namespace.Name+`"`)
			})
		}
	}
}

func TestARefusalReadsWell(t *testing.T) {
	t.Parallel()
	answer, err := standing(t, "1.35", "1.35").Admit(context.Background(), request(t, "", workload("Deployment", "dev")))
	require.NoError(t, err)
	require.NotNil(t, answer.Denied)
	assert.Equal(t, `deployments.apps "web" is forbidden: ValidatingAdmissionPolicy 'eks-platform-spot-required' with binding `+
		`'eks-platform-spot-required' denied request: Deployment "web" in namespace "dev" may only run on spot nodes: `+
		`write the matchExpression {key: lifecycle, operator: In, values: [Ec2Spot]} into every term of `+
		`spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`, answer.Denied.Error())
	assert.EqualValues(t, 422, answer.Denied.ErrStatus.Code)
}

func TestAPodOfAControllerIsNamedByItsPrefix(t *testing.T) {
	t.Parallel()
	answer, err := standing(t, "1.35", "1.35").Admit(context.Background(), request(t, "", strings.Replace(pod("dev"), "name: web", "generateName: web-", 1)))
	require.NoError(t, err)
	require.NotNil(t, answer.Denied)
	assert.Contains(t, answer.Denied.Error(), `Pod "web-" in namespace "dev" may only`)
}

func TestStatusAndScaleAreNeverJudged(t *testing.T) {
	t.Parallel()
	for _, version := range supported {
		for _, text := range []string{pod("dev", "nodeName: node-1"), workload("Deployment", "stg", wildcard)} {
			for _, subresource := range []string{"status", "scale", "binding", "ephemeralcontainers", "resize"} {
				r := request(t, text, text)
				r.Subresource = subresource
				answer, err := standing(t, version, version).Admit(context.Background(), r)
				require.NoError(t, err)
				assert.Nil(t, answer.Denied, "%s of %s", subresource, text)
			}
		}
	}
}

// The verdict on tolerations is the scheduler's own, for every way to write one.
func TestWhatToleratesIsWhatTheSchedulerSaysTolerates(t *testing.T) {
	t.Parallel()
	set := standing(t, "1.35", "1.35")
	taint, tried := convention.Taint(), 0
	for _, key := range []string{"", "spotInstance", "spot", "spotInstances"} {
		for _, operator := range []corev1.TolerationOperator{"", corev1.TolerationOpEqual, corev1.TolerationOpExists} {
			for _, value := range []string{"", "true", "false"} {
				for _, effect := range []corev1.TaintEffect{"", corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule} {
					if key == "" && operator != corev1.TolerationOpExists || operator == corev1.TolerationOpExists && value != "" {
						continue // the API server refuses it
					}
					toleration := corev1.Toleration{Key: key, Operator: operator, Value: value, Effect: effect}
					r := request(t, "", pod("stg"))
					r.Object.(*corev1.Pod).Spec.Tolerations = []corev1.Toleration{{Key: "other", Operator: corev1.TolerationOpExists}, toleration}
					answer, err := set.Admit(context.Background(), r)
					require.NoError(t, err)
					want := schedulecorev1.TolerationsTolerateTaint(klog.Background(), []corev1.Toleration{toleration}, &taint, false)
					assert.Equal(t, want, answer.Denied != nil, "%+v", toleration)
					tried++
				}
			}
		}
	}
	assert.Greater(t, tried, 80)
}

func TestFromKubernetes136PodsAndDaemonSetsAreCompleted(t *testing.T) {
	t.Parallel()
	set := standing(t, "1.36", "1.36")
	preferred := "{preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: " + zoneTerm + "}]}"
	for name, c := range map[string]struct {
		old, new, want string
		user           string
	}{
		"a bare pod":                             {new: pod("dev"), want: pod("dev", affine(spotTerm), tolerated)},
		"a pod with a pod affinity":              {new: pod("dev", "affinity: {podAntiAffinity: {}}"), want: pod("dev", strings.Replace(affine(spotTerm), "{", "{podAntiAffinity: {}, ", 1), tolerated)},
		"a pod with a preference":                {new: pod("dev", "affinity: {nodeAffinity: "+preferred+"}"), want: pod("dev", "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: ["+spotTerm+"]}, "+preferred[1:]+"}", tolerated)},
		"a pod with two terms":                   {new: pod("dev", affine(zoneTerm, spotTerm, zoneTerm)), want: pod("dev", affine(zoneSpotTerm, spotTerm, zoneSpotTerm), tolerated)},
		"a pod with a term by name":              {new: pod("dev", pinned), want: pod("dev", affine("{matchFields: [{key: metadata.name, operator: In, values: [node-1]}], matchExpressions: [{key: lifecycle, operator: In, values: [Ec2Spot]}]}"), tolerated)},
		"a pod with a toleration":                {new: pod("dev", unrelated), want: pod("dev", affine(spotTerm), "tolerations: [{key: dedicated, operator: Exists}, {key: spotInstance, operator: Equal, value: 'true', effect: NoSchedule}]")},
		"a pod that tolerates everything":        {new: pod("dev", wildcard), want: pod("dev", affine(spotTerm), wildcard)},
		"a pod that says it all":                 {new: pod("dev", affine(spotTerm), tolerated), want: pod("dev", affine(spotTerm), tolerated)},
		"a DaemonSet":                            {new: workload("DaemonSet", "dev"), want: workload("DaemonSet", "dev", affine(spotTerm), tolerated)},
		"a DaemonSet with new contents":          {old: workload("DaemonSet", "dev"), new: workload("DaemonSet", "dev", affine(zoneTerm)), want: workload("DaemonSet", "dev", affine(zoneSpotTerm), tolerated)},
		"an unchanged DaemonSet from before":     {old: workload("DaemonSet", "dev"), new: workload("DaemonSet", "dev"), want: workload("DaemonSet", "dev")},
		"a Deployment":                           {new: workload("Deployment", "dev"), want: workload("Deployment", "dev")},
		"a DaemonSet pod":                        {new: daemonPod("dev", pinned, tolerated), user: controller, want: daemonPod("dev", pinned, tolerated)},
		"a pod of staging":                       {new: pod("stg"), want: pod("stg")},
		"a DaemonSet of the platform":            {new: workload("DaemonSet", "platform", wildcard), want: workload("DaemonSet", "platform", wildcard)},
		"an update of a pod from before":         {old: pod("dev"), new: pod("dev", unrelated), want: pod("dev", unrelated)},
		"a pod in a namespace of other capacity": {new: pod("other"), want: pod("other")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request(t, c.old, c.new)
			if c.user != "" {
				r.User = c.user
			}
			answer, err := set.Admit(context.Background(), r)
			require.NoError(t, err)
			require.Nil(t, answer.Denied, "%v", answer.Denied)
			assert.Equal(t, object(t, c.want), answer.Object)

			r.Object = answer.Object
			again, err := set.Admit(context.Background(), r)
			require.NoError(t, err)
			assert.Equal(t, answer.Object, again.Object, "a second time changes nothing")
		})
	}
}

// Policies are tried on what they refuse, too: without them, everything passes.
func TestWithoutThePoliciesEverythingPasses(t *testing.T) {
	t.Parallel()
	refused := 0
	for _, c := range cases {
		answer, err := (&policy.Set{}).Admit(context.Background(), request(t, c.old, c.new))
		require.NoError(t, err)
		assert.Nil(t, answer.Denied, c.name)
		if c.want != "" {
			refused++
		}
	}
	assert.Greater(t, refused, 30)
	assert.True(t, slices.IsSorted(supported))
}

// BenchmarkAdmit is what one Deployment with a large template costs.
func BenchmarkAdmit(b *testing.B) {
	set := standing(b, "1.36", "1.36")
	r := request(b, "", pod("dev"))
	for b.Loop() {
		if _, err := set.Admit(context.Background(), r); err != nil {
			b.Fatal(err)
		}
	}
}
