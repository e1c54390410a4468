package policy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	celtypes "github.com/google/cel-go/common/types"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
)

// decision is what one validation makes of a request: nothing, or why it is to be refused.
type decision struct {
	message string
	reason  metav1.StatusReason
}

// judge evaluates the policy and returns what speaks against a request. Denials are subject to the actions of the
// binding; failures, such as an audit annotation that cannot be evaluated, are not.
func (p *Validating) judge(ctx context.Context, r *review) (denials, failures []decision) {
	if p.matcher != nil {
		result := p.matcher.Match(ctx, r.versioned, nil, nobody{})
		if result.Error != nil {
			return p.failed(result.Error), nil
		}
		if !result.Matches {
			return nil, nil
		}
	}
	plain := cel.OptionalVariableBindings{}
	asking := cel.OptionalVariableBindings{Authorizer: nobody{}}
	exposed := cel.CreateNamespaceObject(r.namespace)
	results, budget, err := p.validations.ForInput(ctx, r.versioned, r.request, asking, exposed, celconfig.RuntimeCELCostBudget)
	if err != nil {
		return p.failed(err), nil
	}
	messages, _, messageErr := p.messages.ForInput(ctx, r.versioned, r.request, plain, exposed, budget)
	exhausted := errors.Is(messageErr, apiservercel.ErrInternal) || errors.Is(messageErr, apiservercel.ErrOutOfBudget)
	for i, result := range results {
		switch {
		case result.Error != nil:
			denials = append(denials, p.failed(result.Error)...)
		case exhausted:
			denials = append(denials, p.failed(fmt.Errorf("failed messageExpression: %w", messageErr))...)
		case result.EvalResult != celtypes.True:
			var computed *cel.EvaluationResult
			if i < len(messages) {
				computed = &messages[i]
			}
			denials = append(denials, refusal(p.policy.Spec.Validations[i], computed))
		}
	}
	annotations, _, err := p.audits.ForInput(ctx, r.versioned, r.request, plain, r.namespace, celconfig.RuntimeCELCostBudget)
	if err != nil {
		return p.failed(err), nil
	}
	for _, a := range annotations {
		if a.Error != nil {
			failures = append(failures, p.failed(a.Error)...)
		}
	}
	return denials, failures
}

// failed is the decision where an expression could not be evaluated, if the failure policy asks for one.
func (p *Validating) failed(err error) []decision {
	if ignores(p.policy.Spec.FailurePolicy) {
		return nil
	}
	return []decision{{message: err.Error()}}
}

// ignores reports whether a policy that cannot be evaluated does not count.
func ignores(p *admissionv1.FailurePolicyType) bool { return p != nil && *p == admissionv1.Ignore }

// refusal words the refusal of a validation: by its message expression if that gives a line of text, by its message or
// by the expression itself.
func refusal(v admissionv1.Validation, computed *cel.EvaluationResult) decision {
	d := decision{reason: metav1.StatusReasonInvalid}
	if v.Reason != nil {
		d.reason = *v.Reason
	}
	if computed != nil && computed.Error == nil && computed.EvalResult != nil {
		text, _ := computed.EvalResult.Value().(string)
		text = strings.TrimSpace(text)
		if len(text) <= celconfig.MaxEvaluatedMessageExpressionSizeBytes && !strings.Contains(text, "\n") {
			d.message = text
		}
	}
	if d.message == "" {
		d.message = strings.TrimSpace(v.Message)
	}
	if d.message == "" {
		d.message = "failed expression: " + strings.TrimSpace(v.Expression)
	}
	return d
}

// validate puts a request to the validating policies. The first denial words the refusal.
func (s *Set) validate(ctx context.Context, a admission.Attributes, namespace *corev1.Namespace) (refused *apierrors.StatusError, warnings []string) {
	deny := func(name string, d decision) {
		if refused == nil {
			refused = forbidden(a, fmt.Sprintf("ValidatingAdmissionPolicy %s denied request: %s", name, d.message), d.reason)
		}
	}
	r := newReview(a, namespace)
	for _, b := range s.validating {
		p := b.policy.policy
		quoted := "'" + p.Name + "'"
		matches, err := b.selects(a, namespace)
		if err != nil {
			if !ignores(p.Spec.FailurePolicy) {
				deny(quoted, decision{message: "failed to configure policy: " + err.Error()})
			}
			continue
		}
		if !matches {
			continue
		}
		for _, binding := range b.bindings {
			quoted := quoted + " with binding '" + binding.name + "'"
			matches, err := binding.match.selects(a, namespace)
			if err != nil {
				if !ignores(p.Spec.FailurePolicy) {
					deny(quoted, decision{message: "failed to configure binding: " + err.Error()})
				}
				continue
			}
			if !matches {
				continue
			}
			denials, failures := b.policy.judge(ctx, r)
			for _, d := range denials {
				for _, action := range binding.actions {
					switch action {
					case admissionv1.Deny:
						deny(quoted, d)
					case admissionv1.Warn:
						warnings = append(warnings, fmt.Sprintf("Validation failed for ValidatingAdmissionPolicy %s: %s", quoted, d.message))
					}
				}
			}
			for _, d := range failures {
				deny(quoted, d)
			}
		}
	}
	return refused, warnings
}

// forbidden is the API server's refusal of a request.
func forbidden(a admission.Attributes, message string, reason metav1.StatusReason) *apierrors.StatusError {
	var refused *apierrors.StatusError
	if err := admission.NewForbidden(a, errors.New(message)); !errors.As(err, &refused) {
		return apierrors.NewInternalError(err)
	}
	if reason == "" {
		reason = metav1.StatusReasonInvalid
	}
	refused.ErrStatus.Reason = reason
	refused.ErrStatus.Code = http.StatusUnprocessableEntity
	switch reason {
	case metav1.StatusReasonForbidden:
		refused.ErrStatus.Code = http.StatusForbidden
	case metav1.StatusReasonUnauthorized:
		refused.ErrStatus.Code = http.StatusUnauthorized
	case metav1.StatusReasonRequestEntityTooLarge:
		refused.ErrStatus.Code = http.StatusRequestEntityTooLarge
	}
	refused.ErrStatus.Details.Causes = append(refused.ErrStatus.Details.Causes, metav1.StatusCause{Message: message})
	return refused
}
