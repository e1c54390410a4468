package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

// Options configures Run. The zero value deploys whatever is planned now, unless that needs an approval or an allowance.
type Options struct {
	// OnEvent is called with every event, one after the other; the engine waits for it.
	OnEvent func(plan.Event)
	// ApprovedPlan is the preview that was approved; Approved is its digest alone, or at least the first twelve digits
	// of it. If the changes differ now, nothing is done and the error is an automation.ErrStale; with the plan, it says
	// what is different. With neither, whatever is planned is done, if the gates allow it.
	ApprovedPlan *plan.Plan
	Approved     string
	// Program is the program's identity in the digest: see Identity. It must be the one that the approved preview was
	// given.
	Program string
	// Approval is a reference to the approval, for example a change number or a review's URL. Stack files with
	// delivery.requireApproval need one. It is recorded in the history, not checked.
	Approval string
	// Allow names the critical resources (see Critical) that may be replaced or deleted, each by its type and name with
	// a blank in between or by its URN. An allowance that matches none is refused.
	Allow []string
	// Repair first repairs what a killed run has left, if that is safe: see Repair. Without it, such a stack is refused.
	Repair bool
	// Refresh refreshes the state from the cloud first, and so also corrects drift. Previews that are approved must
	// have been made with the same setting, and with the same AWSOnly.
	Refresh bool
	// AWSOnly leaves the objects in the cluster out: see InCluster.
	AWSOnly bool
	// Create creates the stack if it does not exist. A Rehearsal always does.
	Create bool
	// Parallel is the number of parallel resource operations; 0 is Pulumi's default.
	Parallel int
	// Message is recorded in Pulumi's history of the stack.
	Message string
	// By says who deploys, for the lease and the history. An empty actor is the operating system's user.
	By lease.Holder
	// Lease are the settings of the lease, such as how long to wait while another run holds it.
	Lease lease.Options
}

// Outcome is how a deploy ended.
type Outcome string

// The outcomes.
const (
	// Unchanged: there was nothing to do, and nothing was done.
	Unchanged Outcome = "no changes"
	// Deployed: everything was applied, and the preview afterwards found nothing left to do.
	Deployed Outcome = "deployed"
	// Unsettled: everything was applied, and the preview afterwards found something left to do.
	Unsettled Outcome = "not settled"
	// Refused: a gate, a lock, or what a killed run had left stopped it. Nothing was changed.
	Refused Outcome = "refused"
	// Cancelled: it was interrupted and stopped cleanly.
	Cancelled Outcome = "cancelled"
	// NotDeployed: something failed; what came before it was applied.
	NotDeployed Outcome = "failed"
	// Skipped: an environment before it was not deployed.
	Skipped Outcome = "skipped"
)

// Deployment is what Deploy did.
type Deployment struct {
	Stack   string  `json:"stack"`
	Outcome Outcome `json:"outcome"`
	// Plan is the deploy's own preview; nil if it did not get that far.
	Plan *plan.Plan `json:"plan,omitempty"`
	// Difference is how the plan differs from the approved one, if it does.
	Difference *plan.Difference `json:"difference,omitempty"`
	// Up is what was done, Settled the preview afterwards. Nil if the deploy did not get that far.
	Up      *plan.Result `json:"up,omitempty"`
	Settled *plan.Result `json:"settled,omitempty"`
	// Repaired says what was repaired before the deploy, in sentences.
	Repaired []string `json:"repaired,omitempty"`
	// Unleased says why there was no lease; empty if there was one.
	Unleased string `json:"unleased,omitempty"`
	// Record is the deploy's record in the history; nil if it never had the lease.
	Record   *history.Record `json:"record,omitempty"`
	Started  time.Time       `json:"started"`
	Duration time.Duration   `json:"durationNanoseconds"`
}

// Run updates an environment to its stack file, as Up does, and guarantees four things: no other deploy of it runs at the
// same time (a lease beside the state), only what was approved is done (it previews again and must get the approved
// digest), no critical resource is replaced or deleted without an allowance, and nothing is left to do afterwards (another
// preview). Every deploy that had the lease leaves a record, however it ended.
//
// When the context ends, the engine is interrupted once: the running steps are finished and recorded, the lock and the
// lease are released, and the error is an automation.ErrCancelled. The same happens if the lease is lost; the error is then
// an automation.ErrLeaseLost.
//
// The deployment is returned even if the deploy failed; it is nil only if nothing was started.
func Run(ctx context.Context, p *automation.Platform, env string, o Options) (*Deployment, error) {
	e, err := p.Reach(env)
	if err != nil {
		return nil, automation.Named(err, plan.OpDeploy, env)
	}
	if err := o.check(env); err != nil {
		return nil, err
	}
	d := &deployment{
		session: session{Platform: p, op: plan.OpDeploy, stack: env, by: holder(o.By), observe: o.OnEvent},
		o:       o, estate: e, out: &Deployment{Stack: env, Started: time.Now()},
	}
	err = d.under(ctx, work{take: d.acquire, run: d.run, lost: d.left, record: d.history})
	if d.backend != nil {
		d.out.Unleased = d.backend.Without
	}
	d.out.Outcome = d.outcome(err)
	d.out.Duration = time.Since(d.out.Started)
	return d.out, err
}

