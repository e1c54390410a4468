package latency

import (
	"strings"
	"time"
)

// Kind is what an operation does.
type Kind string

// The kinds of operation.
const (
	Create Kind = "create"
	Update Kind = "update"
	Delete Kind = "delete"
	Read   Kind = "read"
)

// Resource types that this package knows by name.
const (
	clusterType     = "aws:eks/cluster:Cluster"
	nodeGroupType   = "aws:eks/nodeGroup:NodeGroup"
	addonType       = "aws:eks/addon:Addon"
	attachmentType  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	inlineType      = "aws:iam/rolePolicy:RolePolicy"
	roleType        = "aws:iam/role:Role"
	natGatewayType  = "aws:ec2/natGateway:NatGateway"
	vpcEndpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"
	kmsKeyType      = "aws:kms/key:Key"
)

// AWS's usual durations for a creation, in thousandths of a minute (the design, section 7). A gateway endpoint is
// counted as an interface endpoint, which the type does not tell apart. Deletions are modelled by the same figures:
// AWS's differ from them by less than they differ from each other.
var creations = map[string]int{
	clusterType:     9000,
	nodeGroupType:   3000,
	natGatewayType:  2000,
	vpcEndpointType: 1500,
	addonType:       750,
	kmsKeyType:      200,
}

// What takes noticeably longer than usual to update: a control plane's settings two minutes, a node group a new set of
// nodes, an add-on a rollout.
var updates = map[string]int{clusterType: 2000, nodeGroupType: 3000, addonType: 750}

const (
	iamMillis  = 100
	restMillis = 50
	iamPrefix  = "aws:iam/"
)

// Model is how long AWS takes.
type Model struct {
	// Scale is how much of AWS's time a rehearsal takes: 0.1 makes a minute six seconds, 1 is real time, 0 (the
	// default) takes no time at all. The engine's own time does not scale: below about 0.05 it shows in the results.
	Scale float64
}

// Duration returns how long AWS itself takes for an operation, whatever the scale. A read takes no time.
func (m Model) Duration(typ string, kind Kind) time.Duration {
	millis := restMillis
	if strings.HasPrefix(typ, iamPrefix) {
		millis = iamMillis
	}
	table := creations
	switch kind {
	case Read:
		return 0
	case Update:
		table = updates
	}
	if special, ok := table[typ]; ok {
		millis = special
	}
	return time.Duration(millis) * time.Minute / 1000
}

// Wait returns how long a rehearsal takes for an operation: its duration, scaled.
func (m Model) Wait(typ string, kind Kind) time.Duration {
	return time.Duration(float64(m.Duration(typ, kind)) * m.Scale)
}

// unscaled returns the AWS time that a rehearsal's time stands for; without a scale, the time itself.
func (m Model) unscaled(d time.Duration) time.Duration {
	if m.Scale <= 0 {
		return d
	}
	return time.Duration(float64(d) / m.Scale)
}
