package kubernetes

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var workloadKinds = []*kind{
	{
		apiVersion: "v1", name: "Pod", plural: "pods", namespaced: true,
		validate: typed(func(p *corev1.Pod) field.ErrorList {
			return validatePodSpec(&p.Spec, podRules{restarts: allRestarts}, field.NewPath("spec"))
		}),
		references: typed(func(p *corev1.Pod) []reference { return podReferences(&p.Spec, nil, field.NewPath("spec")) }),
		defaults:   typedDefaults(func(p *corev1.Pod) { defaultPod(&p.Spec) }),
		replaceOn:  podReplaceOn,
	},
	{
		apiVersion: "apps/v1", name: "Deployment", plural: "deployments", namespaced: true,
		validate: typed(validateDeployment),
		references: typed(func(d *appsv1.Deployment) []reference {
			return podReferences(&d.Spec.Template.Spec, nil, templateSpec)
		}),
		defaults:  typedDefaults(defaultDeployment),
		complete:  dropStaleStrategy,
		replaceOn: []string{"spec.selector"},
	},
	{
		apiVersion: "apps/v1", name: "DaemonSet", plural: "daemonsets", namespaced: true,
		validate: typed(validateDaemonSet),
		references: typed(func(d *appsv1.DaemonSet) []reference {
			return podReferences(&d.Spec.Template.Spec, nil, templateSpec)
		}),
		defaults:  typedDefaults(defaultDaemonSet),
		replaceOn: []string{"spec.selector"},
	},
	{
		apiVersion: "apps/v1", name: "StatefulSet", plural: "statefulsets", namespaced: true,
		validate:   typed(validateStatefulSet),
		references: typed(statefulSetReferences),
		defaults:   typedDefaults(defaultStatefulSet),
		replaceOn: []string{
			"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName",
			"spec.volumeClaimTemplates",
		},
	},
}

// templateSpec is where the pod specification of a workload is.
var templateSpec = field.NewPath("spec", "template", "spec")

// onlyAlways is the restart policy of workloads that run forever.
var onlyAlways = podRules{restarts: []corev1.RestartPolicy{corev1.RestartPolicyAlways}}

// validateSelection applies the API server's rule that a workload selects exactly by what its template carries.
func validateSelection(s *metav1.LabelSelector, template *corev1.PodTemplateSpec, at *field.Path) field.ErrorList {
	if s == nil {
		return field.ErrorList{field.Required(at.Child("selector"), "")}
	}
	errs := validateSelector(s, at.Child("selector"))
	if len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		return append(errs, field.Invalid(at.Child("selector"), s, "empty selector is invalid"))
	}
	if selector, err := metav1.LabelSelectorAsSelector(s); err == nil && !selector.Matches(labels.Set(template.Labels)) {
		errs = append(errs, field.Invalid(at.Child("template", "metadata", "labels"), template.Labels, "`selector` does not match template `labels`"))
	}
	return errs
}

// nonNegative refuses counts below zero, by property.
func nonNegative(at *field.Path, counts map[string]*int32) field.ErrorList {
	var errs field.ErrorList
	for name, n := range counts {
		if n != nil && *n < 0 {
			errs = append(errs, field.Invalid(at.Child(name), *n, "must be greater than or equal to 0"))
		}
	}
	return errs
}

// validateCountOrPercent refuses what is neither a count nor a percentage.
func validateCountOrPercent(at *field.Path, v *intstr.IntOrString) field.ErrorList {
	if v == nil {
		return nil
	}
	if v.Type == intstr.Int {
		if v.IntVal < 0 {
			return field.ErrorList{field.Invalid(at, v.IntVal, "must be greater than or equal to 0")}
		}
		return nil
	}
	var errs field.ErrorList
	for _, msg := range utilvalidation.IsValidPercent(v.StrVal) {
		errs = append(errs, field.Invalid(at, v.StrVal, msg))
	}
	return errs
}

// none says that a rolling update may take no step in a direction.
func none(v *intstr.IntOrString) bool { return v != nil && (v.String() == "0" || v.String() == "0%") }

// over100 says that a percentage is above 100.
func over100(v *intstr.IntOrString) bool {
	n, err := intstr.GetScaledValueFromIntOrPercent(v, 100, false)
	return v != nil && v.Type == intstr.String && err == nil && n > 100
}

