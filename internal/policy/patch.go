package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	celtypes "github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"google.golang.org/protobuf/types/known/structpb"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/mutation"
	"k8s.io/apiserver/pkg/cel/mutation/dynamic"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// patch is one mutation of a policy: it returns what it makes of a request's object.
type patch func(context.Context, *review) (runtime.Object, error)

// evaluate evaluates the expression of a mutation.
func evaluate(ctx context.Context, compiled cel.CompilationResult, r *review) (ref.Val, error) {
	result, _, err := cel.NewMutatingEvaluator(compiled).ForInput(ctx, r.versioned, r.request,
		cel.OptionalVariableBindings{Authorizer: nobody{}}, r.namespace, celconfig.RuntimeCELCostBudget)
	if err != nil {
		return nil, err
	}
	if result.Error != nil {
		return nil, result.Error
	}
	return result.EvalResult, nil
}

// jsonPatch applies the operations that an expression gives (RFC 6902).
func jsonPatch(compiled cel.CompilationResult) patch {
	return func(ctx context.Context, r *review) (runtime.Object, error) {
		v, err := evaluate(ctx, compiled, r)
		if err != nil {
			return nil, err
		}
		operations, err := patchOf(v)
		if err != nil {
			return nil, err
		}
		o := r.versioned.VersionedObject
		raw, err := json.Marshal(o)
		if err != nil {
			return nil, fmt.Errorf("failed to create JSON patch: %w", err)
		}
		patched, err := operations.Apply(raw)
		if errors.Is(err, jsonpatch.ErrTestFailed) {
			return o, nil // a patch with a failed test does nothing
		}
		if err != nil {
			return nil, fmt.Errorf("JSON Patch: %w", err)
		}
		out, err := decodeLike(o, patched)
		if err != nil {
			return nil, apierrors.NewInternalError(err)
		}
		return out, nil
	}
}

// patchOf turns what an expression gives into operations.
func patchOf(v ref.Val) (jsonpatch.Patch, error) {
	list, ok := v.(traits.Lister)
	if !ok {
		return nil, fmt.Errorf("type mismatch: JSONPatchType.expression should evaluate to array")
	}
	out := jsonpatch.Patch{}
	for it := list.Iterator(); it.HasNext() == celtypes.True; {
		element := it.Next()
		native, err := element.ConvertToNative(reflect.TypeFor[*mutation.JSONPatchVal]())
		if err != nil {
			return nil, fmt.Errorf("type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch: %w", err)
		}
		given := native.(*mutation.JSONPatchVal)
		operation := jsonpatch.Operation{}
		set := func(key string, value any) error {
			raw, err := json.Marshal(value)
			if err != nil {
				return fmt.Errorf("JSONPath valueExpression evaluated to a type that could not marshal to JSON: %w", err)
			}
			operation[key] = (*json.RawMessage)(&raw)
			return nil
		}
		err = errors.Join(set("op", given.Op), set("path", given.Path))
		if given.From != "" {
			err = errors.Join(err, set("from", given.From))
		}
		if given.Val != nil {
			if o, ok := given.Val.(*dynamic.ObjectVal); ok {
				if err := o.CheckTypeNamesMatchFieldPathNames(); err != nil {
					return nil, fmt.Errorf("type mismatch: %w", err)
				}
			}
			value, nativeErr := given.Val.ConvertToNative(reflect.TypeFor[*structpb.Value]())
			if nativeErr != nil {
				return nil, fmt.Errorf("JSONPath valueExpression evaluated to a type that could not marshal to JSON: %w", nativeErr)
			}
			err = errors.Join(err, set("value", value))
		}
		if err != nil {
			return nil, err
		}
		out = append(out, operation)
	}
	return out, nil
}

// decodeLike reads JSON into an object of the same type as another. Unknown and repeated fields are errors.
func decodeLike(o runtime.Object, raw []byte) (runtime.Object, error) {
	if _, ok := o.(*unstructured.Unstructured); ok {
		out := &unstructured.Unstructured{}
		return out, out.UnmarshalJSON(raw)
	}
	out := reflect.New(reflect.TypeOf(o).Elem()).Interface().(runtime.Object)
	strict, err := kjson.UnmarshalStrict(raw, out)
	if err != nil {
		return nil, err
	}
	if len(strict) > 0 {
		return nil, runtime.NewStrictDecodingError(strict)
	}
	return out, nil
}

