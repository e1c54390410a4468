package placement

import (
	"context"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/declared"
)

// operation is the operation in errors of Of.
const operation plan.Operation = "placement"

// Err returns an *automation.Error of kind ErrRefused if pods have no node group to run on, or can run on one that they
// must not run on.
func (r *Report) Err() error {
	if len(r.Problems) == 0 {
		return nil
	}
	return &automation.Error{Kind: automation.ErrRefused, Operation: operation, Stack: r.Environment, Messages: r.Problems}
}

// Of computes where the pods of an environment can run, from what the program declares for all environments on its cluster.
// It needs neither a cloud nor Pulumi. Problems in the report are not errors of Of; see Report.Err.
func Of(ctx context.Context, p *automation.Platform, environment string) (*Report, error) {
	e, err := p.Estate(environment)
	if err != nil {
		return nil, err
	}
	owner := e.Owner(environment)
	cluster := owner
	if cluster == "" {
		cluster = environment
	}
	stacks, err := declared.Cluster(p.Program(), p.Dir(), cluster, e.Joined(cluster))
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, failure(environment, err)
	}
	report, err := place(stacks, nameOf(stacks, environment))
	if err != nil {
		return nil, failure(environment, err)
	}
	report.Environment, report.Owner = environment, owner
	return report, nil
}

// nameOf returns an environment's name in the cluster, from its stack file.
func nameOf(stacks []declared.Stack, stack string) string {
	for _, s := range stacks {
		if s.Name == stack {
			return s.Environment
		}
	}
	return stack
}

func failure(environment string, err error) error {
	return (&automation.Error{Kind: automation.ErrProgram, Operation: operation, Stack: environment, Messages: []string{err.Error()}}).Because(err)
}
