package policy_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/eks-platform/eks-platform/internal/policy"
)

const rules = `
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE, DELETE], resources: [configmaps]}]
`

func decode[T any](t testing.TB, text string) *T {
	t.Helper()
	out := new(T)
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), out), text)
	return out
}

func validating(t testing.TB, name, rest string) *admissionv1.ValidatingAdmissionPolicy {
	t.Helper()
	return decode[admissionv1.ValidatingAdmissionPolicy](t, "metadata: {name: "+name+"}\nspec:"+rules+rest)
}

func mutating(t testing.TB, name, rest string) *admissionv1beta1.MutatingAdmissionPolicy {
	t.Helper()
	return decode[admissionv1beta1.MutatingAdmissionPolicy](t, "metadata: {name: "+name+"}\nspec:"+rules+rest)
}

func binding(t testing.TB, rest string) *admissionv1.ValidatingAdmissionPolicyBinding {
	t.Helper()
	return decode[admissionv1.ValidatingAdmissionPolicyBinding](t, "metadata: {name: everywhere}\nspec:\n  policyName: p\n"+rest)
}

func mutatingBinding(t testing.TB, rest string) *admissionv1beta1.MutatingAdmissionPolicyBinding {
	t.Helper()
	return decode[admissionv1beta1.MutatingAdmissionPolicyBinding](t, "metadata: {name: b}\nspec:\n  policyName: p\n  "+rest)
}

const deny = "  validationActions: [Deny]"

// configMap is a request to create a config map.
func configMap(data map[string]string) policy.Request {
	return policy.Request{
		Operation: admissionv1.Create, Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"},
		Object: &corev1.ConfigMap{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "dev"}, Data: data,
		},
		Namespace: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "dev", Labels: map[string]string{"team": "a"}}},
		User:      "jane", Groups: []string{"authors"},
	}
}

// admit puts a request to one validating policy.
func admit(t testing.TB, p *admissionv1.ValidatingAdmissionPolicy, b *admissionv1.ValidatingAdmissionPolicyBinding, r policy.Request) policy.Answer {
	t.Helper()
	return newCluster(t, "1.35").validate(p, b).admit(r)
}

func TestExpressionsThatTheAPIServerRefusesAreRefusedByTheirPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, kubernetes, rest, want string }{
		{"syntax", "1.35", "  validations: [{expression: 'object.data ==='}]", `spec.validations[0].expression: Invalid value: "object.data ===": compilation failed: ERROR: <input>:1:15: Syntax error`},
		{"no bool", "1.35", "  validations: [{expression: '1 + 1'}]", `must evaluate to bool but got int`},
		{"a message that is no string", "1.35", "  validations: [{expression: 'true', messageExpression: 'true'}]", `spec.validations[0].messageExpression: Invalid value: "true": must evaluate to string but got bool`},
		{"an unknown variable", "1.35", "  variables: [{name: a, expression: '1'}]\n  validations: [{expression: 'variables.b == 1'}]", `undefined field 'b'`},
		{"a variable before it is there", "1.35", "  variables: [{name: b, expression: 'variables.a'}, {name: a, expression: '1'}]\n  validations: [{expression: 'true'}]", `spec.variables[0].expression: Invalid value: "variables.a": compilation failed`},
		{"an unknown name", "1.35", "  validations: [{expression: 'subject.name == \"\"'}]", "undeclared reference to 'subject'"},
		{"an unknown part of the request", "1.35", "  validations: [{expression: 'request.user == \"\"'}]", "undefined field 'user'"},
		{"a variable in a match condition", "1.35", "  variables: [{name: a, expression: 'true'}]\n  matchConditions: [{name: a, expression: variables.a}]\n  validations: [{expression: 'true'}]", `spec.matchConditions[0].expression: Invalid value: "variables.a": compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables'`},
		{"the authorizer in a message", "1.35", "  validations: [{expression: 'true', messageExpression: 'string(authorizer.path(\"/\").check(\"get\").allowed())'}]", "undeclared reference to 'authorizer'"},
		{"an audit annotation of a number", "1.35", "  auditAnnotations: [{key: a, valueExpression: '1'}]", "spec.auditAnnotations[0].valueExpression"},
		{"nothing", "1.35", "  validations: [{expression: ' '}]", "spec.validations[0].expression: Required value: expression is not specified"},
		{"a function that an API server may not use before its successor", "1.34", "  validations: [{expression: 'lists.range(3).size() == 3'}]", "undeclared reference to 'range'"},
		{"parameters", "1.35", "  paramKind: {apiVersion: v1, kind: ConfigMap}\n  validations: [{expression: 'true'}]", "spec.paramKind: Forbidden"},
		{"no version", "", "  validations: [{expression: 'true'}]", `"" is not a Kubernetes minor`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			compiled, errs := policy.CompileValidating(validating(t, "p", c.rest), c.kubernetes)
			assert.Nil(t, compiled)
			assert.ErrorContains(t, errs.ToAggregate(), c.want)
		})
	}
	_, errs := policy.CompileValidating(validating(t, "p", "  validations: [{expression: 'lists.range(3).size() == 3'}]"), "1.35")
	assert.Empty(t, errs)
	_, errs = policy.CompileValidating(validating(t, "p", "  validations: [{expression: '1'}, {expression: 'true'}, {expression: '2'}]"), "1.35")
	assert.Len(t, errs, 2, "all that is wrong at once")
}

