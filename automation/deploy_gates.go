package automation

import (
	"fmt"
	"slices"
	"strings"
)

// passApproval holds a plan against what was approved.
func (d *deploy) passApproval(plan *Plan) error {
	approved := d.o.Approved
	if d.o.ApprovedPlan != nil {
		approved = d.o.ApprovedPlan.Digest
	}
	if approved == "" || sameDigest(plan.Digest, approved) {
		return nil
	}
	stale := &Error{Kind: ErrStale, Operation: OpDeploy, Stack: d.stack, Messages: []string{fmt.Sprintf(
		"approved was %s, and the changes are now %s: preview again and have that approved", ShortDigest(approved), ShortDigest(plan.Digest))}}
	if d.o.ApprovedPlan != nil {
		d.out.Difference = plan.Compare(d.o.ApprovedPlan)
		stale.Messages = append(stale.Messages, d.out.Difference.Lines()...)
		return stale
	}
	stale.Messages = append(stale.Messages, "the changes now:")
	for _, s := range plan.Result.Steps {
		stale.Messages = append(stale.Messages, "  "+s.String())
	}
	return stale
}

// shortest is how much of a digest must be given: what reports show of it.
const shortest = 12

// sameDigest tells whether a digest is the one that was approved, of which at least the first twelve digits are given.
func sameDigest(digest, approved string) bool {
	return len(approved) >= shortest && strings.HasPrefix(digest, approved)
}

// passGates holds a plan against its allowances and the need for an approval, and tells everything at once.
func (d *deploy) passGates(plan *Plan) error {
	problems := missingAllowances(plan.Result.Steps, d.o.Allow)
	if d.estate.RequiresApproval(d.stack) && d.o.Approval == "" {
		problems = append(problems, fmt.Sprintf(
			"%s needs an approval (delivery.requireApproval in %s): name it with --approval, for example a change number or the address of a review",
			d.stack, stackFile(d.stack)))
	}
	if len(problems) == 0 {
		return nil
	}
	return &Error{Kind: ErrRefused, Operation: OpDeploy, Stack: d.stack, Messages: problems}
}

// missingAllowances tells which critical resources would be replaced or deleted without an allowance, and which allowances
// name none of them.
func missingAllowances(steps []Step, allow []string) []string {
	var problems []string
	var risky []Step
	for _, s := range steps {
		if s.Destructive() && s.Critical != "" {
			risky = append(risky, s)
		}
	}
	allowed := map[string]bool{}
	for _, a := range allow {
		var named []Step
		for _, s := range risky {
			if a == s.URN || a == s.Type+" "+s.Name {
				named = append(named, s)
			}
		}
		switch len(named) {
		case 0:
			problems = append(problems, fmt.Sprintf("the allowance %q names no critical resource that would be replaced or deleted", a))
		case 1:
			allowed[named[0].URN] = true
		default:
			problems = append(problems, fmt.Sprintf("the allowance %q names %d resources: name each by its URN, %s", a, len(named), strings.Join(urns(named), ", ")))
		}
	}
	for _, s := range risky {
		if allowed[s.URN] {
			continue
		}
		verb := s.Op
		if verb == "delete-replaced" {
			verb = "delete"
		}
		loss, _ := Critical(s.Type)
		problems = append(problems, fmt.Sprintf("it would %s the %s %s (%s); allow it with: --allow '%s'",
			verb, s.Critical, s.Name, loss.Reason, allowance(s, risky)))
	}
	return problems
}

// allowance names a step's resource as briefly as possible.
func allowance(s Step, among []Step) string {
	name := s.Type + " " + s.Name
	if slices.ContainsFunc(among, func(o Step) bool { return o.URN != s.URN && o.Type+" "+o.Name == name }) {
		return s.URN
	}
	return name
}

func urns(steps []Step) []string {
	out := make([]string, len(steps))
	for i, s := range steps {
		out[i] = s.URN
	}
	return out
}
