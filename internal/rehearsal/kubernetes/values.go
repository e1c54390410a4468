package kubernetes

import (
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

// unknown stands for a value that a preview does not know yet.
type unknown struct{}

// wire is how properties cross to and from the engine.
var wire = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true}

// manifestOf returns properties as an API object: secrets opened, unknown values in place. Fields that only the
// API server writes are left out, as the genuine provider does, so that they never show as a change.
func manifestOf(props resource.PropertyMap) map[string]any {
	manifest := props.MapRepl(schemaKey, func(v resource.PropertyValue) (any, bool) {
		switch {
		case v.IsComputed() || v.IsOutput() && !v.OutputValue().Known:
			return unknown{}, true
		case v.IsOutput():
			return manifestValue(v.OutputValue().Element), true
		case v.IsSecret():
			return manifestValue(v.SecretValue().Element), true
		default:
			return nil, false
		}
	})
	if meta, ok := manifest["metadata"].(map[string]any); ok {
		for _, key := range []string{
			"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
			"resourceVersion", "uid",
		} {
			delete(meta, key)
		}
	}
	return manifest
}

// schemaKey returns the API's spelling of a property of JSON schemas in a CustomResourceDefinition, which the Pulumi
// SDKs cannot spell: x_kubernetes_preserve_unknown_fields and its like.
func schemaKey(key string) (string, bool) {
	if !strings.HasPrefix(key, "x_kubernetes_") {
		return "", false
	}
	return strings.ReplaceAll(key, "_", "-"), true
}

func manifestValue(v resource.PropertyValue) any {
	return manifestOf(resource.PropertyMap{"v": v})["v"]
}

// withoutUnknowns returns a copy without unknown values, and the dotted paths where there were any. An unknown element
// of a list takes the list along, because the places of the others would change.
func withoutUnknowns(m map[string]any) (map[string]any, []string) {
	var unknowns []string
	known, _ := withoutUnknown(m, "", &unknowns)
	return known.(map[string]any), unknowns
}

func withoutUnknown(v any, path string, unknowns *[]string) (known any, ok bool) {
	switch v := v.(type) {
	case unknown:
		*unknowns = append(*unknowns, strings.TrimPrefix(path, "."))
		return nil, false
	case map[string]any:
		out := map[string]any{}
		for key, e := range v {
			if known, ok := withoutUnknown(e, path+"."+key, unknowns); ok {
				out[key] = known
			}
		}
		return out, true
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			if _, isUnknown := e.(unknown); isUnknown {
				*unknowns = append(*unknowns, strings.TrimPrefix(path, "."))
				return nil, false
			}
			out[i], _ = withoutUnknown(e, path+"."+strconv.Itoa(i), unknowns)
		}
		return out, true
	default:
		return v, true
	}
}

// markSecrets makes everything in a value secret that is secret in a model of it.
func markSecrets(v, model resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
	case model.IsSecret():
		return resource.MakeSecret(v)
	case v.IsObject() && model.IsObject():
		for key, e := range v.ObjectValue() {
			v.ObjectValue()[key] = markSecrets(e, model.ObjectValue()[key])
		}
	case v.IsArray() && model.IsArray():
		for i := range min(len(v.ArrayValue()), len(model.ArrayValue())) {
			v.ArrayValue()[i] = markSecrets(v.ArrayValue()[i], model.ArrayValue()[i])
		}
	}
	return v
}

// marshal returns a manifest or a live object for the engine, with what was secret in the program's inputs secret.
func marshal(manifest map[string]any, inputs resource.PropertyMap) (*structpb.Struct, error) {
	props := resource.NewPropertyMapFromMapRepl(manifest, nil, func(v any) (resource.PropertyValue, bool) {
		_, isUnknown := v.(unknown)
		return resource.MakeComputed(resource.NewProperty("")), isUnknown
	})
	for key, v := range props {
		props[key] = markSecrets(v, inputs[key])
	}
	// A Secret's stringData comes back as data.
	if data, ok := props["data"]; ok {
		props["data"] = markSecrets(data, inputs["stringData"])
	}
	return plugin.MarshalProperties(props, wire)
}

// child returns the object under a key, made when it is not there.
func child(m map[string]any, key string) map[string]any {
	inner, ok := m[key].(map[string]any)
	if !ok {
		inner = map[string]any{}
		m[key] = inner
	}
	return inner
}

// text returns the string under a key, or the empty string.
func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

// shapeOf returns the parts of a live object that a manifest speaks of. What the API server never gives back is as it
// was written.
func (k *kind) shapeOf(live, manifest map[string]any) map[string]any {
	out := shapeOf(live, manifest)
	for _, key := range k.writeOnly {
		if value, written := manifest[key]; written {
			out[key] = value
		}
	}
	return out
}

// shapeOf returns the parts of a live object that a manifest speaks of.
func shapeOf(live, manifest map[string]any) map[string]any {
	out := map[string]any{}
	for key, wanted := range manifest {
		have, ok := live[key]
		if !ok {
			continue
		}
		out[key] = shapeOfValue(have, wanted)
	}
	return out
}

func shapeOfValue(have, wanted any) any {
	switch wanted := wanted.(type) {
	case map[string]any:
		if have, ok := have.(map[string]any); ok {
			return shapeOf(have, wanted)
		}
	case []any:
		// Elements beyond those spoken of are a difference and stay.
		if have, ok := have.([]any); ok {
			out := make([]any, len(have))
			for i, e := range have {
				out[i] = e
				if i < len(wanted) {
					out[i] = shapeOfValue(e, wanted[i])
				}
			}
			return out
		}
	}
	return have
}

// apply brings a live object to a manifest as the API server does for one field manager: what the manager wrote
// before and no longer names goes, what it names is set, and what others wrote stays.
func apply(live, before, after map[string]any) {
	for key, old := range before {
		if _, named := after[key]; named {
			continue
		}
		inner, isObject := live[key].(map[string]any)
		if oldInner, ok := old.(map[string]any); ok && isObject {
			apply(inner, oldInner, map[string]any{})
			if len(inner) > 0 {
				continue
			}
		}
		delete(live, key)
	}
	for key, wanted := range after {
		if wanted, ok := wanted.(map[string]any); ok {
			old, _ := before[key].(map[string]any)
			apply(child(live, key), old, wanted)
			continue
		}
		live[key] = wanted
	}
}
