package deploy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// passApproval compares a plan with what was approved.
func (d *deployment) passApproval(p *plan.Plan) error {
	approved := d.o.Approved
	if d.o.ApprovedPlan != nil {
		approved = d.o.ApprovedPlan.Digest
	}
	if approved == "" || sameDigest(p.Digest, approved) {
		return nil
	}
	stale := d.error(automation.ErrStale, fmt.Sprintf("the approved digest is %s, but the changes now have digest %s: preview again and have that approved", plan.ShortDigest(approved), plan.ShortDigest(p.Digest)))
	if d.o.ApprovedPlan != nil {
		d.out.Difference = p.Compare(d.o.ApprovedPlan)
		stale.Messages = append(stale.Messages, d.out.Difference.Lines()...)
		return stale
	}
	stale.Messages = append(stale.Messages, "the changes now:")
	for _, s := range p.Result.Steps {
		stale.Messages = append(stale.Messages, "  "+s.String())
	}
	return stale
}

// shortest is how many digits of a digest must be given: as many as reports show.
const shortest = 12

// sameDigest reports whether a digest is the approved one, which may be shortened to its first twelve digits.
func sameDigest(digest, approved string) bool {
	return len(approved) >= shortest && strings.HasPrefix(digest, approved)
}

// GateError says as data why a gate refused a plan. errors.As finds it in an ErrRefused.
type GateError struct {
	// Allowances name the critical resources that would be replaced or deleted without an allowance, in the form of
	// Options.Allow.
	Allowances []string
	// Approval: the environment needs a reference to an approval (Options.Approval).
	Approval bool
}

// Error names what is missing.
func (e *GateError) Error() string {
	var missing []string
	if len(e.Allowances) > 0 {
		missing = append(missing, fmt.Sprintf("allowances for %s", strings.Join(e.Allowances, ", ")))
	}
	if e.Approval {
		missing = append(missing, "an approval")
	}
	return "missing: " + strings.Join(missing, " and ")
}

// passGates checks a plan against its allowances and the need for an approval, and reports everything at once.
func (d *deployment) passGates(p *plan.Plan) error {
	problems, missing := missingAllowances(p.Result.Steps, d.o.Allow)
	gate := &GateError{Allowances: missing}
	if d.estate.RequiresApproval(d.stack) && d.o.Approval == "" {
		gate.Approval = true
		problems = append(problems, fmt.Sprintf("%s needs an approval (delivery.requireApproval in Pulumi.%s.yaml), and none was given", d.stack, d.stack))
	}
	if len(problems) == 0 {
		return nil
	}
	return d.error(automation.ErrRefused, problems...).Because(gate)
}

// missingAllowances returns problems for critical resources that would be replaced or deleted without an allowance and for
// allowances that match none, and the missing allowances.
func missingAllowances(steps []plan.Step, allow []string) (problems, missing []string) {
	var risky []plan.Step
	for _, s := range steps {
		if s.Destructive() && s.Critical != "" {
			risky = append(risky, s)
		}
	}
	allowed := map[string]bool{}
	for _, a := range allow {
		var named []plan.Step
		for _, s := range risky {
			if a == s.URN || a == s.Type+" "+s.Name {
				named = append(named, s)
			}
		}
		switch len(named) {
		case 0:
			problems = append(problems, fmt.Sprintf("the allowance %q matches no critical resource that would be replaced or deleted", a))
		case 1:
			allowed[named[0].URN] = true
		default:
			problems = append(problems, fmt.Sprintf("the allowance %q matches %s: name each by its URN, %s", a, plural.Of(len(named), "resource"), strings.Join(urns(named), ", ")))
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
		loss, _ := plan.Critical(s.Type)
		problems = append(problems, fmt.Sprintf("the deploy would %s the %s %s, which was not allowed: %s", verb, s.Critical, s.Name, loss.Reason))
		missing = append(missing, allowance(s, risky))
	}
	return problems, missing
}

// Allowances name the critical resources that a preview would replace or delete, as Options.Allow takes them: those without
// which its deploy is refused.
func Allowances(r *plan.Result) []string {
	_, missing := missingAllowances(r.Steps, nil)
	return missing
}

// allowance returns the shortest allowance for a step's resource.
func allowance(s plan.Step, among []plan.Step) string {
	name := s.Type + " " + s.Name
	if slices.ContainsFunc(among, func(o plan.Step) bool { return o.URN != s.URN && o.Type+" "+o.Name == name }) {
		return s.URN
	}
	return name
}

func urns(steps []plan.Step) []string {
	out := make([]string, len(steps))
	for i, s := range steps {
		out[i] = s.URN
	}
	return out
}
