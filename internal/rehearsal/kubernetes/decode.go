package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// decoder decodes the API types and refuses fields that they do not have.
var decoder = serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme, scheme,
	serializer.SerializerOptions{Strict: true})

// decode returns a manifest as an object of its API type, or everything that is wrong with its fields.
func (k *kind) decode(manifest map[string]any) (object, []string) {
	o, err := k.empty()
	if err != nil {
		return nil, []string{err.Error()}
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		return nil, []string{err.Error()}
	}
	if k.custom {
		return decodeCustom(k, text)
	}
	gvk := k.gvk()
	if _, _, err = decoder.Decode(text, &gvk, o); err == nil {
		return o, nil
	}
	strict, ok := runtime.AsStrictDecodingError(err)
	if !ok {
		return nil, []string{fmt.Sprintf("%s %s: %v", k.apiVersion, k.name, rootCause(err))}
	}
	var list []string
	for _, e := range strict.Errors() {
		list = append(list, e.Error())
	}
	return nil, list
}

// decodeCustom decodes a custom resource, of which only the metadata has a type that is known here.
func decodeCustom(k *kind, text []byte) (object, []string) {
	var meta struct {
		Metadata metav1.ObjectMeta `json:"metadata"`
	}
	if err := json.Unmarshal(text, &meta); err != nil {
		return nil, []string{fmt.Sprintf("%s %s: %v", k.apiVersion, k.name, err)}
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(text); err != nil {
		return nil, []string{fmt.Sprintf("%s %s: %v", k.apiVersion, k.name, err)}
	}
	return o, nil
}

// problems decodes an object and returns everything that the API server would refuse about it, in a stable order. An
// object with unknown parts is judged by the rest.
func (k *kind) problems(manifest map[string]any) []string {
	known, unknowns := withoutUnknowns(manifest)
	o, list := k.decode(known)
	if len(list) > 0 {
		slices.Sort(list)
		return list
	}
	// A custom resource has a namespace or none as its definition says, which only the cluster knows.
	namespaced := k.namespaced || k.custom && o.GetNamespace() != ""
	errs := validation.ValidateObjectMeta(metaOf(o), namespaced, k.legalName, field.NewPath("metadata"))
	if k.validate != nil {
		errs = append(errs, k.validate(o)...)
	}
	for _, e := range errs {
		if !dependsOnUnknown(e, unknowns) {
			list = append(list, e.Error())
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// dependsOnUnknown reports whether a problem may go away once what is unknown is known: what is missing may come, and
// what is wrong at a path that has unknown parts may turn out right.
func dependsOnUnknown(e *field.Error, unknowns []string) bool {
	if len(unknowns) == 0 {
		return false
	}
	if e.Type == field.ErrorTypeRequired || e.Type == field.ErrorTypeNotFound {
		return true
	}
	at := strings.NewReplacer("[", ".", "]", "").Replace(e.Field) + "."
	return slices.ContainsFunc(unknowns, func(path string) bool {
		return strings.HasPrefix(at, path+".") || strings.HasPrefix(path+".", at)
	})
}

// metaOf copies what the validation of metadata reads.
func metaOf(o metav1.Object) *metav1.ObjectMeta {
	return &metav1.ObjectMeta{
		Name: o.GetName(), GenerateName: o.GetGenerateName(), Namespace: o.GetNamespace(), Labels: o.GetLabels(),
		Annotations: o.GetAnnotations(), OwnerReferences: o.GetOwnerReferences(), Finalizers: o.GetFinalizers(),
		ManagedFields: o.GetManagedFields(), Generation: o.GetGeneration(),
	}
}

// rootCause returns the innermost error, which names the field and the type.
func rootCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
