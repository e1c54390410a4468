// Package render writes what a program declares in the formats that public scanners read: Kubernetes objects as YAML.
// What the program marks as secret is left out.
package render

import (
	"bytes"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"sigs.k8s.io/yaml"

	"github.com/eks-platform/eks-platform/internal/declared"
)

// Objects returns the Kubernetes objects among some registrations as the documents of one YAML file, in the order of
// their URNs. Helm releases are not objects: only Helm can render their charts.
func Objects(registrations declared.Registrations) ([]byte, error) {
	var out bytes.Buffer
	for _, r := range registrations.WithTypePrefix("kubernetes:") {
		if !r.Custom || r.Read {
			continue
		}
		object, _ := visible(resource.NewProperty(r.Inputs)).(map[string]any)
		if object["apiVersion"] == nil || object["kind"] == nil {
			continue
		}
		text, err := yaml.Marshal(object)
		if err != nil {
			return nil, fmt.Errorf("render %s: %w", r.URN, err)
		}
		out.WriteString("---\n")
		out.Write(text)
	}
	return out.Bytes(), nil
}

// secret stands for a value that the program marks as secret.
const secret = "[secret]"

// visible returns a value without the engine's wrappers, and without secrets.
func visible(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return secret
	case v.IsComputed(), v.IsNull():
		return nil
	case v.IsOutput():
		return visible(v.OutputValue().Element)
	case v.IsArray():
		out := make([]any, 0, len(v.ArrayValue()))
		for _, e := range v.ArrayValue() {
			out = append(out, visible(e))
		}
		return out
	case v.IsObject():
		out := map[string]any{}
		for key, e := range v.ObjectValue() {
			out[string(key)] = visible(e)
		}
		return out
	}
	return v.V
}
