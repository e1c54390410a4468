package rehearsal

import (
	"context"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/providers"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
	"github.com/eks-platform/eks-platform/internal/rehearsal/latency"
)

// Pace is how long an operation on an environment took in a rehearsal with AWS's durations. All times are AWS's: what
// was scaled down is scaled up again.
type Pace struct {
	Phase PhaseName `json:"phase"`
	// Makespan is from the beginning of the first operation on the cloud to the end of the last.
	Makespan time.Duration `json:"makespanNanoseconds"`
	// LowerBound is what AWS itself imposes, however much is done in parallel.
	LowerBound time.Duration `json:"lowerBoundNanoseconds"`
	// Ratio is Makespan divided by LowerBound.
	Ratio float64 `json:"ratio"`
	// CriticalPath leads to the operation that ended last; each step is the one that the next had to wait for.
	CriticalPath []PaceStep `json:"criticalPath"`
}

// PaceStep is one step of a critical path.
type PaceStep struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Op   string `json:"op"`
	// Start and End count from the beginning of the first operation.
	Start time.Duration `json:"startNanoseconds"`
	End   time.Duration `json:"endNanoseconds"`
	// Waited is how long the step could already have run.
	Waited time.Duration `json:"waitedNanoseconds"`
	// Held reports whether the previous step is not a dependency: the engine itself made this one wait for it.
	Held bool `json:"held,omitempty"`
}

// modelled makes the rehearsal cloud take the time of a model.
type modelled struct{ latency.Model }

func (m modelled) Of(op rehearsal.Operation) time.Duration {
	return m.Wait(op.Type, op.Kind)
}

// latencyOf returns AWS's usual durations, scaled; nil for none.
func latencyOf(scale float64) rehearsal.Latency {
	if scale <= 0 {
		return nil
	}
	return modelled{latency.Model{Scale: scale}}
}

// standing is a resource of a state with its dependencies.
type standing struct {
	latency.Resource
	dependencies []string
}

// measure records the pace of a phase that has just ended, and after which its resources exist.
func (r *rehearse) measure(ctx context.Context, env *EnvironmentReport, phase PhaseName) error {
	state, err := r.stateOf(ctx, env)
	if err != nil {
		return err
	}
	r.pace(env, phase, state)
	return nil
}

// stateOf reads the resources of an environment; nothing if no pace is measured.
func (r *rehearse) stateOf(ctx context.Context, env *EnvironmentReport) ([]standing, error) {
	if r.Scale <= 0 {
		return nil, nil
	}
	exported, err := r.platform.Export(ctx, env.Name)
	if err != nil {
		return nil, err
	}
	state, err := automation.Decode(exported)
	if err != nil {
		return nil, err
	}
	return standingOf(state.Resources), nil
}

// standingOf collects each resource's dependencies. A component represents its children: what depends on it waits for them,
// and they wait for what it depends on.
func standingOf(resources []apitype.ResourceV3) []standing {
	out := make([]standing, len(resources))
	at := map[urn.URN]int{}
	for i, x := range resources {
		at[x.URN] = i
		out[i] = standing{Resource: latency.Resource{
			URN: string(x.URN), Type: string(x.Type), ID: string(x.ID), Inputs: x.Inputs, Outputs: x.Outputs,
		}}
		out[i].needs(x.Dependencies...)
		for _, urns := range x.PropertyDependencies {
			out[i].needs(urns...)
		}
		if x.DeletedWith != "" {
			out[i].needs(x.DeletedWith)
		}
		if p, err := providers.ParseReference(x.Provider); err == nil {
			out[i].needs(p.URN())
		}
	}
	for i, x := range resources {
		parent, ok := at[x.Parent]
		if !ok || resources[parent].Custom {
			continue
		}
		out[parent].needs(x.URN)
		for ok && !resources[parent].Custom {
			out[i].needs(resources[parent].Dependencies...)
			parent, ok = at[resources[parent].Parent]
		}
	}
	return out
}

func (s *standing) needs(urns ...urn.URN) {
	for _, u := range urns {
		s.dependencies = append(s.dependencies, string(u))
	}
}

// pace computes the pace of the last phase of an environment from the operations on the cloud.
func (r *rehearse) pace(env *EnvironmentReport, phase PhaseName, state []standing) {
	if r.Scale <= 0 {
		return
	}
	var begin, end time.Time
	for _, p := range env.Phases {
		if p.Name == phase {
			begin, end = p.Started, p.Started.Add(p.Duration)
		}
	}
	var run []rehearsal.Operation
	for _, op := range r.cloud.cloud.Timeline() {
		if op.Err == nil && strings.HasPrefix(op.URN, "urn:pulumi:"+env.Name+"::") && !op.Start.Before(begin) && !op.End.After(end) {
			run = append(run, op)
		}
	}
	dependencies := map[string][]string{}
	resources := make([]latency.Resource, len(state))
	for i, s := range state {
		dependencies[s.URN] = s.dependencies
		resources[i] = s.Resource
	}
	needs := append(latency.References(resources), latency.Rules(resources)...)
	found := latency.Model{Scale: r.Scale}.Analyse(run, dependencies, needs)
	pace := Pace{Phase: phase, Makespan: found.Makespan, LowerBound: found.LowerBound, Ratio: found.Ratio}
	for _, s := range found.CriticalPath {
		pace.CriticalPath = append(pace.CriticalPath, PaceStep{
			Name: s.Name, Type: s.Type, Op: string(s.Kind), Start: s.Start, End: s.End, Waited: s.Waited, Held: s.Held,
		})
	}
	env.Pace = append(env.Pace, pace)
}
