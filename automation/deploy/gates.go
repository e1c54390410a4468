package deploy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// passApproval holds a plan against what was approved.
func (d *deployment) passApproval(p *plan.Plan) error {
	approved := d.o.Approved
	if d.o.ApprovedPlan != nil {
		approved = d.o.ApprovedPlan.Digest
	}
	if approved == "" || sameDigest(p.Digest, approved) {
		return nil
	}
	stale := d.error(automation.ErrStale, fmt.Sprintf("approved was %s, and the changes are now %s: preview again and have that approved", plan.ShortDigest(approved), plan.ShortDigest(p.Digest)))
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

// shortest is how much of a digest must be given: what reports show of it.
const shortest = 12

// sameDigest reports whether a digest is the one that was approved, of which at least the first twelve digits are given.
func sameDigest(digest, approved string) bool {
	return len(approved) >= shortest && strings.HasPrefix(digest, approved)
}

// GateError is why a plan was not let through, as data. errors.As finds it in an ErrRefused.
type GateError struct {
	// Allowances name the critical resources that would be replaced or deleted and that were not allowed to, each as
	// Options.Allow takes it.
	Allowances []string
	// Approval: the environment needs a reference to an approval (Options.Approval).
	Approval bool
}

// Error says what is missing.
func (e *GateError) Error() string {
	var missing []string
	if len(e.Allowances) > 0 {
		missing = append(missing, fmt.Sprintf("allowances for %s", strings.Join(e.Allowances, ", ")))
	}
	if e.Approval {
		missing = append(missing, "an approval")
	}
	return "it lacks " + strings.Join(missing, " and ")
}

// passGates holds a plan against its allowances and the need for an approval, and tells everything at once.
func (d *deployment) passGates(p *plan.Plan) error {
	problems, missing := missingAllowances(p.Result.Steps, d.o.Allow)
	gate := &GateError{Allowances: missing}
	if d.estate.RequiresApproval(d.stack) && d.o.Approval == "" {
		gate.Approval = true
		problems = append(problems, fmt.Sprintf("%s needs an approval (delivery.requireApproval in Pulumi.%s.yaml), and none is named", d.stack, d.stack))
	}
	if len(problems) == 0 {
		return nil
	}
	return d.error(automation.ErrRefused, problems...).Because(gate)
}

// missingAllowances tells which critical resources would be replaced or deleted without an allowance, which allowances name
// none of them, and the allowances that are missing.
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
			problems = append(problems, fmt.Sprintf("the allowance %q names no critical resource that would be replaced or deleted", a))
		case 1:
			allowed[named[0].URN] = true
		default:
			problems = append(problems, fmt.Sprintf("the allowance %q names %s: name each by its URN, %s", a, plural.Of(len(named), "resource"), strings.Join(urns(named), ", ")))
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
		problems = append(problems, fmt.Sprintf("it would %s the %s %s, which is not allowed: %s", verb, s.Critical, s.Name, loss.Reason))
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

// allowance names a step's resource as briefly as possible.
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