// check returns everything that is wrong with the options.
func (o *Options) check(env string) error {
	var problems []string
	if o.Approved != "" && o.ApprovedPlan != nil {
		problems = append(problems, "the approved digest and the approved preview cannot be combined: give one of them")
	}
	if o.Approved != "" && (len(o.Approved) < shortest || strings.Trim(o.Approved, "0123456789abcdef") != "") {
		problems = append(problems, fmt.Sprintf("%q is not the digest of a preview: give all of it, or at least its first %d digits", o.Approved, shortest))
	}
	if o.ApprovedPlan != nil && o.ApprovedPlan.Result.Stack != env {
		problems = append(problems, fmt.Sprintf("the approved preview is of %s", o.ApprovedPlan.Result.Stack))
	}
	if len(problems) == 0 {
		return nil
	}
	return &automation.Error{Kind: automation.ErrInvalid, Stack: env, Messages: problems}
}

// deployment is one deploy of one environment.
type deployment struct {
	session
	o      Options
	estate automation.Estate
	out    *Deployment
}

// acquire takes the lease. With Repair, it first breaks the lease of a dead holder.
func (d *deployment) acquire(ctx context.Context) (*lease.Lease, error) {
	opts := d.o.Lease
	if opts.Waiting == nil {
		opts.Waiting = func(r lease.Record) { d.tell(plan.StageLease, "waiting for "+r.Holder.String()) }
	}
	for broke := false; ; broke = true {
		l, err := lease.Acquire(ctx, d.backend.Store, d.backend.Stack, d.by, opts)
		var held *lease.HeldError
		if ctx.Err() != nil || !errors.As(err, &held) {
			return l, err
		}
		if !d.o.Repair || held.Record.Dead == "" || broke {
			return nil, automation.Held(d.op, d.stack, held)
		}
		b, err := lease.Break(ctx, d.backend.Store, d.backend.Stack, lease.BreakOptions{ID: held.Record.ID, By: d.by})
		switch {
		case errors.Is(err, lease.ErrNotHeld): // released in the meantime
		case errors.As(err, &held):
			return nil, automation.Held(d.op, d.stack, held)
		case err != nil:
			return nil, err
		default:
			d.broken = b.Record
			d.repaired(fmt.Sprintf("broke the lease of %s: %s", held.Record.Holder, b.Proof))
		}
	}
}

// repaired notes a repair.
func (d *deployment) repaired(what string) {
	d.out.Repaired = append(d.out.Repaired, what)
	d.tell(plan.StageRepair, what)
}

// run does everything that needs the lease.
func (d *deployment) run(ctx context.Context) error {
	if err := d.clear(ctx); err != nil {
		return err
	}
	d.tell(plan.StagePreview, "")
	preview, err := d.Preview(ctx, d.stack, automation.PreviewOptions{
		OnEvent: d.o.OnEvent, Refresh: d.o.Refresh, Create: d.o.Create, AWSOnly: d.o.AWSOnly, Parallel: d.o.Parallel,
		UpNext: true,
	})
	if preview != nil {
		d.out.Plan = &plan.Plan{Format: plan.Format, Result: preview}
	}
	if err != nil {
		return err
	}
	if d.out.Plan, err = d.Plan(ctx, preview, d.o.Program); err != nil {
		return err
	}
	if preview.Empty() && !preview.OutputsChange {
		if len(preview.Withheld) > 0 {
			return d.withholding(preview)
		}
		return nil // no gate applies
	}
	d.tell(plan.StageGates, "")
	if err := d.passApproval(d.out.Plan); err != nil {
		return err
	}
	if err := d.passGates(d.out.Plan); err != nil {
		return err
	}
	d.tell(plan.StageUp, "")
	d.out.Up, err = d.Up(ctx, d.stack, automation.UpOptions{
		OnEvent: d.o.OnEvent, Refresh: d.o.Refresh, AWSOnly: d.o.AWSOnly, Parallel: d.o.Parallel, Message: plan.Mask(d.o.Message),
	})
	if err != nil {
		return d.locked(ctx, err)
	}
	d.tell(plan.StageSettle, "")
	return d.settle(ctx)
}

