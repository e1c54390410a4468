package automation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

// DeployOptions configures Deploy. The zero value deploys what is planned now, unless it needs an approval or an
// allowance.
type DeployOptions struct {
	// OnEvent is called with every event, one after the other; the engine waits for it.
	OnEvent func(Event)
	// ApprovedPlan is the preview that was approved; Approved is its digest alone, or at least the first twelve digits
	// of it. If the changes are others now, nothing is done and the error is an ErrStale; with the plan, it says what
	// is different. Neither: whatever is planned is done, as far as the gates let it through.
	ApprovedPlan *Plan
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
	Plan *Plan `json:"plan,omitempty"`
	// Difference is what distinguishes the plan from the approved one, when they are not the same.
	Difference *Difference `json:"difference,omitempty"`
	// Up is what was done, Settled the look at the cloud afterwards. Nil when the deploy did not come that far.
	Up      *Result `json:"up,omitempty"`
	Settled *Result `json:"settled,omitempty"`
	// Repaired says what was repaired before the deploy, in sentences.
	Repaired []string `json:"repaired,omitempty"`
	// Unleased says why there was no lease; empty when there was one.
	Unleased string `json:"unleased,omitempty"`
	// Record is what the history keeps of the deploy; nil when it never had the lease.
	Record   *history.Record `json:"record,omitempty"`
	Started  time.Time       `json:"started"`
	Duration time.Duration   `json:"durationNanoseconds"`
}

// Deploy brings an environment to what its stack file says, as Up does, and makes sure of four things: nobody else
// deploys it at the same time (a lease beside the state), what is done is what was approved (the plan is made once more
// and must have the approved digest), nothing critical is replaced or deleted that was not named, and nothing is left to
// do afterwards (a look at the cloud). Every deploy that had the lease leaves a record, whatever became of it.
//
// The end of the context interrupts the engine once: the running steps are finished and recorded, the lock and the lease
// are released, and the error is an ErrCancelled. The same happens when the lease is lost; the error is then an
// ErrLeaseLost.
//
// The deployment is there for a failed deploy, too; it is nil only when nothing was begun.
func (p *Platform) Deploy(ctx context.Context, env string, o DeployOptions) (*Deployment, error) {
	e, err := p.Estate(env)
	if err != nil {
		return nil, named(err, OpDeploy, env)
	}
	if err := o.check(env); err != nil {
		return nil, err
	}
	d := &deploy{
		Platform: p, stack: env, o: o, estate: e, stages: stages{OpDeploy, env, o.OnEvent},
		out: &Deployment{Stack: env, Started: time.Now()},
	}
	d.o.By = thisHolder(o.By)
	err = d.leased(ctx)
	d.out.Outcome = d.outcome(err)
	d.out.Duration = time.Since(d.out.Started)
	return d.out, err
}

// check tells what is wrong with the options, all at once.
func (o *DeployOptions) check(env string) error {
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
	return &Error{Kind: ErrInvalid, Stack: env, Messages: problems}
}

// deploy is one deploy of one environment.
type deploy struct {
	*Platform
	stages
	stack  string
	o      DeployOptions
	estate Estate
	beside *beside
	lease  *lease.Lease  // nil where there are none
	broken *lease.Record // the lease that was in the way, and whose holder was dead
	out    *Deployment
}

// closingTime is how long the record and the release of the lease may take after a cancel.
const closingTime = 30 * time.Second

// leased takes the lease, deploys, and keeps a record.
func (d *deploy) leased(ctx context.Context) error {
	d.tell(StageLease, "")
	var err error
	if d.beside, err = d.Platform.beside(ctx, d.stack); err != nil {
		return d.wrap(ctx, err)
	}
	if d.beside.store == nil {
		d.out.Unleased = d.beside.without
		d.tell(StageLease, d.beside.without)
		return d.wrap(ctx, d.run(ctx))
	}
	l, err := d.acquire(ctx)
	if err != nil {
		return d.wrap(ctx, err)
	}
	d.lease = l
	if old := l.Record().TookOver; old != nil {
		d.tell(StageLease, fmt.Sprintf("took over from %s, whose lease expired at %s and was never released", old.Holder, old.Expires.UTC().Format(time.RFC3339)))
	}
	err = d.wrap(l.Context(), d.run(l.Context()))
	if err != nil && errors.Is(context.Cause(l.Context()), lease.ErrLost) {
		err = d.lost(context.Cause(l.Context()), err)
	}
	d.tell(StageRecord, "")
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingTime)
	defer cancel()
	// The record first: whoever gets the lease next finds it.
	err = d.record(closing, err)
	released := l.Release(closing)
	switch {
	case released == nil:
	case errors.Is(released, lease.ErrLost) && err == nil:
		err = d.lost(released, nil)
	case err == nil:
		// The deploy is done; the lease expires by itself.
		d.tell(StageRecord, fmt.Sprintf("the lease could not be released and expires by itself: %v", released))
	}
	return err
}

