package automation

import "github.com/eks-platform/eks-platform/automation/plan"

// The names of package plan, while those who use them move there.
type (
	BlastRadius    = plan.BlastRadius
	Identity       = plan.Identity
	NodeGroup      = plan.NodeGroup
	Plan           = plan.Plan
	Difference     = plan.Difference
	StepDifference = plan.StepDifference
	ChangeKind     = plan.ChangeKind
	PropertyChange = plan.PropertyChange
	Operation      = plan.Operation
	Status         = plan.Status
	Step           = plan.Step
	Diagnostic     = plan.Diagnostic
	Result         = plan.Result
	EventKind      = plan.EventKind
	Event          = plan.Event
	StageName      = plan.StageName
	Stage          = plan.Stage
)

const (
	PropertyAdded   = plan.PropertyAdded
	PropertyDeleted = plan.PropertyDeleted
	PropertyUpdated = plan.PropertyUpdated
	OpPreview       = plan.OpPreview
	OpUp            = plan.OpUp
	OpRefresh       = plan.OpRefresh
	OpDestroy       = plan.OpDestroy
	OpOutputs       = plan.OpOutputs
	OpDeploy        = plan.OpDeploy
	OpRepair        = plan.OpRepair
	Planned         = plan.Planned
	Running         = plan.Running
	Done            = plan.Done
	Failed          = plan.Failed
	EventStep       = plan.EventStep
	EventWarning    = plan.EventWarning
	EventError      = plan.EventError
	EventStage      = plan.EventStage
	StageLease      = plan.StageLease
	StageInspect    = plan.StageInspect
	StageRepair     = plan.StageRepair
	StagePreview    = plan.StagePreview
	StageGates      = plan.StageGates
	StageUp         = plan.StageUp
	StageSettle     = plan.StageSettle
	StageRecord     = plan.StageRecord
)

// Mask is plan.Mask.
func Mask(text string) string { return plan.Mask(text) }

// ShortDigest is plan.ShortDigest.
func ShortDigest(digest string) string { return plan.ShortDigest(digest) }

// Critical is plan.Critical.
func Critical(typ string) (BlastRadius, bool) { return plan.Critical(typ) }

// CriticalTypes is plan.CriticalTypes.
func CriticalTypes() map[string]BlastRadius { return plan.CriticalTypes() }

// ReadPlan is plan.Read, with an *Error of kind ErrInvalid.
func ReadPlan(file string) (*Plan, error) {
	p, err := plan.Read(file)
	if err != nil {
		return nil, &Error{Kind: ErrInvalid, Messages: []string{err.Error()}, cause: err}
	}
	return p, nil
}
