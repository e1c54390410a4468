package plan

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"github.com/eks-platform/eks-platform/internal/markup"
)

// Collector turns the engine's events into a Result and passes them on as Events. It is for one goroutine.
type Collector struct {
	result  *Result
	observe func(Event)
	steps   map[string]int  // URN -> index in result.Steps
	reading map[string]bool // URNs whose refresh is in progress

	prints    fingerprints
	chain     chain
	owners    owners
	leftovers map[string]Step // deletions that may turn out to be part of a replacement
	replacing map[string]bool // URNs whose replacement exists
	unchanged map[string]Step // what only groups resources and stays as it is, by URN
}

// NewCollector returns a Collector for one operation on one stack. observe is called with every event; it may be nil.
func NewCollector(op Operation, stack string, observe func(Event)) *Collector {
	if observe == nil {
		observe = func(Event) {}
	}
	return &Collector{
		result:  NewResult(op, stack),
		observe: observe, steps: map[string]int{}, reading: map[string]bool{},
		prints: fingerprints{}, chain: chain{}, owners: newOwners(), leftovers: map[string]Step{}, replacing: map[string]bool{}, unchanged: map[string]Step{},
	}
}

// Result returns the result so far. Every Add extends it.
func (c *Collector) Result() *Result { return c.result }

// Add takes one event of the engine, in the order in which they come.
func (c *Collector) Add(e events.EngineEvent) {
	switch {
	case e.Error != nil:
		// The stream broke; the CLI's exit code says how the run ended.
	case e.ResourcePreEvent != nil:
		c.before(e.ResourcePreEvent.Metadata, e.ResourcePreEvent.Planning)
	case e.ResOutputsEvent != nil:
		c.after(e.ResOutputsEvent.Metadata)
		c.outputs(e.ResOutputsEvent.Metadata)
	case e.ResOpFailedEvent != nil:
		c.failed(e.ResOpFailedEvent.Metadata)
	case e.DiagnosticEvent != nil:
		c.diagnostic(e.DiagnosticEvent)
	case e.ErrorEvent != nil:
		c.report(EventError, Diagnostic{Message: tidy(e.ErrorEvent.Error)})
	case e.ProgressEvent != nil:
		c.progress(e.ProgressEvent)
	case e.SummaryEvent != nil:
		c.finish()
		for op, n := range e.SummaryEvent.ResourceChanges {
			c.result.Changes[string(op)] = n
		}
		c.count()
		c.result.succeeded = e.SummaryEvent.Result == apitype.OperationResultSucceeded && len(c.result.moves) == 0
	}
}

// count counts what people are told, from what the engine counted.
func (c *Collector) count() {
	r := c.result
	r.Counts = maps.Clone(r.Changes)
	subtract := func(s Step) {
		// The engine counts neither what it has not done nor the providers that it makes by itself.
		byItself := strings.HasPrefix(s.Type, "pulumi:providers:") && strings.HasPrefix(s.Name, "default")
		if !s.InCloud() && !byItself && (s.Status == Planned || s.Status == Done) {
			r.Counts[s.Op] = max(0, r.Counts[s.Op]-1)
		}
	}
	for _, s := range r.Steps {
		subtract(s)
	}
	for _, s := range c.unchanged {
		subtract(s)
	}
	maps.DeleteFunc(r.Counts, func(_ string, n int) bool { return n == 0 })
}

// progress passes on how far the engine is with a plugin.
func (c *Collector) progress(p *apitype.ProgressEvent) {
	line := tidy(p.Message)
	switch {
	case p.Done:
		line += ": done"
	case p.Total > 0:
		line += fmt.Sprintf(": %d%%", 100*p.Completed/p.Total)
	}
	c.observe(Event{Kind: EventProgress, Time: time.Now(), Operation: c.result.Operation, Stack: c.result.Stack, Progress: line})
}

// parts are the events of a replacement other than the logical "replace", which reports it.
var parts = map[apitype.OpType]bool{
	apitype.OpCreateReplacement: true, apitype.OpDeleteReplaced: true, apitype.OpDiscardReplaced: true,
	apitype.OpReadReplacement: true, apitype.OpImportReplacement: true, apitype.OpRemovePendingReplace: true,
}

// quiet are the operations without changes.
var quiet = map[apitype.OpType]bool{
	apitype.OpSame: true, apitype.OpRead: true, apitype.OpReadDiscard: true, apitype.OpRefresh: true,
}

