package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	admissionapi "k8s.io/api/admission/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// Set is the policies of a cluster with the bindings that put them to work. Its zero value admits everything.
type Set struct {
	validating []bound[*Validating]
	mutating   []bound[*Mutating]
}

// bound is a policy with its bindings.
type bound[P any] struct {
	policy   P
	match    *match
	bindings []binding
}

// binding puts a policy to work on what it selects.
type binding struct {
	name    string
	match   *match
	actions []admissionv1.ValidationAction // none with mutating policies
}

// selects reports whether the policy is for a request.
func (b bound[P]) selects(a admission.Attributes, namespace *corev1.Namespace) (bool, error) {
	if b.match == nil {
		return false, errNoConstraints
	}
	return b.match.selects(a, namespace)
}

// Validate adds a policy with its bindings. A policy without any does nothing.
func (s *Set) Validate(p *Validating, bindings ...*admissionv1.ValidatingAdmissionPolicyBinding) {
	b := bound[*Validating]{policy: p, match: newMatch(p.policy.Spec.MatchConstraints)}
	for _, given := range bindings {
		b.bindings = append(b.bindings, binding{given.Name, newMatch(given.Spec.MatchResources), slices.Clone(given.Spec.ValidationActions)})
	}
	s.validating = append(s.validating, b)
}

// Mutate adds a policy that changes objects, with its bindings. Policies act in the order in which they are added.
func (s *Set) Mutate(p *Mutating, bindings ...*admissionv1beta1.MutatingAdmissionPolicyBinding) {
	b := bound[*Mutating]{policy: p, match: newMatch(stableMatch(p.policy.Spec.MatchConstraints))}
	for _, given := range bindings {
		b.bindings = append(b.bindings, binding{name: given.Name, match: newMatch(stableMatch(given.Spec.MatchResources))})
	}
	s.mutating = append(s.mutating, b)
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

// Admit puts a request to the policies: first to those that change the object, then to those that judge it. The error
// says why they could not be asked; a refusal is in the Answer.
func (s *Set) Admit(ctx context.Context, r Request) (Answer, error) {
	attributes, err := r.attributes()
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Object: attributes.GetObject()}
	if answer.Denied = s.mutate(ctx, attributes, r.Namespace); answer.Denied == nil {
		answer.Denied, answer.Warnings = s.validate(ctx, attributes, r.Namespace)
	}
	return answer, nil
}

// review is a request as the expressions of policies see it.
type review struct {
	versioned *admission.VersionedAttributes
	request   *admissionapi.AdmissionRequest
	namespace *corev1.Namespace
}

func newReview(a admission.Attributes, namespace *corev1.Namespace) *review {
	return &review{
		versioned: &admission.VersionedAttributes{
			Attributes: a, VersionedKind: a.GetKind(), VersionedObject: a.GetObject(), VersionedOldObject: a.GetOldObject(),
		},
		request:   cel.CreateAdmissionRequest(a, metav1.GroupVersionResource(a.GetResource()), metav1.GroupVersionKind(a.GetKind())),
		namespace: namespace,
	}
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

// nobody answers expressions that use the authorizer.
type nobody struct{}

// Authorize says that it cannot tell.
func (nobody) Authorize(context.Context, authorizer.Attributes) (authorizer.Decision, string, error) {
	return authorizer.DecisionDeny, "", errors.New("there is no authorizer outside an API server")
}
