package kubernetes

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/sets"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podRules are what differs between the places that a pod specification can be in.
type podRules struct {
	// restarts are the allowed restart policies.
	restarts []corev1.RestartPolicy
	// claims are the names of the volumes that a StatefulSet's claim templates add.
	claims []string
}

// allRestarts are the restart policies of a plain Pod.
var allRestarts = []corev1.RestartPolicy{corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever}

// validateTemplate applies the API server's rules on a pod template.
func validateTemplate(t *corev1.PodTemplateSpec, rules podRules, at *field.Path) field.ErrorList {
	errs := metavalidation.ValidateLabels(t.Labels, at.Child("metadata", "labels"))
	errs = append(errs, validation.ValidateAnnotations(t.Annotations, at.Child("metadata", "annotations"))...)
	return append(errs, validatePodSpec(&t.Spec, rules, at.Child("spec"))...)
}

// validatePodSpec applies the API server's rules on what pods are made of.
func validatePodSpec(s *corev1.PodSpec, rules podRules, at *field.Path) field.ErrorList {
	errs := validateVolumes(s, at.Child("volumes"))
	errs = append(errs, validateContainers(s, rules, at)...)
	if s.RestartPolicy != "" {
		errs = append(errs, oneOf(at.Child("restartPolicy"), s.RestartPolicy, rules.restarts...)...)
	} else if !slices.Contains(rules.restarts, corev1.RestartPolicyAlways) {
		errs = append(errs, field.Required(at.Child("restartPolicy"),
			fmt.Sprintf("valid values: %v", rules.restarts)))
	}
	errs = append(errs, oneOfOrNone(at.Child("dnsPolicy"), s.DNSPolicy,
		corev1.DNSClusterFirst, corev1.DNSClusterFirstWithHostNet, corev1.DNSDefault, corev1.DNSNone)...)
	if s.DNSPolicy == corev1.DNSNone && (s.DNSConfig == nil || len(s.DNSConfig.Nameservers) == 0) {
		errs = append(errs, field.Required(at.Child("dnsConfig", "nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None"))
	}
	for _, seconds := range []struct {
		name string
		v    *int64
		min  int64
	}{
		{"terminationGracePeriodSeconds", s.TerminationGracePeriodSeconds, 0},
		{"activeDeadlineSeconds", s.ActiveDeadlineSeconds, 1},
	} {
		if seconds.v != nil && *seconds.v < seconds.min {
			errs = append(errs, field.Invalid(at.Child(seconds.name), *seconds.v, fmt.Sprintf("must be at least %d", seconds.min)))
		}
	}
	errs = append(errs, metavalidation.ValidateLabels(s.NodeSelector, at.Child("nodeSelector"))...)
	if s.ServiceAccountName != "" {
		errs = append(errs, legalName(at.Child("serviceAccountName"), s.ServiceAccountName, validation.ValidateServiceAccountName)...)
	}
	if s.PriorityClassName != "" {
		errs = append(errs, legalName(at.Child("priorityClassName"), s.PriorityClassName, validation.NameIsDNSSubdomain)...)
	}
	errs = append(errs, validateTolerations(s.Tolerations, at.Child("tolerations"))...)
	errs = append(errs, validateAffinity(s.Affinity, at.Child("affinity"))...)
	errs = append(errs, validateSpread(s.TopologySpreadConstraints, at.Child("topologySpreadConstraints"))...)
	if c := s.SecurityContext; c != nil {
		sc := at.Child("securityContext")
		errs = append(errs, ids(sc, map[string]*int64{"runAsUser": c.RunAsUser, "runAsGroup": c.RunAsGroup, "fsGroup": c.FSGroup})...)
		errs = append(errs, validateSeccomp(c.SeccompProfile, sc.Child("seccompProfile"))...)
	}
	for i, secret := range s.ImagePullSecrets {
		if secret.Name == "" {
			errs = append(errs, field.Required(at.Child("imagePullSecrets").Index(i).Child("name"), ""))
		}
	}
	return errs
}

// legalName applies a rule for the names of objects to a property.
func legalName(at *field.Path, name string, rule validation.ValidateNameFunc) field.ErrorList {
	var errs field.ErrorList
	for _, msg := range rule(name, false) {
		errs = append(errs, field.Invalid(at, name, msg))
	}
	return errs
}

// ids refuses user and group IDs that Linux does not have.
func ids(at *field.Path, values map[string]*int64) field.ErrorList {
	var errs field.ErrorList
	for name, id := range values {
		if id == nil {
			continue
		}
		for _, msg := range utilvalidation.IsValidUserID(*id) {
			errs = append(errs, field.Invalid(at.Child(name), *id, msg))
		}
	}
	return errs
}

func validateSeccomp(p *corev1.SeccompProfile, at *field.Path) field.ErrorList {
	if p == nil {
		return nil
	}
	errs := oneOf(at.Child("type"), p.Type, corev1.SeccompProfileTypeLocalhost, corev1.SeccompProfileTypeRuntimeDefault,
		corev1.SeccompProfileTypeUnconfined)
	if local := p.Type == corev1.SeccompProfileTypeLocalhost; local != (p.LocalhostProfile != nil && *p.LocalhostProfile != "") {
		errs = append(errs, field.Invalid(at.Child("localhostProfile"), p.LocalhostProfile, "must be set when, and only when, type is Localhost"))
	}
	return errs
}

// validateVolumes applies the API server's rules on volumes: legal, unique names and one source each.
func validateVolumes(s *corev1.PodSpec, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := sets.New[string]()
	for i, v := range s.Volumes {
		at := at.Index(i)
		errs = append(errs, uniqueLabel(at.Child("name"), v.Name, seen)...)
		sources := fieldsSet(v.VolumeSource)
		if len(sources) > 1 {
			errs = append(errs, field.Forbidden(at.Child(sources[1]), "may not specify more than 1 volume type"))
		}
		if len(sources) == 0 {
			errs = append(errs, field.Required(at, "must specify a volume type"))
		}
		errs = append(errs, validateVolumeSource(&v.VolumeSource, at)...)
	}
	return errs
}

func validateVolumeSource(v *corev1.VolumeSource, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	required := func(value string, path ...string) {
		if value == "" {
			errs = append(errs, field.Required(at.Child(path[0], path[1:]...), ""))
		}
	}
	if v.HostPath != nil {
		required(v.HostPath.Path, "hostPath", "path")
		if t := v.HostPath.Type; t != nil && *t != "" {
			errs = append(errs, oneOf(at.Child("hostPath", "type"), *t, corev1.HostPathDirectoryOrCreate, corev1.HostPathDirectory,
				corev1.HostPathFileOrCreate, corev1.HostPathFile, corev1.HostPathSocket, corev1.HostPathCharDev, corev1.HostPathBlockDev)...)
		}
	}
	if v.ConfigMap != nil {
		required(v.ConfigMap.Name, "configMap", "name")
	}
	if v.Secret != nil {
		required(v.Secret.SecretName, "secret", "secretName")
	}
	if v.PersistentVolumeClaim != nil {
		required(v.PersistentVolumeClaim.ClaimName, "persistentVolumeClaim", "claimName")
	}
	if v.CSI != nil {
		required(v.CSI.Driver, "csi", "driver")
	}
	if v.EmptyDir != nil {
		errs = append(errs, oneOfOrNone(at.Child("emptyDir", "medium"), v.EmptyDir.Medium, corev1.StorageMediumMemory, corev1.StorageMediumHugePages)...)
		if limit := v.EmptyDir.SizeLimit; limit != nil && limit.Sign() < 0 {
			errs = append(errs, field.Forbidden(at.Child("emptyDir", "sizeLimit"), "SizeLimit field must be a valid resource quantity"))
		}
	}
	if v.Projected != nil {
		for i, source := range v.Projected.Sources {
			at := at.Child("projected", "sources").Index(i)
			if n := len(fieldsSet(source)); n != 1 {
				errs = append(errs, field.Forbidden(at, "must specify exactly 1 volume type"))
			}
			if t := source.ServiceAccountToken; t != nil && t.ExpirationSeconds != nil && *t.ExpirationSeconds < 600 {
				errs = append(errs, field.Invalid(at.Child("serviceAccountToken", "expirationSeconds"), *t.ExpirationSeconds,
					"may not specify a duration less than 10 minutes"))
			}
		}
	}
	return errs
}

// uniqueLabel refuses a name that is missing, not a DNS label, or taken in the list that seen gathers.
func uniqueLabel(at *field.Path, name string, seen sets.Set[string]) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(at, "")}
	}
	errs := legalName(at, name, validation.NameIsDNSLabel)
	if seen.Has(name) {
		errs = append(errs, field.Duplicate(at, name))
	}
	seen.Insert(name)
	return errs
}
