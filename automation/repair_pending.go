package automation

import (
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/facts"
)

// ownName reports whether the program has given a resource its name. A provider lists what it has filled in by itself.
func ownName(typ string, inputs map[string]any) bool {
	property := facts.UniqueByName[typ]
	if name, _ := inputs[property].(string); property == "" || name == "" {
		return false
	}
	filled, _ := inputs["__defaults"].([]any)
	return !slices.Contains(filled, any(property))
}

// pendingOperation says what an operation needs whose end was not seen.
func (s *state) pendingOperation(x pendingRecord) PendingOperation {
	o := PendingOperation{
		Operation: x.Type, URN: x.Resource.URN, Type: x.Resource.Type, Name: x.Resource.name(), ID: x.Resource.ID, Remedy: RemedyRefresh,
	}
	if o.Operation != "creating" {
		return o
	}
	if slices.ContainsFunc(s.resources, func(r record) bool { return r.URN == o.URN }) {
		// The one that it was to replace is in the state under the same URN.
		o.Remedy = RemedyDecide
		return o
	}
	id, known := physicalID(o.Type, x.Resource.Inputs)
	switch {
	case known:
		o.ID, o.Remedy = id, RemedyAdopt
	case facts.Unique[o.Type] || ownName(o.Type, x.Resource.Inputs):
		o.Remedy = RemedyClear
	default:
		o.Remedy = RemedyDecide
	}
	return o
}

// physicalID returns the ID that a resource of these inputs has.
func physicalID(typ string, inputs map[string]any) (string, bool) {
	if id, ok := facts.IDOf(typ, inputs); ok {
		return id, true
	}
	if !strings.HasPrefix(typ, "kubernetes:") {
		return "", false
	}
	// An object's ID is its name, after its namespace if it has one.
	metadata, _ := inputs["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	namespace, _ := metadata["namespace"].(string)
	if name == "" {
		return "", false
	}
	if namespace != "" {
		name = namespace + "/" + name
	}
	return name, true
}
