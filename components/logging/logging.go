package logging

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/identity"
	"github.com/eks-platform/eks-platform/internal/schema"
	"github.com/eks-platform/eks-platform/internal/tags"
)

// Type and FluentBitType are part of every child's URN. They never change.
const (
	Type          = "eks-platform:logging:Logging"
	FluentBitType = "eks-platform:logging:FluentBit"
)

// Logging is the AWS side of an environment's logs.
type Logging struct {
	pulumi.ResourceState

	// GroupName is the log group of the environment's pods.
	GroupName pulumi.StringOutput

	b      *builder
	groups []pulumi.Resource
}

// builder registers the children of one component.
type builder struct {
	ctx      *pulumi.Context
	args     *Args
	settings Settings
	kids     child.Of
	// groups are the names of the groups, by their part in logical names.
	groups map[string]pulumi.StringOutput
	// role is Fluent Bit's, if this stack runs it.
	role *identity.Role
}

// New registers the log groups, the saved queries and, for the cluster's owner, the role of Fluent Bit. It registers
// nothing if args are invalid. Call Install afterwards, once.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Logging, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("logging %q: %w", name, err)
	}
	if args.collects() && args.ClusterNameOutput == nil {
		return nil, fmt.Errorf("logging %q: %w", name, errors.New("the cluster's name as its output is required with Fluent Bit"))
	}
	l := &Logging{}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), l, opts...); err != nil {
		return nil, fmt.Errorf("logging %q: %w", name, err)
	}
	l.b = &builder{
		ctx: ctx, args: args, settings: args.Settings, kids: child.Of{Parent: l, Name: name},
		groups: map[string]pulumi.StringOutput{},
	}
	for _, step := range []func(*Logging) error{l.b.createGroups, l.b.createRole, l.b.createQueries} {
		if err := step(l); err != nil {
			return nil, fmt.Errorf("logging %q: %w", name, err)
		}
	}
	return l, ctx.RegisterResourceOutputs(l, pulumi.Map{"groupName": l.GroupName})
}

// Groups returns this stack's log groups, which must exist before a namespace's logs are written.
func (l *Logging) Groups() []pulumi.Resource { return slices.Clone(l.groups) }

// tags returns the tags of a resource.
func (b *builder) tags(name string) pulumi.StringMap {
	return tags.Named(b.args.Tags, name)
}
