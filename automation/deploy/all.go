package deploy

import (
	"context"
	"fmt"
	"slices"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/deployorder"
)

// Order puts environments into the order in which they are deployed: those that wait for no approval first, then cluster
// by cluster, and the owner of a cluster before those who join it. All names must be those of environments.
func Order(p *automation.Platform, envs ...string) ([]string, error) {
	e, err := p.Estate(envs...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(deployorder.Of(e), func(env string) bool { return !slices.Contains(envs, env) }), nil
}

// All deploys several environments one after the other, in their Order, each with options of its own. If one is not
// deployed, those after it are not either, and have the outcome Skipped. All are in the result; the error is that of the
// one that stopped it.
func All(ctx context.Context, p *automation.Platform, envs []string, options func(env string) Options) ([]*Deployment, error) {
	if _, err := p.Reach(envs...); err != nil {
		return nil, err
	}
	order, err := Order(p, envs...)
	if err != nil {
		return nil, err
	}
	all := map[string]Options{}
	for _, env := range order {
		o := options(env)
		if err := o.check(env); err != nil {
			return nil, err // before anything is changed anywhere
		}
		all[env] = o
	}
	var out []*Deployment
	for i, env := range order {
		d, err := Run(ctx, p, env, all[env])
		if d == nil {
			d = &Deployment{Stack: env, Outcome: NotDeployed}
		}
		out = append(out, d)
		if err == nil {
			continue
		}
		for _, next := range order[i+1:] {
			out = append(out, &Deployment{Stack: next, Outcome: Skipped})
			if o := all[next]; o.OnEvent != nil {
				(&session{op: plan.OpDeploy, stack: next, observe: o.OnEvent}).tell(plan.StageLease, fmt.Sprintf("not started: %s was not deployed", env))
			}
		}
		return out, err
	}
	return out, nil
}
