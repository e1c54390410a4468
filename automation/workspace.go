package automation

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/eks-platform/eks-platform/automation/plan"
)

// workspace is the SDK's local workspace without some unwanted behaviour: selecting a stack changes the user's selection,
// and every update is followed by three more runs of the CLI, which read all outputs, with secrets in plaintext, and the
// history.
type workspace struct {
	auto.Workspace
	platform *Platform
	session  *Attachment
	stack    auto.Stack
	estate   Estate
}

func (w *workspace) close() { w.session.close() }

// run runs one CLI command on a stack, outside engine operations, and returns its standard output.
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
		return "", classify(ctx, &attempt{operation: plan.Operation(strings.Join(args[:min(2, len(args))], " ")), stack: stack, stdout: stdout, stderr: stderr, err: err, unlock: w.session.Unlock})
	}
	return stdout, nil
}

// SelectStack checks that a stack exists and selects nothing: every command names its stack.
func (w *workspace) SelectStack(ctx context.Context, stack string) error {
	switch {
	case w.session.Exists:
		return nil
	case w.session.Missing:
		return &Error{Kind: ErrNoStack, Stack: stack}
	case w.platform.exists(ctx, stack):
		return nil
	}
	_, err := w.run(ctx, stack, "stack", "--show-name")
	return err
}

// CreateStack creates a stack and selects nothing. Where the cloud knows that there is none, it also has the encryption
// that the CLI would set up.
func (w *workspace) CreateStack(ctx context.Context, stack string) error {
	if w.session.Create && w.session.Missing {
		b, err := w.platform.StateBackend(ctx, stack)
		if err != nil {
			return err
		}
		if b.Store != nil {
			return b.Create(ctx)
		}
	}
	_, err := w.run(ctx, stack, "stack", "init", "--no-select")
	return err
}

// StackOutputs answers the SDK's query after an update, whose result is not used here.
func (w *workspace) StackOutputs(context.Context, string) (auto.OutputMap, error) {
	return auto.OutputMap{}, nil
}

// withoutHistory is a CLI that answers the query for the history itself.
type withoutHistory struct{ auto.PulumiCommand }

// Run runs one CLI command.
func (c withoutHistory) Run(ctx context.Context, workDir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string) (string, string, int, error) {
	if len(args) > 1 && args[0] == "stack" && args[1] == "history" {
		return "[]", "", 0, nil
	}
	return c.PulumiCommand.Run(ctx, workDir, stdin, stdout, stderr, env, args...)
}

// deployment is a stack's state.
type deployment struct{ apitype.DeploymentV3 }

// inCloud returns the resources that exist in the cloud.
func (d *deployment) inCloud() []apitype.ResourceV3 {
	var out []apitype.ResourceV3
	for _, r := range d.Resources {
		if r.Custom && !strings.HasPrefix(string(r.Type), "pulumi:") {
			out = append(out, r)
		}
	}
	return out
}

// finished reports whether an update of the stack has ever completed: only then does it have outputs.
func (d *deployment) finished() bool {
	for _, r := range d.Resources {
		if r.Type == resource.RootStackType {
			return len(r.Outputs) > 0
		}
	}
	return false
}

// state reads a stack's state, secrets encrypted. A stack that does not exist has an empty one.
func (w *workspace) state(ctx context.Context, stack string) (*deployment, error) {
	exported, err := w.export(ctx, stack)
	if isKind(err, ErrNoStack) {
		return &deployment{}, nil
	}
	if err != nil {
		return nil, err
	}
	d, err := Decode(exported)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", stack, err)
	}
	return &deployment{*d}, nil
}

// export is state before it is decoded; a stack that does not exist is an ErrNoStack.
func (w *workspace) export(ctx context.Context, stack string) (apitype.UntypedDeployment, error) {
	if stored := w.platform.stored(ctx, stack); stored != nil {
		return *stored, nil
	}
	var out apitype.UntypedDeployment
	text, err := w.run(ctx, stack, "stack", "export")
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return out, fmt.Errorf("read the state of %s: %w", stack, err)
	}
	return out, nil
}

var noStack = regexp.MustCompile(`no stack named .* found`)
