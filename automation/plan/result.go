package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Operation is an operation on an environment.
type Operation string

// The operations.
const (
	OpPreview Operation = "preview"
	OpUp      Operation = "up"
	OpRefresh Operation = "refresh"
	OpDestroy Operation = "destroy"
	OpOutputs Operation = "outputs"
	OpDeploy  Operation = "deploy"
	OpRepair  Operation = "repair"
)

// Status is how far a step got.
type Status string

// The states of a step. A step that is still Running in a result was interrupted.
const (
	Planned Status = "planned"
	Running Status = "running"
	Done    Status = "done"
	Failed  Status = "failed"
)

// Step is what the engine does, or would do, with one resource. Values are only text that is safe to show: see
// PropertyChange.
type Step struct {
	// Op is Pulumi's name of the operation: create, update, replace, delete, read, import, refresh and so on. A
	// replacement is one step, replace, whichever way round it is carried out. The deletion of what an earlier,
	// interrupted replacement left behind is delete-replaced.
	Op string `json:"op"`
	// URN identifies the resource; Type and Name are parts of it.
	URN  string `json:"urn"`
	Type string `json:"type"`
	Name string `json:"name"`
	// ReplaceKeys are the properties that make the replacement necessary.
	ReplaceKeys []string `json:"replaceKeys,omitempty"`
	// DiffKeys are the properties that change, as paths if the provider gives them.
	DiffKeys []string `json:"diffKeys,omitempty"`
	// Properties are the properties that change, with their values, in the order of their paths. A new resource has the
	// few that identify it, and a deletion none. Steps of events have them when the step begins.
	Properties []PropertyChange `json:"properties,omitempty"`
	// Protected reports whether the resource is protected from deletion.
	Protected bool `json:"protected,omitempty"`
	// Retain reports whether a deletion leaves the resource in the cloud and only removes it from the state.
	Retain bool `json:"retain,omitempty"`
	// DeletedFirst reports whether a replacement deletes before it creates, so that for a time there is no such resource.
	DeletedFirst bool `json:"deletedFirst,omitempty"`
	// Critical is the kind of loss if the resource is deleted or replaced (see Critical); empty for a resource that is
	// easily created again.
	Critical string `json:"critical,omitempty"`
	// FollowsFrom is the URN of the resource whose replacement brings this one along; empty where the replacement has a cause
	// of its own, and where what it follows from is not known.
	FollowsFrom string `json:"followsFrom,omitempty"`
	// NodeGroup is set for managed node groups that exist.
	NodeGroup *NodeGroup `json:"nodeGroup,omitempty"`
	// Fingerprint is the hash of everything that the step changes, for Result.Digest and for comparing the steps of two
	// previews.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Status is how far the step got.
	Status Status `json:"status"`
}

// String describes the step on one line: what is done to which resource, why it is replaced, and what changes.
func (s Step) String() string {
	text := fmt.Sprintf("%s %s %s", s.Op, s.Type, s.Name)
	if len(s.ReplaceKeys) > 0 {
		text += " because of " + strings.Join(s.ReplaceKeys, ", ")
	}
	var changes []string
	for _, c := range s.Properties {
		switch {
		case c.Kind == PropertyUpdated:
			changes = append(changes, fmt.Sprintf("%s: %s -> %s", c.Path, c.Old, c.New))
		case c.Kind == PropertyDeleted:
			changes = append(changes, c.Path+": gone")
		case c.New != "":
			changes = append(changes, fmt.Sprintf("%s: %s", c.Path, c.New))
		}
	}
	if len(changes) > 0 {
		text += " (" + strings.Join(changes, ", ") + ")"
	}
	return text
}

// InCloud reports whether the resource exists in the cloud: components, providers and the stack itself are only groupings.
func (s Step) InCloud() bool { return InCloud(s.Type) }

// Counted reports whether the step's resource is one of those that are counted, wherever counts are shown: it stands for
// something in the cloud, and is not only read or forgotten.
func (s Step) Counted() bool {
	return s.InCloud() && s.Op != string(apitype.OpRead) && s.Op != string(apitype.OpReadDiscard)
}

// InCloud is Step.InCloud for a type.
func InCloud(typ string) bool {
	return !strings.HasPrefix(typ, "pulumi:") && !strings.HasPrefix(typ, "eks-platform:") && !strings.HasPrefix(typ, "eks:index:")
}

// signs say what happens to a resource. They begin with the characters by which GitHub colours the lines of a comparison.
var signs = map[string]string{
	"create": "+", "import": "+", "update": "!", "replace": "-/+", "delete": "-", "delete-replaced": "-", "discard": "-",
}

// Sign is the symbol that stands for one of Pulumi's operations, the same wherever steps are shown.
func Sign(op string) string {
	if s, ok := signs[op]; ok {
		return s
	}
	return "!"
}

// Destructive reports whether the resource, as it is now, will be gone.
func (s Step) Destructive() bool {
	return s.Op == string(apitype.OpReplace) || s.Op == string(apitype.OpDelete) || s.Op == string(apitype.OpDeleteReplaced)
}

// Diagnostic is a message of the engine, a provider or the program.
type Diagnostic struct {
	// Resource is the resource it is about, by type and name; empty if it is about the whole run.
	Resource string `json:"resource,omitempty"`
	// Message is plain text, without colour markup.
	Message string `json:"message"`
}