// acquire takes the lease, after breaking that of a dead holder when repairs are wanted.
func (d *deploy) acquire(ctx context.Context) (*lease.Lease, error) {
	opts := d.o.Lease
	if opts.Waiting == nil {
		opts.Waiting = func(r lease.Record) { d.tell(StageLease, "waiting for "+r.Holder.String()) }
	}
	for broke := false; ; broke = true {
		l, err := lease.Acquire(ctx, d.beside.store, d.beside.stack, d.o.By, opts)
		var held *lease.HeldError
		if ctx.Err() != nil || !errors.As(err, &held) {
			return l, err
		}
		if !d.o.Repair || held.Record.Dead == "" || broke {
			return nil, heldError(OpDeploy, d.stack, held)
		}
		b, err := lease.Break(ctx, d.beside.store, d.beside.stack, lease.BreakOptions{ID: held.Record.ID, By: d.o.By})
		switch {
		case errors.Is(err, lease.ErrNotHeld): // released since
		case errors.As(err, &held):
			return nil, heldError(OpDeploy, d.stack, held)
		case err != nil:
			return nil, err
		default:
			d.broken = b.Record
			d.repaired(fmt.Sprintf("broke the lease of %s: %s", held.Record.Holder, b.Proof))
		}
	}
}

// repaired notes a repair.
func (d *deploy) repaired(what string) {
	d.out.Repaired = append(d.out.Repaired, what)
	d.tell(StageRepair, what)
}

// run does everything that needs the lease.
func (d *deploy) run(ctx context.Context) error {
	if err := d.clear(ctx); err != nil {
		return err
	}
	d.tell(StagePreview, "")
	preview, err := d.Preview(ctx, d.stack, PreviewOptions{
		OnEvent: d.o.OnEvent, Refresh: d.o.Refresh, Create: d.o.Create, AWSOnly: d.o.AWSOnly, Parallel: d.o.Parallel,
	})
	if preview != nil {
		d.out.Plan = &Plan{Format: plan.Format, Result: preview}
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
	d.tell(StageGates, "")
	if err := d.passApproval(d.out.Plan); err != nil {
		return err
	}
	if err := d.passGates(d.out.Plan); err != nil {
		return err
	}
	d.tell(StageUp, "")
	d.out.Up, err = d.Up(ctx, d.stack, UpOptions{
		OnEvent: d.o.OnEvent, Refresh: d.o.Refresh, AWSOnly: d.o.AWSOnly, Parallel: d.o.Parallel, Message: d.o.Message,
	})
	if err != nil {
		return d.left(ctx, err)
	}
	d.tell(StageSettle, "")
	return d.settle(ctx)
}

// clear makes sure that nothing of an earlier run is in the way.
func (d *deploy) clear(ctx context.Context) error {
	d.tell(StageInspect, "")
	m := &mending{
		Platform: d.Platform, stages: d.stages, stack: d.stack, beside: d.beside, did: d.repaired,
		o: RepairOptions{By: d.o.By, OnEvent: d.o.OnEvent, AWSOnly: d.o.AWSOnly},
	}
	found, err := m.under(ctx, d.lease, d.broken)
	if err != nil {
		return err
	}
	if !d.o.Repair || found.clean() {
		return found.refusal(OpDeploy)
	}
	d.tell(StageRepair, "")
	return m.mend(ctx, found)
}

// left adds to the error of an update what its engine has left locked: it did not end by itself.
func (d *deploy) left(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingTime)
	defer cancel()
	var e *Error
	if !errors.As(err, &e) || e.Kind == ErrLocked {
		return err
	}
	locks, reading := d.beside.locks(ctx, nil, time.Now())
	if reading != nil || len(locks) == 0 {
		return err
	}
	e.Messages = append(e.Messages, fmt.Sprintf("the engine was killed before it could save the state and let go of its lock; look at it with: platform repair %s --check", d.stack))
	return err
}

