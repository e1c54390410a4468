package automation

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/automation/fault"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/internal/markup"
)

// The kinds of failures, for errors.Is: those of package fault.
var (
	// ErrInvalid: the configuration is wrong; nothing was started.
	ErrInvalid = fault.ErrInvalid
	// ErrNoStack: the stack does not exist in the backend.
	ErrNoStack = fault.ErrNoStack
	// ErrLocked: another update of the stack is in progress, or was killed and left its lock.
	ErrLocked = fault.ErrLocked
	// ErrRefused: a gate of the platform refused the operation.
	ErrRefused = fault.ErrRefused
	// ErrStale: what was approved is not what a deploy would do now. It is also an ErrRefused.
	ErrStale = fault.ErrStale
	// ErrPending: an earlier run was killed and left operations of unknown outcome.
	ErrPending = fault.ErrPending
	// ErrNoLogin is the cause of an ErrEngine: the Pulumi CLI is logged in to no backend.
	ErrNoLogin = fault.ErrNoLogin
	// ErrDamaged: a file of the state is damaged, empty or missing.
	ErrDamaged = fault.ErrDamaged
	// ErrLeaseLost: another run took or broke the lease of a deploy while it ran.
	ErrLeaseLost = fault.ErrLeaseLost
	// ErrUnsettled: everything was applied, but something is still left to do.
	ErrUnsettled = fault.ErrUnsettled
	// ErrProgram: the program failed before or while it registered resources.
	ErrProgram = fault.ErrProgram
	// ErrProvider: the cloud refused an operation on a resource.
	ErrProvider = fault.ErrProvider
	// ErrCancelled: the operation was interrupted and stopped cleanly.
	ErrCancelled = fault.ErrCancelled
	// ErrEngine: the engine or the CLI failed for another reason: backend, login, secrets provider, plugins.
	ErrEngine = fault.ErrEngine
)

// Error is an operation that did not succeed.
type Error = fault.Error

// Failure makes an *Error of everything: of what is none, an ErrCancelled when the context has ended, an ErrDamaged for a lease
// that cannot be read, an ErrEngine otherwise.
func Failure(ctx context.Context, err error, op plan.Operation, stack string) error {
	var known *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return &Error{Kind: ErrCancelled, Operation: op, Stack: stack, Cause: ctx.Err()}
	}
	kind := ErrEngine
	if errors.Is(err, lease.ErrUnreadable) {
		kind = ErrDamaged
	}
	return &Error{Kind: kind, Operation: op, Stack: stack, Messages: []string{err.Error()}, Cause: err}
}

// Named names the operation that a person asked for in the error of one of its steps.
func Named(err error, op plan.Operation, stack string) error {
	var e *Error
	if errors.As(err, &e) {
		e.Operation, e.Stack = op, stack
		if e.Kind == ErrInvalid {
			e.Operation = ""
		}
		return e
	}
	return fmt.Errorf("%s %s: %w", op, stack, err)
}

// isKind reports whether err is one of the kinds.
func isKind(err, kind error) bool { return err != nil && errors.Is(err, kind) }

// attempt is a CLI command that failed, with everything that explains why.
type attempt struct {
	operation      plan.Operation
	stack          string
	stdout, stderr string
	err            error
	result         *plan.Result // nil outside engine operations
	unlock         string       // how to remove the lock of a process that is gone
}

// locks are the CLI's messages for a locked stack, of self-managed backends and of Pulumi Cloud.
var locks = []string{"the stack is currently locked by", "[409] Conflict: Another update is currently in progress"}

// noLogin is its message without a login to a backend.
const noLogin = "PULUMI_ACCESS_TOKEN must be set for login"

// classify turns a failed attempt into an *Error. The CLI's output is searched, never repeated as a whole: the messages are
// the engine's diagnostics or, if the engine never started, the CLI's own error lines.
func classify(ctx context.Context, a *attempt) *Error {
	e := &Error{Operation: a.operation, Stack: a.stack}
	said := a.stderr + "\n" + a.stdout
	var diagnosed []string
	failed := 0
	if a.result != nil {
		for _, d := range a.result.Causes() {
			diagnosed = append(diagnosed, d.String())
		}
		failed = len(a.result.Failed())
	}
	switch {
	case ctx.Err() != nil:
		// After an interrupt every abandoned operation reports that it was abandoned; the kind says so already.
		e.Kind, e.Cause = ErrCancelled, ctx.Err()
		e.Messages = slices.DeleteFunc(diagnosed, func(m string) bool { return strings.HasSuffix(m, "canceled") })
	case containsAny(said, locks):
		e.Kind = ErrLocked
		e.Messages = lockHolders(said, a.unlock)
	case noStack.MatchString(said):
		e.Kind = ErrNoStack
		e.Messages = []string{fmt.Sprintf("create it with: pulumi stack init %s", a.stack)}
	case strings.Contains(said, noLogin):
		e.Kind, e.Cause = ErrEngine, ErrNoLogin
		e.Messages = []string{"not logged in to a Pulumi backend: run pulumi login, or set PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN"}
	case a.result != nil && a.result.MetProtection():
		e.Kind, e.Messages = ErrRefused, diagnosed
	case failed > 0:
		e.Kind, e.Messages = ErrProvider, diagnosed
	case a.result != nil && a.result.ProgramFailed():
		e.Kind, e.Messages = ErrProgram, diagnosed
	default:
		e.Kind, e.Messages = ErrEngine, diagnosed
	}
	if len(e.Messages) == 0 && e.Kind != ErrCancelled {
		e.Messages = errorLines(a.stderr)
	}
	if len(e.Messages) == 0 && a.err != nil && e.Kind == ErrEngine {
		// Not the SDK's error: its text contains everything the CLI printed.
		e.Messages = []string{firstLine(a.err.Error())}
	}
	return e
}

func containsAny(text string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// errorLines returns the "error: ..." paragraphs of what the CLI printed to standard error.
func errorLines(stderr string) []string {
	var out []string
	open := false
	for line := range strings.Lines(markup.Strip(stderr)) {
		line = strings.TrimRight(line, " \r\n")
		rest, starts := strings.CutPrefix(line, "error: ")
		switch {
		case starts:
			out = append(out, rest)
			open = true
		case line == "" || strings.HasPrefix(line, "warning: "):
			open = false
		case open:
			out[len(out)-1] += " " + strings.TrimSpace(line)
		}
	}
	return out
}

var holder = regexp.MustCompile(`created by (\S+) \(pid (\d+)\) at (\S+)`)

// lockHolders says who holds a lock, as far as the backend says, and how to remove it.
func lockHolders(said, unlock string) []string {
	var out []string
	for _, m := range holder.FindAllStringSubmatch(said, -1) {
		out = append(out, fmt.Sprintf("held by %s (process %s) since %s; wait for it or, if that process is gone, %s", m[1], m[2], m[3], unlock))
	}
	if len(out) == 0 {
		out = append(out, "another update is in progress; wait for it")
	}
	return out
}
