package automation

import (
	"context"

	"github.com/eks-platform/eks-platform/internal/declared"
	"github.com/eks-platform/eks-platform/internal/scheduling"
)

// opPlacement is what failures of Placement call it.
const opPlacement Operation = "placement"

// What a PlacementReport is made of.
type (
	// Placement is where one workload may run; PlacementFit is one node group's part of it.
	Placement    = scheduling.Placement
	PlacementFit = scheduling.Fit
	// PlacementGroup is a node group.
	PlacementGroup = scheduling.Group
	// PlacementClass is the kind of pods of a workload.
	PlacementClass = scheduling.Class
)

// PlacementReport tells on which node groups the pods of an environment, and those that its cluster runs for all
// environments, may run, and why not on the others.
type PlacementReport struct {
	// Environment is whose pods these are.
	Environment string `json:"environment"`
	// Owner is the environment whose cluster it joins; empty when it has its own.
	Owner string `json:"owner,omitempty"`
	scheduling.Report
}

// Err returns an *Error of kind ErrRefused when pods have no node group to run on, or one that they must not run on.
func (r *PlacementReport) Err() error {
	if len(r.Problems) == 0 {
		return nil
	}
	return &Error{Kind: ErrRefused, Operation: opPlacement, Stack: r.Environment, Messages: r.Problems}
}

// Placement computes where the pods of an environment may run, from what the program declares for all environments on
// its cluster. It needs no cloud and no Pulumi. What the report finds wrong is no error of Placement's.
func (p *Platform) Placement(ctx context.Context, environment string) (*PlacementReport, error) {
	e, err := p.Estate(environment)
	if err != nil {
		return nil, err
	}
	out := &PlacementReport{Environment: environment, Owner: e.Owner(environment)}
	owner := environment
	if out.Owner != "" {
		owner = out.Owner
	}
	stacks, err := declared.Cluster(p.program, p.dir, owner, e.Joined(owner))
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, placementFailure(environment, err)
	}
	report, err := scheduling.Place(stacks, nameOf(stacks, environment))
	if err != nil {
		return nil, placementFailure(environment, err)
	}
	out.Report = *report
	return out, nil
}

// nameOf returns what an environment is called in the cluster, which its stack file says.
func nameOf(stacks []declared.Stack, stack string) string {
	for _, s := range stacks {
		if s.Name == stack {
			return s.Environment
		}
	}
	return stack
}

func placementFailure(environment string, err error) error {
	return &Error{Kind: ErrProgram, Operation: opPlacement, Stack: environment, Messages: []string{err.Error()}, cause: err}
}
