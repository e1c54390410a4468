package facts

import "time"

// Durations that AWS usually takes (the design, section 7), in thousandths of a minute.
const (
	milliMinute = time.Minute / 1000

	// IAMDuration is for every operation on IAM, DefaultDuration for what has no entry of its own.
	IAMDuration     = 100 * milliMinute
	DefaultDuration = 50 * milliMinute
)

// CreationDurations are the types that take noticeably longer than usual to create. A gateway endpoint is counted as an
// interface endpoint, which the type does not tell apart. Deletions are modelled by the same figures: AWS's differ from
// them by less than they differ from each other.
var CreationDurations = map[string]time.Duration{
	"aws:eks/cluster:Cluster":         9000 * milliMinute,
	"aws:eks/nodeGroup:NodeGroup":     3000 * milliMinute,
	"aws:ec2/natGateway:NatGateway":   2000 * milliMinute,
	"aws:ec2/vpcEndpoint:VpcEndpoint": 1500 * milliMinute,
	"aws:eks/addon:Addon":             750 * milliMinute,
	"aws:kms/key:Key":                 200 * milliMinute,
}

// UpdateDurations are those that take noticeably longer than usual to update: a control plane's settings two minutes, a
// node group a new set of nodes, an add-on a rollout.
var UpdateDurations = map[string]time.Duration{
	"aws:eks/cluster:Cluster":     2000 * milliMinute,
	"aws:eks/nodeGroup:NodeGroup": 3000 * milliMinute,
	"aws:eks/addon:Addon":         750 * milliMinute,
}