func TestMutationsThatTheAPIServerRefusesAreRefused(t *testing.T) {
	t.Parallel()
	for rest, want := range map[string]string{
		"  mutations: [{patchType: JSONPatch, jsonPatch: {expression: 'true'}}]":                                                                        "spec.mutations[0].jsonPatch.expression: Invalid value: \"true\": must evaluate to",
		"  mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{op: \"add\", where: \"/a\"}]'}}]":                                     "expected type of field 'where' is ''",
		"  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: '{\"a\": 1}'}}]":                                                "must evaluate to Object but got map(string, int)",
		"  matchConditions: [{name: a, expression: '1'}]\n  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{}'}}]": "spec.matchConditions[0].expression",
		"  paramKind: {apiVersion: v1, kind: ConfigMap}\n  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{}'}}]":  "spec.paramKind: Forbidden",
		"  variables: [{name: a, expression: 'b'}]\n  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{}'}}]":       "spec.variables[0].expression",
		"  mutations: [{patchType: ApplyConfiguration}]":                                                                                                "spec.mutations[0]: Required value",
	} {
		compiled, errs := policy.CompileMutating(mutating(t, "p", rest), "1.36")
		assert.Nil(t, compiled, rest)
		assert.ErrorContains(t, errs.ToAggregate(), want)
	}
}

func TestMatchingDecidesWhetherAPolicyIsAsked(t *testing.T) {
	t.Parallel()
	never := "  validations: [{expression: 'false', message: never}]"
	update := configMap(nil)
	update.Operation, update.OldObject = admissionv1.Update, update.Object
	remove := configMap(nil)
	remove.Operation, remove.OldObject, remove.Object = admissionv1.Delete, remove.Object, nil
	status := configMap(nil)
	status.Subresource = "status"
	secret := configMap(nil)
	secret.Resource.Resource = "secrets"
	create := validating(t, "p", never)
	create.Spec.MatchConstraints.ResourceRules[0].Operations = []admissionv1.OperationType{admissionv1.Create}
	excluded := validating(t, "p", never)
	excluded.Spec.MatchConstraints.ExcludeResourceRules = []admissionv1.NamedRuleWithOperations{{ResourceNames: []string{"web"}, RuleWithOperations: excluded.Spec.MatchConstraints.ResourceRules[0].RuleWithOperations}}
	for _, c := range []struct {
		name    string
		policy  *admissionv1.ValidatingAdmissionPolicy
		binding string
		request policy.Request
		want    bool
	}{
		{"it matches", validating(t, "p", never), deny, configMap(nil), true},
		{"an update", validating(t, "p", never), deny, update, true},
		{"a deletion", validating(t, "p", never), deny, remove, true},
		{"another operation", create, deny, update, false},
		{"a subresource", validating(t, "p", never), deny, status, false},
		{"another resource", validating(t, "p", never), deny, secret, false},
		{"an excluded name", excluded, deny, configMap(nil), false},
		{"the binding's namespaces", validating(t, "p", never), deny + "\n  matchResources: {namespaceSelector: {matchLabels: {team: a}}}", configMap(nil), true},
		{"other namespaces", validating(t, "p", never), deny + "\n  matchResources: {namespaceSelector: {matchLabels: {team: b}}}", configMap(nil), false},
		{"a label that is missing is not in a list", validating(t, "p", never), deny + "\n  matchResources: {namespaceSelector: {matchExpressions: [{key: size, operator: NotIn, values: [l]}]}}", configMap(nil), true},
		{"other objects", validating(t, "p", never), deny + "\n  matchResources: {objectSelector: {matchLabels: {a: b}}}", configMap(nil), false},
		{"a condition that holds", validating(t, "p", never+"\n  matchConditions: [{name: jane, expression: request.userInfo.username == 'jane'}]"), deny, configMap(nil), true},
		{"a condition that does not hold", validating(t, "p", never+"\n  matchConditions: [{name: jane, expression: \"'editors' in request.userInfo.groups\"}]"), deny, configMap(nil), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, admit(t, c.policy, binding(t, c.binding), c.request).Denied != nil)
		})
	}
}

