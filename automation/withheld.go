package automation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/automation/plan"
)

// registrations are the URNs that a program registers in one run of the engine. The engine's events do not say: in them a
// resource whose deletion is withheld is "same", like one that stays.
type registrations struct {
	mu   sync.Mutex
	urns map[string]bool
}

// of returns the program, wrapped to record its registrations.
func (r *registrations) of(program pulumi.RunFunc) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		var made []pulumi.Resource
		err := ctx.RegisterStackTransformation(func(a *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			r.mu.Lock()
			defer r.mu.Unlock()
			made = append(made, a.Resource)
			return nil
		})
		if err != nil {
			return err
		}
		if err := program(ctx); err != nil {
			return err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, one := range made {
			// The run waits for applies. A resource has its URN once it is registered.
			one.URN().ApplyT(func(urn pulumi.URN) string {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.urns[string(urn)] = true
				return ""
			})
		}
		return nil
	}
}

// withheld returns the deletions that a run with exclusions did not do, or would not do: of resources that the program no
// longer registers, and of replaced ones. The engine deletes neither what is excluded nor anything that it depends on.
func (r *registrations) withheld(ctx context.Context, w *workspace, result *plan.Result) ([]plan.Step, error) {
	s, err := w.state(ctx, result.Stack)
	if err != nil {
		return nil, err
	}
	known := map[resource.URN]apitype.ResourceV3{}
	providers := map[string]bool{}
	for _, x := range s.Resources {
		if !x.Delete {
			known[x.URN] = x
		}
		if pkg, is := strings.CutPrefix(string(x.Type), "pulumi:providers:"); is {
			providers[pkg] = true
		}
	}
	var out []plan.Step
	for _, x := range s.inCloud() {
		switch {
		case x.External || result.Deletes(string(x.URN)):
		case x.Delete:
			out = append(out, withheldStep(x, apitype.OpDeleteReplaced))
		case !r.urns[string(x.URN)] && !r.constructed(x, known, providers):
			out = append(out, withheldStep(x, apitype.OpDelete))
		case result.Operation == plan.OpPreview && slices.ContainsFunc(result.Steps, func(p plan.Step) bool {
			return p.URN == string(x.URN) && p.Op == string(apitype.OpReplace)
		}):
			out = append(out, withheldStep(x, apitype.OpDeleteReplaced))
		}
	}
	return out, nil
}

// constructed reports whether a resource is part of a remote component: the component's provider registers the resource,
// not the program.
func (r *registrations) constructed(x apitype.ResourceV3, known map[resource.URN]apitype.ResourceV3, providers map[string]bool) bool {
	for parent, ok := known[x.Parent]; ok; parent, ok = known[parent.Parent] {
		if r.urns[string(parent.URN)] {
			pkg, _, _ := strings.Cut(string(parent.Type), ":")
			return !parent.Custom && providers[pkg]
		}
	}
	return false
}

// withheldStep is the step of a withheld deletion.
func withheldStep(r apitype.ResourceV3, op apitype.OpType) plan.Step {
	s := plan.Step{
		Op: string(op), URN: string(r.URN), Type: string(r.Type), Name: r.URN.Name(), Protected: r.Protect, Retain: r.RetainOnDelete, Status: plan.Planned,
	}
	if loss, ok := plan.Critical(string(r.Type)); ok {
		s.Critical = loss.Kind
	}
	return s
}

// leavingOut runs the engine for an operation that may leave out the objects in the cluster.
func (w *workspace) leavingOut(ctx context.Context, awsOnly bool, op plan.Operation, stack string, observe func(plan.Event), do call) (*plan.Result, error) {
	if !awsOnly {
		return w.engine(ctx, op, stack, observe, do)
	}
	registered := &registrations{urns: map[string]bool{}}
	w.SetProgram(registered.of(w.Program()))
	r, err := w.engine(ctx, op, stack, observe, do)
	if err != nil {
		return r, err
	}
	r.Withheld, err = registered.withheld(ctx, w, r)
	if err != nil {
		return r, fmt.Errorf("find the withheld deletions of %s: %w", stack, err)
	}
	return r, nil
}
