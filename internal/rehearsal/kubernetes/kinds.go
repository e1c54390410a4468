package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// object is an API object of any kind.
type object interface {
	runtime.Object
	metav1.Object
}

// kind is one kind of Kubernetes object that the rehearsal cloud can make. What a row leaves out has no rule.
type kind struct {
	apiVersion, name, plural string
	// namespaced reports whether objects live in a namespace.
	namespaced bool
	// servedFrom is the first Kubernetes version whose API server on EKS serves the kind, such as "1.36"; empty for
	// every version in support. "never" is for beta APIs that EKS does not enable.
	servedFrom string
	// legalName is the API server's rule for names; nil is a DNS subdomain.
	legalName validation.ValidateNameFunc
	// validate applies the API server's rules on the rest of the object.
	validate func(object) field.ErrorList
	// references returns the objects without which this one cannot work.
	references func(object) []reference
	// defaults fills in what the API server would.
	defaults func(object)
	// complete changes a live object after the defaults, where that needs more than the object itself.
	complete func(c *cluster, live map[string]any)
	// replaceOn are the property paths whose change replaces the object in the genuine provider, beyond its name
	// and namespace.
	replaceOn []string
	// replaceData are property paths that replace the object only where the provider's settings, or the object's own
	// "immutable", do not allow to change them.
	replaceData []string
	mutableData func(settings) bool
	// frozen are the property paths that the API server refuses to change, where the genuine provider tries to.
	frozen []string
	// writeOnly are properties that the API server takes but never gives back.
	writeOnly []string
	// custom says that the kind is defined by a CustomResourceDefinition.
	custom bool
}

// gvk names the kind as the API does.
func (k *kind) gvk() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(k.apiVersion, k.name)
}

// resource names the kind in the API server's errors.
func (k *kind) resource() schema.GroupResource {
	return schema.GroupResource{Group: k.gvk().Group, Resource: k.plural}
}

// empty returns an object of the API type to decode into.
func (k *kind) empty() (object, error) {
	if k.custom {
		return &unstructured.Unstructured{}, nil
	}
	made, err := scheme.New(k.gvk())
	if err != nil {
		return nil, err
	}
	o, ok := made.(object)
	if !ok {
		return nil, fmt.Errorf("%s is not an object", k.gvk())
	}
	return o, nil
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

// replacing returns the property paths whose change replaces an object. The kind and the API version are part of the
// resource's type, so only an explicit value of the same meaning can differ.
func (k *kind) replacing(s settings, manifest map[string]any) []string {
	paths := append([]string{"metadata.name", "metadata.namespace"}, k.replaceOn...)
	if len(k.replaceData) > 0 && (!k.mutableData(s) || manifest["immutable"] == true) {
		paths = append(paths, k.replaceData...)
	}
	return paths
}

// typed adapts a rule for one API type to objects of any.
func typed[T object, R any](f func(T) R) func(object) R {
	return func(o object) R { return f(o.(T)) }
}

// kinds are the built-in kinds that can be made, by Pulumi type token. They are put together late, because the rules
// of one kind speak of others.
var kinds map[string]*kind

func init() {
	kinds = byToken(
		coreKinds, workloadKinds, batchKinds, volumeKinds, rbacKinds, networkKinds, policyKinds, admissionKinds,
		definitionKinds,
	)
}

func byToken(groups ...[]*kind) map[string]*kind {
	out := map[string]*kind{}
	for _, k := range slices.Concat(groups...) {
		if k.legalName == nil {
			k.legalName = validation.NameIsDNSSubdomain
		}
		out[k.token()] = k
	}
	return out
}

// kindOf returns the kind of a resource, or an error that names what can be made. A group that is not Kubernetes' own
// is a custom resource, whose definition is looked for once there is a cluster.
func kindOf(urn resource.URN) (*kind, error) {
	token := string(urn.Type())
	if k, ok := kinds[token]; ok {
		return k, nil
	}
	if k, ok := customKind(token); ok {
		return k, nil
	}
	known := make([]string, 0, len(kinds))
	for token := range kinds {
		known = append(known, token)
	}
	slices.Sort(known)
	return nil, fmt.Errorf("the rehearsal cloud does not know the type %s; of package kubernetes it knows custom "+
		"resources, %s and %s", token, releaseToken, strings.Join(known, ", "))
}
