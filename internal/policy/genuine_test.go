package policy_test

// The API server's own admission plugins, with all that they bring: informers, clients and metrics. Programs that link
// package policy do not link them; the tests hold the one to the other.

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/generic"
	"k8s.io/apiserver/pkg/admission/plugin/policy/matching"
	genuinemutating "k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	genuinevalidating "k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/warning"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/eks-platform/eks-platform/internal/policy"
)

// cluster is a set of policies twice: as package policy evaluates them, and as the API server does.
type cluster struct {
	t          testing.TB
	kubernetes string
	ours       policy.Set
	validating []genuinevalidating.PolicyHook
	mutating   []genuinemutating.PolicyHook
}

func newCluster(t testing.TB, kubernetes string) *cluster {
	return &cluster{t: t, kubernetes: kubernetes}
}

// validate adds a policy that both can compile.
func (c *cluster) validate(p *admissionv1.ValidatingAdmissionPolicy, bindings ...*admissionv1.ValidatingAdmissionPolicyBinding) *cluster {
	c.t.Helper()
	compiled, errs := policy.CompileValidating(p, c.kubernetes)
	require.Empty(c.t, errs)
	c.ours.Validate(compiled, bindings...)
	hook := genuinevalidating.PolicyHook{Policy: p.DeepCopy(), Evaluator: genuineValidator(c.t, p, c.kubernetes)}
	defaultMatch(hook.Policy.Spec.MatchConstraints)
	for _, b := range bindings {
		b = b.DeepCopy()
		defaultMatch(b.Spec.MatchResources)
		hook.Bindings = append(hook.Bindings, b)
	}
	c.validating = append(c.validating, hook)
	return c
}

// mutate adds a policy that both can compile.
func (c *cluster) mutate(p *admissionv1beta1.MutatingAdmissionPolicy, bindings ...*admissionv1beta1.MutatingAdmissionPolicyBinding) *cluster {
	c.t.Helper()
	compiled, errs := policy.CompileMutating(p, c.kubernetes)
	require.Empty(c.t, errs)
	c.ours.Mutate(compiled, bindings...)
	hook := genuinemutating.PolicyHook{Policy: p.DeepCopy(), Evaluator: genuineEvaluator(c.t, p, c.kubernetes)}
	defaultBetaMatch(hook.Policy.Spec.MatchConstraints)
	for _, b := range bindings {
		b = b.DeepCopy()
		defaultBetaMatch(b.Spec.MatchResources)
		hook.Bindings = append(hook.Bindings, b)
	}
	c.mutating = append(c.mutating, hook)
	return c
}

// admit puts a request to the policies, and checks that the API server gives the same answer.
func (c *cluster) admit(r policy.Request) policy.Answer {
	c.t.Helper()
	ours, err := c.ours.Admit(c.t.Context(), r)
	require.NoError(c.t, err)
	genuine := c.genuine(r)
	assert.Equal(c.t, genuine.Denied, ours.Denied, "the refusal")
	assert.Equal(c.t, genuine.Warnings, ours.Warnings, "the warnings")
	if ours.Denied == nil {
		assert.Equal(c.t, genuine.Object, ours.Object, "the object")
	}
	return ours
}

// genuine is the API server's answer.
func (c *cluster) genuine(r policy.Request) policy.Answer {
	c.t.Helper()
	attributes := attributesOf(c.t, r)
	told := &recorder{}
	ctx := warning.WithWarningRecorder(c.t.Context(), told)
	answer := policy.Answer{Object: attributes.GetObject()}
	err := c.dispatch(ctx, attributes, matching.NewMatcher(namespaces{r.Namespace}, nil))
	if err != nil {
		require.ErrorAs(c.t, err, &answer.Denied)
	}
	answer.Warnings = told.texts
	return answer
}

func (c *cluster) dispatch(ctx context.Context, a admission.Attributes, matcher *matching.Matcher) error {
	if len(c.mutating) > 0 && a.GetOperation() != admission.Delete {
		d := genuinemutating.NewDispatcher(nobody{}, matcher, schemas{})
		if err := d.Dispatch(ctx, a, interfaces, c.mutating); err != nil {
			return err
		}
		if again := a.GetReinvocationContext(); again.ShouldReinvoke() {
			again.SetIsReinvoke()
			if err := d.Dispatch(ctx, a, interfaces, c.mutating); err != nil {
				return err
			}
		}
	}
	return genuinevalidating.NewDispatcher(nobody{}, generic.NewPolicyMatcher(matcher)).Dispatch(ctx, a, interfaces, c.validating)
}

