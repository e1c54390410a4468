package declared

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// recorder is the mock monitor behind Run.
type recorder struct {
	options Options
	// ctx is the running program's context; it registers the resources that stand behind remote components.
	ctx *pulumi.Context

	mu     sync.Mutex
	regs   Registrations
	hidden map[string]bool
}

func (r *recorder) registrations() Registrations {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortStableFunc(r.regs, func(a, b Registration) int { return strings.Compare(a.URN, b.URN) })
	return r.regs
}

// NewResource records a registration or a read and makes up its id and outputs.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.RegisterRPC == nil {
		return r.read(args)
	}
	rpc := args.RegisterRPC
	inputs, err := plugin.UnmarshalProperties(rpc.GetObject(), plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true,
	})
	if err != nil {
		return "", nil, err
	}
	id := ""
	if rpc.GetCustom() && !r.options.Preview {
		id = rpc.GetName() + "-id"
		if rpc.GetImportId() != "" {
			id = rpc.GetImportId()
		}
	}
	reg := Registration{
		Type: rpc.GetType(), Name: rpc.GetName(), ID: id,
		URN:    r.urn(rpc.GetParent(), rpc.GetType(), rpc.GetName()),
		Parent: rpc.GetParent(), Custom: rpc.GetCustom(), Remote: rpc.GetRemote(),
		Provider: rpc.GetProvider(), Providers: maps.Clone(rpc.GetProviders()),
		Protect: rpc.GetProtect(), RetainOnDelete: rpc.GetRetainOnDelete(),
		DeletedWith: rpc.GetDeletedWith(), DeleteBeforeReplace: rpc.GetDeleteBeforeReplace(),
		ReplacementTrigger: rpc.GetReplacementTrigger().AsInterface(),
		Dependencies:       slices.Sorted(slices.Values(rpc.GetDependencies())), PropertyDependencies: map[string][]string{},
		IgnoreChanges: rpc.GetIgnoreChanges(), ReplaceOnChanges: rpc.GetReplaceOnChanges(),
		HideDiffs: rpc.GetHideDiffs(), AdditionalSecretOutputs: rpc.GetAdditionalSecretOutputs(),
		Aliases: aliases(rpc), Transforms: len(rpc.GetTransforms()), Inputs: inputs,
	}
	if resource.URN(reg.Parent).QualifiedType() == resource.RootStackType {
		reg.Parent = ""
	}
	for property, deps := range rpc.GetPropertyDependencies() {
		reg.PropertyDependencies[property] = deps.GetUrns()
	}
	r.mu.Lock()
	behind := r.hidden[reg.URN]
	if !behind {
		r.regs = append(r.regs, reg)
	}
	r.mu.Unlock()
	state, err := r.outputs(reg, args.Inputs)
	return id, state, err
}

func (r *recorder) read(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	parent := args.ReadRPC.GetParent()
	reg := Registration{
		Type: args.TypeToken, Name: args.Name, ID: args.ID, URN: r.urn(parent, args.TypeToken, args.Name),
		Parent: parent, Custom: true, Read: true, Provider: args.Provider,
		Dependencies: slices.Sorted(slices.Values(args.ReadRPC.GetDependencies())), Inputs: args.Inputs,
	}
	if resource.URN(parent).QualifiedType() == resource.RootStackType {
		reg.Parent = ""
	}
	r.mu.Lock()
	r.regs = append(r.regs, reg)
	r.mu.Unlock()
	if args.TypeToken == "pulumi:pulumi:StackReference" {
		outputs, ok := r.options.StackOutputs[args.ID]
		if !ok {
			return "", nil, fmt.Errorf("unknown stack %q", args.ID)
		}
		values := resource.NewPropertyMapFromMap(outputs)
		for _, secret := range r.options.SecretOutputs[args.ID] {
			key := resource.PropertyKey(secret)
			values[key] = resource.MakeSecret(values[key])
		}
		return args.ID, resource.PropertyMap{
			"name": resource.NewProperty(args.ID), "outputs": resource.NewProperty(values),
		}, nil
	}
	state := args.Inputs.Copy()
	if f := r.options.Outputs[args.TypeToken]; f != nil {
		maps.Copy(state, resource.NewPropertyMapFromMap(f(args.Name, args.Inputs)))
	}
	return args.ID, state, nil
}

// Call answers an invoke.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token == "pulumi:pulumi:readStackOutputs" { // the function behind StackReference
		name := args.Args["name"].StringValue()
		outputs, ok := r.options.StackOutputs[name]
		if !ok {
			return nil, fmt.Errorf("unknown stack %q", name)
		}
		return resource.PropertyMap{"outputs": resource.NewProperty(resource.NewPropertyMapFromMap(outputs))}, nil
	}
	if r.options.Call == nil {
		return nil, fmt.Errorf("the program calls %s, which only a cloud can answer", args.Token)
	}
	out, err := r.options.Call(args.Token, args.Args)
	if err != nil {
		return nil, err
	}
	return resource.NewPropertyMapFromMap(out), nil
}

func (r *recorder) urn(parent, token, name string) string {
	parentType := tokens.Type("")
	if u := resource.URN(parent); u != "" && u.QualifiedType() != resource.RootStackType {
		parentType = u.QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(r.options.Stack), Project, parentType, tokens.Type(token), name))
}

func aliases(rpc *pulumirpc.RegisterResourceRequest) []Alias {
	var out []Alias
	for _, a := range rpc.GetAliases() {
		if spec := a.GetSpec(); spec != nil {
			out = append(out, Alias{
				Name: spec.GetName(), Type: spec.GetType(), Stack: spec.GetStack(), Project: spec.GetProject(),
				ParentURN: spec.GetParentUrn(), NoParent: spec.GetNoParent(),
			})
			continue
		}
		out = append(out, Alias{URN: a.GetUrn()})
	}
	for _, urn := range rpc.GetAliasURNs() {
		out = append(out, Alias{URN: urn})
	}
	return out
}
