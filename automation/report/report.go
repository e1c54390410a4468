package report

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/eks-platform/eks-platform/automation/fault"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/deployorder"
)

// Outcome is how an environment's run ended.
type Outcome string

// The outcomes.
const (
	Changes   Outcome = "changes"
	NoChanges Outcome = "no changes"
	Failed    Outcome = "failed"
	Cancelled Outcome = "cancelled"
	Locked    Outcome = "locked"
	Refused   Outcome = "refused"
)

// OK reports whether the run completed, with or without changes.
func (o Outcome) OK() bool { return o == Changes || o == NoChanges }

// Report is what one or more runs found, in the order in which they were given.
type Report struct {
	Title        string        `json:"title"`
	Totals       Totals        `json:"totals"`
	Environments []Environment `json:"environments"`
	// Order names all environments of the project in the order in which they are deployed, in which Join puts those of the
	// parts; empty leaves them as they come.
	Order []string `json:"order,omitempty"`
}

// Totals are sums over the environments.
type Totals struct {
	Environments int `json:"environments"`
	// Changed, Unchanged and Unfinished count environments; the last are those that failed, were cancelled, locked or
	// refused.
	Changed    int `json:"changed"`
	Unchanged  int `json:"unchanged"`
	Unfinished int `json:"unfinished"`
	Counts
}

// Counts counts resources by what happens to them. What only groups resources is not among them.
type Counts struct {
	Create  int `json:"create"`
	Update  int `json:"update"`
	Replace int `json:"replace"`
	Delete  int `json:"delete"`
	Drift   int `json:"drift"`
	// Withheld counts deletions that are due but not done.
	Withheld int `json:"withheld,omitempty"`
	// Critical counts those of the replaced and deleted whose loss is grave, and that are not retained in the cloud.
	Critical int `json:"critical,omitempty"`
}

// Environment is what was found about one environment.
type Environment struct {
	Name      string         `json:"name"`
	Operation plan.Operation `json:"operation"`
	Outcome   Outcome        `json:"outcome"`
	Counts    Counts         `json:"counts"`
	Started   time.Time      `json:"started,omitzero"`
	Duration  time.Duration  `json:"durationNanoseconds"`
	// Digest identifies exactly these changes; empty for a run that did not succeed.
	Digest string `json:"digest,omitempty"`
	Commit string `json:"commit,omitempty"`
	RunURL string `json:"runURL,omitempty"`
	// Note is a remark about the run, for example that the preview is out of date or who holds the lock.
	Note string `json:"note,omitempty"`
	// Approve says how to approve exactly these changes.
	Approve *Approval `json:"approve,omitempty"`
	// Destructive are all replacements and deletions, the gravest first, with the properties that force the replacement.
	Destructive []Change `json:"destructive,omitempty"`
	// Changes are all changes in the cloud, by URN, with their properties. Destructive ones are here as well.
	Changes []Change `json:"changes,omitempty"`
	// Drift is what no longer matches the state: Op is update for what differs and delete for what is gone.
	Drift []Change `json:"drift,omitempty"`
	// Withheld are deletions that are due but not done, because the objects in the cluster were left out: see plan.Result.
	Withheld []Change `json:"withheld,omitempty"`
	// Pods says what the changes mean for running pods, a sentence for each node group.
	Pods []string `json:"pods,omitempty"`
	// Warnings and Errors are the messages of the engine, the cloud and the program.
	Warnings []string `json:"warnings,omitempty"`
	Errors   []string `json:"errors,omitempty"`
}

// Approval says how changes are approved.
type Approval struct {
	// Text says it in a sentence. Command is a command for a shell that does it. Either can be empty.
	Text    string `json:"text,omitempty"`
	Command string `json:"command,omitempty"`
}

// Change is what happens to one resource.
type Change struct {
	// Op is create, update, replace, delete, or another of Pulumi's operations.
	Op   string `json:"op"`
	Type string `json:"type"`
	Name string `json:"name"`
	URN  string `json:"urn"`
	// Protected: the engine will refuse to delete the resource. Retained: a deletion leaves it in the cloud. DeletedFirst:
	// it is deleted before its replacement is created.
	Protected    bool `json:"protected,omitempty"`
	Retained     bool `json:"retained,omitempty"`
	DeletedFirst bool `json:"deletedFirst,omitempty"`
	// Critical is the kind of loss, and Loss what is lost, which is nothing if it is retained; only for destructive
	// changes.
	Critical string `json:"critical,omitempty"`
	Loss     string `json:"loss,omitempty"`
	// Causes are the properties that force a replacement. If empty, the replacement follows from another one.
	Causes []string `json:"causes,omitempty"`
	// FollowsFrom is the URN of the change that brings this replacement along, the first in the chain; empty where that is
	// not known.
	FollowsFrom string `json:"followsFrom,omitempty"`
	// Properties are the changed properties with their values; in lists of destructive changes those that force the
	// replacement.
	Properties []plan.PropertyChange `json:"properties,omitempty"`
	// Status is how far the step got.
	Status plan.Status `json:"status"`
}

