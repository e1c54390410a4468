package plan

// StageName is a part of a deploy, a repair or a breaking of a lease.
type StageName string

// The stages, in the order in which a deploy goes through them.
const (
	// StageLease: the lease of the stack is taken.
	StageLease StageName = "lease"
	// StageInspect: locks and operations that an earlier run left are looked for.
	StageInspect StageName = "inspect"
	// StageRepair: what an earlier run left is repaired.
	StageRepair StageName = "repair"
	// StagePreview: the changes are planned once more.
	StagePreview StageName = "preview"
	// StageGates: the plan is held against the approval and the allowances.
	StageGates StageName = "gates"
	// StageUp: the changes are made.
	StageUp StageName = "up"
	// StageSettle: a look at the cloud must find nothing left to do.
	StageSettle StageName = "settle"
	// StageRecord: the record of the deploy is written, and the lease is released.
	StageRecord StageName = "record"
)

// Stage is one moment of a deploy beside the engine's work.
type Stage struct {
	// Name is the stage.
	Name StageName `json:"name"`
	// Note is what there is to say, on one line, for people; empty when the stage just begins.
	Note string `json:"note,omitempty"`
}