// applyConfiguration merges the partial object that an expression gives, as a server-side apply does.
func applyConfiguration(compiled cel.CompilationResult) patch {
	return func(ctx context.Context, r *review) (runtime.Object, error) {
		v, err := evaluate(ctx, compiled, r)
		if err != nil {
			return nil, err
		}
		partial, ok := v.(*dynamic.ObjectVal)
		if !ok {
			return nil, fmt.Errorf("unsupported return type from ApplyConfiguration expression: %v", v.Type())
		}
		if err := partial.CheckTypeNamesMatchFieldPathNames(); err != nil {
			return nil, fmt.Errorf("type mismatch: %w", err)
		}
		fields, ok := partial.Value().(map[string]any)
		if !ok {
			return nil, fmt.Errorf("invalid return type: %T", v)
		}
		o := r.versioned.VersionedObject
		apply := &unstructured.Unstructured{Object: fields}
		apply.SetGroupVersionKind(o.GetObjectKind().GroupVersionKind())
		merged, err := merge(o, apply)
		if err != nil {
			return nil, fmt.Errorf("error applying patch: %w", err)
		}
		if _, ok := o.(*unstructured.Unstructured); ok {
			return &unstructured.Unstructured{Object: merged}, nil
		}
		out := reflect.New(reflect.TypeOf(o).Elem()).Interface().(runtime.Object)
		return out, runtime.DefaultUnstructuredConverter.FromUnstructured(merged, out)
	}
}

// merge merges a partial object into another. Nothing that is replaced as a whole may be in it: fields that the policy
// does not name would be lost.
func merge(o runtime.Object, partial *unstructured.Unstructured) (map[string]any, error) {
	structure, err := structureOf(o)
	if err != nil {
		return nil, err
	}
	applied, err := structured(structure, partial)
	if err != nil {
		return nil, fmt.Errorf("failed to convert patch object to typed object: %w", err)
	}
	if found := atomics(nil, applied.Schema(), applied.TypeRef(), applied.AsValue()); len(found) > 0 {
		return nil, fmt.Errorf("invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: %s", strings.Join(found, ", "))
	}
	live, err := structured(structure, o, typed.AllowDuplicates)
	if err != nil {
		return nil, fmt.Errorf("failed to convert original object to typed object: %w", err)
	}
	merged, err := live.Merge(applied)
	if err != nil {
		return nil, fmt.Errorf("failed to merge patch: %w", err)
	}
	out, ok := merged.AsValue().Unstructured().(map[string]any)
	if !ok {
		return nil, fmt.Errorf("failed to convert typed object to object: it is no map")
	}
	return out, nil
}

// atomics returns the paths at which a value has lists, maps or structs that are replaced as a whole.
func atomics(path fieldpath.Path, s *schema.Schema, t schema.TypeRef, v value.Value) (out []string) {
	atom, ok := s.Resolve(t)
	if !ok {
		return nil
	}
	if v.IsMap() && atom.Map != nil {
		if atom.Map.ElementRelationship == schema.Atomic {
			out = append(out, path.String())
		}
		v.AsMap().Iterate(func(key string, member value.Value) bool {
			if field, ok := atom.Map.FindField(key); ok {
				out = append(out, atomics(append(slices.Clip(path), fieldpath.PathElement{FieldName: &key}), s, field.Type, member)...)
			}
			return true
		})
	}
	if v.IsList() && atom.List != nil {
		if atom.List.ElementRelationship == schema.Atomic {
			out = append(out, path.String())
		}
		for i, list := 0, v.AsList(); i < list.Length(); i++ {
			out = append(out, atomics(append(slices.Clip(path), fieldpath.PathElement{Index: &i}), s, atom.List.ElementType, list.At(i))...)
		}
	}
	return out
}
