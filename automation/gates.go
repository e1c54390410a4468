package automation

import (
	"context"
	"fmt"
	"strings"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// begin checks the configuration of all environments, attaches the cloud, and passes the operation's gates.
func (p *Platform) begin(ctx context.Context, op plan.Operation, stack string, create bool) (*workspace, error) {
	e, err := p.Reach(stack)
	if err != nil {
		return nil, Named(err, op, stack)
	}
	for _, needed := range []string{stack, e.Owner(stack)} {
		if needed == "" {
			continue
		}
		if err := p.intact(ctx, op, needed); err != nil {
			return nil, err
		}
	}
	w, err := p.open(ctx, stack, create)
	if err != nil {
		return nil, Named(err, op, stack)
	}
	w.estate = e
	if err := w.gate(ctx, e, op, stack); err != nil {
		w.close()
		return nil, Named(err, op, stack)
	}
	return w, nil
}

// gate enforces the order of environments that share a cluster: the owner comes up first and is destroyed last. Only
// environments with a stack file here are known; the program checks the owner again.
func (w *workspace) gate(ctx context.Context, e Estate, op plan.Operation, stack string) error {
	switch op {
	case plan.OpPreview, plan.OpUp:
		owner := e.Owner(stack)
		if owner == "" {
			return nil
		}
		s, err := w.state(ctx, owner)
		if err != nil {
			return fmt.Errorf("read the state of %s, whose cluster %s joins: %w", owner, stack, err)
		}
		if !s.finished() {
			return &Error{Kind: ErrRefused, Cause: &ownerDownError{owner}, Messages: []string{fmt.Sprintf(
				"%s joins the cluster of %s, which is not up: bring %s up first", stack, owner, owner)}}
		}
	case plan.OpDestroy:
		var standing []string
		for _, joined := range e.Joined(stack) {
			s, err := w.state(ctx, joined)
			if err != nil {
				return fmt.Errorf("read the state of %s, which joins the cluster of %s: %w", joined, stack, err)
			}
			if n := len(s.inCloud()); n > 0 {
				standing = append(standing, fmt.Sprintf("%s (%s)", joined, plural.Of(n, "resource")))
			}
		}
		if len(standing) > 0 {
			return &Error{Kind: ErrRefused, Messages: []string{fmt.Sprintf(
				"%s owns the cluster that %s still uses: destroy that first", stack, strings.Join(standing, " and "))}}
		}
	}
	return nil
}

// releaseProtected refuses to destroy protected resources or, with unprotect, ends their protection.
func (w *workspace) releaseProtected(ctx context.Context, stack string, wanted bool) error {
	s, err := w.state(ctx, stack)
	if err != nil {
		return Named(err, plan.OpDestroy, stack)
	}
	var protected []string
	for _, r := range s.Resources {
		if r.Protect {
			protected = append(protected, fmt.Sprintf("%s %s", r.Type, r.URN.Name()))
		}
	}
	if len(protected) == 0 {
		return nil
	}
	if !wanted {
		return &Error{
			Kind: ErrRefused, Operation: plan.OpDestroy, Stack: stack, Cause: &ProtectedError{protected},
			Messages: append([]string{fmt.Sprintf(
				"%s protected from deletion; nothing was destroyed:", plural.Of(len(protected), "resource is", "resources are"))}, protected...),
		}
	}
	if _, err := w.run(ctx, stack, "state", "unprotect", "--all", "--yes"); err != nil {
		return Named(err, plan.OpDestroy, stack)
	}
	return nil
}

// ProtectedError names the protected resources, by type and name. errors.As finds it in an ErrRefused;
// DestroyOptions.Unprotect ends the protection.
type ProtectedError struct{ Resources []string }

// Error names the resources.
func (e *ProtectedError) Error() string { return "protected: " + strings.Join(e.Resources, ", ") }
