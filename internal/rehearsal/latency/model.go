package latency

import (
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// Resource types that this package knows by name.
const (
	clusterType    = "aws:eks/cluster:Cluster"
	nodeGroupType  = "aws:eks/nodeGroup:NodeGroup"
	addonType      = "aws:eks/addon:Addon"
	attachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	inlineType     = "aws:iam/rolePolicy:RolePolicy"
	roleType       = "aws:iam/role:Role"
)

// Model is how long AWS takes.
type Model struct {
	// Scale is how much of AWS's time a rehearsal takes: 0.1 makes a minute six seconds, 1 is real time, 0 (the
	// default) takes no time at all. The engine's own time does not scale: below about 0.05 it shows in the results.
	Scale float64
}

// Duration returns how long AWS itself takes for an operation, whatever the scale. A read takes no time.
func (m Model) Duration(typ string, kind rehearsal.Kind) time.Duration {
	table := facts.CreationDurations
	switch kind {
	case rehearsal.Read:
		return 0
	case rehearsal.Update:
		table = facts.UpdateDurations
	}
	if special, ok := table[typ]; ok {
		return special
	}
	if strings.HasPrefix(typ, "aws:iam/") {
		return facts.IAMDuration
	}
	return facts.DefaultDuration
}

// Wait returns how long a rehearsal takes for an operation: its duration, scaled.
func (m Model) Wait(typ string, kind rehearsal.Kind) time.Duration {
	return time.Duration(float64(m.Duration(typ, kind)) * m.Scale)
}

// unscaled returns the AWS time that a rehearsal's time stands for; without a scale, the time itself.
func (m Model) unscaled(d time.Duration) time.Duration {
	if m.Scale <= 0 {
		return d
	}
	return time.Duration(float64(d) / m.Scale)
}
