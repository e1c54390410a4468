package automation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

// RepairOptions configures Repair.
type RepairOptions struct {
	// OnEvent is called with every event, one after the other; the engine waits for it.
	OnEvent func(Event)
	// Force breaks the lease and removes the locks of processes that may be running. It needs a Reason, which the history
	// keeps.
	Force  bool
	Reason string
	// Import gives the IDs of resources whose creation was interrupted and which exist, by URN or by type and name with a
	// blank in between. Clear names those which do not exist, or which somebody will see to.
	Import map[string]string
	Clear  []string
	// Restore puts the newest whole copy in the place of a state that is damaged. What was done after the copy was made is
	// not in it.
	Restore bool
	// AWSOnly leaves the objects in the cluster out of the refresh: see InCluster.
	AWSOnly bool
	// By says who repairs, for the lease and the history. An empty actor is the operating system's user.
	By lease.Holder
}

// Repaired is what Repair did.
type Repaired struct {
	Stack string `json:"stack"`
	// Found is what was there before.
	Found *Inspection `json:"found"`
	// Done says what was done, in sentences; empty when there was nothing to do.
	Done []string `json:"done,omitempty"`
	// Record is what the history keeps of it; nil when there was nothing to do.
	Record *history.Record `json:"record,omitempty"`
}

// Repair removes what a killed run has left and what stands in the way of an update: its lease and Pulumi's lock if its
// process is proven gone (or by force), and operations whose end is not known. Of these, a resource whose ID is known is
// looked for in the cloud and taken into the state if it exists; where there cannot be two, the operation is forgotten
// and made again; where there can, a person must have looked (RepairOptions.Import, Clear), or the error is an
// ErrPending and the operations stay. A refresh then reads everything else as it is.
func (p *Platform) Repair(ctx context.Context, env string, o RepairOptions) (*Repaired, error) {
	o.Reason = strings.TrimSpace(o.Reason)
	if o.Force && o.Reason == "" {
		return nil, &Error{Kind: ErrInvalid, Operation: OpRepair, Stack: env, Messages: []string{"force needs a reason, which the history keeps"}}
	}
	started := time.Now()
	o.By = thisHolder(o.By)
	found, err := p.Inspect(ctx, env)
	if err != nil {
		return nil, err
	}
	out := &Repaired{Stack: env, Found: found}
	if found.Clean() {
		return out, nil
	}
	b, err := p.beside(ctx, env)
	if err != nil {
		return out, asError(ctx, err, OpRepair, env)
	}
	m := &mending{Platform: p, stages: stages{OpRepair, env, o.OnEvent}, stack: env, beside: b, o: o}
	m.did = func(what string) {
		out.Done = append(out.Done, what)
		m.tell(StageRepair, what)
	}
	if b.store == nil {
		return out, asError(ctx, m.mend(ctx, found), OpRepair, env)
	}
	l, err := m.takeLease(ctx, found.Lease)
	if err != nil {
		return out, asError(ctx, err, OpRepair, env)
	}
	err = m.repair(l.Context(), l, found.Lease)
	if err != nil && errors.Is(context.Cause(l.Context()), lease.ErrLost) {
		cause := context.Cause(l.Context())
		err = &Error{Kind: ErrLeaseLost, Operation: OpRepair, Stack: env, Messages: []string{cause.Error()}, cause: cause}
	}
	err = asError(l.Context(), err, OpRepair, env)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingTime)
	defer cancel()
	out.Record = &history.Record{
		Stack: b.stack, Operation: string(OpRepair), Actor: o.By.Actor, Host: o.By.Host, Run: o.By.Run, Commit: o.By.Commit,
		Repaired: out.Done, Reason: o.Reason, Result: resultOf(err), Started: started.UTC(), Duration: time.Since(started),
	}
	if err != nil {
		out.Record.Failure = &history.Failure{Kind: kindOf(err)}
	}
	if writing := history.Append(closing, b.store, out.Record); writing != nil && err == nil {
		err = &Error{Kind: ErrEngine, Operation: OpRepair, Stack: env, Messages: []string{"it is done, and could not be recorded: " + writing.Error()}, cause: writing}
	}
	if released := l.Release(closing); released != nil {
		m.tell(StageRecord, released.Error())
	}
	return out, err
}

