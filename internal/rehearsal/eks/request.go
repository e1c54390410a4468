package eks

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/proto"
)

// corePrefix marks the members of the input "cluster" after flattenCluster.
const corePrefix = "core."

// coreMembers are the members of CoreData that a managed node group reads.
var coreMembers = []resource.PropertyKey{
	"cluster", "instanceRoles", "subnetIds", "privateSubnetIds", "publicSubnetIds",
}

// withHeededOptions returns a copy of a request that holds only the resource options which the published
// component heeds. Its SDK rebuilds dependsOn, protect, providers and parent, and passes on nothing else: ignored
// changes, timeouts, retention and the like are lost on the component and its children (pulumi-eks#709). Aliases
// are lost too, because it takes the wire form of an alias for a specification with every part left out.
func withHeededOptions(req *pulumirpc.ConstructRequest) *pulumirpc.ConstructRequest {
	heeded := proto.Clone(req).(*pulumirpc.ConstructRequest)
	heeded.Aliases = nil
	heeded.AdditionalSecretOutputs = nil
	heeded.CustomTimeouts = nil
	heeded.DeletedWith = ""
	heeded.DeleteBeforeReplace = nil
	heeded.IgnoreChanges = nil
	heeded.ReplaceOnChanges = nil
	heeded.ReplaceWith = nil
	heeded.ReplacementTrigger = nil
	heeded.ResourceHooks = nil
	heeded.RetainOnDelete = nil
	return heeded
}

// flattenCluster makes each member of the input "cluster" an input of its own, which Go's construction can read: it
// cannot copy a resource reference into a member of a struct. What holds for the whole still holds for each member:
// with one unknown member all of them are unknown in a preview, and each has the dependencies of all.
func flattenCluster(req *pulumirpc.ConstructRequest) error {
	options := plugin.MarshalOptions{
		KeepSecrets: true, KeepResources: true, KeepUnknowns: true, KeepOutputValues: true,
	}
	inputs, err := plugin.UnmarshalProperties(req.GetInputs(), options)
	if err != nil {
		return err
	}
	core, err := coreOf(inputs["cluster"])
	if err != nil {
		return err
	}
	deps := &pulumirpc.ConstructRequest_PropertyDependencies{Urns: req.GetInputDependencies()["cluster"].GetUrns()}
	if nested, found := outputDependencies(inputs["cluster"]); found {
		// The component's SDK forgets the dependencies of an input whose parts bring their own.
		deps.Urns = nested
	}
	unknown, secret := inputs["cluster"].ContainsUnknowns(), inputs["cluster"].ContainsSecrets()

	delete(inputs, "cluster")
	delete(req.InputDependencies, "cluster")
	if req.InputDependencies == nil {
		req.InputDependencies = map[string]*pulumirpc.ConstructRequest_PropertyDependencies{}
	}
	for _, member := range coreMembers {
		value, given := core[member]
		if !given || value.IsNull() {
			continue
		}
		if unknown {
			value = resource.MakeComputed(resource.NewProperty(""))
		}
		if secret {
			value = resource.MakeSecret(value)
		}
		inputs[corePrefix+member] = value
		req.InputDependencies[string(corePrefix+member)] = deps
	}
	req.Inputs, err = plugin.MarshalProperties(inputs, options)
	return err
}

// coreOf unwraps the input "cluster" to the members of a CoreData.
func coreOf(v resource.PropertyValue) (resource.PropertyMap, error) {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput() && v.OutputValue().Known:
			v = v.OutputValue().Element
		case v.IsOutput() || v.IsComputed():
			// A CoreData is an object that the program builds, so only its members are unknown in a preview.
			return nil, errors.New("cluster: must be a CoreData whose members may be unknown, got an unknown value")
		case v.IsResourceReference():
			return nil, fmt.Errorf("cluster: must be a CoreData that holds an aws.eks.Cluster, got a reference to %s; "+
				"the rehearsal cloud does not construct eks:index:Cluster", v.ResourceReferenceValue().URN.Type())
		case !v.IsObject():
			return nil, fmt.Errorf("cluster: must be a CoreData, got a %s", v.TypeString())
		default:
			core := v.ObjectValue()
			if member, given := core["cluster"]; !given || member.IsNull() {
				return nil, errors.New("cluster: CoreData has no cluster; give it an aws.eks.Cluster")
			}
			return core, nil
		}
	}
}

// outputDependencies returns what the outputs inside a value depend on, and whether there are any outputs.
func outputDependencies(v resource.PropertyValue) (urns []string, found bool) {
	add := func(inner resource.PropertyValue) {
		more, any := outputDependencies(inner)
		urns, found = append(urns, more...), found || any
	}
	switch {
	case v.IsOutput():
		for _, urn := range v.OutputValue().Dependencies {
			urns = append(urns, string(urn))
		}
		add(v.OutputValue().Element)
		found = true
	case v.IsSecret():
		add(v.SecretValue().Element)
	case v.IsObject():
		for _, inner := range v.ObjectValue() {
			add(inner)
		}
	case v.IsArray():
		for _, inner := range v.ArrayValue() {
			add(inner)
		}
	}
	return urns, found
}
