package storage

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/schema"
	"github.com/eks-platform/eks-platform/internal/tags"
)

// Type is part of every child's URN. It never changes.
const Type = "eks-platform:storage:Storage"

// Storage is the AWS side of a cluster's volumes.
type Storage struct {
	pulumi.ResourceState

	// FileSystemID is the file system of the class efs; empty if there is none.
	FileSystemID pulumi.StringOutput

	b *builder
}

// builder registers the children of one component.
type builder struct {
	ctx  *pulumi.Context
	args *Args
	kids child.Of
}

// New registers the file system, if one is to be created. It registers nothing if args are invalid. Call Install
// afterwards, once.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Storage, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("storage %q: %w", name, err)
	}
	creates := args.EFS != nil && args.EFS.Create != nil
	if creates && (args.VPCID == nil || len(args.PrivateSubnetIDs) == 0 || args.ClusterSecurityGroupID == nil) {
		return nil, fmt.Errorf("storage %q: %w", name, errors.New("VPC id, private subnet ids and the cluster's security group are required to create a file system"))
	}
	s := &Storage{FileSystemID: pulumi.String("").ToStringOutput()}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), s, opts...); err != nil {
		return nil, fmt.Errorf("storage %q: %w", name, err)
	}
	s.b = &builder{ctx: ctx, args: args, kids: child.Of{Parent: s, Name: name}}
	switch {
	case creates:
		if err := s.b.createFileSystem(s); err != nil {
			return nil, fmt.Errorf("storage %q: %w", name, err)
		}
	case args.EFS != nil:
		s.FileSystemID = pulumi.String(args.EFS.FileSystemID).ToStringOutput()
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"fileSystemId": s.FileSystemID})
}

// tags returns the tags of a resource.
func (b *builder) tags(name string) pulumi.StringMap {
	return tags.Named(b.args.Tags, name)
}