func (c *Collector) before(m apitype.StepEventMetadata, planning bool) {
	c.reading[m.URN] = m.Op == apitype.OpRefresh
	if m.Op == apitype.OpDelete || m.Op == apitype.OpDeleteReplaced || m.Op == apitype.OpRemovePendingReplace {
		c.result.deleted[m.URN] = true
	}
	s := stepOf(m)
	s.Status = Running
	if planning {
		s.Status = Planned
	}
	switch {
	case m.Op == apitype.OpCreateReplacement:
		c.replacing[m.URN] = true
	case m.Op == apitype.OpDeleteReplaced && !c.replacing[m.URN]:
		c.leftovers[m.URN] = s
	case !quiet[m.Op] && !parts[m.Op]:
		s.Properties = properties(m, false)
		if m.Op == apitype.OpReplace {
			_, s.DeletedFirst = c.leftovers[m.URN]
			delete(c.leftovers, m.URN)
		}
		if c.take(s) {
			c.prints.note(m)
			c.chain.note(m, s)
			c.owners.note(m)
		}
	}
	c.step(s)
}

// take adds a step to the result, unless its resource already has one.
func (c *Collector) take(s Step) bool {
	if _, known := c.steps[s.URN]; known {
		return false
	}
	c.steps[s.URN] = len(c.result.Steps)
	c.result.Steps = append(c.result.Steps, s)
	return true
}

// finish adds what is only known at the end: deletions that belong to no replacement of this run, and the fingerprints.
func (c *Collector) finish() {
	for _, urn := range slices.Sorted(maps.Keys(c.leftovers)) {
		c.take(c.leftovers[urn])
	}
	clear(c.leftovers)
	if c.result.Operation == OpPreview {
		c.result.moves, c.result.takes = c.owners.moves(), c.owners.takes()
	}
	for _, d := range c.result.moves {
		c.report(EventError, d)
	}
	c.chain.seal(c.result.Steps)
	c.prints.seal(c.result.Steps)
}

func (c *Collector) after(m apitype.StepEventMetadata) {
	s := stepOf(m)
	s.Status = Done
	if c.result.Operation == OpPreview {
		s.Status = Planned
	}
	if c.reading[m.URN] {
		c.reading[m.URN] = false
		s.Op = string(apitype.OpRefresh)
		if d, drifted := driftOf(m); drifted {
			c.result.Drift = append(c.result.Drift, d)
		}
	}
	if i, known := c.steps[m.URN]; known && c.result.Steps[i].Status == Running {
		c.result.Steps[i].Status = Done
	}
	if m.Op == apitype.OpSame && !s.InCloud() {
		c.unchanged[m.URN] = s
	}
	c.step(s)
}

func (c *Collector) failed(m apitype.StepEventMetadata) {
	s := stepOf(m)
	s.Status = Failed
	if i, known := c.steps[m.URN]; known {
		c.result.Steps[i].Status = Failed
	} else {
		c.steps[m.URN] = len(c.result.Steps)
		c.result.Steps = append(c.result.Steps, s)
	}
	c.step(s)
}

// outputs notes whether the stack's outputs change. An update that only changes outputs has no steps, but must be carried
// out: other stacks read them.
func (c *Collector) outputs(m apitype.StepEventMetadata) {
	if m.Type != string(resource.RootStackType) || m.Old == nil || m.New == nil || m.Op == apitype.OpRefresh {
		return
	}
	if len(m.Old.Outputs)+len(m.New.Outputs) > 0 && !reflect.DeepEqual(m.Old.Outputs, m.New.Outputs) {
		c.result.OutputsChange = true
	}
}

func (c *Collector) step(s Step) {
	c.observe(Event{Kind: EventStep, Time: time.Now(), Operation: c.result.Operation, Stack: c.result.Stack, Step: &s})
}

func stepOf(m apitype.StepEventMetadata) Step {
	s := Step{
		Op: string(m.Op), URN: m.URN, Type: m.Type, Name: nameOf(m.URN),
		ReplaceKeys: replaceKeys(m),
	}
	if len(m.DetailedDiff) > 0 {
		s.DiffKeys = slices.Sorted(maps.Keys(m.DetailedDiff))
	} else {
		s.DiffKeys = slices.Sorted(slices.Values(m.Diffs))
	}
	state := m.Old
	if state == nil {
		state = m.New
	}
	if state != nil {
		s.Protected, s.Retain = state.Protect, state.RetainOnDelete
	}
	if loss, ok := Critical(m.Type); ok {
		s.Critical = loss.Kind
	}
	s.NodeGroup = nodesOf(m)
	return s
}