// String returns the resource and the message.
func (d Diagnostic) String() string {
	if d.Resource == "" {
		return d.Message
	}
	return d.Resource + ": " + d.Message
}

// Result is what an operation did or, for a preview, would do.
type Result struct {
	Operation Operation `json:"operation"`
	Stack     string    `json:"stack"`
	// Changes counts resources by Pulumi's operation, "same" included, as the engine's own summary does.
	Changes map[string]int `json:"changes"`
	// Counts is Changes without what only groups resources (see Step.InCloud): what people are told.
	Counts map[string]int `json:"counts"`
	// Steps are the resources that change, in the order in which the engine processed them.
	Steps []Step `json:"steps"`
	// Drift are the resources that no longer match the state: found by a refresh, or by a preview that refreshes first. Op
	// is update, or delete for what is gone.
	Drift []Step `json:"drift,omitempty"`
	// Withheld are the deletions that are due but not done, because the operation leaves out the objects in the cluster:
	// deletions of such objects, and of everything that they depend on. They need an operation that leaves nothing out. Op
	// is delete, or delete-replaced for what has been replaced.
	Withheld []Step `json:"withheld,omitempty"`
	// Warnings and Errors are the diagnostics of the run.
	Warnings []Diagnostic `json:"warnings,omitempty"`
	Errors   []Diagnostic `json:"errors,omitempty"`
	// Started is when the engine was started; Duration is how long it took, including all of its processes.
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"durationNanoseconds"`
	// OutputsChange reports whether the stack's outputs change.
	OutputsChange bool `json:"outputsChange,omitempty"`
	// Pending reports whether operations of a killed run are still unresolved in the state: refresh before the next update.
	Pending bool `json:"pending,omitempty"`

	program   bool // the program reported an error
	protected bool // the engine refused to delete something protected
	succeeded bool // the engine's summary says so, and the preview shows nothing that the update would fail on

	moves []Diagnostic     // what would change hands in a way that cannot work
	takes map[string]owner // what the cloud knows a preview's new resources by

	deleted map[string]bool // URNs of which something is deleted
}

// NewResult returns the empty result of an operation that starts now.
func NewResult(op Operation, stack string) *Result {
	return &Result{Operation: op, Stack: stack, Changes: map[string]int{}, Counts: map[string]int{}, Steps: []Step{}, Started: time.Now(), deleted: map[string]bool{}}
}

// Succeeded reports whether the engine's own summary says so, and, of a preview, whether nothing has Moved. It is false for
// a result that went through JSON.
func (r *Result) Succeeded() bool { return r.succeeded }

// Moved are the resources of a preview that would take over what another resource still has when they are made: an access
// entry's principal, a namespace's name. They are among the Errors. It is empty for a result that went through JSON.
func (r *Result) Moved() []Diagnostic { return slices.Clone(r.moves) }

// ProgramFailed reports whether the program itself reported an error.
func (r *Result) ProgramFailed() bool { return r.program }

// MetProtection reports whether the engine refused to delete or replace a protected resource.
func (r *Result) MetProtection() bool { return r.protected }

// Causes returns the Errors without those that only follow from others, or all of them if none would be left.
func (r *Result) Causes() []Diagnostic {
	causes := slices.DeleteFunc(slices.Clone(r.Errors), consequence)
	if len(causes) == 0 {
		return r.Errors
	}
	return causes
}

// Deletes reports whether the run deletes a resource of a URN. It is false for a result that was decoded from JSON.
func (r *Result) Deletes(urn string) bool { return r.deleted[urn] }

// Failed returns the steps that failed.
func (r *Result) Failed() []Step {
	var out []Step
	for _, s := range r.Steps {
		if s.Status == Failed {
			out = append(out, s)
		}
	}
	return out
}

// Empty reports whether nothing changes. Reading something that exists is not a change.
func (r *Result) Empty() bool { return len(r.Steps) == 0 && len(r.Drift) == 0 }

// Resources is the number of resources that the engine looked at, without what only groups them.
func (r *Result) Resources() int {
	n := 0
	for _, count := range r.Counts {
		n += count
	}
	return n
}

// Count returns how many resources underwent an operation, for example "create", without what only groups them.
func (r *Result) Count(op string) int { return r.Counts[op] }

// EventKind is the kind of an Event.
type EventKind string

// The kinds of events.
const (
	// EventStep: the engine started on a resource, finished it or failed on it; see Step.Status.
	EventStep EventKind = "step"
	// EventWarning and EventError: a diagnostic.
	EventWarning EventKind = "warning"
	EventError   EventKind = "error"
	// EventStage: a stage of a deploy or a repair begins, or has a note; see Stage.
	EventStage EventKind = "stage"
	// EventProgress: the engine is at something other than a resource; see Progress.
	EventProgress EventKind = "progress"
)

// Event is one moment of a running operation.
type Event struct {
	Kind      EventKind `json:"kind"`
	Time      time.Time `json:"time"`
	Operation Operation `json:"operation"`
	Stack     string    `json:"stack"`
	// Step is set for EventStep. Resources that stay as they are have steps here too, with Op same.
	Step *Step `json:"step,omitempty"`
	// Diagnostic is set for EventWarning and EventError.
	Diagnostic *Diagnostic `json:"diagnostic,omitempty"`
	// Stage is set for EventStage.
	Stage *Stage `json:"stage,omitempty"`
	// Progress is set for EventProgress: what the engine is at, on one line, such as the download of a plugin.
	Progress string `json:"progress,omitempty"`
}
