package kubernetes

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
)

// scheme holds the API types of k8s.io/api that objects are decoded into, and the two that it lacks.
var scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientscheme.AddToScheme(s))
	s.AddKnownTypeWithName(crdGVK, &apiextensionsv1.CustomResourceDefinition{})
	// Kubernetes 1.36 made these stable with the fields that they had as v1beta1; k8s.io/api v0.35 has only that.
	group := schema.GroupVersion{Group: admissionv1.GroupName, Version: "v1"}
	s.AddKnownTypeWithName(group.WithKind("MutatingAdmissionPolicy"), &admissionv1beta1.MutatingAdmissionPolicy{})
	s.AddKnownTypeWithName(group.WithKind("MutatingAdmissionPolicyBinding"), &admissionv1beta1.MutatingAdmissionPolicyBinding{})
	return s
}()

// builtIn says whether an API group belongs to Kubernetes itself.
func builtIn(group string) bool {
	return group == crdGVK.Group || clientscheme.Scheme.IsGroupRegistered(group)
}
