package kubernetes

import (
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// scheme holds the API types that the kinds are decoded into. The scheme of k8s.io/client-go has them, too, and with
// them the types of every API version that there ever was, four times as much to compile.
var scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		admissionv1.AddToScheme, admissionv1beta1.AddToScheme, appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme,
		corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme, rbacv1.AddToScheme, schedulingv1.AddToScheme, storagev1.AddToScheme,
	} {
		utilruntime.Must(add(s))
	}
	s.AddKnownTypeWithName(crdGVK, &apiextensionsv1.CustomResourceDefinition{})
	// Kubernetes 1.36 made these stable with the fields that they had as v1beta1; k8s.io/api v0.35 has only that.
	group := schema.GroupVersion{Group: admissionv1.GroupName, Version: "v1"}
	s.AddKnownTypeWithName(group.WithKind("MutatingAdmissionPolicy"), &admissionv1beta1.MutatingAdmissionPolicy{})
	s.AddKnownTypeWithName(group.WithKind("MutatingAdmissionPolicyBinding"), &admissionv1beta1.MutatingAdmissionPolicyBinding{})
	return s
}()

// ownGroups are Kubernetes' own API groups, of which scheme has those with kinds that can be made.
var ownGroups = []string{
	"", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apps", "authentication.k8s.io", "authorization.k8s.io",
	"autoscaling", "batch", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions",
	"flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
	"rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
}

// builtIn reports whether an API group belongs to Kubernetes itself.
func builtIn(group string) bool { return slices.Contains(ownGroups, group) }
