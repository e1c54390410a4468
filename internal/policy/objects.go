package policy

import (
	"context"
	"reflect"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
)

// interfaces are how the API server's code makes and copies objects.
var interfaces = &admission.RuntimeObjectInterfaces{
	ObjectCreater: scheme.Scheme, ObjectTyper: scheme.Scheme, ObjectDefaulter: scheme.Scheme,
	ObjectConvertor: convertor{scheme.Scheme}, EquivalentResourceMapper: runtime.NewEquivalentResourceRegistry(),
}

// convertor converts objects to their own type, of which the scheme of k8s.io/client-go only makes copies.
type convertor struct{ runtime.ObjectConvertor }

// Convert copies one object into another of the same type.
func (c convertor) Convert(in, out, scope any) error {
	from, ok := in.(runtime.Object)
	if !ok || reflect.TypeOf(in) != reflect.TypeOf(out) {
		return c.ObjectConvertor.Convert(in, out, scope)
	}
	reflect.ValueOf(out).Elem().Set(reflect.ValueOf(from.DeepCopyObject()).Elem())
	return nil
}

// schemas finds the structure of a kind, for patches that are partial objects.
type schemas struct{ patches bool }

// structures are those of all kinds of k8s.io/api. To read them takes a second, and few policies need them.
var structures = sync.OnceValue(func() managedfields.TypeConverter { return applyconfigurations.NewTypeConverter(scheme.Scheme) })

// GetTypeConverter returns the structure of a kind of k8s.io/api; of others it is deduced from the object.
func (s schemas) GetTypeConverter(kind schema.GroupVersionKind) managedfields.TypeConverter {
	if s.patches && scheme.Scheme.Recognizes(kind) {
		return structures()
	}
	return managedfields.NewDeducedTypeConverter()
}

// Run does nothing: the structures never change.
func (schemas) Run(context.Context) {}