// Run is one operation on one environment, however it ended, and what is known about it.
type Run struct {
	// Environment names it. Required.
	Environment string
	// Result is what the operation returned; nil if nothing was started.
	Result *plan.Result
	// Err is how it failed, or nil.
	Err error
	// Outcome overrides the outcome from Err and Result, for errors that are not automation's.
	Outcome Outcome
	// Digest is the preview's digest, which is left out if the run failed; Commit is the commit that ran, RunURL where its
	// log is, Note a remark.
	Digest, Commit, RunURL, Note string
	// Approve says how the changes are approved. It is left out when the run failed, and when there are none.
	Approve *Approval
}

// Of makes a report of runs.
func Of(title string, runs ...Run) *Report {
	r := &Report{Title: plan.Mask(title), Environments: []Environment{}}
	for _, run := range runs {
		r.Environments = append(r.Environments, environment(run))
	}
	r.sum()
	return r
}

// Join combines several reports into one, for example those of several jobs.
func Join(title string, parts ...*Report) *Report {
	r := &Report{Title: plan.Mask(title), Environments: []Environment{}}
	for _, p := range parts {
		r.Environments = append(r.Environments, p.Environments...)
		if len(p.Order) > len(r.Order) {
			r.Order = p.Order
		}
	}
	slices.SortStableFunc(r.Environments, func(a, b Environment) int {
		return deployorder.Place(r.Order, a.Name) - deployorder.Place(r.Order, b.Name)
	})
	r.sum()
	return r
}

func (r *Report) sum() {
	r.Totals = Totals{Environments: len(r.Environments)}
	for _, e := range r.Environments {
		switch e.Outcome {
		case Changes:
			r.Totals.Changed++
		case NoChanges:
			r.Totals.Unchanged++
		default:
			r.Totals.Unfinished++
		}
		r.Totals.Create += e.Counts.Create
		r.Totals.Update += e.Counts.Update
		r.Totals.Replace += e.Counts.Replace
		r.Totals.Delete += e.Counts.Delete
		r.Totals.Drift += e.Counts.Drift
		r.Totals.Withheld += e.Counts.Withheld
		r.Totals.Critical += e.Counts.Critical
	}
}

// Destructive reports whether anything is replaced or deleted.
func (r *Report) Destructive() bool { return r.Totals.Replace+r.Totals.Delete > 0 }

func environment(run Run) Environment {
	e := Environment{
		Name: run.Environment, Operation: plan.OpPreview, Commit: run.Commit, RunURL: run.RunURL, Note: plan.Mask(run.Note),
		Outcome: run.Outcome,
	}
	if e.Outcome == "" {
		e.Outcome = outcome(run)
	}
	if run.Err == nil {
		e.Digest = run.Digest
	}
	if run.Result != nil {
		e.read(run.Result)
	}
	if e.Outcome == Changes {
		e.Approve = run.Approve
		if e.Note == "" && e.headline() == string(Changes) {
			e.Note = "only groupings of resources and what the stack publishes change, and nothing in the cloud"
		}
	}
	e.Errors = failures(run)
	return e
}

func outcome(run Run) Outcome {
	switch {
	case errors.Is(run.Err, fault.ErrCancelled):
		return Cancelled
	case errors.Is(run.Err, fault.ErrLocked):
		return Locked
	case errors.Is(run.Err, fault.ErrRefused):
		return Refused
	case run.Err != nil:
		return Failed
	case run.Result != nil && (!run.Result.Empty() || len(run.Result.Withheld) > 0):
		return Changes
	}
	return NoChanges
}

