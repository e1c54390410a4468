package plan

// StageName is a stage of a deploy or a repair.
type StageName string

// The stages, in the order in which a deploy goes through them.
const (
	// StageLease: the lease of the stack is taken.
	StageLease StageName = "lease"
	// StageInspect: looking for locks and operations that an earlier run left.
	StageInspect StageName = "inspect"
	// StageRepair: what an earlier run left is repaired.
	StageRepair StageName = "repair"
	// StagePreview: the changes are previewed again.
	StagePreview StageName = "preview"
	// StageGates: the plan is checked against the approval and the allowances.
	StageGates StageName = "gates"
	// StageUp: the changes are applied.
	StageUp StageName = "up"
	// StageSettle: another preview must find nothing left to do.
	StageSettle StageName = "settle"
	// StageRecord: the record of the deploy is written, and the lease is released.
	StageRecord StageName = "record"
)

// Stage is one moment of a deploy besides the engine's work.
type Stage struct {
	// Name is the stage.
	Name StageName `json:"name"`
	// Note is a remark for people, on one line; empty if the stage just begins.
	Note string `json:"note,omitempty"`
}
