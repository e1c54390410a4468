package kubernetes

import (
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var policyKinds = []*kind{
	{
		apiVersion: "v1", name: "ResourceQuota", plural: "resourcequotas", namespaced: true,
		validate:  typed(validateQuota),
		replaceOn: []string{"spec.scopes"},
		frozen:    []string{"spec.scopeSelector"},
	},
	{
		apiVersion: "v1", name: "LimitRange", plural: "limitranges", namespaced: true,
		validate: typed(validateLimitRange),
	},
	{
		apiVersion: "policy/v1", name: "PodDisruptionBudget", plural: "poddisruptionbudgets", namespaced: true,
		validate: typed(validateBudget),
	},
	{
		apiVersion: "scheduling.k8s.io/v1", name: "PriorityClass", plural: "priorityclasses",
		validate: typed(validatePriority),
		defaults: typedDefaults(func(p *schedulingv1.PriorityClass) {
			p.PreemptionPolicy = orDefault(p.PreemptionPolicy, corev1.PreemptLowerPriority)
		}),
		frozen: []string{"value", "preemptionPolicy"},
	},
	{
		apiVersion: "autoscaling/v2", name: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers", namespaced: true,
		validate:   typed(validateAutoscaler),
		references: typed(autoscalerReferences),
		defaults: typedDefaults(func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Spec.MinReplicas = orDefault(h.Spec.MinReplicas, 1)
		}),
	},
}

func validateBudget(b *policyv1.PodDisruptionBudget) field.ErrorList {
	at := field.NewPath("spec")
	var errs field.ErrorList
	if b.Spec.MinAvailable != nil && b.Spec.MaxUnavailable != nil {
		errs = append(errs, field.Invalid(at, b.Spec.MinAvailable.String(), "minAvailable and maxUnavailable cannot be both set"))
	}
	errs = append(errs, validateCountOrPercent(at.Child("minAvailable"), b.Spec.MinAvailable)...)
	errs = append(errs, validateCountOrPercent(at.Child("maxUnavailable"), b.Spec.MaxUnavailable)...)
	if over100(b.Spec.MinAvailable) {
		errs = append(errs, field.Invalid(at.Child("minAvailable"), b.Spec.MinAvailable, "must not be greater than 100%"))
	}
	if over100(b.Spec.MaxUnavailable) {
		errs = append(errs, field.Invalid(at.Child("maxUnavailable"), b.Spec.MaxUnavailable, "must not be greater than 100%"))
	}
	if p := b.Spec.UnhealthyPodEvictionPolicy; p != nil {
		errs = append(errs, oneOf(at.Child("unhealthyPodEvictionPolicy"), *p, policyv1.IfHealthyBudget, policyv1.AlwaysAllow)...)
	}
	return append(errs, validateSelector(b.Spec.Selector, at.Child("selector"))...)
}

// highestUserPriority is the highest value that a priority class of a user may have.
const highestUserPriority = 1_000_000_000

func validatePriority(p *schedulingv1.PriorityClass) field.ErrorList {
	var errs field.ErrorList
	if strings.HasPrefix(p.Name, "system-") {
		errs = append(errs, field.Forbidden(field.NewPath("metadata", "name"), "priority class names with 'system-' prefix are reserved for system use only"))
	} else if p.Value > highestUserPriority {
		errs = append(errs, field.Forbidden(field.NewPath("value"), "maximum allowed value of a user defined priority is 1000000000"))
	}
	if p.PreemptionPolicy != nil {
		errs = append(errs, oneOf(field.NewPath("preemptionPolicy"), *p.PreemptionPolicy, corev1.PreemptLowerPriority, corev1.PreemptNever)...)
	}
	return errs
}

func validateAutoscaler(h *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	at := field.NewPath("spec")
	var errs field.ErrorList
	lowest := int32(1)
	if h.Spec.MinReplicas != nil {
		lowest = *h.Spec.MinReplicas
		if lowest < 1 {
			errs = append(errs, field.Invalid(at.Child("minReplicas"), lowest, "must be greater than or equal to 1"))
		}
	}
	if h.Spec.MaxReplicas < 1 {
		errs = append(errs, field.Invalid(at.Child("maxReplicas"), h.Spec.MaxReplicas, "must be greater than 0"))
	} else if h.Spec.MaxReplicas < lowest {
		errs = append(errs, field.Invalid(at.Child("maxReplicas"), h.Spec.MaxReplicas, "must be greater than or equal to `minReplicas`"))
	}
	if h.Spec.ScaleTargetRef.Kind == "" {
		errs = append(errs, field.Required(at.Child("scaleTargetRef", "kind"), ""))
	}
	if h.Spec.ScaleTargetRef.Name == "" {
		errs = append(errs, field.Required(at.Child("scaleTargetRef", "name"), ""))
	}
	for i, m := range h.Spec.Metrics {
		at := at.Child("metrics").Index(i)
		errs = append(errs, oneOf(at.Child("type"), m.Type, autoscalingv2.ObjectMetricSourceType, autoscalingv2.PodsMetricSourceType,
			autoscalingv2.ResourceMetricSourceType, autoscalingv2.ContainerResourceMetricSourceType, autoscalingv2.ExternalMetricSourceType)...)
		// Each type has its source under its own name, with a small first letter.
		want := strings.ToLower(string(m.Type[:min(1, len(m.Type))])) + string(m.Type[min(1, len(m.Type)):])
		m.Type = ""
		if set := fieldsSet(m); len(set) != 1 || set[0] != want {
			errs = append(errs, field.Invalid(at, strings.Join(set, ", "), "must set exactly "+want))
		}
		if r := m.Resource; r != nil {
			if r.Name == "" {
				errs = append(errs, field.Required(at.Child("resource", "name"), "must specify a resource name"))
			}
			errs = append(errs, validateMetricTarget(r.Target, at.Child("resource", "target"))...)
		}
	}
	return errs
}

func validateMetricTarget(t autoscalingv2.MetricTarget, at *field.Path) field.ErrorList {
	errs := oneOf(at.Child("type"), t.Type, autoscalingv2.UtilizationMetricType, autoscalingv2.ValueMetricType, autoscalingv2.AverageValueMetricType)
	if t.AverageUtilization != nil && *t.AverageUtilization < 1 {
		errs = append(errs, field.Invalid(at.Child("averageUtilization"), *t.AverageUtilization, "must be greater than 0"))
	}
	if (t.AverageUtilization == nil) == (t.AverageValue == nil) {
		errs = append(errs, field.Required(at, "must set either averageUtilization or averageValue"))
	}
	return errs
}

// autoscalerReferences returns what an autoscaler scales, where it is a workload of Kubernetes' own.
func autoscalerReferences(h *autoscalingv2.HorizontalPodAutoscaler) []reference {
	target := h.Spec.ScaleTargetRef
	token := "kubernetes:" + target.APIVersion + ":" + target.Kind
	if _, known := kinds[token]; !known {
		return nil
	}
	return []reference{{at: field.NewPath("spec", "scaleTargetRef", "name"), token: token, name: target.Name}}
}
