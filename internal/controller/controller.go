// Package controller runs a controller in a cluster, from a pinned Helm chart, with an IAM role for its service account:
// the common part of services such as the load balancer controller and the Cluster Autoscaler.
package controller

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/helm"
	"github.com/eks-platform/eks-platform/internal/identity"
	"github.com/eks-platform/eks-platform/internal/order"
)

// Args describe a controller.
type Args struct {
	// Type and InsideType are the type tokens of the components on AWS's side and in the cluster. They are part of every
	// child's URN and never change.
	Type, InsideType string
	// Key is the controller's part in logical names, <component>-<key>.
	Key string
	// Summary is what a preview shows of both components.
	Summary pulumi.Map
	// Description is the role's description in IAM.
	Description string
	// Region, AccountID and ClusterName say where the controller runs. ClusterName is a plain string, so the role does not
	// wait for the cluster. ClusterNameOutput is the same as an output of the cluster, for the association, which must
	// wait.
	Region, AccountID, ClusterName string
	ClusterNameOutput              pulumi.StringInput
	// ServiceAccount is the account that the chart creates, in the release's namespace.
	ServiceAccount string
	// Policies are what the role allows, as JSON.
	Policies []Policy
	// Release is the chart, without its values.
	Release helm.Release
	// Tags are added to every taggable resource, together with a Name.
	Tags map[string]string
}

// Policy is a policy of a role, by its part in logical names.
type Policy struct {
	Key  string
	JSON pulumi.StringInput
}

// Controller is the AWS side of a controller.
type Controller struct {
	pulumi.ResourceState

	name string
	args Args
	role *identity.Role
}

// inside is the controller in the cluster.
type inside struct{ pulumi.ResourceState }

// New registers the controller's role and permissions, and associates them with its service account.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Controller, error) {
	c := &Controller{name: name, args: args}
	if err := ctx.RegisterComponentResourceV2(args.Type, name, args.Summary, c, opts...); err != nil {
		return nil, err
	}
	role, err := identity.New(ctx, child.Of{Parent: c, Name: name}, identity.Args{
		Key: args.Key, Description: args.Description,
		Region: args.Region, AccountID: args.AccountID, ClusterName: args.ClusterName,
		Namespace: args.Release.Namespace, ServiceAccount: args.ServiceAccount, Tags: args.Tags,
	})
	if err != nil {
		return nil, err
	}
	c.role = role
	for _, p := range args.Policies {
		if err := role.Allow(p.Key, p.JSON); err != nil {
			return nil, err
		}
	}
	if err := role.Associate(args.ClusterNameOutput); err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"roleArn": role.ARN})
}

// Install registers the chart's release with its values under its own component, whose parent and provider are in opts. It
// depends on the role's permissions, and so is deleted before them, and on what its pods need to become ready.
func (c *Controller) Install(ctx *pulumi.Context, values any, computed map[string]pulumi.Input, after []pulumi.Resource, opts ...pulumi.ResourceOption) error {
	in := &inside{}
	if err := ctx.RegisterComponentResourceV2(c.args.InsideType, c.name, c.args.Summary, in, opts...); err != nil {
		return fmt.Errorf("%s %q: %w", c.args.Key, c.name, err)
	}
	release := c.args.Release
	release.Values, release.Computed = values, computed
	kids := child.Of{Parent: in, Name: c.name}
	_, err := helm.New(ctx, kids.ID(c.args.Key), release, kids.Opts(pulumi.DependsOn(c.role.Permissions()), order.After(ctx, after...))...)
	if err != nil {
		return fmt.Errorf("%s %q: %w", c.args.Key, c.name, err)
	}
	return ctx.RegisterResourceOutputs(in, pulumi.Map{})
}
