package kubernetes

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// containerResources are the resources without a domain that containers can ask for.
var containerResources = []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}

// extended reports whether a resource is one that nodes advertise beyond Kubernetes' own, such as nvidia.com/gpu.
func extended(name corev1.ResourceName) bool {
	return strings.Contains(string(name), "/") && !strings.HasPrefix(string(name), "requests.") &&
		!strings.HasPrefix(string(name), "limits.")
}

func hugepages(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// validateResources applies the API server's rules on a container's requests and limits.
func validateResources(r corev1.ResourceRequirements, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, list := range []struct {
		name   string
		values corev1.ResourceList
	}{{"limits", r.Limits}, {"requests", r.Requests}} {
		for name, quantity := range list.values {
			at := at.Child(list.name).Key(string(name))
			if !extended(name) && !hugepages(name) {
				errs = append(errs, oneOf(at, name, containerResources...)...)
			}
			errs = append(errs, notNegative(at, quantity)...)
			if (extended(name) || hugepages(name)) && quantity.MilliValue()%1000 != 0 {
				errs = append(errs, field.Invalid(at, quantity.String(), "must be an integer"))
			}
		}
	}
	for name, request := range r.Requests {
		limit, limited := r.Limits[name]
		limitAt, at := at.Child("limits").Key(string(name)), at.Child("requests").Key(string(name))
		switch {
		case limited && request.Cmp(limit) > 0:
			errs = append(errs, field.Invalid(at, request.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String())))
		case limited && (extended(name) || hugepages(name)) && request.Cmp(limit) != 0:
			errs = append(errs, field.Invalid(at, request.String(), fmt.Sprintf("must be equal to %s limit of %s", name, limit.String())))
		case !limited && (extended(name) || hugepages(name)):
			errs = append(errs, field.Required(limitAt, "Limit must be set for non overcommitable resources"))
		}
	}
	return errs
}

func notNegative(at *field.Path, q resource.Quantity) field.ErrorList {
	if q.Sign() < 0 {
		return field.ErrorList{field.Invalid(at, q.String(), "must be greater than or equal to 0")}
	}
	return nil
}

// quotaResources are the resources without a domain and without a "count/" that a quota can limit.
var quotaResources = []corev1.ResourceName{
	corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage, corev1.ResourceRequestsCPU,
	corev1.ResourceRequestsMemory, corev1.ResourceRequestsStorage, corev1.ResourceRequestsEphemeralStorage,
	corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory, corev1.ResourceLimitsEphemeralStorage, corev1.ResourcePods,
	corev1.ResourceQuotas, corev1.ResourceServices, corev1.ResourceReplicationControllers, corev1.ResourceSecrets,
	corev1.ResourcePersistentVolumeClaims, corev1.ResourceConfigMaps, corev1.ResourceServicesNodePorts,
	corev1.ResourceServicesLoadBalancers,
}

// validateQuota applies the API server's rules on a ResourceQuota.
func validateQuota(q *corev1.ResourceQuota) field.ErrorList {
	var errs field.ErrorList
	at := field.NewPath("spec")
	for name, quantity := range q.Spec.Hard {
		at := at.Child("hard").Key(string(name))
		for _, msg := range utilvalidation.IsQualifiedName(string(name)) {
			errs = append(errs, field.Invalid(at, name, msg))
		}
		if !strings.Contains(string(name), "/") && !hugepages(corev1.ResourceName(strings.TrimPrefix(string(name), "requests."))) {
			errs = append(errs, oneOf(at, name, quotaResources...)...)
		}
		errs = append(errs, notNegative(at, quantity)...)
	}
	scopes := []corev1.ResourceQuotaScope{
		corev1.ResourceQuotaScopeTerminating, corev1.ResourceQuotaScopeNotTerminating, corev1.ResourceQuotaScopeBestEffort,
		corev1.ResourceQuotaScopeNotBestEffort, corev1.ResourceQuotaScopePriorityClass,
		corev1.ResourceQuotaScopeCrossNamespacePodAffinity, corev1.ResourceQuotaScopeVolumeAttributesClass,
	}
	for i, scope := range q.Spec.Scopes {
		errs = append(errs, oneOf(at.Child("scopes").Index(i), scope, scopes...)...)
	}
	if q.Spec.ScopeSelector != nil {
		for i, e := range q.Spec.ScopeSelector.MatchExpressions {
			at := at.Child("scopeSelector", "matchExpressions").Index(i)
			errs = append(errs, oneOf(at.Child("scopeName"), e.ScopeName, scopes...)...)
			errs = append(errs, oneOf(at.Child("operator"), e.Operator, corev1.ScopeSelectorOpIn, corev1.ScopeSelectorOpNotIn,
				corev1.ScopeSelectorOpExists, corev1.ScopeSelectorOpDoesNotExist)...)
			valued := e.Operator == corev1.ScopeSelectorOpIn || e.Operator == corev1.ScopeSelectorOpNotIn
			if valued && len(e.Values) == 0 {
				errs = append(errs, field.Required(at.Child("values"), "must be at least one scope value when `operator` is 'In' or 'NotIn'"))
			}
			if !valued && len(e.Values) > 0 {
				errs = append(errs, field.Invalid(at.Child("values"), e.Values, "must be no scope value when `operator` is 'Exists' or 'DoesNotExist'"))
			}
		}
	}
	return errs
}

// validateLimitRange applies the API server's rules on a LimitRange: what it sets by default lies between its own
// minimum and maximum.
func validateLimitRange(r *corev1.LimitRange) field.ErrorList {
	var errs field.ErrorList
	seen := map[corev1.LimitType]bool{}
	for i, limit := range r.Spec.Limits {
		at := field.NewPath("spec", "limits").Index(i)
		errs = append(errs, oneOf(at.Child("type"), limit.Type, corev1.LimitTypeContainer, corev1.LimitTypePod, corev1.LimitTypePersistentVolumeClaim)...)
		if seen[limit.Type] {
			errs = append(errs, field.Duplicate(at.Child("type"), limit.Type))
		}
		seen[limit.Type] = true
		if limit.Type == corev1.LimitTypePod {
			for name, list := range map[string]corev1.ResourceList{"default": limit.Default, "defaultRequest": limit.DefaultRequest} {
				if len(list) > 0 {
					errs = append(errs, field.Forbidden(at.Child(name), "may not be specified when `type` is 'Pod'"))
				}
			}
		}
		// Each must not exceed what comes after it.
		rising := []struct {
			name string
			list corev1.ResourceList
		}{{"min", limit.Min}, {"defaultRequest", limit.DefaultRequest}, {"default", limit.Default}, {"max", limit.Max}}
		for low := range rising {
			for name, quantity := range rising[low].list {
				errs = append(errs, notNegative(at.Child(rising[low].name).Key(string(name)), quantity)...)
				for high := low + 1; high < len(rising); high++ {
					if bound, set := rising[high].list[name]; set && quantity.Cmp(bound) > 0 {
						errs = append(errs, field.Invalid(at.Child(rising[low].name).Key(string(name)), quantity.String(),
							fmt.Sprintf("%s value %s is greater than %s value %s", rising[low].name, quantity.String(), rising[high].name, bound.String())))
					}
				}
			}
		}
		for name, ratio := range limit.MaxLimitRequestRatio {
			if ratio.Cmp(resource.MustParse("1")) < 0 {
				errs = append(errs, field.Invalid(at.Child("maxLimitRequestRatio").Key(string(name)), ratio.String(), "ratio must be at least 1"))
			}
		}
	}
	return errs
}