func TestAPolicyWithoutABindingDoesNothing(t *testing.T) {
	t.Parallel()
	answer := newCluster(t, "1.35").validate(validating(t, "p", "  validations: [{expression: 'false'}]")).admit(configMap(nil))
	assert.Nil(t, answer.Denied)
}

func TestARefusalHasTheAPIServersWords(t *testing.T) {
	t.Parallel()
	p := validating(t, "p", `  variables: [{name: key, expression: "object.data.a"}]
  validations:
    - {expression: "variables.key == 'b'", message: not told, messageExpression: "'a is ' + variables.key + ' in ' + namespaceObject.metadata.name", reason: Forbidden}`)
	denied := admit(t, p, binding(t, deny), configMap(map[string]string{"a": "c"})).Denied
	require.NotNil(t, denied)
	assert.Equal(t, `configmaps "web" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'everywhere' denied request: a is c in dev`, denied.Error())
	assert.Equal(t, metav1.StatusReasonForbidden, denied.ErrStatus.Reason)
	assert.EqualValues(t, 403, denied.ErrStatus.Code)
	assert.Nil(t, admit(t, p, binding(t, deny), configMap(map[string]string{"a": "b"})).Denied)
}

func TestTheFailurePolicyDecidesWhenAnExpressionFails(t *testing.T) {
	t.Parallel()
	failing := "  validations: [{expression: 'object.data.missing == \"\"'}]"
	denied := admit(t, validating(t, "p", failing), binding(t, deny), configMap(map[string]string{"a": "b"})).Denied
	require.NotNil(t, denied)
	assert.Contains(t, denied.Error(), "no such key: missing")
	assert.Nil(t, admit(t, validating(t, "p", failing+"\n  failurePolicy: Ignore"), binding(t, deny), configMap(map[string]string{"a": "b"})).Denied)

	asks := "  validations: [{expression: 'authorizer.path(\"/healthz\").check(\"get\").errored()'}]"
	assert.Nil(t, admit(t, validating(t, "p", asks), binding(t, deny), configMap(nil)).Denied, "the authorizer cannot tell")
}

func TestWarnAndAuditDoNotRefuse(t *testing.T) {
	t.Parallel()
	p := validating(t, "p", "  validations: [{expression: 'false', message: better not}]")
	answer := admit(t, p, binding(t, "  validationActions: [Warn, Audit]"), configMap(nil))
	assert.Nil(t, answer.Denied)
	assert.Equal(t, []string{"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'everywhere': better not"}, answer.Warnings)
	answer = admit(t, p, binding(t, "  validationActions: [Audit]"), configMap(nil))
	assert.Nil(t, answer.Denied)
	assert.Empty(t, answer.Warnings)
}

func TestMutatingPoliciesChangeTheObjectBeforeItIsJudged(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "1.36")
	for name, rest := range map[string]string{
		"apply": "  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{data: {\"b\": \"applied\"}}'}}]",
		"patch": "  mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{op: \"add\", path: \"/data/c\", value: \"patched\"}]'}}]",
	} {
		c.mutate(mutating(t, name, rest+"\n  reinvocationPolicy: Never"), mutatingBinding(t, "matchResources: {namespaceSelector: {matchLabels: {team: a}}}"))
	}
	c.validate(validating(t, "p", "  validations: [{expression: 'size(object.data) == 3'}]"), binding(t, deny))

	r := configMap(map[string]string{"a": "given"})
	answer := c.admit(r)
	require.Nil(t, answer.Denied)
	assert.Equal(t, map[string]string{"a": "given", "b": "applied", "c": "patched"}, answer.Object.(*corev1.ConfigMap).Data)
	assert.Len(t, r.Object.(*corev1.ConfigMap).Data, 1, "the request itself stays as it is")

	r.Namespace.Labels = nil
	assert.NotNil(t, c.admit(r).Denied, "the binding does not select the namespace")
}