// replaceKeys returns the properties that force a replacement: the engine's keys or, where only a program's
// replaceOnChanges forces it and a provider names no keys, the paths that its detailed diff marks.
func replaceKeys(m apitype.StepEventMetadata) []string {
	if len(m.Keys) > 0 {
		return slices.Sorted(slices.Values(m.Keys))
	}
	var out []string
	for path, d := range m.DetailedDiff {
		switch d.Kind {
		case apitype.DiffAddReplace, apitype.DiffUpdateReplace, apitype.DiffDeleteReplace:
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// driftOf returns what the refresh of a resource found: that it is gone, or properties that differ. A preview reports it
// under the operation refresh, an update under the operation that it amounts to.
func driftOf(m apitype.StepEventMetadata) (Step, bool) {
	s := stepOf(m)
	s.Status = Done
	switch {
	case m.Old == nil:
		return Step{}, false
	case m.New == nil:
		s.Op, s.DiffKeys = string(apitype.OpDelete), nil
	case len(s.DiffKeys) > 0:
		s.Op = string(apitype.OpUpdate)
		s.Properties = properties(m, true)
	default:
		return Step{}, false
	}
	return s, true
}

func (c *Collector) diagnostic(d *apitype.DiagnosticEvent) {
	if d.Ephemeral {
		return
	}
	message := Diagnostic{Message: tidy(d.Message)}
	if d.URN != "" && typeOf(d.URN) != string(resource.RootStackType) {
		message.Resource = typeOf(d.URN) + " " + nameOf(d.URN)
	}
	if message.Message == "" || closing[message.Message] {
		return
	}
	switch d.Severity {
	case "warning":
		if strings.Contains(message.Message, "pending operations") {
			c.result.Pending = true
		}
		c.report(EventWarning, message)
	case "error":
		switch {
		case isProgramError(d):
			c.result.program = true
		case protectedError.MatchString(message.Message):
			c.result.protected = true
			message.Message = "is protected from deletion"
		case protectedReplacement.MatchString(message.Message):
			c.result.protected = true
			message.Message = "is protected from deletion, and this change would replace it"
		}
		c.report(EventError, message)
	}
}

func (c *Collector) report(kind EventKind, d Diagnostic) {
	list := &c.result.Warnings
	if kind == EventError {
		list = &c.result.Errors
	}
	if slices.Contains(*list, d) {
		return
	}
	*list = append(*list, d)
	c.observe(Event{Kind: kind, Time: time.Now(), Operation: c.result.Operation, Stack: c.result.Stack, Diagnostic: &d})
}

// isProgramError reports whether a failure is the program's, not the engine's.
func isProgramError(d *apitype.DiagnosticEvent) bool {
	return strings.Contains(d.Message, "an unhandled error occurred") || strings.Contains(d.Message, "go inline source runtime error")
}

// protectedError is the engine's message about a protected resource that it should delete.
var protectedError = regexp.MustCompile(`(?s)^resource \S+ cannot be deleted\s+because it is protected`)

// protectedReplacement is its message about one that it would have to replace, on its own or along with another.
var protectedReplacement = regexp.MustCompile(`(?s)^unable to replace resource \S+\s.*as it is currently marked for protection`)

// closing are the diagnostics with which the engine ends a failed run. They add nothing to the error's kind and the other
// diagnostics.
var closing = map[string]bool{"preview failed": true, "update failed": true, "refresh failed": true, "destroy failed": true}

// consequence reports whether a diagnostic only follows from an earlier failure: the engine closes its connection to the
// program, and every pending call fails.
func consequence(d Diagnostic) bool {
	return strings.Contains(d.Message, "grpc: the client connection is closing") ||
		strings.Contains(d.Message, "code = Canceled") || strings.Contains(d.Message, "resource monitor shut down")
}

// boilerplate is text around messages that tells people nothing.
var boilerplate = []string{
	"an unhandled error occurred: ", "program failed: ", "1 error occurred:", "* ", "go inline source runtime error, ",
}

// tidy makes a diagnostic presentable: no credentials, no colour markup, none of the SDK's wrapping around the program's
// error.
func tidy(message string) string {
	message = Mask(strings.TrimSpace(markup.Strip(message)))
	for again := true; again; {
		again = false
		for _, b := range boilerplate {
			if rest, ok := strings.CutPrefix(message, b); ok {
				message, again = strings.TrimSpace(rest), true
			}
		}
	}
	return message
}

// Names returns the type, without the parents', and the name in a URN. A text that is not a URN is returned as the name.
func Names(text string) (typ, name string) {
	u, err := urn.Parse(text)
	if err != nil {
		return "", text
	}
	return string(u.Type()), u.Name()
}

func nameOf(text string) string { _, name := Names(text); return name }
func typeOf(text string) string { typ, _ := Names(text); return typ }
