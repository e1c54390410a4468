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
	// Parallel bounds the resources that are worked on at the same time; 0 is Pulumi's default.
	Parallel int
}

// Drifted is how the cloud differs from the state, and the program from both.
type Drifted struct {
	Stack string `json:"stack"`
	// Drift are the resources that no longer are what the state says: update, or delete for what is gone.
	Drift []plan.Step `json:"drift"`
	// Corrections are what an update would do with the same resources. Where there is none for one that has drifted, the
	// program does not care about what has changed, or wants it so.
	Corrections []plan.Step `json:"corrections"`
	// Planned are the changes of everything else, which wait to be deployed and are no drift.
	Planned []plan.Step `json:"planned"`
	// Result is the preview that found it.
	Result *plan.Result `json:"-"`
}

// Clean reports whether there is no drift. Changes may still wait to be deployed.
func (d *Drifted) Clean() bool { return len(d.Drift) == 0 }

// Drift compares an environment with the cloud, in one run that reads and neither writes nor locks anything: not the
// cloud, not the state. Who deploys at the same time is told as a note of the stage lease: what that deploy is at may look
// like drift. An environment of which nothing is up has nothing that could drift: that is an automation.ErrNoStack.
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

// noteLease tells who has the lease. What keeps it from being read keeps nobody from looking for drift.
func (s *session) noteLease(ctx context.Context) {
	if s.observe == nil || s.open(ctx) != nil || s.beside.Store == nil {
		return
	}
	if held, err := lease.Read(ctx, s.beside.Store, s.beside.Stack); err == nil && !held.Expired {
		s.tell(plan.StageLease, fmt.Sprintf("%s deploys %s meanwhile: what that is at may look like drift", held.Holder, s.stack))
	}
}
