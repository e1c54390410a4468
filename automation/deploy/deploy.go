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

// Options configures Run. The zero value deploys what is planned now, unless it needs an approval or an
// allowance.
type Options struct {
	// OnEvent is called with every event, one after the other; the engine waits for it.
	OnEvent func(plan.Event)
	// ApprovedPlan is the preview that was approved; Approved is its digest alone, or at least the first twelve digits
	// of it. If the changes are others now, nothing is done and the error is an automation.ErrStale; with the plan, it says what
	// is different. Neither: whatever is planned is done, as far as the gates let it through.
	ApprovedPlan *plan.Plan
	Approved     string
	// Program names the program in the digest: see Identity. It must be what the approved preview was told.
	Program string
	// Approval refers to whoever approved the deploy, for example a change number or the address of a review. Stack files
	// with delivery.requireApproval need one. It is kept in the history, and not checked.
	Approval string
	// Allow names the critical resources (see Critical) that may be replaced or deleted, each by its type and name with
	// a blank in between or by its URN. One that names none of those that would be is refused.
	Allow []string
	// Repair repairs what a killed run has left, if that is safe: see Repair. Otherwise such a stack is refused.
	Repair bool
	// Refresh brings the state up to date with the cloud first, and so also corrects drift. Previews that are approved must
	// have been made with the same setting, and with the same AWSOnly.
	Refresh bool
	// AWSOnly leaves the objects in the cluster out: see InCluster.
	AWSOnly bool
	// Create makes the stack when it does not exist. A Rehearsal always does.
	Create bool
	// Parallel bounds the resources that are worked on at the same time; 0 is Pulumi's default.
	Parallel int
	// Message is kept in the stack's history at Pulumi.
	Message string
	// By says who deploys, for the lease and the history. An empty actor is the operating system's user.
	By lease.Holder
	// Lease are the settings of the lease, among them how long to wait for one that somebody else has.
	Lease lease.Options
}

// Outcome is how a deploy ended.
type Outcome string

// The outcomes.
const (
	// Unchanged: there was nothing to do, and nothing was done.
	Unchanged Outcome = "no changes"
	// Deployed: everything was applied, and a look at the cloud found nothing left to do.
	Deployed Outcome = "deployed"
	// Unsettled: everything was applied, and a look at the cloud found something left to do.
	Unsettled Outcome = "not settled"
	// Refused: a gate, a lock, or what a killed run had left did not let it through. Nothing was changed.
	Refused Outcome = "refused"
	// Cancelled: it was interrupted, and stopped in an orderly way.
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
	// Plan is the preview of the deploy itself; nil when it did not come that far.
	Plan *plan.Plan `json:"plan,omitempty"`
	// Difference is what distinguishes the plan from the approved one, when they are not the same.
	Difference *plan.Difference `json:"difference,omitempty"`
	// Up is what was done, Settled the look at the cloud afterwards. Nil when the deploy did not come that far.
	Up      *plan.Result `json:"up,omitempty"`
	Settled *plan.Result `json:"settled,omitempty"`
	// Repaired says what was repaired before the deploy, in sentences.
	Repaired []string `json:"repaired,omitempty"`
	// Unleased says why there was no lease; empty when there was one.
	Unleased string `json:"unleased,omitempty"`
	// Record is what the history keeps of the deploy; nil when it never had the lease.
	Record   *history.Record `json:"record,omitempty"`
	Started  time.Time       `json:"started"`
	Duration time.Duration   `json:"durationNanoseconds"`
}

// Run brings an environment to what its stack file says, as Up does, and makes sure of four things: nobody else
// deploys it at the same time (a lease beside the state), what is done is what was approved (the plan is made once more
// and must have the approved digest), nothing critical is replaced or deleted that was not named, and nothing is left to
// do afterwards (a look at the cloud). Every deploy that had the lease leaves a record, whatever became of it.
//
// The end of the context interrupts the engine once: the running steps are finished and recorded, the lock and the lease
// are released, and the error is an automation.ErrCancelled. The same happens when the lease is lost; the error is then an
// automation.ErrLeaseLost.
//
// The deployment is there for a failed deploy, too; it is nil only when nothing was begun.
func Run(ctx context.Context, p *automation.Platform, env string, o Options) (*Deployment, error) {
	e, err := p.Estate(env)
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
	if d.beside != nil {
		d.out.Unleased = d.beside.Without
	}
	d.out.Outcome = d.outcome(err)
	d.out.Duration = time.Since(d.out.Started)
	return d.out, err
}

