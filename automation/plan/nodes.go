package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// nodeGroupType is the type of a managed node group; pulumi-eks' ManagedNodeGroup creates one.
const nodeGroupType = "aws:eks/nodeGroup:NodeGroup"

// NodeGroup is what a step on a managed node group means for its nodes, and so for the pods on them.
type NodeGroup struct {
	// Nodes is how many nodes the group has before the step, going by the state: an autoscaler may have changed it since.
	// Max is its maximum size. 0 if the group is new.
	Nodes int `json:"nodes"`
	Max   int `json:"max"`
	// AtATime is how many nodes EKS replaces at a time: a number, or a percentage such as 33%.
	AtATime string `json:"atATime"`
	// Force reports whether pods that do not leave within 15 minutes are killed; otherwise the update fails and EKS rolls
	// it back.
	Force bool `json:"force,omitempty"`
	// Renews are the changed properties that make EKS replace the nodes one after the other: Kubernetes version, AMI
	// release, launch template. Empty if the nodes stay.
	Renews []string `json:"renews,omitempty"`
	// Scales reports whether the size changes.
	Scales bool `json:"scales,omitempty"`
	// Shrinks tells that the number of nodes, or a bound that it is outside of then, becomes less.
	Shrinks bool `json:"shrinks,omitempty"`
	// NewMin and NewMax are the bounds after the step, where the size changes.
	NewMin int `json:"newMin,omitempty"`
	NewMax int `json:"newMax,omitempty"`
}

// renewing are the properties of a node group that EKS applies by replacing the nodes
// (https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html).
var renewing = []string{"version", "releaseVersion", "launchTemplate"}

// nodesOf returns what a step means for a node group.
func nodesOf(m apitype.StepEventMetadata) *NodeGroup {
	if m.Type != nodeGroupType || m.Old == nil {
		return nil
	}
	// The old settings apply: the provider updates version and template before it changes the update settings.
	n := &NodeGroup{
		Nodes: number(m.Old.Outputs, m.Old.Inputs, "scalingConfig", "desiredSize"),
		Max:   number(m.Old.Outputs, m.Old.Inputs, "scalingConfig", "maxSize"),
	}
	n.AtATime = "1" // EKS's default
	if at := number(m.Old.Outputs, m.Old.Inputs, "updateConfig", "maxUnavailable"); at > 0 {
		n.AtATime = strconv.Itoa(at)
	} else if at := number(m.Old.Outputs, m.Old.Inputs, "updateConfig", "maxUnavailablePercentage"); at > 0 {
		n.AtATime = strconv.Itoa(at) + "%"
	}
	if m.New == nil {
		return n
	}
	n.Force, _ = m.New.Inputs["forceUpdateVersion"].(bool)
	changed := slices.Clone(m.Diffs)
	for path := range m.DetailedDiff {
		changed = append(changed, path)
	}
	for _, path := range changed {
		top := path
		if i := strings.IndexAny(path, ".["); i >= 0 {
			top = path[:i]
		}
		switch {
		case slices.Contains(renewing, top) && !slices.Contains(n.Renews, top):
			n.Renews = append(n.Renews, top)
		case top == "scalingConfig":
			n.Scales = true
		}
	}
	slices.Sort(n.Renews)
	if n.Scales {
		n.NewMin, n.NewMax = number(m.New.Inputs, nil, "scalingConfig", "minSize"), number(m.New.Inputs, nil, "scalingConfig", "maxSize")
		n.Shrinks = number(m.New.Inputs, nil, "scalingConfig", "desiredSize") < n.Nodes || n.NewMax < n.Nodes
	}
	return n
}

// number reads a number from the first of several trees that has it.
func number(outputs, inputs map[string]any, path ...any) int {
	v, _ := first([]map[string]any{outputs, inputs}, path)
	f, _ := v.(float64)
	return int(f)
}
