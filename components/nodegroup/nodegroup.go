package nodegroup

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-eks/sdk/v2/go/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// Type is part of every child's URN. It never changes.
const Type = "eks-platform:nodegroup:Group"

// Group is one managed node group.
type Group struct {
	pulumi.ResourceState

	// NodeGroupName is the group's name in EKS; it changes when the group is replaced.
	NodeGroupName pulumi.StringOutput `pulumi:"nodeGroupName"`
	// AutoScalingGroupName is the Auto Scaling group that EKS created for it.
	AutoScalingGroupName pulumi.StringOutput `pulumi:"autoScalingGroupName"`

	managed *eks.ManagedNodeGroup
}

// Ready returns what a resource that needs the group's nodes must depend on.
func (g *Group) Ready() []pulumi.Resource { return []pulumi.Resource{g.managed} }

// builder registers the children of one Group.
type builder struct {
	ctx      *pulumi.Context
	args     *Args
	kids     child.Of
	out      *Group
	template *ec2.LaunchTemplate
}

// New registers a Group and its children, or nothing if args are invalid. opts carries its providers, aws and eks.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Group, error) {
	err := schema.Prepare(args, (*Args).settings, (*Args).relations)
	if err = errors.Join(err, args.check()); err != nil {
		return nil, fmt.Errorf("node group %q: %w", name, err)
	}
	g := &Group{}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), g, opts...); err != nil {
		return nil, fmt.Errorf("node group %q: %w", name, err)
	}
	b := &builder{ctx: ctx, args: args, kids: child.Of{Parent: g, Name: name}, out: g}
	for _, step := range []func() error{b.createLaunchTemplate, b.createNodeGroup, b.createTags, b.createSchedules} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("node group %q: %w", name, err)
		}
	}
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{
		"nodeGroupName": g.NodeGroupName, "autoScalingGroupName": g.AutoScalingGroupName,
	})
}

// createNodeGroup registers pulumi-eks' ManagedNodeGroup. The group gets no fixed name in the cloud: instance types,
// AMI type, capacity, subnets and role replace it, and two groups cannot share one.
func (b *builder) createNodeGroup() error {
	a := b.args
	name := b.kids.ID("nodes")
	args := &eks.ManagedNodeGroupArgs{
		Cluster:       eks.CoreDataArgs{Cluster: a.Cluster},
		NodeRoleArn:   a.RoleARN.ToStringOutput().ToStringPtrOutput(),
		SubnetIds:     b.subnets(),
		CapacityType:  pulumi.String(a.capacityType()),
		InstanceTypes: pulumi.ToStringArray(a.InstanceTypes),
		Labels:        pulumi.ToStringMap(a.nodeLabels()),
		Taints:        a.eksTaints(),
		LaunchTemplate: awseks.NodeGroupLaunchTemplateArgs{
			Id:      b.template.ID().ToStringOutput(),
			Version: b.template.LatestVersion.ApplyT(strconv.Itoa).(pulumi.StringOutput),
		},
		ScalingConfig: awseks.NodeGroupScalingConfigArgs{
			MinSize:     pulumi.Int(a.Scaling.Min),
			MaxSize:     pulumi.Int(a.Scaling.Max),
			DesiredSize: pulumi.Int(a.Scaling.Desired),
		},
		ForceUpdateVersion: pulumi.Bool(a.ForceUpdate),
		Tags:               a.named(name),
	}
	if !a.AMI.custom() { // EKS refuses all three with a custom image
		args.AmiType = pulumi.String(a.AMI.Type)
		args.ReleaseVersion = pulumi.String(a.AMI.Release)
		args.Version = pulumi.String(a.ClusterVersion)
	}
	size, err := b.sizeHook()
	if err != nil {
		return fmt.Errorf("watch the group's size: %w", err)
	}
	managed, err := eks.NewManagedNodeGroup(b.ctx, name, args, b.kids.Opts(
		pulumi.DependsOn(a.After),
		pulumi.Transforms([]pulumi.ResourceTransform{
			func(_ context.Context, t *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
				props, opts := a.transformed(t.Type, t.Props, t.Opts)
				if size != nil && t.Type == nodeGroupType {
					opts.Hooks = &pulumi.ResourceHookBinding{BeforeUpdate: []*pulumi.ResourceHook{size}}
				}
				return &pulumi.ResourceTransformResult{Props: props, Opts: opts}
			},
		}),
	)...)
	if err != nil {
		return fmt.Errorf("create managed node group: %w", err)
	}
	b.out.managed = managed
	b.out.NodeGroupName = managed.NodeGroup.NodeGroupName()
	b.out.AutoScalingGroupName = managed.NodeGroup.Resources().ApplyT(autoScalingGroupName).(pulumi.StringOutput)
	return nil
}

// autoScalingGroupName returns the Auto Scaling group among a node group's resources. A managed node group has exactly one.
func autoScalingGroupName(resources []awseks.NodeGroupResource) (string, error) {
	for _, r := range resources {
		for _, g := range r.AutoscalingGroups {
			if g.Name != nil && *g.Name != "" {
				return *g.Name, nil
			}
		}
	}
	return "", errors.New("EKS names no Auto Scaling group for the node group")
}

func (b *builder) subnets() pulumi.StringArray {
	var out pulumi.StringArray
	for _, zone := range b.args.zones() {
		out = append(out, b.args.SubnetIDs[zone])
	}
	return out
}

// eksTaints returns the taints with EKS's names of the effects.
func (s Settings) eksTaints() awseks.NodeGroupTaintArray {
	var out awseks.NodeGroupTaintArray
	for _, t := range s.Taints {
		taint := awseks.NodeGroupTaintArgs{Key: pulumi.String(t.Key), Effect: pulumi.String(effects[t.Effect])}
		if t.Value != "" {
			taint.Value = pulumi.String(t.Value)
		}
		out = append(out, taint)
	}
	return out
}

func (b *builder) createSchedules() error {
	for _, s := range b.args.Schedules {
		_, err := autoscaling.NewSchedule(b.ctx, b.kids.ID("schedule", s.Name), &autoscaling.ScheduleArgs{
			AutoscalingGroupName: b.out.AutoScalingGroupName,
			ScheduledActionName:  pulumi.String(s.Name),
			Recurrence:           pulumi.String(s.Cron),
			TimeZone:             pulumi.String(s.TimeZone),
			MinSize:              pulumi.Int(s.Min),
			MaxSize:              pulumi.Int(s.Max),
			DesiredCapacity:      pulumi.Int(s.Desired),
		}, b.kids.Opts(
			// The provider updates an action with the start time that it read when it made it. That is in the past by then,
			// which Auto Scaling refuses, or still follows the former recurrence
			// (https://github.com/pulumi/pulumi-aws/issues/2473). A new action gets a new one.
			pulumi.ReplaceOnChanges([]string{"recurrence", "timeZone", "minSize", "maxSize", "desiredCapacity"}),
			pulumi.DeleteBeforeReplace(true), // its name is taken until it is gone
		)...)
		if err != nil {
			return fmt.Errorf("create scheduled action %s: %w", s.Name, err)
		}
	}
	return nil
}
