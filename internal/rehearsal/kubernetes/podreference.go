package kubernetes

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podReferences returns what pods need to start: what is missing keeps them waiting forever. Claims that a
// StatefulSet makes by itself are not among it.
func podReferences(s *corev1.PodSpec, ownClaims []string, at *field.Path) []reference {
	var out []reference
	add := func(at *field.Path, token, name string, optional *bool) {
		if name != "" && (optional == nil || !*optional) {
			out = append(out, reference{at: at, token: token, name: name})
		}
	}
	add(at.Child("serviceAccountName"), serviceAccountToken, s.ServiceAccountName, nil)
	add(at.Child("priorityClassName"), priorityClassToken, s.PriorityClassName, nil)
	for i, v := range s.Volumes {
		at := at.Child("volumes").Index(i)
		if c := v.ConfigMap; c != nil {
			add(at.Child("configMap", "name"), configMapToken, c.Name, c.Optional)
		}
		if c := v.Secret; c != nil {
			add(at.Child("secret", "secretName"), secretToken, c.SecretName, c.Optional)
		}
		if c := v.PersistentVolumeClaim; c != nil && !slices.Contains(ownClaims, c.ClaimName) {
			add(at.Child("persistentVolumeClaim", "claimName"), claimToken, c.ClaimName, nil)
		}
		if v.Projected == nil {
			continue
		}
		for j, source := range v.Projected.Sources {
			at := at.Child("projected", "sources").Index(j)
			if c := source.ConfigMap; c != nil {
				add(at.Child("configMap", "name"), configMapToken, c.Name, c.Optional)
			}
			if c := source.Secret; c != nil {
				add(at.Child("secret", "name"), secretToken, c.Name, c.Optional)
			}
		}
	}
	for _, group := range []struct {
		field      string
		containers []corev1.Container
	}{{"containers", s.Containers}, {"initContainers", s.InitContainers}} {
		for i, c := range group.containers {
			at := at.Child(group.field).Index(i)
			for j, e := range c.Env {
				at := at.Child("env").Index(j).Child("valueFrom")
				if e.ValueFrom == nil {
					continue
				}
				if r := e.ValueFrom.ConfigMapKeyRef; r != nil {
					add(at.Child("configMapKeyRef", "name"), configMapToken, r.Name, r.Optional)
				}
				if r := e.ValueFrom.SecretKeyRef; r != nil {
					add(at.Child("secretKeyRef", "name"), secretToken, r.Name, r.Optional)
				}
			}
			for j, e := range c.EnvFrom {
				at := at.Child("envFrom").Index(j)
				if r := e.ConfigMapRef; r != nil {
					add(at.Child("configMapRef", "name"), configMapToken, r.Name, r.Optional)
				}
				if r := e.SecretRef; r != nil {
					add(at.Child("secretRef", "name"), secretToken, r.Name, r.Optional)
				}
			}
		}
	}
	return out
}

func statefulSetReferences(s *appsv1.StatefulSet) []reference {
	var own []string
	var out []reference
	for i, claim := range s.Spec.VolumeClaimTemplates {
		own = append(own, claim.Name)
		out = append(out, claimReferences(&claim.Spec, field.NewPath("spec", "volumeClaimTemplates").Index(i).Child("spec"))...)
	}
	if s.Spec.ServiceName != "" {
		out = append(out, reference{at: field.NewPath("spec", "serviceName"), token: serviceToken, name: s.Spec.ServiceName})
	}
	return append(out, podReferences(&s.Spec.Template.Spec, own, templateSpec)...)
}