// mending is the repair of one stack.
type mending struct {
	*Platform
	stages
	stack  string
	beside *beside
	o      RepairOptions
	did    func(string) // told what was done
}

// takeLease breaks the lease that is in the way, if that is allowed, and takes its own.
func (m *mending) takeLease(ctx context.Context, old *lease.Record) (*lease.Lease, error) {
	m.tell(StageLease, "")
	if old != nil && !old.Expired {
		b, err := lease.Break(ctx, m.beside.store, m.beside.stack, lease.BreakOptions{ID: old.ID, By: m.o.By, Force: m.o.Force, Reason: m.o.Reason})
		var held *lease.HeldError
		switch {
		case errors.As(err, &held):
			return nil, &Error{Kind: ErrLocked, Operation: OpRepair, Stack: m.stack, Messages: []string{err.Error() + " (--force --reason '...')"}, cause: err}
		case errors.Is(err, lease.ErrNotHeld): // released since
		case err != nil:
			return nil, err
		case b.Forced:
			m.did(fmt.Sprintf("broke the lease of %s by force", old.Holder))
		default:
			m.did(fmt.Sprintf("broke the lease of %s: %s", old.Holder, b.Proof))
		}
	}
	l, err := lease.Acquire(ctx, m.beside.store, m.beside.stack, m.o.By, lease.Options{})
	var held *lease.HeldError
	if errors.As(err, &held) {
		return nil, heldError(OpRepair, m.stack, held)
	}
	return l, err
}

// repair looks once more, now that nobody else can deploy, and mends what it finds.
func (m *mending) repair(ctx context.Context, l *lease.Lease, broken *lease.Record) error {
	m.tell(StageInspect, "")
	found, err := m.under(ctx, l, broken)
	if err != nil {
		return err
	}
	return m.mend(ctx, found)
}

// under looks for what an earlier run has left, under a lease of one's own. The lease in whose place it was taken may prove
// that a lock is stale.
func (m *mending) under(ctx context.Context, l *lease.Lease, broken *lease.Record) (*Inspection, error) {
	if l == nil {
		return m.inspect(ctx, m.beside, m.stack, nil, time.Now())
	}
	prior := broken
	if old := l.Record().TookOver; old != nil {
		past := *old
		past.Expired = true
		prior = &past
	}
	// When the own lease was written, the store says in its own time.
	now := time.Now()
	if own, err := lease.Read(ctx, m.beside.store, m.beside.stack); err == nil {
		now = own.Renewed
	}
	return m.inspect(ctx, m.beside, m.stack, prior, now)
}

// mend removes locks and resolves operations.
func (m *mending) mend(ctx context.Context, found *Inspection) error {
	if err := m.locks(ctx, found); err != nil {
		return err
	}
	if len(found.Damage) > 0 {
		if err := m.restore(ctx, found); err != nil {
			return err
		}
		var err error
		if found, err = m.inspect(ctx, m.beside, m.stack, nil, time.Now()); err != nil {
			return err
		}
		if len(found.Damage) > 0 {
			return found.refusal(m.op)
		}
	}
	return m.operations(ctx, found)
}

// locks removes the locks whose processes are gone; all of them by force.
func (m *mending) locks(ctx context.Context, found *Inspection) error {
	if !m.o.Force && slices.ContainsFunc(found.Locks, func(l Lock) bool { return l.Proof == "" }) {
		return found.refusal(m.op)
	}
	for _, l := range found.Locks {
		err := m.beside.store.Delete(ctx, l.Key, l.version)
		m.attributes(ctx, l.Key)
		switch {
		case errors.Is(err, statestore.ErrNotFound): // released since
		case err != nil:
			return fmt.Errorf("remove the lock of %s@%s (process %d): %w", l.User, l.Host, l.PID, err)
		case l.Proof == "":
			m.did(fmt.Sprintf("removed the lock of %s@%s (process %d) by force", l.User, l.Host, l.PID))
		default:
			m.did(fmt.Sprintf("removed the lock of %s@%s (process %d): %s", l.User, l.Host, l.PID, l.Proof))
		}
	}
	return nil
}