func validateDeployment(d *appsv1.Deployment) field.ErrorList {
	at := field.NewPath("spec")
	errs := validateSelection(d.Spec.Selector, &d.Spec.Template, at)
	errs = append(errs, validateTemplate(&d.Spec.Template, onlyAlways, at.Child("template"))...)
	errs = append(errs, nonNegative(at, map[string]*int32{
		"replicas": d.Spec.Replicas, "minReadySeconds": &d.Spec.MinReadySeconds, "revisionHistoryLimit": d.Spec.RevisionHistoryLimit,
		"progressDeadlineSeconds": d.Spec.ProgressDeadlineSeconds,
	})...)
	if p := d.Spec.ProgressDeadlineSeconds; p != nil && *p <= d.Spec.MinReadySeconds {
		errs = append(errs, field.Invalid(at.Child("progressDeadlineSeconds"), *p, "must be greater than minReadySeconds"))
	}
	strategy, at := d.Spec.Strategy, at.Child("strategy")
	errs = append(errs, oneOfOrNone(at.Child("type"), strategy.Type, appsv1.RecreateDeploymentStrategyType, appsv1.RollingUpdateDeploymentStrategyType)...)
	if r := strategy.RollingUpdate; r != nil {
		at := at.Child("rollingUpdate")
		if strategy.Type == appsv1.RecreateDeploymentStrategyType {
			return append(errs, field.Forbidden(at, "may not be specified when strategy `type` is 'Recreate'"))
		}
		errs = append(errs, validateCountOrPercent(at.Child("maxSurge"), r.MaxSurge)...)
		errs = append(errs, validateCountOrPercent(at.Child("maxUnavailable"), r.MaxUnavailable)...)
		if none(r.MaxSurge) && none(r.MaxUnavailable) {
			errs = append(errs, field.Invalid(at.Child("maxUnavailable"), r.MaxUnavailable, "may not be 0 when `maxSurge` is 0"))
		}
		if over100(r.MaxUnavailable) {
			errs = append(errs, field.Invalid(at.Child("maxUnavailable"), r.MaxUnavailable, "must not be greater than 100%"))
		}
	}
	return errs
}

func validateDaemonSet(d *appsv1.DaemonSet) field.ErrorList {
	at := field.NewPath("spec")
	errs := validateSelection(d.Spec.Selector, &d.Spec.Template, at)
	errs = append(errs, validateTemplate(&d.Spec.Template, onlyAlways, at.Child("template"))...)
	errs = append(errs, nonNegative(at, map[string]*int32{
		"minReadySeconds": &d.Spec.MinReadySeconds, "revisionHistoryLimit": d.Spec.RevisionHistoryLimit,
	})...)
	strategy, at := d.Spec.UpdateStrategy, at.Child("updateStrategy")
	errs = append(errs, oneOfOrNone(at.Child("type"), strategy.Type, appsv1.OnDeleteDaemonSetStrategyType, appsv1.RollingUpdateDaemonSetStrategyType)...)
	if r := strategy.RollingUpdate; r != nil {
		at := at.Child("rollingUpdate")
		errs = append(errs, validateCountOrPercent(at.Child("maxSurge"), r.MaxSurge)...)
		errs = append(errs, validateCountOrPercent(at.Child("maxUnavailable"), r.MaxUnavailable)...)
		// A daemon has either a pod more or a pod less while it moves.
		surges := r.MaxSurge != nil && !none(r.MaxSurge)
		drops := r.MaxUnavailable != nil && !none(r.MaxUnavailable)
		if surges && (drops || r.MaxUnavailable == nil) {
			errs = append(errs, field.Invalid(at.Child("maxSurge"), r.MaxSurge, "may not be set when maxUnavailable is non-zero"))
		}
		if !surges && none(r.MaxUnavailable) {
			errs = append(errs, field.Required(at.Child("maxUnavailable"), "cannot be 0 when maxSurge is 0"))
		}
	}
	return errs
}

func validateStatefulSet(s *appsv1.StatefulSet) field.ErrorList {
	at := field.NewPath("spec")
	rules := onlyAlways
	var errs field.ErrorList
	for i, claim := range s.Spec.VolumeClaimTemplates {
		at := at.Child("volumeClaimTemplates").Index(i)
		if claim.Name == "" {
			errs = append(errs, field.Required(at.Child("metadata", "name"), ""))
		}
		errs = append(errs, validateClaimSpec(&claim.Spec, at.Child("spec"))...)
		rules.claims = append(rules.claims, claim.Name)
	}
	errs = append(errs, validateSelection(s.Spec.Selector, &s.Spec.Template, at)...)
	errs = append(errs, validateTemplate(&s.Spec.Template, rules, at.Child("template"))...)
	errs = append(errs, nonNegative(at, map[string]*int32{
		"replicas": s.Spec.Replicas, "minReadySeconds": &s.Spec.MinReadySeconds, "revisionHistoryLimit": s.Spec.RevisionHistoryLimit,
	})...)
	errs = append(errs, oneOfOrNone(at.Child("podManagementPolicy"), s.Spec.PodManagementPolicy, appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement)...)
	return append(errs, oneOfOrNone(at.Child("updateStrategy", "type"), s.Spec.UpdateStrategy.Type,
		appsv1.RollingUpdateStatefulSetStrategyType, appsv1.OnDeleteStatefulSetStrategyType)...)
}

// podReplaceOn are the properties of a Pod that the genuine provider cannot change in place.
var podReplaceOn = func() []string {
	var out []string
	for _, name := range []string{
		"affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases",
		"hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead",
		"preemptionPolicy", "priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName",
		"schedulerName", "securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace",
		"subdomain", "terminationGracePeriodSeconds", "volumes",
	} {
		out = append(out, "spec."+name)
	}
	for _, list := range []string{"spec.containers[*].", "spec.initContainers[*]."} {
		for _, name := range []string{
			"args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports",
			"readinessProbe", "resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath",
			"terminationMessagePolicy", "tty", "volumeDevices", "volumeMounts", "workingDir",
		} {
			out = append(out, list+name)
		}
	}
	return out
}()
