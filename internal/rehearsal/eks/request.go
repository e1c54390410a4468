package eks

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/proto"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
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

// flattenCluster makes each member of the input "cluster" an input of its own, with the dependencies of the whole.
// The component reads members through an unknown CoreData in a preview; as one input of a Go construction, a
// single unknown member would make all of them unknown.
func flattenCluster(req *pulumirpc.ConstructRequest) error {
	options := plugin.MarshalOptions{
		KeepSecrets: true, KeepResources: true, KeepUnknowns: true, KeepOutputValues: true,
	}
	inputs, err := plugin.UnmarshalProperties(req.GetInputs(), options)
	if err != nil {
		return err
	}
	core, secret, deps, err := coreOf(inputs["cluster"])
	if err != nil {
		return err
	}
	delete(inputs, "cluster")
	for _, d := range req.GetInputDependencies()["cluster"].GetUrns() {
		deps = append(deps, resource.URN(d))
	}
	delete(req.InputDependencies, "cluster")

	urns := &pulumirpc.ConstructRequest_PropertyDependencies{}
	for _, d := range deps {
		urns.Urns = append(urns.Urns, string(d))
	}
	partlyUnknown := resource.NewProperty(core).ContainsUnknowns()
	for _, member := range coreMembers {
		value, given := core[member]
		if !given || value.IsNull() {
			continue
		}
		// The component chooses subnets in an apply over the whole CoreData, which waits for all of it.
		if partlyUnknown && (member == "subnetIds" || member == "privateSubnetIds" || member == "publicSubnetIds") {
			value = resource.MakeComputed(resource.NewProperty(""))
		}
		if secret {
			value = resource.MakeSecret(value)
		}
		key := corePrefix + member
		inputs[key] = value
		if req.InputDependencies == nil {
			req.InputDependencies = map[string]*pulumirpc.ConstructRequest_PropertyDependencies{}
		}
		req.InputDependencies[string(key)] = urns
	}
	req.Inputs, err = plugin.MarshalProperties(inputs, options)
	return err
}

// coreOf unwraps the input "cluster" to the members of a CoreData.
func coreOf(v resource.PropertyValue) (core resource.PropertyMap, secret bool, deps []resource.URN, err error) {
	for {
		switch {
		case v.IsSecret():
			secret, v = true, v.SecretValue().Element
		case v.IsOutput() && v.OutputValue().Known:
			o := v.OutputValue()
			secret, deps, v = secret || o.Secret, append(deps, o.Dependencies...), o.Element
		case v.IsOutput() || v.IsComputed():
			// A CoreData is an object that the program builds, so only its members are unknown in a preview.
			return nil, false, nil, errors.New("cluster: must be a CoreData whose members may be unknown, got an unknown value")
		case v.IsResourceReference():
			return nil, false, nil, fmt.Errorf("cluster: must be a CoreData that holds an aws.eks.Cluster, got a reference to %s; "+
				"the rehearsal cloud does not construct eks:index:Cluster", v.ResourceReferenceValue().URN.Type())
		case !v.IsObject():
			return nil, false, nil, fmt.Errorf("cluster: must be a CoreData, got a %s", v.TypeString())
		default:
			core = v.ObjectValue()
			if member, given := core["cluster"]; !given || member.IsNull() {
				return nil, false, nil, errors.New("cluster: CoreData has no cluster; give it an aws.eks.Cluster")
			}
			return core, secret, deps, nil
		}
	}
}