// attributes removes the file of attributes of an object that was removed or replaced.
func (m *mending) attributes(ctx context.Context, key string) {
	if o, err := m.beside.store.Get(ctx, key+attributesSuffix); err == nil {
		_ = m.beside.store.Delete(ctx, key+attributesSuffix, o.Version)
	}
}

// operations resolves operations whose end is not known.
func (m *mending) operations(ctx context.Context, found *Inspection) error {
	decided, err := m.decide(found.Pending)
	if err != nil || len(decided) == 0 {
		return err
	}
	var adopted []PendingOperation
	for _, o := range decided {
		if o.Remedy == RemedyAdopt {
			adopted = append(adopted, o)
		}
	}
	if err := m.adopt(ctx, adopted); err != nil {
		return err
	}
	if err := m.refreshed(ctx, adopted); err != nil {
		return err
	}
	left, err := m.inspect(ctx, m.beside, m.stack, nil, time.Now())
	if err != nil {
		return err
	}
	if err := left.refusal(m.op); err != nil {
		return err
	}
	return m.report(ctx, decided)
}

// decide applies the caller's decisions to what is pending, and refuses what is left undecided.
func (m *mending) decide(pending []PendingOperation) ([]PendingOperation, error) {
	imports, clears := map[string]bool{}, map[string]bool{}
	var out, undecided []PendingOperation
	var problems []string
	for _, o := range pending {
		for _, name := range []string{o.URN, o.Type + " " + o.Name} {
			if id := m.o.Import[name]; id != "" && o.Operation == "creating" {
				imports[name] = true
				o.ID, o.Remedy = id, RemedyAdopt
			}
			if slices.Contains(m.o.Clear, name) && o.Operation == "creating" {
				clears[name] = true
				o.Remedy = RemedyClear
			}
		}
		if o.Remedy == RemedyDecide {
			undecided = append(undecided, o)
		}
		out = append(out, o)
	}
	for name := range m.o.Import {
		if !imports[name] {
			problems = append(problems, fmt.Sprintf("%q, which is to be imported, is not being created", name))
		}
	}
	for _, name := range m.o.Clear {
		if !clears[name] {
			problems = append(problems, fmt.Sprintf("%q, which is to be cleared, is not being created", name))
		} else if m.o.Import[name] != "" {
			problems = append(problems, fmt.Sprintf("%q is to be imported and to be cleared", name))
		}
	}
	if len(problems) > 0 {
		slices.Sort(problems)
		return nil, &Error{Kind: ErrInvalid, Operation: m.op, Stack: m.stack, Messages: problems}
	}
	if len(undecided) > 0 {
		return nil, (&Inspection{Stack: m.stack, Pending: undecided}).refusal(m.op)
	}
	return out, nil
}

// adopt writes resources into the state as if their creation had been seen to end, with their inputs for outputs until a
// refresh has read them. The CLI's own flag for this, refresh --import-pending-creates, forgets the operation as of 3.250
// and imports nothing: it makes an importing operation of it, which the refresh then drops.
func (m *mending) adopt(ctx context.Context, adopted []PendingOperation) error {
	if len(adopted) == 0 {
		return nil
	}
	w, err := m.open(ctx, m.stack, false)
	if err != nil {
		return err
	}
	defer w.close()
	text, err := w.run(ctx, m.stack, "stack", "export")
	if err != nil {
		return err
	}
	edited, err := withAdopted([]byte(text), adopted)
	if err != nil {
		return fmt.Errorf("take resources into the state of %s: %w", m.stack, err)
	}
	_, err = w.runWith(ctx, bytes.NewReader(edited), m.stack, "stack", "import")
	return err
}

