package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// object is an API object of any kind.
type object interface {
	runtime.Object
	metav1.Object
}

// kind is one kind of Kubernetes object that the rehearsal cloud can make.
type kind struct {
	apiVersion, name, plural string
	// namespaced says whether objects live in a namespace.
	namespaced bool
	// empty returns an object of the API type to decode into.
	empty func() object
	// legalName is the API server's rule for names.
	legalName validation.ValidateNameFunc
	// validate applies the API server's rules on the rest of the object; nil for none.
	validate func(object) field.ErrorList
	// complete fills in what the API server adds to a new or changed object; nil for nothing.
	complete func(live map[string]any)
	// immutable returns the property paths whose change replaces the object, beyond its kind, name and namespace.
	immutable func(settings) []string
}

// storeType is the type of the kind's objects in the store.
func (k *kind) storeType() string { return "kubernetes:" + k.apiVersion + "/" + k.name }

// token is the kind's Pulumi type token.
func (k *kind) token() string {
	version := k.apiVersion
	if !strings.Contains(version, "/") {
		version = "core/" + version
	}
	return "kubernetes:" + version + ":" + k.name
}

// replaceOn returns the property paths whose change replaces an object.
func (k *kind) replaceOn(s settings) []string {
	paths := []string{"apiVersion", "kind", "metadata.name", "metadata.namespace"}
	if k.immutable != nil {
		paths = append(paths, k.immutable(s)...)
	}
	return paths
}

// namespaceKind is apart because other kinds refer to it.
var namespaceKind = &kind{
	apiVersion: "v1", name: "Namespace", plural: "namespaces",
	empty:     func() object { return &corev1.Namespace{} },
	legalName: validation.ValidateNamespaceName,
	complete: func(live map[string]any) {
		labels := child(child(live, "metadata"), "labels")
		labels[corev1.LabelMetadataName] = child(live, "metadata")["name"]
		child(live, "spec")["finalizers"] = []any{string(corev1.FinalizerKubernetes)}
		child(live, "status")["phase"] = string(corev1.NamespaceActive)
	},
}

// kinds are the kinds that can be made, by Pulumi type token.
var kinds = byToken(
	namespaceKind,
	&kind{
		apiVersion: "v1", name: "ServiceAccount", plural: "serviceaccounts", namespaced: true,
		empty:     func() object { return &corev1.ServiceAccount{} },
		legalName: validation.ValidateServiceAccountName,
	},
	&kind{
		apiVersion: "v1", name: "ConfigMap", plural: "configmaps", namespaced: true,
		empty:     func() object { return &corev1.ConfigMap{} },
		legalName: validation.NameIsDNSSubdomain,
		validate:  func(o object) field.ErrorList { return validateConfigMap(o.(*corev1.ConfigMap)) },
		immutable: func(s settings) []string {
			if s.configMapMutable {
				return []string{"immutable"}
			}
			return []string{"immutable", "data", "binaryData"}
		},
	},
)

func byToken(list ...*kind) map[string]*kind {
	out := map[string]*kind{}
	for _, k := range list {
		out[k.token()] = k
	}
	return out
}

// kindOf returns the kind of a resource, or an error that names what can be made.
func kindOf(urn resource.URN) (*kind, error) {
	if k, ok := kinds[string(urn.Type())]; ok {
		return k, nil
	}
	known := make([]string, 0, len(kinds))
	for token := range kinds {
		known = append(known, token)
	}
	slices.Sort(known)
	return nil, fmt.Errorf("the rehearsal cloud does not know the type %s; of package kubernetes it knows %s",
		urn.Type(), strings.Join(known, ", "))
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
