package report

import (
	"fmt"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// pods says what a step on a node group means for the pods on its nodes, or "" when it means nothing
// (https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html,
// https://docs.aws.amazon.com/eks/latest/userguide/delete-managed-node-group.html).
func pods(s plan.Step) string {
	n := s.NodeGroup
	if n == nil {
		return ""
	}
	switch {
	case s.Op == "delete" && s.Retain:
		return ""
	case s.Op == "delete":
		return fmt.Sprintf("%s is deleted: its %s drain, and each stops after a few minutes whether its pods have left or not", s.Name, nodes(n.Nodes))
	case s.Op == "replace" && s.DeletedFirst:
		return fmt.Sprintf("%s is replaced, and the old group is deleted before the new one exists: its %s drain, each for only a few minutes, and pods wait until new nodes are ready", s.Name, nodes(n.Nodes))
	case s.Op == "replace":
		return fmt.Sprintf("%s is replaced: the new group is created first, then the %s of the old one drain, each for only a few minutes", s.Name, nodes(n.Nodes))
	case len(n.Renews) > 0:
		line := fmt.Sprintf("%s: its %s are replaced %s at a time (%s); pods are evicted with 15 minutes to leave", s.Name, nodes(n.Nodes), n.AtATime, changing(n.Renews))
		if n.Force {
			return line + ", after which they are killed"
		}
		return line + ", and if disruption budgets hold the update up for longer, it is rolled back"
	case n.Shrinks:
		return fmt.Sprintf("%s is resized (%d to %d nodes): it loses nodes, and their pods with them without being drained", s.Name, n.NewMin, n.NewMax)
	case n.Scales:
		return fmt.Sprintf("%s may have %d to %d nodes: no node is replaced or taken away", s.Name, n.NewMin, n.NewMax)
	}
	return ""
}

// changing says that properties change.
func changing(names []string) string {
	if len(names) == 1 {
		return names[0] + " changes"
	}
	return list(names) + " change"
}

func nodes(n int) string { return plural.Of(n, "node") }
