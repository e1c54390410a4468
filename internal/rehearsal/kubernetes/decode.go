package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// decoder decodes the API types and refuses fields that they do not have.
var decoder = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	utilruntime.Must(corev1.AddToScheme(scheme))
	return serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme, scheme,
		serializer.SerializerOptions{Strict: true})
}()

// problems decodes an object and returns everything that the API server would refuse about it, in a stable order. An
// object with unknown parts is judged by the rest.
func (k *kind) problems(manifest map[string]any) []string {
	known, partly := withoutUnknowns(manifest)
	text, err := json.Marshal(known)
	if err != nil {
		return []string{err.Error()}
	}
	o := k.empty()
	if _, _, err := decoder.Decode(text, nil, o); err != nil {
		var list []string
		if strict, ok := runtime.AsStrictDecodingError(err); ok {
			for _, e := range strict.Errors() {
				list = append(list, e.Error())
			}
		} else {
			list = []string{fmt.Sprintf("%s %s: %v", k.apiVersion, k.name, rootCause(err))}
		}
		slices.Sort(list)
		return list
	}
	errs := validation.ValidateObjectMeta(metaOf(o), k.namespaced, k.legalName, field.NewPath("metadata"))
	if k.validate != nil {
		errs = append(errs, k.validate(o)...)
	}
	var list []string
	for _, e := range errs {
		// What is unknown in a preview is not missing.
		if partly && e.Type == field.ErrorTypeRequired {
			continue
		}
		list = append(list, e.Error())
	}
	slices.Sort(list)
	return list
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
