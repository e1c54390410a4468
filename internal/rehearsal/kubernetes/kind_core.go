package kubernetes

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// never is the servedFrom of beta APIs that EKS does not enable.
const never = "never"

// namespaceKind is apart because other kinds refer to it.
var namespaceKind = &kind{
	apiVersion: "v1", name: "Namespace", plural: "namespaces",
	legalName: validation.ValidateNamespaceName,
	validate:  typed(validateNamespace),
	complete: func(_ *cluster, live map[string]any) {
		labels := child(child(live, "metadata"), "labels")
		labels[corev1.LabelMetadataName] = child(live, "metadata")["name"]
		child(live, "spec")["finalizers"] = []any{string(corev1.FinalizerKubernetes)}
		child(live, "status")["phase"] = string(corev1.NamespaceActive)
	},
}

var coreKinds = []*kind{
	namespaceKind,
	{
		apiVersion: "v1", name: "ServiceAccount", plural: "serviceaccounts", namespaced: true,
		legalName: validation.ValidateServiceAccountName,
	},
	{
		apiVersion: "v1", name: "ConfigMap", plural: "configmaps", namespaced: true,
		validate:    typed(validateConfigMap),
		replaceData: []string{"binaryData", "data"},
		mutableData: func(s settings) bool { return s.configMapMutable },
	},
	{
		apiVersion: "v1", name: "Secret", plural: "secrets", namespaced: true,
		validate: typed(validateSecret),
		defaults: func(o object) {
			if s := o.(*corev1.Secret); s.Type == "" {
				s.Type = corev1.SecretTypeOpaque
			}
		},
		complete:    completeSecret,
		replaceOn:   []string{"type"},
		replaceData: []string{"stringData", "data"},
		mutableData: func(s settings) bool { return s.secretMutable },
		writeOnly:   []string{"stringData"},
	},
}

// podSecurityLevels are the values of the labels that Pod Security admission reads.
var podSecurityLevels = []string{"privileged", "baseline", "restricted"}

// validateNamespace applies the rules of Pod Security admission, which refuses a namespace whose labels it cannot
// read (https://kubernetes.io/docs/concepts/security/pod-security-admission/).
func validateNamespace(n *corev1.Namespace) field.ErrorList {
	var errs field.ErrorList
	at := field.NewPath("metadata", "labels")
	for _, mode := range []string{"enforce", "audit", "warn"} {
		key := "pod-security.kubernetes.io/" + mode
		if level, set := n.Labels[key]; set {
			errs = append(errs, oneOf(at.Key(key), level, podSecurityLevels...)...)
		}
		if version, set := n.Labels[key+"-version"]; set && version != "latest" {
			var minor int
			if _, err := fmt.Sscanf(version, "v1.%d", &minor); err != nil || version != fmt.Sprintf("v1.%d", minor) {
				errs = append(errs, field.Invalid(at.Key(key+"-version"), version, `must be "latest" or "v1.x"`))
			}
		}
	}
	return errs
}

// validateConfigMap applies the API server's rules on a ConfigMap's data.
func validateConfigMap(m *corev1.ConfigMap) field.ErrorList {
	var errs field.ErrorList
	size := 0
	check := func(path *field.Path, key string, length int) {
		size += length
		for _, msg := range utilvalidation.IsConfigMapKey(key) {
			errs = append(errs, field.Invalid(path.Key(key), key, msg))
		}
	}
	for key, value := range m.Data {
		check(field.NewPath("data"), key, len(value))
		if _, twice := m.BinaryData[key]; twice {
			errs = append(errs, field.Invalid(field.NewPath("data").Key(key), key, "duplicate of key present in binaryData"))
		}
	}
	for key, value := range m.BinaryData {
		check(field.NewPath("binaryData"), key, len(value))
	}
	if size > corev1.MaxSecretSize {
		errs = append(errs, field.TooLong(field.NewPath(""), "", corev1.MaxSecretSize))
	}
	return errs
}

// oneOf refuses a value that is not among the allowed ones.
func oneOf[T ~string](at *field.Path, value T, allowed ...T) field.ErrorList {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return field.ErrorList{field.NotSupported(at, value, allowed)}
}

// oneOfOrNone is oneOf for a property with a default.
func oneOfOrNone[T ~string](at *field.Path, value T, allowed ...T) field.ErrorList {
	if value == "" {
		return nil
	}
	return oneOf(at, value, allowed...)
}
