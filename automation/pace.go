package automation

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/internal/rehearsal"
	"github.com/eks-platform/eks-platform/internal/rehearsal/latency"
)

// Pace is how long an operation on an environment took in a rehearsal with AWS's durations. All times are AWS's: what
// was scaled down is scaled up again.
type Pace struct {
	Phase PhaseName `json:"phase"`
	// Makespan is from the beginning of the first operation on the cloud to the end of the last.
	Makespan time.Duration `json:"makespanNanoseconds"`
	// LowerBound is what AWS itself imposes, however many things are done at the same time.
	LowerBound time.Duration `json:"lowerBoundNanoseconds"`
	// Ratio is Makespan by LowerBound.
	Ratio float64 `json:"ratio"`
	// CriticalPath leads to what ended last, each step the one that the next had to wait for.
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
	// Waited is how long the step could have run and did not.
	Waited time.Duration `json:"waitedNanoseconds"`
	// Held tells that the previous step is no dependency: the engine itself made this one wait for it.
	Held bool `json:"held,omitempty"`
}

// modelled makes the rehearsal's cloud take a model's time.
type modelled struct{ latency.Model }

func (m modelled) Of(op rehearsal.Operation) time.Duration {
	return m.Wait(op.Type, op.Kind)
}

func (r *rehearse) latency() rehearsal.Latency {
	if r.Scale <= 0 {
		return nil
	}
	return modelled{latency.Model{Scale: r.Scale}}
}

// standing is a resource of a state with everything that decides what can be done before what.
type standing struct {
	latency.Resource
	dependencies []string
}

// measure notes the pace of a phase that has just ended and left its resources standing.
func (r *rehearse) measure(ctx context.Context, env *EnvironmentReport, phase PhaseName) error {
	state, err := r.stateOf(ctx, env)
	if err != nil {
		return err
	}
	r.pace(env, phase, state)
	return nil
}

// stateOf reads what stands in an environment; nothing when no pace is measured.
func (r *rehearse) stateOf(ctx context.Context, env *EnvironmentReport) ([]standing, error) {
	if r.Scale <= 0 {
		return nil, nil
	}
	w, err := r.platform.open(ctx, env.Name, false)
	if err != nil {
		return nil, err
	}
	defer w.close()
	text, err := w.run(ctx, env.Name, "stack", "export")
	if err != nil {
		return nil, err
	}
	var exported struct {
		Deployment struct {
			Resources []exportedResource `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal([]byte(text), &exported); err != nil {
		return nil, fmt.Errorf("read the state of %s: %w", env.Name, err)
	}
	return standingOf(exported.Deployment.Resources), nil
}

// exportedResource is a resource as "pulumi stack export" writes it.
type exportedResource struct {
	URN                  string              `json:"urn"`
	Type                 string              `json:"type"`
	ID                   string              `json:"id"`
	Parent               string              `json:"parent"`
	Provider             string              `json:"provider"`
	DeletedWith          string              `json:"deletedWith"`
	Inputs               map[string]any      `json:"inputs"`
	Outputs              map[string]any      `json:"outputs"`
	Dependencies         []string            `json:"dependencies"`
	PropertyDependencies map[string][]string `json:"propertyDependencies"`
	Custom               bool                `json:"custom"`
}

// standingOf collects each resource's dependencies. A component stands for its children: who depends on it waits for
// them, and what it depends on they wait for.
func standingOf(resources []exportedResource) []standing {
	out := make([]standing, len(resources))
	at := map[string]int{}
	for i, x := range resources {
		at[x.URN] = i
		out[i] = standing{Resource: latency.Resource{URN: x.URN, Type: x.Type, ID: x.ID, Inputs: x.Inputs, Outputs: x.Outputs}}
		out[i].dependencies = append(out[i].dependencies, x.Dependencies...)
		for _, urns := range x.PropertyDependencies {
			out[i].dependencies = append(out[i].dependencies, urns...)
		}
		if x.DeletedWith != "" {
			out[i].dependencies = append(out[i].dependencies, x.DeletedWith)
		}
		// A provider's reference is its URN and its ID.
		if cut := strings.LastIndex(x.Provider, "::"); cut > 0 {
			out[i].dependencies = append(out[i].dependencies, x.Provider[:cut])
		}
	}
	for i, x := range resources {
		parent, ok := at[x.Parent]
		if !ok || resources[parent].Custom {
			continue
		}
		out[parent].dependencies = append(out[parent].dependencies, x.URN)
		for ok && !resources[parent].Custom {
			out[i].dependencies = append(out[i].dependencies, resources[parent].Dependencies...)
			parent, ok = at[resources[parent].Parent]
		}
	}
	return out
}

// pace judges the last phase of an environment by what the cloud was asked to do in it.
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
	for _, op := range r.cloud.Cloud().Timeline() {
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
