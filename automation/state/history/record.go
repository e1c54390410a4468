package history

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

// Result is how a deploy ended.
type Result string

// The results.
const (
	// Succeeded: everything was applied.
	Succeeded Result = "succeeded"
	// Failed: something failed; what came before it was applied.
	Failed Result = "failed"
	// Cancelled: it was interrupted and stopped cleanly.
	Cancelled Result = "cancelled"
	// Refused: a gate refused it; nothing was changed.
	Refused Result = "refused"
)

// Record is one deploy.
type Record struct {
	// Format is the version of this layout, 1. Append sets it.
	Format int `json:"format"`
	// ID is random. Append sets it if it is empty.
	ID string `json:"id"`
	// Stack is what was deployed.
	Stack statestore.Stack `json:"stack"`
	// Operation is what was done: deploy, repair.
	Operation string `json:"operation"`
	// Actor is the person or the bot, Host the machine, Run the URL of the CI run.
	Actor string `json:"actor"`
	Host  string `json:"host,omitempty"`
	Run   string `json:"run,omitempty"`
	// Commit is the source, Program the version of the program and CLI that of the Pulumi CLI.
	Commit  string `json:"commit,omitempty"`
	Program string `json:"program,omitempty"`
	CLI     string `json:"cli,omitempty"`
	// Digest identifies the previewed changes; Approval is the reference to their approval, and Allowances name the
	// critical resources that the deploy was allowed to replace or delete.
	Digest     string   `json:"digest,omitempty"`
	Approval   string   `json:"approval,omitempty"`
	Allowances []string `json:"allowances,omitempty"`
	// Repaired says in sentences what was repaired before: a lock removed, a lease broken, an operation of a killed run
	// resolved. Reason is why that was done by force.
	Repaired []string `json:"repaired,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	// Changes counts resources by Pulumi's operation (create, update, replace, delete, same), without what only groups them.
	Changes map[string]int `json:"changes,omitempty"`
	// Destructive are the resources that were replaced or deleted, or would have been.
	Destructive []Resource `json:"destructive,omitempty"`
	// Result is how it ended; Failure is what failed, for every result but Succeeded.
	Result  Result   `json:"result"`
	Failure *Failure `json:"failure,omitempty"`
	// Started is when the deploy began, by the clock of its host, and Duration how long it took.
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"durationNanoseconds"`
}

// Resource names a resource and what was done to it.
type Resource struct {
	// Op is Pulumi's name of the operation, replace or delete.
	Op string `json:"op"`
	// Type and Name are parts of the URN.
	Type string `json:"type"`
	Name string `json:"name"`
	URN  string `json:"urn"`
}

// Failure classifies why a deploy did not succeed. It has no messages, as they can contain values.
type Failure struct {
	// Kind is a short word of the caller's: locked, conflict, gate, invalid, program, provider, cancelled, engine.
	Kind string `json:"kind"`
	// Resources are the URNs of the resources whose operation failed.
	Resources []string `json:"resources,omitempty"`
}

// format is the version of the layout.
const format = 1

// timeLayout sorts as text. Colons are not allowed in the file names of some systems.
const timeLayout = "2006-01-02T150405.000Z"

// dir is the directory of a stack's records.
func dir(s statestore.Stack) string {
	return path.Join(statestore.Root, "history", s.Project, s.Name) + "/"
}

// Key is the key of the record's object.
func (r *Record) Key() string {
	return dir(r.Stack) + r.Started.UTC().Format(timeLayout) + "-" + r.ID + ".json"
}

// complete fills in what is missing, or returns what cannot be filled in.
func (r *Record) complete() error {
	r.Format = format
	if r.ID == "" {
		r.ID = strings.ToLower(rand.Text()[:10])
	}
	return r.check()
}

var (
	idRule   = regexp.MustCompile(`^[a-z0-9]{1,32}$`)
	kindRule = regexp.MustCompile(`^[a-z][a-z-]{0,31}$`)
)

// check returns everything that is wrong with a record.
func (r *Record) check() error {
	var problems []error
	problem := func(text string, args ...any) { problems = append(problems, fmt.Errorf(text, args...)) }
	if r.Format != format {
		problem("format: must be %d, got %d", format, r.Format)
	}
	if !idRule.MatchString(r.ID) {
		problem("id: must be lower-case letters and digits, got %q", r.ID)
	}
	if err := r.Stack.Check(); err != nil {
		problem("stack: %w", err)
	}
	if r.Operation == "" {
		problem("operation: is required")
	}
	if r.Actor == "" {
		problem("actor: is required")
	}
	switch r.Result {
	case Succeeded:
		if r.Failure != nil {
			problem("failure: must be empty for a deploy that succeeded")
		}
	case Failed, Cancelled, Refused:
	default:
		problem("result: must be one of %s, %s, %s, %s, got %q", Succeeded, Failed, Cancelled, Refused, r.Result)
	}
	if r.Failure != nil && !kindRule.MatchString(r.Failure.Kind) {
		problem("failure.kind: must be a short word, not a message")
	}
	if r.Started.IsZero() {
		problem("started: is required")
	}
	if r.Duration < 0 {
		problem("duration: must not be negative, got %s", r.Duration)
	}
	return errors.Join(problems...)
}
