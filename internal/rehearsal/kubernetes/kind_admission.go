package kubernetes

import (
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	"k8s.io/apimachinery/pkg/util/sets"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const admissionGroup = "admissionregistration.k8s.io/"

var admissionKinds = []*kind{
	{
		apiVersion: admissionGroup + "v1", name: "ValidatingAdmissionPolicy", plural: "validatingadmissionpolicies",
		validate: typed(validateAdmissionPolicy),
		defaults: typedDefaults(defaultAdmissionPolicy),
	},
	{
		apiVersion: admissionGroup + "v1", name: "ValidatingAdmissionPolicyBinding", plural: "validatingadmissionpolicybindings",
		validate: typed(validateAdmissionBinding),
		references: typed(func(b *admissionv1.ValidatingAdmissionPolicyBinding) []reference {
			return []reference{{at: field.NewPath("spec", "policyName"), token: validatingPolicyToken, name: b.Spec.PolicyName}}
		}),
	},
	mutatingPolicy("v1", "1.36"),
	mutatingPolicy("v1beta1", never),
	mutatingBinding("v1", "1.36"),
	mutatingBinding("v1beta1", never),
	{
		apiVersion: admissionGroup + "v1", name: "ValidatingWebhookConfiguration", plural: "validatingwebhookconfigurations",
		validate: typed(func(c *admissionv1.ValidatingWebhookConfiguration) field.ErrorList {
			hooks := make([]webhook, len(c.Webhooks))
			for i, w := range c.Webhooks {
				hooks[i] = webhook{w.Name, w.ClientConfig, w.SideEffects, w.FailurePolicy, w.AdmissionReviewVersions, w.TimeoutSeconds}
			}
			return validateWebhooks(hooks)
		}),
	},
	{
		apiVersion: admissionGroup + "v1", name: "MutatingWebhookConfiguration", plural: "mutatingwebhookconfigurations",
		validate: typed(func(c *admissionv1.MutatingWebhookConfiguration) field.ErrorList {
			hooks := make([]webhook, len(c.Webhooks))
			for i, w := range c.Webhooks {
				hooks[i] = webhook{w.Name, w.ClientConfig, w.SideEffects, w.FailurePolicy, w.AdmissionReviewVersions, w.TimeoutSeconds}
			}
			return validateWebhooks(hooks)
		}),
	},
}

// mutatingPolicy is beta, and not enabled on EKS, until it is stable in Kubernetes 1.36
// (https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/3962-mutating-admission-policies).
func mutatingPolicy(version, from string) *kind {
	return &kind{
		apiVersion: admissionGroup + version, name: "MutatingAdmissionPolicy", plural: "mutatingadmissionpolicies",
		servedFrom: from, validate: typed(validateMutatingPolicy),
	}
}

func mutatingBinding(version, from string) *kind {
	return &kind{
		apiVersion: admissionGroup + version, name: "MutatingAdmissionPolicyBinding", plural: "mutatingadmissionpolicybindings",
		servedFrom: from,
		validate: typed(func(b *admissionv1beta1.MutatingAdmissionPolicyBinding) field.ErrorList {
			if b.Spec.PolicyName == "" {
				return field.ErrorList{field.Required(field.NewPath("spec", "policyName"), "")}
			}
			return nil
		}),
		references: typed(func(b *admissionv1beta1.MutatingAdmissionPolicyBinding) []reference {
			return []reference{{
				at:    field.NewPath("spec", "policyName"),
				token: "kubernetes:" + admissionGroup + version + ":MutatingAdmissionPolicy", name: b.Spec.PolicyName,
			}}
		}),
	}
}

// validateConstraints applies the API server's rules on what a policy matches.
func validateConstraints(m *admissionv1.MatchResources, at *field.Path) field.ErrorList {
	if m == nil {
		return field.ErrorList{field.Required(at, "")}
	}
	errs := validateSelector(m.NamespaceSelector, at.Child("namespaceSelector"))
	errs = append(errs, validateSelector(m.ObjectSelector, at.Child("objectSelector"))...)
	if len(m.ResourceRules) == 0 {
		errs = append(errs, field.Required(at.Child("resourceRules"), ""))
	}
	for i, r := range m.ResourceRules {
		at := at.Child("resourceRules").Index(i)
		for name, n := range map[string]int{
			"apiGroups": len(r.APIGroups), "apiVersions": len(r.APIVersions), "operations": len(r.Operations), "resources": len(r.Resources),
		} {
			if n == 0 {
				errs = append(errs, field.Required(at.Child(name), ""))
			}
		}
		for j, op := range r.Operations {
			errs = append(errs, oneOf(at.Child("operations").Index(j), op, admissionv1.OperationAll, admissionv1.Create,
				admissionv1.Update, admissionv1.Delete, admissionv1.Connect)...)
		}
	}
	return errs
}

func validateAdmissionPolicy(p *admissionv1.ValidatingAdmissionPolicy) field.ErrorList {
	at := field.NewPath("spec")
	errs := validateConstraints(p.Spec.MatchConstraints, at.Child("matchConstraints"))
	if p.Spec.FailurePolicy != nil {
		errs = append(errs, oneOf(at.Child("failurePolicy"), *p.Spec.FailurePolicy, admissionv1.Fail, admissionv1.Ignore)...)
	}
	if len(p.Spec.Validations)+len(p.Spec.AuditAnnotations) == 0 {
		errs = append(errs, field.Required(at.Child("validations"), "validations or auditAnnotations must contain at least one item"))
	}
	errs = append(errs, named(at.Child("variables"), p.Spec.Variables, func(v admissionv1.Variable) string { return v.Name }, utilvalidation.IsCIdentifier)...)
	errs = append(errs, named(at.Child("matchConditions"), p.Spec.MatchConditions, func(c admissionv1.MatchCondition) string { return c.Name }, utilvalidation.IsQualifiedName)...)
	for i, v := range p.Spec.Validations {
		if strings.Contains(v.Message, "\n") {
			errs = append(errs, field.Invalid(at.Child("validations").Index(i).Child("message"), v.Message, "message must not contain line breaks"))
		}
	}
	for i, a := range p.Spec.AuditAnnotations {
		at := at.Child("auditAnnotations").Index(i)
		for _, msg := range utilvalidation.IsQualifiedName(a.Key) {
			errs = append(errs, field.Invalid(at.Child("key"), a.Key, msg))
		}
	}
	_, problems := compiledValidating(p, newestMinor)
	return append(errs, problems...)
}

// named applies the rules on the names in a list: each is legal, and there once.
func named[T any](at *field.Path, list []T, name func(T) string, legal func(string) []string) field.ErrorList {
	var errs field.ErrorList
	seen := sets.New[string]()
	for i, e := range list {
		at := at.Index(i).Child("name")
		for _, msg := range legal(name(e)) {
			errs = append(errs, field.Invalid(at, name(e), msg))
		}
		if seen.Has(name(e)) {
			errs = append(errs, field.Duplicate(at, name(e)))
		}
		seen.Insert(name(e))
	}
	return errs
}

func validateAdmissionBinding(b *admissionv1.ValidatingAdmissionPolicyBinding) field.ErrorList {
	at := field.NewPath("spec")
	var errs field.ErrorList
	if b.Spec.PolicyName == "" {
		errs = append(errs, field.Required(at.Child("policyName"), ""))
	}
	actions := sets.New[admissionv1.ValidationAction]()
	for i, a := range b.Spec.ValidationActions {
		errs = append(errs, oneOf(at.Child("validationActions").Index(i), a, admissionv1.Deny, admissionv1.Warn, admissionv1.Audit)...)
		if actions.Has(a) {
			errs = append(errs, field.Duplicate(at.Child("validationActions").Index(i), a))
		}
		actions.Insert(a)
	}
	if len(actions) == 0 {
		errs = append(errs, field.Required(at.Child("validationActions"), ""))
	}
	if actions.HasAll(admissionv1.Deny, admissionv1.Warn) {
		errs = append(errs, field.Invalid(at.Child("validationActions"), b.Spec.ValidationActions, "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"))
	}
	if m := b.Spec.MatchResources; m != nil {
		errs = append(errs, validateSelector(m.NamespaceSelector, at.Child("matchResources", "namespaceSelector"))...)
		errs = append(errs, validateSelector(m.ObjectSelector, at.Child("matchResources", "objectSelector"))...)
	}
	return errs
}

func validateMutatingPolicy(p *admissionv1beta1.MutatingAdmissionPolicy) field.ErrorList {
	at := field.NewPath("spec")
	var constraints *admissionv1.MatchResources
	if m := p.Spec.MatchConstraints; m != nil {
		constraints = &admissionv1.MatchResources{NamespaceSelector: m.NamespaceSelector, ObjectSelector: m.ObjectSelector}
		for _, r := range m.ResourceRules {
			constraints.ResourceRules = append(constraints.ResourceRules, admissionv1.NamedRuleWithOperations{RuleWithOperations: r.RuleWithOperations})
		}
	}
	errs := validateConstraints(constraints, at.Child("matchConstraints"))
	errs = append(errs, oneOf(at.Child("reinvocationPolicy"), p.Spec.ReinvocationPolicy, admissionv1beta1.NeverReinvocationPolicy, admissionv1beta1.IfNeededReinvocationPolicy)...)
	errs = append(errs, named(at.Child("variables"), p.Spec.Variables, func(v admissionv1beta1.Variable) string { return v.Name }, utilvalidation.IsCIdentifier)...)
	errs = append(errs, named(at.Child("matchConditions"), p.Spec.MatchConditions, func(c admissionv1beta1.MatchCondition) string { return c.Name }, utilvalidation.IsQualifiedName)...)
	if len(p.Spec.Mutations) == 0 {
		errs = append(errs, field.Required(at.Child("mutations"), "mutations must contain at least one item"))
	}
	for i, m := range p.Spec.Mutations {
		applies := m.PatchType == admissionv1beta1.PatchTypeApplyConfiguration && m.ApplyConfiguration != nil && m.JSONPatch == nil
		patches := m.PatchType == admissionv1beta1.PatchTypeJSONPatch && m.JSONPatch != nil && m.ApplyConfiguration == nil
		if !applies && !patches {
			errs = append(errs, field.Invalid(at.Child("mutations").Index(i).Child("patchType"), m.PatchType, "must be ApplyConfiguration or JSONPatch, with what it is named after and nothing else"))
		}
	}
	_, problems := compiledMutating(p, newestMinor)
	return append(errs, problems...)
}

// webhook is what both kinds of webhook have in common.
type webhook struct {
	name     string
	client   admissionv1.WebhookClientConfig
	effects  *admissionv1.SideEffectClass
	failure  *admissionv1.FailurePolicyType
	versions []string
	timeout  *int32
}

func validateWebhooks(hooks []webhook) field.ErrorList {
	var errs field.ErrorList
	seen := sets.New[string]()
	for i, w := range hooks {
		at := field.NewPath("webhooks").Index(i)
		errs = append(errs, utilvalidation.IsFullyQualifiedName(at.Child("name"), w.name)...)
		if seen.Has(w.name) {
			errs = append(errs, field.Duplicate(at.Child("name"), w.name))
		}
		seen.Insert(w.name)
		if (w.client.URL == nil) == (w.client.Service == nil) {
			errs = append(errs, field.Required(at.Child("clientConfig"), "exactly one of url or service is required"))
		}
		if w.effects == nil {
			errs = append(errs, field.Required(at.Child("sideEffects"), "must specify one of None, NoneOnDryRun"))
		} else {
			errs = append(errs, oneOf(at.Child("sideEffects"), *w.effects, admissionv1.SideEffectClassNone, admissionv1.SideEffectClassNoneOnDryRun)...)
		}
		if w.failure != nil {
			errs = append(errs, oneOf(at.Child("failurePolicy"), *w.failure, admissionv1.Fail, admissionv1.Ignore)...)
		}
		if len(w.versions) == 0 {
			errs = append(errs, field.Required(at.Child("admissionReviewVersions"), "must specify one of v1, v1beta1"))
		}
		if w.timeout != nil && (*w.timeout < 1 || *w.timeout > 30) {
			errs = append(errs, field.Invalid(at.Child("timeoutSeconds"), *w.timeout, "the timeout value must be between 1 and 30 seconds"))
		}
	}
	return errs
}
