package state

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/eks-platform/eks-platform/internal/facts"
)

// Remedy is what a pending operation needs.
type Remedy string

// The remedies.
const (
	// RemedyRefresh: the resource is in the state, and a refresh reads how it is.
	RemedyRefresh Remedy = "refresh"
	// RemedyAdopt: the resource's ID is known before it exists; the cloud is asked, and it is taken into the state or not.
	RemedyAdopt Remedy = "adopt"
	// RemedyClear: the cloud refuses a second one of its kind, or takes it for the first; the operation is forgotten.
	RemedyClear Remedy = "clear"
	// RemedyDecide: the resource may exist, and another one would be made beside it. A person must look.
	RemedyDecide Remedy = "decide"
)

// PendingOperation is an operation that was under way when a run was killed.
type PendingOperation struct {
	// Operation is creating, updating, deleting, reading or importing.
	Operation string `json:"operation"`
	URN       string `json:"urn"`
	Type      string `json:"type"`
	Name      string `json:"name"`
	// ID is the resource's, where it is known.
	ID string `json:"id,omitempty"`
	// Remedy is what it needs.
	Remedy Remedy `json:"remedy"`
	// Local tells that it is nothing in the cloud: a component, or a provider of Pulumi's own.
	Local bool `json:"local,omitempty"`
	// Imported tells that ID is what the provider imports the resource by. A refresh reads the resource's own.
	Imported bool `json:"imported,omitempty"`
}

// String says what was under way and what it needs.
func (o PendingOperation) String() string {
	text := fmt.Sprintf("%s %s %s was not seen to end", o.Operation, o.Type, o.Name)
	switch o.Remedy {
	case RemedyAdopt:
		return fmt.Sprintf("%s: the cloud is asked for %s, which is taken into the state if it exists", text, o.ID)
	case RemedyClear:
		if o.Local {
			return text + ": it is nothing in the cloud, and is made again"
		}
		return text + ": there cannot be two of it, so it is made again (if it exists after all, the cloud may refuse that and say so)"
	case RemedyDecide:
		how := facts.Repeatable[o.Type]
		if how != "" {
			how = " (" + how + ")"
		}
		return text + ", and a second one would be made beside it: look whether it exists" + how + ", and say so"
	}
	return text + ": a refresh reads how it is"
}

// ownName reports whether the program has given a resource its name. A provider lists what it has filled in by itself.
func ownName(typ string, inputs map[string]any) bool {
	property := facts.UniqueByName[typ]
	if name, _ := inputs[property].(string); property == "" || name == "" {
		return false
	}
	filled, _ := inputs["__defaults"].([]any)
	return !slices.Contains(filled, any(property))
}

// Pending returns the operations of a state whose end was not seen, with what each needs.
func Pending(d *apitype.DeploymentV3) []PendingOperation {
	var out []PendingOperation
	for _, x := range d.PendingOperations {
		out = append(out, pending(d, x))
	}
	return out
}

// pending says what an operation needs whose end was not seen.
func pending(d *apitype.DeploymentV3, x apitype.OperationV2) PendingOperation {
	o := PendingOperation{
		Operation: string(x.Type), URN: string(x.Resource.URN), Type: string(x.Resource.Type), Name: x.Resource.URN.Name(),
		ID: string(x.Resource.ID), Remedy: RemedyRefresh,
	}
	if x.Type != apitype.OperationTypeCreating {
		return o
	}
	if !x.Resource.Custom || strings.HasPrefix(o.Type, "pulumi:") {
		o.Remedy, o.Local = RemedyClear, true
		return o
	}
	if slices.ContainsFunc(d.Resources, func(r apitype.ResourceV3) bool { return r.URN == x.Resource.URN }) {
		// The one that it was to replace is in the state under the same URN.
		o.Remedy = RemedyDecide
		return o
	}
	id, known := physicalID(o.Type, x.Resource.Inputs)
	imported, importable := facts.ImportIDOf(o.Type, x.Resource.Inputs)
	switch {
	case known:
		o.ID, o.Remedy = id, RemedyAdopt
	case importable:
		o.ID, o.Remedy, o.Imported = imported, RemedyAdopt, true
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
