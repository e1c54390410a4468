package deploy

import (
	"context"
	"fmt"
	"slices"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

// DriftOptions configures Drift.
type DriftOptions struct {
	// OnEvent is called with every event, one after the other; the engine waits for it.
	OnEvent func(plan.Event)
	// AWSOnly leaves the objects in the cluster out: see InCluster.
	AWSOnly bool
	// Parallel is the number of parallel resource operations; 0 is Pulumi's default.
	Parallel int
}

// Drifted is how the cloud differs from the state, and the program from both.
type Drifted struct {
	Stack string `json:"stack"`
	// Drift are the resources that no longer match the state: update, or delete for what is gone.
	Drift []plan.Step `json:"drift"`
	// Corrections are what an update would do to the same resources. If there is none for a drifted resource, the program
	// does not set what has changed, or agrees with it.
	Corrections []plan.Step `json:"corrections"`
	// Planned are the changes of all other resources, which are to be deployed and are not drift.
	Planned []plan.Step `json:"planned"`
	// Result is the preview that found it.
	Result *plan.Result `json:"-"`
}

// Clean reports whether there is no drift. There may still be changes to deploy.
func (d *Drifted) Clean() bool { return len(d.Drift) == 0 }

// Drift compares an environment with the cloud, in one run that only reads: it neither changes nor locks the cloud or the
// state. A deploy that runs at the same time is reported as a note of the stage lease: its changes may look like drift. If
// nothing of an environment is up, the error is an automation.ErrNoStack.
func Drift(ctx context.Context, p *automation.Platform, env string, o DriftOptions) (*Drifted, error) {
	s := &session{Platform: p, op: plan.OpPreview, stack: env, observe: o.OnEvent}
	switch n, err := p.Resources(ctx, env); {
	case err != nil:
		return nil, err
	case n == 0:
		return nil, automation.NotUp(plan.OpPreview, env)
	}
	s.noteLease(ctx)
	r, err := p.Preview(ctx, env, automation.PreviewOptions{OnEvent: o.OnEvent, Refresh: true, AWSOnly: o.AWSOnly, Parallel: o.Parallel})
	if r == nil {
		return nil, err
	}
	d := &Drifted{Stack: env, Drift: slices.Clone(r.Drift), Corrections: []plan.Step{}, Planned: []plan.Step{}, Result: r}
	if d.Drift == nil {
		d.Drift = []plan.Step{}
	}
	for _, step := range r.Steps {
		if slices.ContainsFunc(r.Drift, func(x plan.Step) bool { return x.URN == step.URN }) {
			d.Corrections = append(d.Corrections, step)
		} else {
			d.Planned = append(d.Planned, step)
		}
	}
	return d, err
}

// noteLease reports who holds the lease. An unreadable lease does not stop the drift check.
func (s *session) noteLease(ctx context.Context) {
	if s.observe == nil || s.open(ctx) != nil || s.backend.Store == nil {
		return
	}
	if held, err := lease.Read(ctx, s.backend.Store, s.backend.Stack); err == nil && !held.Expired {
		s.tell(plan.StageLease, fmt.Sprintf("%s is deploying %s at the moment: its changes may look like drift", held.Holder, s.stack))
	}
}