// check tells what is wrong with the options, all at once.
func (o *Options) check(env string) error {
	var problems []string
	if o.Approved != "" && o.ApprovedPlan != nil {
		problems = append(problems, "give the approved digest or the approved preview, not both")
	}
	if o.Approved != "" && (len(o.Approved) < shortest || strings.Trim(o.Approved, "0123456789abcdef") != "") {
		problems = append(problems, fmt.Sprintf("%q is no digest of a preview: give the whole of it, or its first %d digits", o.Approved, shortest))
	}
	if o.ApprovedPlan != nil && o.ApprovedPlan.Result.Stack != env {
		problems = append(problems, fmt.Sprintf("the approved preview is one of %s", o.ApprovedPlan.Result.Stack))
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

// acquire takes the lease, after breaking that of a dead holder when repairs are wanted.
func (d *deployment) acquire(ctx context.Context) (*lease.Lease, error) {
	opts := d.o.Lease
	if opts.Waiting == nil {
		opts.Waiting = func(r lease.Record) { d.tell(plan.StageLease, "waiting for "+r.Holder.String()) }
	}
	for broke := false; ; broke = true {
		l, err := lease.Acquire(ctx, d.beside.Store, d.beside.Stack, d.by, opts)
		var held *lease.HeldError
		if ctx.Err() != nil || !errors.As(err, &held) {
			return l, err
		}
		if !d.o.Repair || held.Record.Dead == "" || broke {
			return nil, automation.Held(d.op, d.stack, held)
		}
		b, err := lease.Break(ctx, d.beside.Store, d.beside.Stack, lease.BreakOptions{ID: held.Record.ID, By: d.by})
		switch {
		case errors.Is(err, lease.ErrNotHeld): // released since
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
		return nil // there is nothing that a gate could refuse
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

// clear makes sure that nothing of an earlier run is in the way.
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
	m := &mending{session: &d.session, did: d.repaired, o: RepairOptions{OnEvent: d.o.OnEvent, AWSOnly: d.o.AWSOnly}}
	return m.mend(ctx, found)
}

// locked adds to the error of an update what its engine has left locked: it did not end by itself.
func (d *deployment) locked(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingTime)
	defer cancel()
	var e *automation.Error
	if !errors.As(err, &e) || e.Kind == automation.ErrLocked {
		return err
	}
	locks, reading := d.beside.Locks(ctx, nil, time.Now())
	if reading != nil || len(locks) == 0 {
		return err
	}
	e.Messages = append(e.Messages, "the engine was killed before it could save the state and let go of its lock")
	return e.Because(&state.BlockedError{Inspection: &state.Inspection{Stack: d.stack, Locks: locks}})
}

// settle looks at the cloud, which must be what the program says.
func (d *deployment) settle(ctx context.Context) error {
	r, err := d.Preview(ctx, d.stack, automation.PreviewOptions{OnEvent: d.o.OnEvent, Refresh: true, AWSOnly: d.o.AWSOnly, Parallel: d.o.Parallel})
	d.out.Settled = r
	switch {
	case errors.Is(err, automation.ErrCancelled):
		return d.error(automation.ErrCancelled, "everything was applied; whether it has settled was not seen").Because(err)
	case err != nil:
		return d.error(automation.ErrUnsettled, "everything was applied, and the look at the cloud afterwards failed: "+err.Error()).Because(err)
	case r.Empty() && len(r.Withheld) > 0:
		return d.withholding(r)
	case r.Empty():
		return nil
	}
	e := d.error(automation.ErrUnsettled, "everything was applied, and a look at the cloud finds more to do:")
	for _, s := range r.Drift {
		e.Messages = append(e.Messages, "drift: "+s.String())
	}
	for _, s := range r.Steps {
		e.Messages = append(e.Messages, "planned: "+s.String())
	}
	for _, s := range r.Withheld {
		e.Messages = append(e.Messages, "withheld, because the objects in the cluster were left out: "+s.String())
	}
	return e
}

// left says what a deploy whose lease was lost has done. What it failed with besides is the consequence of the interrupt.
func (d *deployment) left(with error) []string {
	var out []string
	switch {
	case with == nil:
		out = append(out, "everything was applied; look at what the other one did")
	case d.out.Up == nil:
		out = append(out, "nothing was changed")
	default:
		out = append(out, "the engine was interrupted and has finished what it had begun; deploy again once nobody else does")
	}
	var failed *automation.Error
	if errors.As(with, &failed) {
		out = append(out, failed.Messages...)
	}
	return out
}

// outcome tells how the deploy ended.
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

// history is what is kept of the deploy.
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

// withholding is the error of a deploy that is done with everything but deletions.
func (d *deployment) withholding(r *plan.Result) error {
	e := d.error(automation.ErrUnsettled, "deletions are withheld, because the objects in the cluster were left out: these objects and what they depend on can only be deleted by a deploy that reaches the cluster")
	for _, s := range r.Withheld {
		e.Messages = append(e.Messages, "withheld: "+s.String())
	}
	return e
}
