package automation

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/stacks"
)

// colour is the CLI's colour mode: its text is searched, never shown.
const colour = "never"

// stateAtEnd is the environment variable that makes the engine write the state only at the end of its run.
const stateAtEnd = "PULUMI_SKIP_CHECKPOINTS"

// InCluster matches the URNs of an environment's objects inside its cluster: the descendants of the one component that
// carries the Kubernetes provider. An operation that leaves them out uses AWS's API alone. That is how a cluster with a
// private endpoint is created from outside its network, and how its AWS side is maintained while no tunnel is open. AWSOnly
// does it; the CLI's own spelling is
//
//	pulumi up --exclude '**eks-platform:stacks:InCluster$**'
//
// in single quotes, because of the $. What exists in the cluster stays in the state as it is; what is to be created,
// changed or deleted there waits for an operation without the exclusion, and so does the deletion of what it depends on
// (https://www.pulumi.com/docs/iac/cli/commands/pulumi_up/). The component itself and its provider are not left out: the
// engine always creates providers, and one whose parent is missing breaks the state. A provider that cannot reach its
// cluster tries for half a minute and goes on.
const InCluster = "**" + stacks.InClusterType + "$**"

// excluded returns what an operation leaves out.
func excluded(awsOnly bool) []string {
	if !awsOnly {
		return nil
	}
	return []string{InCluster}
}

// PreviewOptions configures Preview.
type PreviewOptions struct {
	// OnEvent is called with every event, one after the other; the engine waits for it.
	OnEvent func(plan.Event)
	// Refresh detects drift first, which Result.Drift then contains. It changes nothing, not even the state.
	Refresh bool
	// Create creates the stack if it does not exist. A Rehearsal always does.
	Create bool
	// AWSOnly leaves the objects in the cluster out: see InCluster.
	AWSOnly bool
	// Parallel is the number of parallel resource operations; 0 is Pulumi's default.
	Parallel int
	// UpNext says that the update follows at once. A preview refuses to create what another environment on the cluster has;
	// without UpNext it only warns if that environment is deployed before this one and may give it up by then.
	UpNext bool
}

// Preview returns what Up would do. It changes nothing and takes no lock.
func (p *Platform) Preview(ctx context.Context, stack string, o PreviewOptions) (*plan.Result, error) {
	w, err := p.begin(ctx, plan.OpPreview, stack, o.Create)
	if err != nil {
		return nil, err
	}
	defer w.close()
	// A preview writes no state, and yet the engine prepares one after every step, which costs as much as all else together.
	w.SetEnvVar(stateAtEnd, "true")
	r, err := w.leavingOut(ctx, o.AWSOnly, plan.OpPreview, stack, o.OnEvent, func(ctx context.Context, ch chan<- events.EngineEvent, stdout, stderr io.Writer) error {
		opts := []optpreview.Option{
			optpreview.EventStreams(ch), optpreview.ProgressStreams(stdout), optpreview.ErrorProgressStreams(stderr),
			optpreview.Color(colour), optpreview.SuppressProgress(), optpreview.SuppressOutputs(), optpreview.Parallel(o.Parallel),
			optpreview.Exclude(excluded(o.AWSOnly)),
		}
		if o.Refresh {
			opts = append(opts, optpreview.Refresh())
		}
		_, err := w.stack.Preview(ctx, opts...)
		return err
	})
	if err != nil {
		return r, err
	}
	return r, w.refuseTaken(ctx, r, o.UpNext)
}

// UpOptions configures Up.
type UpOptions struct {
	// OnEvent is called with every event, one after the other; the engine waits for it.
	OnEvent func(plan.Event)
	// Refresh refreshes the state from the cloud first.
	Refresh bool
	// Create creates the stack if it does not exist. A Rehearsal always does.
	Create bool
	// AWSOnly leaves the objects in the cluster out: see InCluster.
	AWSOnly bool
	// Parallel is the number of parallel resource operations; 0 is Pulumi's default.
	Parallel int
	// Message is recorded in the stack's history.
	Message string
}

// Up updates an environment to its stack file. It does not ask for confirmation: preview first.
func (p *Platform) Up(ctx context.Context, stack string, o UpOptions) (*plan.Result, error) {
	w, err := p.begin(ctx, plan.OpUp, stack, o.Create)
	if err != nil {
		return nil, err
	}
	defer w.close()
	return w.leavingOut(ctx, o.AWSOnly, plan.OpUp, stack, o.OnEvent, func(ctx context.Context, ch chan<- events.EngineEvent, stdout, stderr io.Writer) error {
		opts := []optup.Option{
			optup.EventStreams(ch), optup.ProgressStreams(stdout), optup.ErrorProgressStreams(stderr),
			optup.Color(colour), optup.SuppressProgress(), optup.SuppressOutputs(), optup.ShowSecrets(false),
			optup.Parallel(o.Parallel), optup.Message(o.Message), optup.Exclude(excluded(o.AWSOnly)),
		}
		if o.Refresh {
			opts = append(opts, optup.Refresh())
		}
		_, err := w.stack.Up(ctx, opts...)
		return err
	})
}

// RefreshOptions configures Refresh.
type RefreshOptions struct {
	// OnEvent is called with every event, one after the other; the engine waits for it.
	OnEvent func(plan.Event)
	// AWSOnly leaves the objects in the cluster out: see InCluster.
	AWSOnly bool
	// Parallel is the number of parallel resource operations; 0 is Pulumi's default.
	Parallel int
	// Message is recorded in the stack's history.
	Message string
	// ClearPending drops pending creations of unknown outcome from the state.
	ClearPending bool
}