func TestAPolicyThatAsksForItSeesWhatLaterOnesChanged(t *testing.T) {
	t.Parallel()
	// The first policy counts the keys that it sees; the second adds one.
	count := "  mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{op: \"add\", path: \"/metadata/labels\", value: {\"keys\": string(size(object.data))}}]'}}]"
	add := "  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{data: {\"b\": \"c\"}}'}}]\n  reinvocationPolicy: Never"
	for reinvocation, want := range map[string]string{"Never": "1", "IfNeeded": "2"} {
		answer := newCluster(t, "1.36").
			mutate(mutating(t, "count", count+"\n  reinvocationPolicy: "+reinvocation), mutatingBinding(t, "")).
			mutate(mutating(t, "add", add), mutatingBinding(t, "")).
			admit(configMap(map[string]string{"a": "b"}))
		require.Nil(t, answer.Denied)
		assert.Equal(t, want, answer.Object.(*corev1.ConfigMap).Labels["keys"], reinvocation)
	}
}

func TestAnObjectOfNoKnownTypeIsJudgedAsItIs(t *testing.T) {
	t.Parallel()
	p := validating(t, "p", "  validations: [{expression: object.spec.size < 3}]")
	p.Spec.MatchConstraints.ResourceRules[0].Rule = admissionv1.Rule{APIGroups: []string{"example.com"}, APIVersions: []string{"v1"}, Resources: []string{"widgets"}}
	r := configMap(nil)
	r.Resource = schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}
	for size, want := range map[int64]bool{2: false, 3: true} {
		r.Object = &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "example.com/v1", "kind": "Widget", "metadata": map[string]any{"name": "w", "namespace": "dev"}, "spec": map[string]any{"size": size},
		}}
		assert.Equal(t, want, admit(t, p, binding(t, deny), r).Denied != nil, size)
	}
}

func TestARequestThatCannotBeIsAnErrorAndNoRefusal(t *testing.T) {
	t.Parallel()
	without, kindless, elsewhere, operation := configMap(nil), configMap(nil), configMap(nil), configMap(nil)
	without.Object = nil
	kindless.Object.(*corev1.ConfigMap).TypeMeta = metav1.TypeMeta{}
	elsewhere.Namespace = nil
	operation.Operation = "PATCH"
	for want, r := range map[string]policy.Request{
		"a request needs an object": without, `*v1.ConfigMap "web" has no apiVersion and kind`: kindless,
		`ConfigMap "web" is in namespace "dev", and the request's is ""`: elsewhere,
		`the operation must be CREATE, UPDATE or DELETE, got "PATCH"`:    operation,
	} {
		_, err := (&policy.Set{}).Admit(context.Background(), r)
		assert.EqualError(t, err, want)
	}
}

func TestACompiledPolicyCanBeSharedAndTheOriginalChanged(t *testing.T) {
	t.Parallel()
	p := validating(t, "p", "  variables: [{name: a, expression: object.data.a}]\n  validations: [{expression: variables.a == 'b'}]")
	compiled, errs := policy.CompileValidating(p, "1.35")
	require.Empty(t, errs)
	p.Spec.MatchConstraints = nil
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var set policy.Set
			set.Validate(compiled, binding(t, deny))
			for value, want := range map[string]bool{"b": false, "c": true} {
				answer, err := set.Admit(context.Background(), configMap(map[string]string{"a": value}))
				assert.NoError(t, err)
				assert.Equal(t, want, answer.Denied != nil)
			}
		})
	}
	wg.Wait()
}

// BenchmarkCompile is what a policy costs once.
func BenchmarkCompile(b *testing.B) {
	p := validating(b, "p", "  variables: [{name: a, expression: object.data.a}]\n  validations: [{expression: variables.a == 'b'}]")
	for b.Loop() {
		if _, errs := policy.CompileValidating(p, "1.35"); len(errs) > 0 {
			b.Fatal(errs)
		}
	}
}
