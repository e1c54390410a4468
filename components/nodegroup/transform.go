package nodegroup

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nodeGroupType is the child of pulumi-eks' ManagedNodeGroup that the transform is for.
const nodeGroupType = "aws:eks/nodeGroup:NodeGroup"

// desiredSize is the property that belongs to others under Settings.foreignSize.
const desiredSize = "scalingConfig.desiredSize"

// transformed returns the properties and options of a resource below the ManagedNodeGroup, with what pulumi-eks 2.8.1
// has no arguments for: how updates are paced, node repair, and whose the desired size is. It changes node groups
// only, and never the maps that it was given.
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
		// The Cluster Autoscaler (scaling.autoscaled) or the group's own scheduled actions (schedules) move it.
		opts.IgnoreChanges = append(slices.Clone(opts.IgnoreChanges), desiredSize)
	}
	return out, opts
}

// config returns EKS's updateConfig. It is always given: EKS keeps the former one when it is left out.
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
