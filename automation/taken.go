package automation

import (
	"context"
	"fmt"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/deployorder"
)

// refuseTaken holds what a preview would make against what the other environments on the cluster have now: an update that
// makes the same again is refused by AWS or Kubernetes half-way, or takes over what the other environment then deletes.
// Unless the update comes next, what an environment has that is deployed before is only warned of.
func (w *workspace) refuseTaken(ctx context.Context, r *plan.Result, upNext bool) error {
	if !r.Creates() {
		return nil
	}
	owner := w.estate.Owner(r.Stack)
	if owner == "" {
		owner = r.Stack
	}
	order := deployorder.Of(w.estate)
	refused := &Error{Kind: ErrRefused, Operation: plan.OpPreview, Stack: r.Stack}
	for _, other := range append([]string{owner}, w.estate.Joined(owner)...) {
		if other == r.Stack {
			continue
		}
		s, err := w.state(ctx, other)
		if err != nil {
			return fmt.Errorf("read the state of %s, which is on the same cluster: %w", other, err)
		}
		for _, t := range r.TakenFrom(s.Resources) {
			d := plan.Diagnostic{Resource: t.Resource, Message: fmt.Sprintf("%s has this now, as %s (%s)", other, t.Other, t.Identity)}
			if !upNext && deployorder.Place(order, other) < deployorder.Place(order, r.Stack) {
				d.Message += fmt.Sprintf(", and there can only be one: deploy %s first, whose stack file must no longer have it", other)
				r.Warnings = append(r.Warnings, d)
				continue
			}
			d.Message += fmt.Sprintf(", and there can only be one: take it out of %s and deploy %s first", stackFile(other), other)
			r.Refuse(d)
			refused.Messages = append(refused.Messages, d.String())
		}
	}
	if len(refused.Messages) > 0 {
		return refused
	}
	return nil
}
