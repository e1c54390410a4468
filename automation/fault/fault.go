// Package fault has the errors of operations on environments, and their kinds. Package automation, which returns them, has them
// under the same names; this package is for those that only read errors, as reports do, without an engine and a program.
package fault

import (
	"errors"
	"fmt"
	"strings"

	"github.com/eks-platform/eks-platform/automation/plan"
)

// The kinds of failures, for errors.Is.
var (
	// ErrInvalid: the configuration is wrong; nothing was started.
	ErrInvalid = errors.New("the configuration is invalid")
	// ErrNoStack: the stack does not exist in the backend.
	ErrNoStack = errors.New("the stack does not exist")
	// ErrLocked: another update of the stack is in progress, or was killed and left its lock.
	ErrLocked = errors.New("the stack is locked")
	// ErrRefused: a gate of the platform refused the operation.
	ErrRefused = errors.New("refused")
	// ErrStale: what was approved is not what a deploy would do now. It is also an ErrRefused.
	ErrStale = fmt.Errorf("%w: what was approved is not what would be done now", ErrRefused)
	// ErrPending: an earlier run was killed and left operations of unknown outcome.
	ErrPending = errors.New("a killed run left operations of unknown outcome")
	// ErrNoLogin is the cause of an ErrEngine: the Pulumi CLI is logged in to no backend.
	ErrNoLogin = errors.New("nobody is logged in to a backend")
	// ErrDamaged: a file of the state is damaged, empty or missing.
	ErrDamaged = errors.New("the state is damaged")
	// ErrLeaseLost: another run took or broke the lease of a deploy while it ran.
	ErrLeaseLost = errors.New("the lease was lost during the run")
	// ErrUnsettled: everything was applied, but something is still left to do.
	ErrUnsettled = errors.New("deployed, but something is left to do")
	// ErrProgram: the program failed before or while it registered resources.
	ErrProgram = errors.New("the program failed")
	// ErrProvider: the cloud refused an operation on a resource.
	ErrProvider = errors.New("the cloud refused an operation")
	// ErrCancelled: the operation was interrupted and stopped cleanly.
	ErrCancelled = errors.New("cancelled")
	// ErrEngine: the engine or the CLI failed for another reason: backend, login, secrets provider, plugins.
	ErrEngine = errors.New("the engine failed")
)

// Error is an operation that did not succeed.
type Error struct {
	// Kind is one of the Err variables.
	Kind error
	// Operation and Stack say what failed; empty if nothing was started.
	Operation plan.Operation
	Stack     string
	// Messages say what is wrong, one thing each, for people. They contain no colour markup and no dump of the CLI's
	// output.
	Messages []string

	// Cause is what errors.As finds besides the kind; may be nil.
	Cause error
}

// Error returns the messages, under a line that says what failed.
func (e *Error) Error() string {
	head := e.Kind.Error()
	if e.Operation != "" {
		head = fmt.Sprintf("%s %s: %s", e.Operation, e.Stack, head)
	}
	switch len(e.Messages) {
	case 0:
		return head
	case 1:
		return head + ": " + e.Messages[0]
	}
	return head + ":\n  " + strings.Join(e.Messages, "\n  ")
}

// Unwrap returns the kind, for errors.Is, and the cause, for errors.As.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// Because returns the error with a cause, for errors.As.
func (e *Error) Because(cause error) *Error {
	e.Cause = cause
	return e
}