// Refresh updates the state from the cloud; Result.Drift is what had changed. It does not change the cloud. To see drift
// without adopting it, preview with PreviewOptions.Refresh.
func (p *Platform) Refresh(ctx context.Context, stack string, o RefreshOptions) (*plan.Result, error) {
	w, err := p.begin(ctx, plan.OpRefresh, stack, false)
	if err != nil {
		return nil, err
	}
	defer w.close()
	return w.engine(ctx, plan.OpRefresh, stack, o.OnEvent, func(ctx context.Context, ch chan<- events.EngineEvent, stdout, stderr io.Writer) error {
		opts := []optrefresh.Option{
			optrefresh.EventStreams(ch), optrefresh.ProgressStreams(stdout),
			optrefresh.ErrorProgressStreams(stderr), optrefresh.Color(colour), optrefresh.SuppressProgress(),
			optrefresh.SuppressOutputs(), optrefresh.ShowSecrets(false), optrefresh.Parallel(o.Parallel), optrefresh.Message(o.Message),
			optrefresh.Exclude(excluded(o.AWSOnly)),
		}
		if o.ClearPending {
			opts = append(opts, optrefresh.ClearPendingCreates())
		}
		_, err := w.stack.Refresh(ctx, opts...)
		return err
	})
}

// DestroyOptions configures Destroy.
type DestroyOptions struct {
	// OnEvent is called with every event, one after the other; the engine waits for it.
	OnEvent func(plan.Event)
	// Unprotect also destroys protected resources. Without it a stack that has any is not destroyed.
	Unprotect bool
	// Parallel is the number of parallel resource operations; 0 is Pulumi's default.
	Parallel int
	// Message is recorded in the stack's history.
	Message string
}

// Destroy deletes everything that an environment owns. The stack itself, with its history, stays.
func (p *Platform) Destroy(ctx context.Context, stack string, o DestroyOptions) (*plan.Result, error) {
	w, err := p.begin(ctx, plan.OpDestroy, stack, false)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if err := w.releaseProtected(ctx, stack, o.Unprotect); err != nil {
		return nil, err
	}
	return w.engine(ctx, plan.OpDestroy, stack, o.OnEvent, func(ctx context.Context, ch chan<- events.EngineEvent, stdout, stderr io.Writer) error {
		_, err := w.stack.Destroy(ctx, optdestroy.EventStreams(ch), optdestroy.ProgressStreams(stdout),
			optdestroy.ErrorProgressStreams(stderr), optdestroy.Color(colour), optdestroy.SuppressProgress(),
			optdestroy.SuppressOutputs(), optdestroy.ShowSecrets(false), optdestroy.Parallel(o.Parallel), optdestroy.Message(o.Message))
		return err
	})
}

// PreviewDestroy returns what Destroy would delete. It passes the same gates, except that protected resources are only
// marked in the steps.
func (p *Platform) PreviewDestroy(ctx context.Context, stack string) (*plan.Result, error) {
	w, err := p.begin(ctx, plan.OpDestroy, stack, false)
	if err != nil {
		return nil, err
	}
	defer w.close()
	s, err := w.state(ctx, stack)
	if err != nil {
		return nil, Named(err, plan.OpDestroy, stack)
	}
	// The engine refuses to plan the deletion of what is protected; the state says as much without it.
	r := plan.NewResult(plan.OpDestroy, stack)
	for i := len(s.Resources) - 1; i >= 0; i-- {
		x := s.Resources[i]
		step := plan.Step{Op: "delete", URN: string(x.URN), Type: string(x.Type), Name: x.URN.Name(), Protected: x.Protect, Status: plan.Planned}
		r.Steps = append(r.Steps, step)
		if step.Counted() {
			r.Counts["delete"]++
		}
	}
	r.Changes["delete"] = len(s.Resources)
	r.Pending = len(s.PendingOperations) > 0
	return r, nil
}

// Outputs returns a stack's outputs, as JSON values. A secret is never decrypted: it is "[secret]", also inside objects.
func (p *Platform) Outputs(ctx context.Context, stack string) (map[string]any, error) {
	w, err := p.begin(ctx, plan.OpOutputs, stack, false)
	if err != nil {
		return nil, err
	}
	defer w.close()
	text, err := w.run(ctx, stack, "stack", "output", "--json")
	if err != nil {
		return nil, Named(err, plan.OpOutputs, stack)
	}
	out := map[string]any{}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("read the outputs of %s: %w", stack, err)
	}
	if len(out) == 0 {
		s, err := w.state(ctx, stack)
		if err != nil {
			return nil, Named(err, plan.OpOutputs, stack)
		}
		if len(s.inCloud()) == 0 {
			return nil, NotUp(plan.OpOutputs, stack)
		}
	}
	return out, nil
}

// NotUp is the error of an operation that reads an environment that is not up: an ErrNoStack.
func NotUp(op plan.Operation, stack string) *Error {
	return &Error{Kind: ErrNoStack, Operation: op, Stack: stack, Messages: []string{"nothing of " + stack + " is up: it was never created, or was destroyed"}}
}

// Resources returns how many resources of a stack exist in the cloud, going by its state. A stack that does not exist has
// none.
func (p *Platform) Resources(ctx context.Context, stack string) (int, error) {
	w, err := p.begin(ctx, plan.OpOutputs, stack, false)
	if isKind(err, ErrNoStack) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer w.close()
	s, err := w.state(ctx, stack)
	if err != nil {
		return 0, Named(err, plan.OpOutputs, stack)
	}
	return len(s.inCloud()), nil
}
