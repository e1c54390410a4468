package policy

import (
	"context"

	admissionapi "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
)

// composed evaluates conditions that use variables. The API server's own type for it can only be made by compiling
// everything a second time.
type composed struct {
	cel.ConditionEvaluator
	env *cel.CompositionEnv
}

// ForInput evaluates the conditions, and every variable at most once.
func (c *composed) ForInput(ctx context.Context, attributes *admission.VersionedAttributes, request *admissionapi.AdmissionRequest,
	optional cel.OptionalVariableBindings, namespace *corev1.Namespace, budget int64,
) ([]cel.EvaluationResult, int64, error) {
	return c.ConditionEvaluator.ForInput(c.env.CreateContext(ctx), attributes, request, optional, namespace, budget)
}
