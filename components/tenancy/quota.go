package tenancy

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/spelling"
)

// quotaResources are the names without a slash that the API server counts
// (https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/core/helper/helpers.go, standardQuotaResources), and
// whether each is a number of objects.
var quotaResources = map[string]bool{
	"cpu": false, "memory": false, "ephemeral-storage": false,
	"requests.cpu": false, "requests.memory": false, "requests.ephemeral-storage": false, "requests.storage": false,
	"limits.cpu": false, "limits.memory": false, "limits.ephemeral-storage": false,
	"pods": true, "services": true, "services.loadbalancers": true, "services.nodeports": true,
	"replicationcontrollers": true, "resourcequotas": true, "secrets": true, "configmaps": true,
	"persistentvolumeclaims": true,
}

// quotaResource reports whether a quota can have a name, and whether it counts objects.
//
// The API server also takes any name with a slash, and then counts nothing for most of them. Those that mean something:
// count/<resource>.<group>, requests.<extended resource>, and claims per storage class or device class
// (https://kubernetes.io/docs/concepts/policy/resource-quotas/).
func quotaResource(name string) (known, objects bool) {
	if objects, known := quotaResources[name]; known {
		return true, objects
	}
	if len(validation.IsQualifiedName(name)) > 0 {
		return false, false
	}
	prefix, rest, slash := strings.Cut(name, "/")
	switch {
	case !slash:
		return strings.HasPrefix(name, "hugepages-") || strings.HasPrefix(name, "requests.hugepages-"), false
	case prefix == "count":
		return true, true
	case strings.HasSuffix(prefix, ".storageclass.storage.k8s.io"):
		return rest == "requests.storage" || rest == "persistentvolumeclaims", rest == "persistentvolumeclaims"
	case strings.HasSuffix(prefix, ".deviceclass.resource.k8s.io"):
		return rest == "devices", true
	default: // an extended resource, which is always a whole number
		return strings.HasPrefix(prefix, "requests."), true
	}
}

// quotaProblems checks a quota on its own.
func quotaProblems(quota map[string]string) problem.List {
	var out problem.List
	for _, name := range slices.Sorted(maps.Keys(quota)) {
		at := "quota." + name
		known, objects := quotaResource(name)
		if !known {
			hint := "such as requests.cpu, limits.memory, pods or count/jobs.batch"
			if n := spelling.Nearest(name, slices.Collect(maps.Keys(quotaResources))); n != "" {
				hint = "did you mean " + n + "?"
			}
			out.Add(at, "is not a resource that a quota can limit; %s", hint)
			continue
		}
		q, ok := quantity(&out, at, quota[name])
		if ok && objects && q.MilliValue()%1000 != 0 {
			out.Add(at, "must be a whole number, because it counts objects, got %q", quota[name])
		}
	}
	return out
}

// quantity reads a quantity that must not be negative.
func quantity(out *problem.List, at, text string) (resource.Quantity, bool) {
	q, err := resource.ParseQuantity(text)
	switch {
	case err != nil:
		out.Add(at, "must be a Kubernetes quantity, such as 500m, 4 or 16Gi, got %q", text)
		return q, false
	case q.Sign() < 0:
		out.Add(at, "must not be negative, got %q", text)
		return q, false
	}
	return q, true
}

// canonical returns quantities as the API server stores them, such as 1Gi for 1024Mi, so that a refresh shows no
// difference.
func canonical(quantities map[string]string) map[string]string {
	out := map[string]string{}
	for name, text := range quantities {
		if q, err := resource.ParseQuantity(text); err == nil {
			text = q.String()
		}
		out[name] = text
	}
	return out
}