// settle looks at the cloud, which must be what the program says.
func (d *deploy) settle(ctx context.Context) error {
	r, err := d.Preview(ctx, d.stack, PreviewOptions{OnEvent: d.o.OnEvent, Refresh: true, AWSOnly: d.o.AWSOnly, Parallel: d.o.Parallel})
	d.out.Settled = r
	switch {
	case errors.Is(err, ErrCancelled):
		return &Error{Kind: ErrCancelled, Operation: OpDeploy, Stack: d.stack, Messages: []string{
			"everything was applied; whether it has settled was not seen"}, cause: err}
	case err != nil:
		return &Error{Kind: ErrUnsettled, Operation: OpDeploy, Stack: d.stack, Messages: []string{
			"everything was applied, and the look at the cloud afterwards failed: " + err.Error()}, cause: err}
	case r.Empty() && len(r.Withheld) > 0:
		return d.withholding(r)
	case r.Empty():
		return nil
	}
	e := &Error{Kind: ErrUnsettled, Operation: OpDeploy, Stack: d.stack, Messages: []string{"everything was applied, and a look at the cloud finds more to do:"}}
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

// lost is the error of a deploy whose lease was lost. What it failed with besides is the consequence of the interrupt.
func (d *deploy) lost(cause, with error) error {
	e := &Error{Kind: ErrLeaseLost, Operation: OpDeploy, Stack: d.stack, Messages: []string{cause.Error()}, cause: cause}
	var failed *Error
	switch {
	case with == nil:
		e.Messages = append(e.Messages, "everything was applied; look at what the other one did")
	case d.out.Up == nil:
		e.Messages = append(e.Messages, "nothing was changed")
	default:
		e.Messages = append(e.Messages, "the engine was interrupted and has finished what it had begun; deploy again once nobody else does")
	}
	if errors.As(with, &failed) {
		e.Messages = append(e.Messages, failed.Messages...)
	}
	return e
}

// wrap makes an *Error of everything, in the name of the deploy where no operation of the engine failed.
func (d *deploy) wrap(ctx context.Context, err error) error {
	return asError(ctx, err, OpDeploy, d.stack)
}

// asError makes an *Error of everything.
func asError(ctx context.Context, err error, op Operation, stack string) error {
	var known *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return &Error{Kind: ErrCancelled, Operation: op, Stack: stack, cause: ctx.Err()}
	}
	return &Error{Kind: ErrEngine, Operation: op, Stack: stack, Messages: []string{err.Error()}, cause: err}
}

// outcome tells how the deploy ended.
func (d *deploy) outcome(err error) Outcome {
	switch {
	case err == nil && d.out.Up == nil:
		return Unchanged
	case err == nil:
		return Deployed
	case errors.Is(err, ErrUnsettled):
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

// record writes the record of the deploy. A deploy that cannot be recorded fails, if only after the fact.
func (d *deploy) record(ctx context.Context, err error) error {
	r := &history.Record{
		Stack: d.beside.stack, Operation: string(OpDeploy), Actor: d.o.By.Actor, Host: d.o.By.Host, Run: d.o.By.Run, Commit: d.o.By.Commit,
		Approval: d.o.Approval, Allowances: d.o.Allow, Repaired: d.out.Repaired,
		Result: resultOf(err), Started: d.out.Started.UTC(), Duration: time.Since(d.out.Started),
	}
	if p := d.out.Plan; p != nil {
		r.Digest, r.Program, r.CLI, r.Changes = p.Digest, p.Identity.Program, p.Identity.CLI, p.Result.Changes
		for _, s := range p.Result.Steps {
			if s.Destructive() {
				r.Destructive = append(r.Destructive, history.Resource{Op: s.Op, Type: s.Type, Name: s.Name, URN: s.URN})
			}
		}
	}
	if d.out.Up != nil {
		r.Changes = d.out.Up.Changes
	}
	if err != nil {
		r.Failure = &history.Failure{Kind: kindOf(err), Resources: failedIn(d.out.Up)}
	}
	d.out.Record = r
	writing := history.Append(ctx, d.beside.store, r)
	switch {
	case writing == nil:
	case err == nil:
		return &Error{Kind: ErrEngine, Operation: OpDeploy, Stack: d.stack, Messages: []string{"it is done, and could not be recorded: " + writing.Error()}, cause: writing}
	default:
		d.tell(StageRecord, writing.Error())
	}
	return err
}

// failedIn returns the URNs of the resources on which an operation failed.
func failedIn(r *Result) []string {
	if r == nil {
		return nil
	}
	var out []string
	for _, s := range r.Steps {
		if s.Status == Failed {
			out = append(out, s.URN)
		}
	}
	return out
}