// withAdopted edits an exported state. Everything that it does not know stays as it is, secrets included.
func withAdopted(exported []byte, adopted []PendingOperation) ([]byte, error) {
	var whole, deployment map[string]json.RawMessage
	if err := json.Unmarshal(exported, &whole); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(whole["deployment"], &deployment); err != nil {
		return nil, err
	}
	var resources []json.RawMessage
	var pending []struct {
		Resource map[string]json.RawMessage `json:"resource"`
		Type     string                     `json:"type"`
	}
	if err := json.Unmarshal(deployment["resources"], &resources); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(deployment["pending_operations"], &pending); err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, raw := range resources {
		var r record
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, err
		}
		there[r.URN] = true
	}
	for _, o := range adopted {
		if there[o.URN] {
			return nil, fmt.Errorf("%s %s is in it, to be replaced: clear the operation, deploy, and delete by hand what it may have made", o.Type, o.Name)
		}
		for _, p := range pending {
			var urn string
			if err := json.Unmarshal(p.Resource["urn"], &urn); err != nil {
				return nil, err
			}
			if urn != o.URN || p.Type != "creating" {
				continue
			}
			id, err := json.Marshal(o.ID)
			if err != nil {
				return nil, err
			}
			p.Resource["id"], p.Resource["outputs"] = id, p.Resource["inputs"]
			raw, err := json.Marshal(p.Resource)
			if err != nil {
				return nil, err
			}
			resources = append(resources, raw)
		}
	}
	var err error
	if deployment["resources"], err = json.Marshal(resources); err != nil {
		return nil, err
	}
	if whole["deployment"], err = json.Marshal(deployment); err != nil {
		return nil, err
	}
	return json.Marshal(whole)
}

// pause is the time between two looks at a resource that the cloud is still making.
const pause = 15 * time.Second

// making are the states in which AWS is still making a resource.
var making = []string{"CREATING", "creating", "PENDING", "pending"}

// refreshed reads everything as it is, again while the cloud is still making something that was taken into the state.
func (m *mending) refreshed(ctx context.Context, adopted []PendingOperation) error {
	for {
		if _, err := m.refresh(ctx, m.stack, RefreshOptions{OnEvent: m.o.OnEvent, AWSOnly: m.o.AWSOnly, Message: "repair"}, true); err != nil {
			return err
		}
		s, err := m.currentState(ctx, m.stack)
		if err != nil {
			return err
		}
		var waiting []string
		for _, r := range s.resources {
			var status string
			_ = json.Unmarshal(r.Outputs["status"], &status)
			if slices.Contains(making, status) && slices.ContainsFunc(adopted, func(o PendingOperation) bool { return o.URN == r.URN }) {
				waiting = append(waiting, r.Type+" "+r.name())
			}
		}
		if len(waiting) == 0 {
			return nil
		}
		m.tell(StageRepair, "the cloud is still making "+strings.Join(waiting, ", "))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// report says what became of the operations.
func (m *mending) report(ctx context.Context, decided []PendingOperation) error {
	s, err := m.currentState(ctx, m.stack)
	if err != nil {
		return err
	}
	for _, o := range decided {
		exists := slices.ContainsFunc(s.resources, func(r record) bool { return r.URN == o.URN })
		what := o.Type + " " + o.Name
		switch {
		case o.Remedy == RemedyAdopt && exists:
			m.did(fmt.Sprintf("took %s (%s) into the state: it exists", what, o.ID))
		case o.Remedy == RemedyAdopt:
			m.did(fmt.Sprintf("forgot the creation of %s: the cloud knows no %s", what, o.ID))
		case o.Remedy == RemedyClear:
			m.did(fmt.Sprintf("forgot the creation of %s", what))
		case exists:
			m.did(fmt.Sprintf("read %s, whose %s was not seen to end", what, noun[o.Operation]))
		default:
			m.did(fmt.Sprintf("found that %s is gone, whose %s was not seen to end", what, noun[o.Operation]))
		}
	}
	return nil
}

// noun names an operation.
var noun = map[string]string{"updating": "update", "deleting": "deletion", "reading": "reading", "importing": "import"}

// currentState reads a stack's state.
func (m *mending) currentState(ctx context.Context, stack string) (*state, error) {
	w, err := m.open(ctx, stack, false)
	if err != nil {
		return nil, err
	}
	defer w.close()
	return w.state(ctx, stack)
}
