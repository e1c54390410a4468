package automation

import (
	"context"
	"slices"
)

// DriftOptions configures Drift.
type DriftOptions struct {
	// OnEvent is called with every event, one after the other; the engine waits for it.
	OnEvent func(Event)
	// AWSOnly leaves the objects in the cluster out: see InCluster.
	AWSOnly bool
	// Parallel bounds the resources that are worked on at the same time; 0 is Pulumi's default.
	Parallel int
}

// Drifted is how the cloud differs from the state, and the program from both.
type Drifted struct {
	Stack string `json:"stack"`
	// Drift are the resources that no longer are what the state says: update, or delete for what is gone.
	Drift []Step `json:"drift"`
	// Corrections are what an update would do with the same resources. Where there is none for one that has drifted, the
	// program does not care about what has changed, or wants it so.
	Corrections []Step `json:"corrections"`
	// Planned are the changes of everything else, which wait to be deployed and are no drift.
	Planned []Step `json:"planned"`
	// Result is the preview that found it.
	Result *Result `json:"-"`
}

// Clean tells that there is no drift. Changes may still wait to be deployed.
func (d *Drifted) Clean() bool { return len(d.Drift) == 0 }

// Drift compares an environment with the cloud, in one run that reads and neither writes nor locks anything: not the
// cloud, not the state. A Rehearsal makes the stack if it does not exist.
func (p *Platform) Drift(ctx context.Context, env string, o DriftOptions) (*Drifted, error) {
	r, err := p.Preview(ctx, env, PreviewOptions{OnEvent: o.OnEvent, Refresh: true, AWSOnly: o.AWSOnly, Parallel: o.Parallel})
	if r == nil {
		return nil, err
	}
	d := &Drifted{Stack: env, Drift: slices.Clone(r.Drift), Corrections: []Step{}, Planned: []Step{}, Result: r}
	if d.Drift == nil {
		d.Drift = []Step{}
	}
	for _, s := range r.Steps {
		if slices.ContainsFunc(r.Drift, func(x Step) bool { return x.URN == s.URN }) {
			d.Corrections = append(d.Corrections, s)
		} else {
			d.Planned = append(d.Planned, s)
		}
	}
	return d, err
}
