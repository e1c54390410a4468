package nodegroup

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nodeGroupType is the child of pulumi-eks' ManagedNodeGroup that the transform is for.
const nodeGroupType = "aws:eks/nodeGroup:NodeGroup"

// desiredSize is the property that others set under Settings.foreignSize.
const (
	desiredSize = "scalingConfig." + desiredKey
	desiredKey  = "desiredSize"
)

// sizeHook returns the hook that refuses bounds which the present size is outside of, in the preview already; nil where
// the size is the stack file's. EKS refuses them ("Minimum capacity 4 can't be greater than desired size 2"), and the
// program cannot move a size that belongs to somebody else.
func (b *builder) sizeHook() (*pulumi.ResourceHook, error) {
	if !b.args.foreignSize() {
		return nil, nil
	}
	return b.ctx.RegisterResourceHook(b.kids.ID("size"), func(h *pulumi.ResourceHookArgs) error {
		return b.args.sizeProblem(h.NewInputs, h.OldOutputs)
	}, &pulumi.ResourceHookOptions{OnDryRun: true})
}

// sizeProblem holds the bounds of an update against the size that it leaves alone.
func (a *Args) sizeProblem(inputs, outputs resource.PropertyMap) error {
	scaling := inputs["scalingConfig"]
	if !scaling.IsObject() || !scaling.ObjectValue()[desiredKey].IsNumber() {
		return nil
	}
	size := int(scaling.ObjectValue()[desiredKey].NumberValue())
	if size >= a.Scaling.Min && size <= a.Scaling.Max {
		return nil
	}
	group := "NAME"
	if name := outputs["nodeGroupName"]; name.IsString() {
		group = name.StringValue()
	}
	return fmt.Errorf("nodeGroups %s: scaling.min (%d) and max (%d) leave out the %d nodes that the group has (going by the last refresh), and EKS refuses that; the number belongs to "+
		"the Cluster Autoscaler or the group's schedules. Set all three by hand and run this again with --refresh, which reads them:\n"+
		"aws eks update-nodegroup-config --region %s --cluster-name %s --nodegroup-name %s --scaling-config minSize=%d,maxSize=%d,desiredSize=%d",
		a.Name, a.Scaling.Min, a.Scaling.Max, size, a.Region, a.ClusterName, group, a.Scaling.Min, a.Scaling.Max,
		min(max(size, a.Scaling.Min), a.Scaling.Max))
}

// transformed returns the properties and options of a resource below the ManagedNodeGroup, with what pulumi-eks 2.8.1 has
// no arguments for: update settings, node repair, and ignoring the desired size. It changes only node groups, and never the
// given maps.
func (s Settings) transformed(typ string, props pulumi.Map, opts pulumi.ResourceOptions) (pulumi.Map, pulumi.ResourceOptions) {
	if typ != nodeGroupType {
		return props, opts
	}
	out := pulumi.Map{}
	for key, value := range props {
		out[key] = value
	}
	out["updateConfig"] = s.Update.config()
	out["nodeRepairConfig"] = pulumi.Map{"enabled": pulumi.Bool(*s.Repair)}
	if s.foreignSize() {
		// The Cluster Autoscaler (scaling.autoscaled) or the group's own scheduled actions (schedules) change it.
		opts.IgnoreChanges = append(slices.Clone(opts.IgnoreChanges), desiredSize)
	}
	return out, opts
}

// config returns EKS's updateConfig. It is always set: without it EKS would keep the old one.
func (u Update) config() pulumi.Map {
	switch {
	case u.MaxUnavailablePercentage > 0:
		return pulumi.Map{"maxUnavailablePercentage": pulumi.Int(u.MaxUnavailablePercentage)}
	case u.MaxUnavailable > 0:
		return pulumi.Map{"maxUnavailable": pulumi.Int(u.MaxUnavailable)}
	default:
		return pulumi.Map{"maxUnavailable": pulumi.Int(1)}
	}
}