// clear makes sure that nothing left by an earlier run blocks the deploy.
func (d *deployment) clear(ctx context.Context) error {
	d.tell(plan.StageInspect, "")
	found, err := d.inspect(ctx)
	if err != nil {
		return err
	}
	if !d.o.Repair || !found.Blocks() {
		return automation.Blocked(d.op, found)
	}
	d.tell(plan.StageRepair, "")
	m := &repairing{session: &d.session, did: d.repaired, o: RepairOptions{OnEvent: d.o.OnEvent, AWSOnly: d.o.AWSOnly}}
	return m.repair(ctx, found)
}

// locked adds to the error of an update the lock that its engine left because it was killed.
func (d *deployment) locked(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingTime)
	defer cancel()
	var e *automation.Error
	if !errors.As(err, &e) || e.Kind == automation.ErrLocked {
		return err
	}
	locks, reading := d.backend.Locks(ctx, nil, time.Now())
	if reading != nil || len(locks) == 0 {
		return err
	}
	e.Messages = append(e.Messages, "the engine was killed before it could save the state and release its lock")
	return e.Because(&state.BlockedError{Inspection: &state.Inspection{Stack: d.stack, Locks: locks}})
}

// settle previews once more, with a refresh: nothing may be left to do.
func (d *deployment) settle(ctx context.Context) error {
	r, err := d.Preview(ctx, d.stack, automation.PreviewOptions{OnEvent: d.o.OnEvent, Refresh: true, AWSOnly: d.o.AWSOnly, Parallel: d.o.Parallel})
	d.out.Settled = r
	switch {
	case errors.Is(err, automation.ErrCancelled):
		return d.error(automation.ErrCancelled, "everything was applied; interrupted before checking that nothing is left to do").Because(err)
	case err != nil:
		return d.error(automation.ErrUnsettled, "everything was applied, but the preview afterwards failed: "+err.Error()).Because(err)
	case r.Empty() && len(r.Withheld) > 0:
		return d.withholding(r)
	case r.Empty():
		return nil
	}
	e := d.error(automation.ErrUnsettled, "everything was applied, but the preview afterwards finds more to do:")
	for _, s := range r.Drift {
		e.Messages = append(e.Messages, "drift: "+s.String())
	}
	for _, s := range r.Steps {
		e.Messages = append(e.Messages, "planned: "+s.String())
	}
	for _, s := range r.Withheld {
		e.Messages = append(e.Messages, "withheld because the objects in the cluster were left out: "+s.String())
	}
	return e
}

// left says what a deploy whose lease was lost has done. Its other errors follow from the interrupt.
func (d *deployment) left(with error) []string {
	var out []string
	switch {
	case with == nil:
		out = append(out, "everything was applied; check what the other run did")
	case d.out.Up == nil:
		out = append(out, "nothing was changed")
	default:
		out = append(out, "the engine was interrupted and has finished the operations in progress; deploy again once no other run is in progress")
	}
	var failed *automation.Error
	if errors.As(with, &failed) {
		out = append(out, failed.Messages...)
	}
	return out
}

// outcome returns how the deploy ended.
func (d *deployment) outcome(err error) Outcome {
	switch {
	case err == nil && d.out.Up == nil:
		return Unchanged
	case err == nil:
		return Deployed
	case errors.Is(err, automation.ErrUnsettled):
		return Unsettled
	}
	switch resultOf(err) {
	case history.Cancelled:
		return Cancelled
	case history.Refused:
		return Refused
	}
	return NotDeployed
}

// history returns the record of the deploy.
func (d *deployment) history(err error) *history.Record {
	r := d.record(d.out.Started, err)
	r.Approval, r.Repaired = plan.Mask(d.o.Approval), d.out.Repaired
	for _, a := range d.o.Allow {
		r.Allowances = append(r.Allowances, plan.Mask(a))
	}
	if p := d.out.Plan; p != nil {
		r.Digest, r.Program, r.CLI, r.Changes = p.Digest, p.Identity.Program, p.Identity.CLI, p.Result.Counts
		for _, s := range p.Result.Steps {
			if s.Destructive() {
				r.Destructive = append(r.Destructive, history.Resource{Op: s.Op, Type: s.Type, Name: s.Name, URN: s.URN})
			}
		}
	}
	if d.out.Up != nil {
		r.Changes = d.out.Up.Counts
		for _, s := range d.out.Up.Failed() {
			if r.Failure != nil {
				r.Failure.Resources = append(r.Failure.Resources, s.URN)
			}
		}
	}
	d.out.Record = r
	return r
}

// withholding is the error of a deploy that did everything but some deletions.
func (d *deployment) withholding(r *plan.Result) error {
	e := d.error(automation.ErrUnsettled, "deletions are withheld because the objects in the cluster were left out: only a deploy that reaches the cluster can delete these objects and what they depend on")
	for _, s := range r.Withheld {
		e.Messages = append(e.Messages, "withheld: "+s.String())
	}
	return e
}