func attributesOf(t testing.TB, r policy.Request) admission.Attributes {
	t.Helper()
	o, object := r.OldObject, r.Object
	if object != nil {
		object = object.DeepCopyObject()
		o = object
	}
	m, err := meta.Accessor(o)
	require.NoError(t, err)
	options := map[admissionv1.OperationType]runtime.Object{
		admissionv1.Create: &metav1.CreateOptions{}, admissionv1.Update: &metav1.UpdateOptions{}, admissionv1.Delete: &metav1.DeleteOptions{},
	}[r.Operation]
	return admission.NewAttributesRecord(object, r.OldObject, o.GetObjectKind().GroupVersionKind(), m.GetNamespace(), m.GetName(),
		r.Resource, r.Subresource, admission.Operation(r.Operation), options, false, &user.DefaultInfo{Name: r.User, Groups: r.Groups})
}

// The API server compiles a policy by functions that it does not export; these are the same calls.

type genuineCompiler struct {
	plain       cel.ConditionCompiler
	composition *cel.CompositedCompiler
}

func newGenuineCompiler(t testing.TB, kubernetes string) *genuineCompiler {
	t.Helper()
	minor := version.MustParseMajorMinor(kubernetes)
	base := environment.MustBaseEnvSet(version.MajorMinor(1, minor.Minor()-1))
	composition, err := cel.NewCompositedCompiler(base)
	require.NoError(t, err)
	return &genuineCompiler{cel.NewConditionCompiler(base), composition}
}

var (
	withAuthorizer = cel.OptionalVariableDeclarations{HasAuthorizer: true}
	withPatches    = cel.OptionalVariableDeclarations{HasAuthorizer: true, HasPatchTypes: true}
)

func (c *genuineCompiler) conditions(list []admissionv1.MatchCondition, failure *admissionv1.FailurePolicyType) matchconditions.Matcher {
	if len(list) == 0 {
		return nil
	}
	accessors := make([]cel.ExpressionAccessor, len(list))
	for i := range list {
		accessors[i] = (*matchconditions.MatchCondition)(&list[i])
	}
	return matchconditions.NewMatcher(c.plain.CompileCondition(accessors, withAuthorizer, environment.NewExpressions), failure, "policy", "validate", "p")
}

func genuineValidator(t testing.TB, p *admissionv1.ValidatingAdmissionPolicy, kubernetes string) genuinevalidating.Validator {
	t.Helper()
	c := newGenuineCompiler(t, kubernetes)
	for _, v := range p.Spec.Variables {
		c.composition.CompileAndStoreVariable(&genuinevalidating.Variable{Name: v.Name, Expression: v.Expression}, withAuthorizer, environment.NewExpressions)
	}
	var expressions, messages, audits []cel.ExpressionAccessor
	for _, v := range p.Spec.Validations {
		expressions = append(expressions, &genuinevalidating.ValidationCondition{Expression: v.Expression, Message: v.Message, Reason: v.Reason})
		var message cel.ExpressionAccessor
		if v.MessageExpression != "" {
			message = &genuinevalidating.MessageExpressionCondition{MessageExpression: v.MessageExpression}
		}
		messages = append(messages, message)
	}
	for _, a := range p.Spec.AuditAnnotations {
		audits = append(audits, &genuinevalidating.AuditAnnotationCondition{Key: a.Key, ValueExpression: a.ValueExpression})
	}
	compile := func(list []cel.ExpressionAccessor, options cel.OptionalVariableDeclarations) cel.ConditionEvaluator {
		return c.composition.CompileCondition(list, options, environment.NewExpressions)
	}
	return genuinevalidating.NewValidator(compile(expressions, withAuthorizer), c.conditions(p.Spec.MatchConditions, p.Spec.FailurePolicy),
		compile(audits, withAuthorizer), compile(messages, cel.OptionalVariableDeclarations{}), p.Spec.FailurePolicy)
}

func genuineEvaluator(t testing.TB, p *admissionv1beta1.MutatingAdmissionPolicy, kubernetes string) genuinemutating.PolicyEvaluator {
	t.Helper()
	c := newGenuineCompiler(t, kubernetes)
	conditions := make([]admissionv1.MatchCondition, len(p.Spec.MatchConditions))
	for i, condition := range p.Spec.MatchConditions {
		conditions[i] = admissionv1.MatchCondition(condition)
	}
	for _, v := range p.Spec.Variables {
		c.composition.CompileAndStoreVariable(&genuinevalidating.Variable{Name: v.Name, Expression: v.Expression}, withAuthorizer, environment.NewExpressions)
	}
	out := genuinemutating.PolicyEvaluator{
		Matcher: c.conditions(conditions, (*admissionv1.FailurePolicyType)(p.Spec.FailurePolicy)), CompositionEnv: c.composition.CompositionEnv,
	}
	for _, m := range p.Spec.Mutations {
		if m.JSONPatch != nil {
			accessor := &patch.JSONPatchCondition{Expression: m.JSONPatch.Expression}
			out.Mutators = append(out.Mutators, patch.NewJSONPatcher(c.composition.CompileMutatingEvaluator(accessor, withPatches, environment.NewExpressions)))
		} else {
			accessor := &patch.ApplyConfigurationCondition{Expression: m.ApplyConfiguration.Expression}
			out.Mutators = append(out.Mutators, patch.NewApplyConfigurationPatcher(c.composition.CompileMutatingEvaluator(accessor, withPatches, environment.NewExpressions)))
		}
	}
	return out
}

