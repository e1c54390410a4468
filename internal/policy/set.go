package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/generic"
	"k8s.io/apiserver/pkg/admission/plugin/policy/matching"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/warning"
)

// Set is the policies of a cluster with the bindings that put them to work. Its zero value admits everything.
type Set struct {
	validating []validating.PolicyHook
	mutating   []mutating.PolicyHook
}

// Validate adds a policy with its bindings. A policy without any does nothing.
func (s *Set) Validate(p *Validating, bindings ...*admissionv1.ValidatingAdmissionPolicyBinding) {
	hook := validating.PolicyHook{Policy: p.policy.DeepCopy(), Evaluator: p.evaluator}
	defaultMatch(hook.Policy.Spec.MatchConstraints)
	for _, b := range bindings {
		b = b.DeepCopy()
		defaultMatch(b.Spec.MatchResources)
		hook.Bindings = append(hook.Bindings, b)
	}
	s.validating = append(s.validating, hook)
}

// Mutate adds a policy that changes objects, with its bindings. Policies act in the order in which they are added.
func (s *Set) Mutate(p *Mutating, bindings ...*admissionv1beta1.MutatingAdmissionPolicyBinding) {
	hook := mutating.PolicyHook{Policy: p.policy.DeepCopy(), Evaluator: p.evaluator}
	defaultBetaMatch(hook.Policy.Spec.MatchConstraints)
	for _, b := range bindings {
		b = b.DeepCopy()
		defaultBetaMatch(b.Spec.MatchResources)
		hook.Bindings = append(hook.Bindings, b)
	}
	s.mutating = append(s.mutating, hook)
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

// Request is one request to an API server that has been authenticated and authorized.
type Request struct {
	// Operation is CREATE, UPDATE or DELETE. Required.
	Operation admissionv1.OperationType
	// Resource is what the request addresses, for example apps/v1 deployments. Required.
	Resource schema.GroupVersionResource
	// Subresource is the part of the object that the request addresses, for example status; empty for all of it.
	Subresource string
	// Object is the new object with its kind, defaults filled in; nil for DELETE. Kinds of k8s.io/api are of their Go
	// type, others are unstructured.
	Object runtime.Object
	// OldObject is the object as it stands; nil for CREATE.
	OldObject runtime.Object
	// Namespace is the object's; nil for objects without one.
	Namespace *corev1.Namespace
	// User and Groups say who asks.
	User   string
	Groups []string
}

// Answer is what the policies made of a request.
type Answer struct {
	// Object is the new object as the mutating policies left it; nil for DELETE.
	Object runtime.Object
	// Denied is the API server's refusal, nil where the request is admitted.
	Denied *apierrors.StatusError
	// Warnings are what the client is told beside the answer.
	Warnings []string
}

// Admit puts a request to the policies. The error says why they could not be asked; a refusal is in the Answer.
func (s *Set) Admit(ctx context.Context, r Request) (Answer, error) {
	attributes, err := r.attributes()
	if err != nil {
		return Answer{}, err
	}
	told := &recorder{}
	ctx = warning.WithWarningRecorder(ctx, told)
	answer := Answer{Object: attributes.GetObject()}
	err = s.admit(ctx, attributes, matching.NewMatcher(namespaces{r.Namespace}, nil))
	answer.Warnings = told.texts
	if err != nil && !errors.As(err, &answer.Denied) {
		return Answer{}, err
	}
	return answer, nil
}

// admit runs mutating policies, those that ask for it again if one changed something, and then the validating ones, as
// the API server's chain of admission does.
func (s *Set) admit(ctx context.Context, a admission.Attributes, matcher *matching.Matcher) error {
	if len(s.mutating) > 0 && a.GetOperation() != admission.Delete {
		d := mutating.NewDispatcher(nobody{}, matcher, schemas{patches: s.patches()})
		if err := d.Dispatch(ctx, a, interfaces, s.mutating); err != nil {
			return err
		}
		if again := a.GetReinvocationContext(); again.ShouldReinvoke() {
			again.SetIsReinvoke()
			if err := d.Dispatch(ctx, a, interfaces, s.mutating); err != nil {
				return err
			}
		}
	}
	return validating.NewDispatcher(nobody{}, generic.NewPolicyMatcher(matcher)).Dispatch(ctx, a, interfaces, s.validating)
}

// patches says whether a policy's patch is a partial object.
func (s *Set) patches() bool {
	return slices.ContainsFunc(s.mutating, func(h mutating.PolicyHook) bool {
		return slices.ContainsFunc(h.Policy.Spec.Mutations, func(m admissionv1beta1.Mutation) bool { return m.ApplyConfiguration != nil })
	})
}

// attributes puts a request into the API server's form.
func (r Request) attributes() (admission.Attributes, error) {
	o := r.Object
	if o == nil {
		o = r.OldObject
	}
	if o == nil {
		return nil, errors.New("a request needs an object")
	}
	m, err := meta.Accessor(o)
	if err != nil {
		return nil, err
	}
	kind := o.GetObjectKind().GroupVersionKind()
	if kind.Empty() {
		return nil, fmt.Errorf("%T %q has no apiVersion and kind", o, m.GetName())
	}
	name := ""
	if r.Namespace != nil {
		name = r.Namespace.Name
	}
	if m.GetNamespace() != name {
		return nil, fmt.Errorf("%s %q is in namespace %q, and the request's is %q", kind.Kind, m.GetName(), m.GetNamespace(), name)
	}
	var object, old runtime.Object
	if r.Object != nil {
		object = r.Object.DeepCopyObject() // mutating policies write into it
	}
	if r.OldObject != nil {
		old = r.OldObject
		if r.Object != nil && old.GetObjectKind().GroupVersionKind() != kind {
			return nil, fmt.Errorf("the old object is of another kind than %s", kind)
		}
	}
	var options runtime.Object
	switch r.Operation {
	case admissionv1.Create:
		options = &metav1.CreateOptions{}
	case admissionv1.Update:
		options = &metav1.UpdateOptions{}
	case admissionv1.Delete:
		options = &metav1.DeleteOptions{}
	default:
		return nil, fmt.Errorf("the operation must be CREATE, UPDATE or DELETE, got %q", r.Operation)
	}
	return admission.NewAttributesRecord(object, old, kind, name, m.GetName(), r.Resource, r.Subresource, admission.Operation(r.Operation),
		options, false, &user.DefaultInfo{Name: r.User, Groups: r.Groups}), nil
}

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
