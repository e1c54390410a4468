package policy

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
)

// invocation names a policy under one of its bindings.
type invocation struct{ policy, binding string }

// rounds remembers, over the two rounds in which mutating policies may be asked, which ones are to be asked again: those
// that want it and were asked before something changed the object.
type rounds struct {
	asked, again map[invocation]bool
	// changed reports that there is to be a second round, and second that it is this one.
	changed, second bool
}

// change marks everything that was asked so far.
func (r *rounds) change() {
	r.changed = true
	for i := range r.asked {
		r.again[i] = true
	}
	clear(r.asked)
}

// mutate puts a request to the mutating policies and, if one of them changed the object, again to those that ask for it,
// as the API server's chain of admission does. The request's object then is what they made of it.
func (s *Set) mutate(ctx context.Context, a admission.Attributes, namespace *corev1.Namespace) *apierrors.StatusError {
	if len(s.mutating) == 0 || a.GetOperation() == admission.Delete {
		return nil
	}
	r := &rounds{asked: map[invocation]bool{}, again: map[invocation]bool{}}
	if refused := s.round(ctx, a, namespace, r); refused != nil || !r.changed {
		return refused
	}
	r.second = true
	return s.round(ctx, a, namespace, r)
}

// round is one round of mutating policies. Which ones it is for is decided by the object as it was at its beginning.
func (s *Set) round(ctx context.Context, a admission.Attributes, namespace *corev1.Namespace, rounds *rounds) *apierrors.StatusError {
	var faults faults
	type call struct {
		policy *Mutating
		name   invocation
	}
	var calls []call
	for _, b := range s.mutating {
		name := invocation{policy: b.policy.policy.Name}
		matches, err := b.selects(a, namespace)
		if err != nil {
			faults.add(b.policy, fmt.Sprintf("policy %q", name.policy), fmt.Errorf("failed to configure policy: %w", err), "")
			continue
		}
		if !matches {
			continue
		}
		for _, binding := range b.bindings {
			name.binding = binding.name
			matches, err := binding.match.selects(a, namespace)
			if err != nil {
				faults.add(b.policy, name.String(), fmt.Errorf("failed to configure binding: %w", err), "")
			} else if matches {
				calls = append(calls, call{b.policy, name})
			}
		}
	}

	r := newReview(a, namespace)
	for _, c := range calls {
		ctx := c.policy.env.CreateContext(ctx)
		if c.policy.matcher != nil {
			result := c.policy.matcher.Match(ctx, r.versioned, nil, nobody{})
			if result.Error != nil {
				faults.add(c.policy, c.name.String(), result.Error, metav1.StatusReasonInvalid)
				continue
			}
			if !result.Matches {
				continue
			}
		}
		if rounds.second && !rounds.again[c.name] {
			continue
		}
		before := r.versioned.VersionedObject
		for _, patch := range c.policy.patches {
			patched, err := patch(ctx, r)
			var refused *apierrors.StatusError
			if errors.As(err, &refused) {
				return refused
			}
			if err != nil {
				faults.add(c.policy, c.name.String(), err, metav1.StatusReasonInvalid)
				continue
			}
			r.versioned.VersionedObject, r.versioned.Dirty = patched, true
		}
		if !apiequality.Semantic.DeepEqual(before, r.versioned.VersionedObject) {
			rounds.change()
		}
		if c.policy.policy.Spec.ReinvocationPolicy == admissionv1.IfNeededReinvocationPolicy {
			rounds.asked[c.name] = true
		}
	}
	if r.versioned.Dirty {
		rounds.change()
		replace(a.GetObject(), r.versioned.VersionedObject)
	}
	return faults.refusal(a)
}

// String names an invocation in refusals.
func (i invocation) String() string {
	return fmt.Sprintf("policy '%s' with binding '%s'", i.policy, i.binding)
}

// replace makes one object a copy of another of the same type.
func replace(o, by runtime.Object) {
	reflect.ValueOf(o).Elem().Set(reflect.ValueOf(by.DeepCopyObject()).Elem())
}

// faults are what kept mutating policies from acting.
type faults []fault

type fault struct {
	message string
	reason  metav1.StatusReason
}

// add takes a fault down, unless the policy's failure policy ignores it.
func (f *faults) add(p *Mutating, who string, err error, reason metav1.StatusReason) {
	if ignores((*admissionv1.FailurePolicyType)(p.policy.Spec.FailurePolicy)) {
		return
	}
	*f = append(*f, fault{who + " denied request: " + err.Error(), reason})
}

// refusal is the API server's answer where there are faults: the first words it, all are its causes.
func (f faults) refusal(a admission.Attributes) *apierrors.StatusError {
	if len(f) == 0 {
		return nil
	}
	var refused *apierrors.StatusError
	if err := admission.NewForbidden(a, errors.New("admission request denied by policy")); !errors.As(err, &refused) {
		return apierrors.NewInternalError(err)
	}
	refused.ErrStatus.Message = f[0].message
	if f[0].reason != "" {
		refused.ErrStatus.Reason = f[0].reason
	}
	for _, fault := range f {
		refused.ErrStatus.Details.Causes = append(refused.ErrStatus.Details.Causes, metav1.StatusCause{Message: fault.message})
	}
	return refused
}

// stableMatch is what a mutating policy or its binding selects, in the form of v1.
func stableMatch(m *admissionv1beta1.MatchResources) *admissionv1.MatchResources {
	if m == nil {
		return nil
	}
	return &admissionv1.MatchResources{
		NamespaceSelector: m.NamespaceSelector, ObjectSelector: m.ObjectSelector,
		ResourceRules: stableRules(m.ResourceRules), ExcludeResourceRules: stableRules(m.ExcludeResourceRules),
	}
}

func stableRules(rules []admissionv1beta1.NamedRuleWithOperations) []admissionv1.NamedRuleWithOperations {
	out := make([]admissionv1.NamedRuleWithOperations, len(rules))
	for i, r := range rules {
		out[i] = admissionv1.NamedRuleWithOperations(r)
	}
	return out
}