// defaultMatch fills in what the API server does, and what its matching insists on.
func defaultMatch(m *admissionv1.MatchResources) {
	if m == nil {
		return
	}
	if m.MatchPolicy == nil {
		equivalent := admissionv1.Equivalent
		m.MatchPolicy = &equivalent
	}
	if m.NamespaceSelector == nil {
		m.NamespaceSelector = &metav1.LabelSelector{}
	}
	if m.ObjectSelector == nil {
		m.ObjectSelector = &metav1.LabelSelector{}
	}
	for _, rules := range [][]admissionv1.NamedRuleWithOperations{m.ResourceRules, m.ExcludeResourceRules} {
		for i := range rules {
			defaultScope(&rules[i].Scope)
		}
	}
}

func defaultBetaMatch(m *admissionv1beta1.MatchResources) {
	if m == nil {
		return
	}
	if m.MatchPolicy == nil {
		equivalent := admissionv1beta1.Equivalent
		m.MatchPolicy = &equivalent
	}
	if m.NamespaceSelector == nil {
		m.NamespaceSelector = &metav1.LabelSelector{}
	}
	if m.ObjectSelector == nil {
		m.ObjectSelector = &metav1.LabelSelector{}
	}
	for _, rules := range [][]admissionv1beta1.NamedRuleWithOperations{m.ResourceRules, m.ExcludeResourceRules} {
		for i := range rules {
			defaultScope(&rules[i].Scope)
		}
	}
}

func defaultScope(scope **admissionv1.ScopeType) {
	if *scope == nil {
		all := admissionv1.AllScopes
		*scope = &all
	}
}

// interfaces are how the API server's code makes and copies objects.
var interfaces = &admission.RuntimeObjectInterfaces{
	ObjectCreater: scheme.Scheme, ObjectTyper: scheme.Scheme, ObjectDefaulter: scheme.Scheme,
	ObjectConvertor: convertor{scheme.Scheme}, EquivalentResourceMapper: runtime.NewEquivalentResourceRegistry(),
}

// convertor converts objects to their own type, of which the scheme of k8s.io/client-go only makes copies.
type convertor struct{ runtime.ObjectConvertor }

// Convert copies one object into another of the same type.
func (c convertor) Convert(in, out, scope any) error {
	from, ok := in.(runtime.Object)
	if !ok || reflect.TypeOf(in) != reflect.TypeOf(out) {
		return c.ObjectConvertor.Convert(in, out, scope)
	}
	reflect.ValueOf(out).Elem().Set(reflect.ValueOf(from.DeepCopyObject()).Elem())
	return nil
}

// schemas finds the structure of a kind, for patches that are partial objects.
type schemas struct{}

// converter has the structures of all kinds of k8s.io/api.
var converter = sync.OnceValue(func() managedfields.TypeConverter { return applyconfigurations.NewTypeConverter(scheme.Scheme) })

// GetTypeConverter returns the structure of a kind of k8s.io/api; of others it is deduced from the object.
func (schemas) GetTypeConverter(kind schema.GroupVersionKind) managedfields.TypeConverter {
	if scheme.Scheme.Recognizes(kind) {
		return converter()
	}
	return managedfields.NewDeducedTypeConverter()
}

// Run does nothing: the structures never change.
func (schemas) Run(context.Context) {}

// namespaces knows the namespace of one request.
type namespaces struct{ only *corev1.Namespace }

// Get returns the request's namespace.
func (n namespaces) Get(name string) (*corev1.Namespace, error) {
	if n.only == nil || n.only.Name != name {
		return nil, fmt.Errorf("namespace %q is not that of the request", name)
	}
	return n.only, nil
}

// List returns the request's namespace.
func (n namespaces) List(selector labels.Selector) ([]*corev1.Namespace, error) {
	if n.only == nil || !selector.Matches(labels.Set(n.only.Labels)) {
		return nil, nil
	}
	return []*corev1.Namespace{n.only}, nil
}

// recorder keeps warnings.
type recorder struct{ texts []string }

// AddWarning keeps one warning.
func (r *recorder) AddWarning(_, text string) { r.texts = append(r.texts, text) }

// nobody answers expressions that use the authorizer.
type nobody struct{}

// Authorize says that it cannot tell.
func (nobody) Authorize(context.Context, authorizer.Attributes) (authorizer.Decision, string, error) {
	return authorizer.DecisionDeny, "", errors.New("there is no authorizer outside an API server")
}
