package state

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/eks-platform/eks-platform/internal/facts"
)

// Remedy is how to resolve a pending operation.
type Remedy string

// The remedies.
const (
	// RemedyRefresh: the resource is in the state, and a refresh reads it.
	RemedyRefresh Remedy = "refresh"
	// RemedyAdopt: the resource's ID is known before it exists; it is looked up in the cloud and imported if it exists.
	RemedyAdopt Remedy = "adopt"
	// RemedyClear: the cloud refuses a second one, or treats it as the first; the operation is dropped.
	RemedyClear Remedy = "clear"
	// RemedyFind: the resource is looked up in the cloud by its tags, and imported if there is one, or created again if there
	// is none.
	RemedyFind Remedy = "find"
	// RemedyDecide: the resource may exist, and a second one would be created. A person must check.
	RemedyDecide Remedy = "decide"
)

// PendingOperation is an operation that was in progress when a run was killed.
type PendingOperation struct {
	// Operation is creating, updating, deleting, reading or importing.
	Operation string `json:"operation"`
	URN       string `json:"urn"`
	Type      string `json:"type"`
	Name      string `json:"name"`
	// ID is the resource's, if it is known.
	ID string `json:"id,omitempty"`
	// Remedy is how to resolve it.
	Remedy Remedy `json:"remedy"`
	// Local reports whether it does not exist in the cloud: a component, or a provider of Pulumi's own.
	Local bool `json:"local,omitempty"`
	// Tags are what a resource to be found is looked up by.
	Tags map[string]string `json:"tags,omitempty"`
	// Found are the IDs of several resources that have the tags: a person must say which is the one.
	Found []string `json:"found,omitempty"`
	// Imported reports whether ID is the provider's import ID. A refresh reads the resource's own.
	Imported bool `json:"imported,omitempty"`
}

// String says what was in progress and how to resolve it.
func (o PendingOperation) String() string {
	text := fmt.Sprintf("%s %s %s was interrupted", o.Operation, o.Type, o.Name)
	switch o.Remedy {
	case RemedyAdopt:
		return fmt.Sprintf("%s: %s is looked up in the cloud, and imported into the state if it exists", text, o.ID)
	case RemedyClear:
		if o.Local {
			return text + ": it does not exist in the cloud, and is created again"
		}
		return text + ": there cannot be two of it, so it is created again (if it exists after all, the cloud may refuse that)"
	case RemedyFind:
		return text + ": it is looked up in the cloud by its tags, and imported into the state, or created again if there is none"
	case RemedyDecide:
		if len(o.Found) > 0 {
			return fmt.Sprintf("%s, and %s have its tags: say which of them it is", text, strings.Join(o.Found, " and "))
		}
		how := facts.Repeatable[o.Type]
		if how != "" {
			how = " (" + how + ")"
		}
		return text + ", and a second one would be created: check whether it exists" + how + ", and say so"
	}
	return text + ": a refresh reads it"
}

// ownName reports whether the program has named a resource. A provider lists the inputs that it filled in.
func ownName(typ string, inputs map[string]any) bool {
	property := facts.UniqueByName[typ]
	if name, _ := inputs[property].(string); property == "" || name == "" {
		return false
	}
	filled, _ := inputs["__defaults"].([]any)
	return !slices.Contains(filled, any(property))
}

// Pending returns the pending operations of a state, with their remedies.
func Pending(d *apitype.DeploymentV3) []PendingOperation {
	var out []PendingOperation
	for _, x := range d.PendingOperations {
		out = append(out, pending(d, x))
	}
	return out
}

// pending returns the remedy of an operation.
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
		// The resource that it was to replace is in the state under the same URN.
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
		if tags := tagsOf(x.Resource.Inputs); facts.Tagged[o.Type] != "" && tags["Name"] != "" {
			o.Remedy, o.Tags = RemedyFind, tags
		}
	}
	return o
}

// tagsOf returns the tags among inputs, without what is not known.
func tagsOf(inputs map[string]any) map[string]string {
	given, _ := inputs["tags"].(map[string]any)
	out := map[string]string{}
	for key, v := range given {
		if text, plain := v.(string); plain && key != "__defaults" {
			out[key] = text
		}
	}
	return out
}

// physicalID returns the ID of a resource with these inputs.
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