// read takes over what a result says.
func (e *Environment) read(r *plan.Result) {
	e.Operation, e.Started, e.Duration = r.Operation, r.Started, r.Duration
	// The engine processes resources in a different order every time; two reports of the same changes must be the same.
	steps := slices.SortedStableFunc(slices.Values(r.Steps), byURN)
	roots := rootsOf(steps)
	for _, s := range steps {
		if !s.InCloud() {
			continue // it only groups resources
		}
		c := changeOf(s)
		c.FollowsFrom = roots[s.URN]
		e.Changes = append(e.Changes, c)
		e.Counts.add(s)
		if s.Destructive() {
			c.Properties = slices.DeleteFunc(slices.Clone(c.Properties), func(p plan.PropertyChange) bool { return !p.Replaces })
			e.Destructive = append(e.Destructive, c)
			if c.grave() {
				e.Counts.Critical++
			}
		}
		if sentence := pods(s); sentence != "" {
			e.Pods = append(e.Pods, sentence)
		}
	}
	slices.SortStableFunc(e.Destructive, func(a, b Change) int { return cmp.Compare(gravity(a), gravity(b)) })
	for _, s := range slices.SortedStableFunc(slices.Values(r.Drift), byURN) {
		c := changeOf(s)
		c.Critical, c.Loss, c.Protected, c.Retained = "", "", false, false // nothing is done to it
		e.Drift = append(e.Drift, c)
	}
	e.Counts.Drift = len(r.Drift)
	for _, s := range slices.SortedStableFunc(slices.Values(r.Withheld), byURN) {
		e.Withheld = append(e.Withheld, changeOf(s))
	}
	e.Counts.Withheld = len(r.Withheld)
	for _, d := range r.Warnings {
		e.Warnings = append(e.Warnings, plan.Mask(d.String()))
	}
	if r.Pending {
		e.Warnings = append(e.Warnings, "operations of a killed run are unresolved in the state: refresh before the next update")
	}
}

// rootsOf returns, for replacements that follow from others, the first in the chain of those that are shown.
func rootsOf(steps []plan.Step) map[string]string {
	from, shown := map[string]string{}, map[string]bool{}
	for _, s := range steps {
		from[s.URN], shown[s.URN] = s.FollowsFrom, s.InCloud()
	}
	out := map[string]string{}
	for _, s := range steps {
		// A chain cannot be longer than there are steps, whatever a file says that was read.
		for at, n := s.FollowsFrom, 0; at != "" && n < len(steps); at, n = from[at], n+1 {
			if shown[at] {
				out[s.URN] = at
			}
		}
	}
	return out
}

// grave reports whether something critical is lost.
func (c Change) grave() bool { return c.Critical != "" && !c.Retained }

// folded reports whether a change is told with the one that it follows from.
func (c Change) folded() bool { return c.FollowsFrom != "" && !c.grave() }

// followers are the folded changes that follow from one.
func (e Environment) followers(of Change) []Change {
	var out []Change
	for i := range e.Destructive { // by index: this runs for each of thousands of changes, and a copy costs more than the comparison
		if c := &e.Destructive[i]; c.FollowsFrom == of.URN && c.folded() {
			out = append(out, *c)
		}
	}
	return out
}

// leading are the destructive changes that are told by themselves.
func (e Environment) leading() []Change {
	return slices.DeleteFunc(slices.Clone(e.Destructive), Change.folded)
}

// add counts a step.
func (c *Counts) add(s plan.Step) {
	switch {
	case s.Op == "create" || s.Op == "import":
		c.Create++
	case s.Op == "update":
		c.Update++
	case s.Op == "replace":
		c.Replace++
	case s.Destructive():
		c.Delete++
	}
}

// byURN sorts steps so that what belongs to one component is together.
func byURN(a, b plan.Step) int { return cmp.Compare(a.URN, b.URN) }

// gravest are the kinds of loss, the worst first.
var gravest = []string{
	"cluster", "database", "data volume", "encryption key", "namespace", "network", "node group", "identity provider",
}

// gravity orders destructive changes: what is critical by its kind, what is critical and retained, and the rest.
func gravity(c Change) int {
	kind := slices.Index(gravest, c.Critical)
	switch {
	case c.Critical != "" && c.Retained:
		return len(gravest) + 1
	case kind >= 0:
		return kind
	case c.Critical != "":
		return len(gravest)
	}
	return len(gravest) + 2
}

func changeOf(s plan.Step) Change {
	c := Change{
		Op: s.Op, Type: s.Type, Name: plan.Mask(s.Name), URN: plan.Mask(s.URN), Protected: s.Protected, Retained: s.Retain,
		DeletedFirst: s.DeletedFirst, Causes: s.ReplaceKeys, Status: s.Status,
	}
	if loss, ok := plan.Critical(s.Type); ok && s.Destructive() {
		c.Critical = loss.Kind
		if !s.Retain {
			c.Loss = loss.Reason
		}
	}
	for _, p := range s.Properties {
		p.Path, p.Old, p.New = plan.Mask(p.Path), plan.Mask(p.Old), plan.Mask(p.New)
		c.Properties = append(c.Properties, p)
	}
	return c
}

// failures says why a run failed: the error's messages, which include the relevant diagnostics of the engine.
func failures(run Run) []string {
	var out []string
	var e *fault.Error
	switch {
	case errors.As(run.Err, &e) && len(e.Messages) > 0:
		out = slices.Clone(e.Messages)
	case run.Result != nil && len(run.Result.Errors) > 0:
		for _, d := range run.Result.Errors {
			out = append(out, d.String())
		}
	case run.Err != nil:
		out = []string{run.Err.Error()}
	}
	for i := range out {
		out[i] = plan.Mask(out[i])
	}
	return out
}
