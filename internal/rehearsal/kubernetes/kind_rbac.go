package kubernetes

import (
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var rbacKinds = []*kind{
	{
		apiVersion: "rbac.authorization.k8s.io/v1", name: "Role", plural: "roles", namespaced: true,
		legalName: path.ValidatePathSegmentName,
		validate:  typed(func(r *rbacv1.Role) field.ErrorList { return validateRules(r.Rules, true) }),
	},
	{
		apiVersion: "rbac.authorization.k8s.io/v1", name: "ClusterRole", plural: "clusterroles",
		legalName: path.ValidatePathSegmentName,
		validate:  typed(validateClusterRole),
	},
	{
		apiVersion: "rbac.authorization.k8s.io/v1", name: "RoleBinding", plural: "rolebindings", namespaced: true,
		legalName: path.ValidatePathSegmentName,
		validate: typed(func(b *rbacv1.RoleBinding) field.ErrorList {
			return validateBinding(b.RoleRef, b.Subjects, true)
		}),
		references: typed(func(b *rbacv1.RoleBinding) []reference { return bindingReferences(b.RoleRef, b.Subjects) }),
		defaults:   typedDefaults(func(b *rbacv1.RoleBinding) { defaultBinding(&b.RoleRef, b.Subjects) }),
		replaceOn:  []string{"roleRef"},
	},
	{
		apiVersion: "rbac.authorization.k8s.io/v1", name: "ClusterRoleBinding", plural: "clusterrolebindings",
		legalName: path.ValidatePathSegmentName,
		validate: typed(func(b *rbacv1.ClusterRoleBinding) field.ErrorList {
			return validateBinding(b.RoleRef, b.Subjects, false)
		}),
		references: typed(func(b *rbacv1.ClusterRoleBinding) []reference { return bindingReferences(b.RoleRef, b.Subjects) }),
		defaults:   typedDefaults(func(b *rbacv1.ClusterRoleBinding) { defaultBinding(&b.RoleRef, b.Subjects) }),
		replaceOn:  []string{"roleRef"},
	},
}

func validateRules(rules []rbacv1.PolicyRule, namespaced bool) field.ErrorList {
	var errs field.ErrorList
	for i, r := range rules {
		at := field.NewPath("rules").Index(i)
		if len(r.Verbs) == 0 {
			errs = append(errs, field.Required(at.Child("verbs"), "verbs must contain at least one value"))
		}
		if len(r.NonResourceURLs) > 0 {
			if namespaced {
				errs = append(errs, field.Invalid(at.Child("nonResourceURLs"), r.NonResourceURLs, "namespaced rules cannot apply to non-resource URLs"))
			}
			if len(r.APIGroups)+len(r.Resources)+len(r.ResourceNames) > 0 {
				errs = append(errs, field.Invalid(at.Child("nonResourceURLs"), r.NonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs"))
			}
			continue
		}
		if len(r.APIGroups) == 0 {
			errs = append(errs, field.Required(at.Child("apiGroups"), "resource rules must supply at least one api group"))
		}
		if len(r.Resources) == 0 {
			errs = append(errs, field.Required(at.Child("resources"), "resource rules must supply at least one resource"))
		}
	}
	return errs
}

func validateClusterRole(r *rbacv1.ClusterRole) field.ErrorList {
	errs := validateRules(r.Rules, false)
	if r.AggregationRule != nil {
		at := field.NewPath("aggregationRule", "clusterRoleSelectors")
		if len(r.AggregationRule.ClusterRoleSelectors) == 0 {
			errs = append(errs, field.Required(at, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
		}
		for i := range r.AggregationRule.ClusterRoleSelectors {
			errs = append(errs, validateSelector(&r.AggregationRule.ClusterRoleSelectors[i], at.Index(i))...)
		}
	}
	return errs
}

func validateBinding(role rbacv1.RoleRef, subjects []rbacv1.Subject, namespaced bool) field.ErrorList {
	at := field.NewPath("roleRef")
	var errs field.ErrorList
	if role.APIGroup != "" && role.APIGroup != rbacv1.GroupName {
		errs = append(errs, field.NotSupported(at.Child("apiGroup"), role.APIGroup, []string{rbacv1.GroupName}))
	}
	if namespaced {
		errs = append(errs, oneOf(at.Child("kind"), role.Kind, "Role", "ClusterRole")...)
	} else {
		errs = append(errs, oneOf(at.Child("kind"), role.Kind, "ClusterRole")...)
	}
	if role.Name == "" {
		errs = append(errs, field.Required(at.Child("name"), ""))
	} else {
		errs = append(errs, legalName(at.Child("name"), role.Name, path.ValidatePathSegmentName)...)
	}
	for i, s := range subjects {
		at := field.NewPath("subjects").Index(i)
		if s.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), ""))
		}
		group := rbacv1.GroupName
		switch s.Kind {
		case rbacv1.ServiceAccountKind:
			group = ""
			errs = append(errs, legalName(at.Child("name"), s.Name, validation.ValidateServiceAccountName)...)
			if s.Namespace == "" {
				errs = append(errs, field.Required(at.Child("namespace"), ""))
			}
		case rbacv1.UserKind, rbacv1.GroupKind:
		default:
			errs = append(errs, field.NotSupported(at.Child("kind"), s.Kind, []string{rbacv1.ServiceAccountKind, rbacv1.UserKind, rbacv1.GroupKind}))
			continue
		}
		if s.APIGroup != "" && s.APIGroup != group {
			errs = append(errs, field.NotSupported(at.Child("apiGroup"), s.APIGroup, []string{group}))
		}
	}
	return errs
}

// bindingReferences returns the role of a binding and the service accounts that it binds. The API server lets a
// binding to nothing pass, and it then grants nothing.
func bindingReferences(role rbacv1.RoleRef, subjects []rbacv1.Subject) []reference {
	token := clusterRoleToken
	if role.Kind == "Role" {
		token = roleToken
	}
	out := []reference{{at: field.NewPath("roleRef", "name"), token: token, name: role.Name}}
	for i, s := range subjects {
		if s.Kind == rbacv1.ServiceAccountKind {
			out = append(out, reference{
				at: field.NewPath("subjects").Index(i), token: serviceAccountToken, namespace: s.Namespace, name: s.Name,
			})
		}
	}
	return out
}
