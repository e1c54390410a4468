package automation

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/eks-platform/eks-platform/automation/plan"
)

// workspace is the SDK's local workspace without its habits that serve nobody here: selecting a stack changes what the
// person has selected, and every update is followed by three more runs of the CLI, which read all outputs, their
// secrets in clear, and the history.
type workspace struct {
	auto.Workspace
	session *Attachment
	stack   auto.Stack
}

func (w *workspace) close() { w.session.close() }

// run runs one CLI command on a stack, outside of engine operations, and returns its standard output.
func (w *workspace) run(ctx context.Context, stack string, args ...string) (string, error) {
	return w.runWith(ctx, nil, stack, args...)
}

// runWith is run with a standard input.
func (w *workspace) runWith(ctx context.Context, stdin io.Reader, stack string, args ...string) (string, error) {
	var env []string
	if home := w.PulumiHome(); home != "" {
		env = append(env, "PULUMI_HOME="+home)
	}
	for k, v := range w.GetEnvVars() {
		env = append(env, k+"="+v)
	}
	stdout, stderr, _, err := w.PulumiCommand().Run(ctx, w.WorkDir(), stdin, nil, nil, env, append(args, "--stack", stack)...)
	if err != nil {
		return "", classify(ctx, &attempt{operation: Operation(strings.Join(args[:min(2, len(args))], " ")), stack: stack, stdout: stdout, stderr: stderr, err: err, unlock: w.session.Unlock})
	}
	return stdout, nil
}

// SelectStack checks that a stack exists and selects nothing: every command names its stack.
func (w *workspace) SelectStack(ctx context.Context, stack string) error {
	if w.session.Exists {
		return nil
	}
	_, err := w.run(ctx, stack, "stack", "--show-name")
	return err
}

// CreateStack makes a stack and selects nothing.
func (w *workspace) CreateStack(ctx context.Context, stack string) error {
	_, err := w.run(ctx, stack, "stack", "init", "--no-select")
	return err
}

// StackOutputs answers what the SDK asks after an update, and which nobody here uses.
func (w *workspace) StackOutputs(context.Context, string) (auto.OutputMap, error) {
	return auto.OutputMap{}, nil
}

// withoutHistory is a CLI that answers the question for the history by itself.
type withoutHistory struct{ auto.PulumiCommand }

// Run runs one CLI command.
func (c withoutHistory) Run(ctx context.Context, workDir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string) (string, string, int, error) {
	if len(args) > 1 && args[0] == "stack" && args[1] == "history" {
		return "[]", "", 0, nil
	}
	return c.PulumiCommand.Run(ctx, workDir, stdin, stdout, stderr, env, args...)
}

// record is one resource of a stack's state, without its values.
type record struct {
	URN     string `json:"urn"`
	Type    string `json:"type"`
	Custom  bool   `json:"custom"`
	Protect bool   `json:"protect"`
	Parent  string `json:"parent"`
	// Delete marks what was replaced and is still to be deleted; External what is only read.
	Delete         bool `json:"delete"`
	External       bool `json:"external"`
	RetainOnDelete bool `json:"retainOnDelete"`
	Outputs        map[string]json.RawMessage
}

// name is the resource's own name: the last part of its URN.
func (r record) name() string { _, name := plan.Names(r.URN); return name }

// state is what a stack's state says of its resources.
type state struct {
	resources []record
	// pending are the operations that were under way when an earlier run was killed.
	pending []pendingRecord
}

// pendingRecord is an operation that was under way.
type pendingRecord struct {
	// Type is creating, updating, deleting, reading or importing.
	Type     string `json:"type"`
	Resource struct {
		record
		ID     string         `json:"id"`
		Inputs map[string]any `json:"inputs"`
	} `json:"resource"`
}

// inCloud returns the resources that stand for something in the cloud.
func (s *state) inCloud() []record {
	var out []record
	for _, r := range s.resources {
		if r.Custom && !strings.HasPrefix(r.Type, "pulumi:") {
			out = append(out, r)
		}
	}
	return out
}

// finished tells whether an update of the stack has ever come to its end: only then it has outputs.
func (s *state) finished() bool {
	for _, r := range s.resources {
		if r.Type == "pulumi:pulumi:Stack" {
			return len(r.Outputs) > 0
		}
	}
	return false
}

// state reads a stack's state, secrets encrypted. A stack that does not exist has an empty one.
func (w *workspace) state(ctx context.Context, stack string) (*state, error) {
	text, err := w.run(ctx, stack, "stack", "export")
	if isKind(err, ErrNoStack) {
		return &state{}, nil
	}
	if err != nil {
		return nil, err
	}
	var exported struct {
		Deployment struct {
			Resources         []record        `json:"resources"`
			PendingOperations []pendingRecord `json:"pending_operations"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal([]byte(text), &exported); err != nil {
		return nil, fmt.Errorf("read the state of %s: %w", stack, err)
	}
	return &state{resources: exported.Deployment.Resources, pending: exported.Deployment.PendingOperations}, nil
}

var noStack = regexp.MustCompile(`no stack named .* found`)
