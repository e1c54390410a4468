package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// RepairOptions configures Repair.
type RepairOptions struct {
	// OnEvent is called with every event, one after the other; the engine waits for it.
	OnEvent func(plan.Event)
	// Force breaks the lease and removes the locks of processes that may still be running. It needs a Reason, which the
	// history records.
	Force  bool
	Reason string
	// Import gives the IDs of resources whose creation was interrupted and which exist, by URN or by type and name with a
	// blank in between. Clear names those that do not exist, or that will be cleaned up by hand.
	Import map[string]string
	Clear  []string
	// Restore replaces a damaged state by its newest intact copy, which lacks what was done after it was made.
	Restore bool
	// AWSOnly leaves the objects in the cluster out of the refresh: see InCluster.
	AWSOnly bool
	// By says who repairs, for the lease and the history. An empty actor is the operating system's user.
	By lease.Holder
}

// Repaired is what Repair did.
type Repaired struct {
	Stack string `json:"stack"`
	// Found is what was found before the repair.
	Found *state.Inspection `json:"found"`
	// Done says what was done, in sentences; empty if there was nothing to do.
	Done []string `json:"done,omitempty"`
	// Record is the repair's record in the history; nil if there was nothing to do.
	Record *history.Record `json:"record,omitempty"`
}

// Repair removes what a killed run has left and what blocks an update: its lease and Pulumi's lock if its process is proven
// gone (or by force), and operations of unknown outcome. If the ID of such a resource is known, it is looked up in the
// cloud and imported into the state if it exists; if there can be only one, the operation is dropped and the resource
// created again; otherwise a person must decide (RepairOptions.Import, Clear), or the error is an ErrPending and the
// operations stay. A refresh then reads everything else.
func Repair(ctx context.Context, p *automation.Platform, env string, o RepairOptions) (*Repaired, error) {
	s := &session{Platform: p, op: plan.OpRepair, stack: env, by: holder(o.By), observe: o.OnEvent}
	o.Reason = plan.Mask(strings.TrimSpace(o.Reason))
	if o.Force && o.Reason == "" {
		return nil, s.error(automation.ErrInvalid, "force needs a reason, which the history records")
	}
	started := time.Now()
	found, err := p.Inspect(ctx, env)
	if err != nil {
		return nil, err
	}
	out := &Repaired{Stack: env, Found: found}
	if found.Clean() {
		return out, nil
	}
	m := &repairing{session: s, o: o, damaged: found.LeaseDamage != "", did: func(what string) {
		out.Done = append(out.Done, what)
		s.tell(plan.StageRepair, what)
	}}
	s.broken = found.Lease
	err = s.under(ctx, work{
		take: m.takeLease,
		run: func(ctx context.Context) error {
			// Again, now that no other run can deploy.
			s.tell(plan.StageInspect, "")
			found, err := s.inspect(ctx)
			if err != nil {
				return err
			}
			return m.repair(ctx, found)
		},
		lost: func(error) []string { return nil },
		record: func(err error) *history.Record {
			out.Record = s.record(started, err)
			out.Record.Repaired, out.Record.Reason = out.Done, o.Reason
			return out.Record
		},
	})
	return out, err
}

// repairing is the repair of one stack.
type repairing struct {
	*session
	o   RepairOptions
	did func(string) // receives what was done
	// damaged tells that the lease cannot be read.
	damaged bool
}

// takeLease breaks the existing lease, if that is allowed, and takes its own. One that cannot be read is broken by
// force only: nobody knows whose it is.
func (m *repairing) takeLease(ctx context.Context) (*lease.Lease, error) {
	var held *lease.HeldError
	if m.damaged && m.o.Force {
		_, err := lease.Break(ctx, m.backend.Store, m.backend.Stack, lease.BreakOptions{By: m.by, Force: true, Reason: m.o.Reason})
		switch {
		case errors.Is(err, lease.ErrNotHeld):
		case err != nil:
			return nil, err
		default:
			m.did("broke a lease that cannot be read, by force")
		}
	}
	if old := m.broken; old != nil && !old.Expired {
		b, err := lease.Break(ctx, m.backend.Store, m.backend.Stack, lease.BreakOptions{ID: old.ID, By: m.by, Force: m.o.Force, Reason: m.o.Reason})
		switch {
		case errors.As(err, &held):
			return nil, automation.Held(m.op, m.stack, held)
		case errors.Is(err, lease.ErrNotHeld): // released in the meantime
		case err != nil:
			return nil, err
		case b.Forced:
			m.did(fmt.Sprintf("broke the lease of %s by force", old.Holder))
		default:
			m.did(fmt.Sprintf("broke the lease of %s: %s", old.Holder, b.Proof))
		}
	}
	l, err := lease.Acquire(ctx, m.backend.Store, m.backend.Stack, m.by, lease.Options{})
	if errors.As(err, &held) {
		return nil, automation.Held(m.op, m.stack, held)
	}
	return l, err
}

// repair removes locks and resolves operations.
func (m *repairing) repair(ctx context.Context, found *state.Inspection) error {
	if err := m.locks(ctx, found); err != nil {
		return err
	}
	if len(found.Damage) > 0 {
		if err := m.restore(ctx, found); err != nil {
			return err
		}
		var err error
		if found, err = m.InspectUnder(ctx, m.backend, nil, time.Now()); err != nil {
			return err
		}
		if len(found.Damage) > 0 {
			return automation.Blocked(m.op, found)
		}
	}
	return m.operations(ctx, found)
}

// locks removes the locks whose processes are gone; all of them by force.
func (m *repairing) locks(ctx context.Context, found *state.Inspection) error {
	if !m.o.Force && slices.ContainsFunc(found.Locks, func(l state.Lock) bool { return l.Proof == "" }) {
		return automation.Blocked(m.op, found)
	}
	for _, l := range found.Locks {
		err := m.backend.Unlock(ctx, l)
		switch {
		case errors.Is(err, statestore.ErrNotFound): // released in the meantime
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

// restore removes damaged files that are expendable and, with Restore, replaces a damaged state by its copy.
func (m *repairing) restore(ctx context.Context, found *state.Inspection) error {
	if !m.o.Restore && slices.ContainsFunc(found.Damage, func(d state.Damage) bool { return !d.Expendable }) {
		return automation.Blocked(m.op, found)
	}
	for _, d := range found.Damage {
		switch {
		case d.Expendable:
			if err := m.backend.Remove(ctx, d); err != nil {
				return err
			}
			m.did(fmt.Sprintf("removed %s, which was damaged and is not needed", d.File))
		case d.Copy == "":
			return automation.Blocked(m.op, found)
		default:
			if err := m.backend.Restore(ctx, d); err != nil {
				return fmt.Errorf("restore %s: %w", d.File, err)
			}
			m.did(fmt.Sprintf("restored %s from %s of %s, with %s", d.File, d.Copy, d.CopyMade.UTC().Format("2006-01-02 15:04:05 UTC"), plural.Of(d.CopyResources, "resource")))
		}
	}
	return nil
}

// operations resolves operations of unknown outcome.
func (m *repairing) operations(ctx context.Context, found *state.Inspection) error {
	decided, err := m.decide(ctx, found.Pending)
	if err != nil || len(decided) == 0 {
		return err
	}
	var adopted []state.PendingOperation
	for _, o := range decided {
		if o.Remedy == state.RemedyAdopt {
			adopted = append(adopted, o)
		}
	}
	if err := m.adopt(ctx, adopted); err != nil {
		return err
	}
	if err := m.refreshed(ctx, adopted); err != nil {
		return err
	}
	left, err := m.InspectUnder(ctx, m.backend, nil, time.Now())
	if err != nil {
		return err
	}
	if err := automation.Blocked(m.op, left); err != nil {
		return err
	}
	return m.report(ctx, decided)
}

// decide applies the caller's decisions to the pending operations, and refuses to leave any undecided.
func (m *repairing) decide(ctx context.Context, pending []state.PendingOperation) ([]state.PendingOperation, error) {
	imports, clears := map[string]bool{}, map[string]bool{}
	var out, undecided []state.PendingOperation
	var problems []string
	for _, o := range pending {
		for _, name := range []string{o.URN, o.Type + " " + o.Name} {
			if id := m.o.Import[name]; id != "" && o.Operation == "creating" {
				imports[name] = true
				o.ID, o.Remedy, o.Imported = id, state.RemedyAdopt, false
			}
			if slices.Contains(m.o.Clear, name) && o.Operation == "creating" {
				clears[name] = true
				o.Remedy = state.RemedyClear
			}
		}
		out = append(out, o)
	}
	for name := range m.o.Import {
		if !imports[name] {
			problems = append(problems, fmt.Sprintf("%q cannot be imported: its creation is not pending", name))
		}
	}
	for _, name := range m.o.Clear {
		if !clears[name] {
			problems = append(problems, fmt.Sprintf("%q cannot be cleared: its creation is not pending", name))
		} else if m.o.Import[name] != "" {
			problems = append(problems, fmt.Sprintf("%q cannot be both imported and cleared", name))
		}
	}
	if len(problems) > 0 {
		slices.Sort(problems)
		return nil, m.error(automation.ErrInvalid, problems...)
	}
	if err := m.find(ctx, out); err != nil {
		return nil, err
	}
	for _, o := range out {
		if o.Remedy == state.RemedyDecide {
			undecided = append(undecided, o)
		}
	}
	if len(undecided) > 0 {
		return nil, automation.Blocked(m.op, &state.Inspection{Stack: m.stack, Pending: undecided})
	}
	return out, nil
}

// find looks in the cloud for what is found by its tags. One that is there is imported, and one that is not is created
// again; of several, or if the cloud cannot be asked, a person must say which it is.
func (m *repairing) find(ctx context.Context, operations []state.PendingOperation) error {
	var at []int
	var asked []state.PendingOperation
	for i, o := range operations {
		if o.Remedy == state.RemedyFind {
			at, asked = append(at, i), append(asked, o)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	known, err := m.known(ctx)
	if err != nil {
		return err
	}
	m.tell(plan.StageRepair, "looking in the cloud for "+plural.Of(len(asked), "resource")+" by their tags")
	found, err := m.FindTagged(ctx, m.stack, asked)
	if err != nil {
		m.tell(plan.StageRepair, "the cloud cannot be asked: "+plan.Mask(err.Error()))
	}
	for n, i := range at {
		o := &operations[i]
		if err != nil {
			o.Remedy = state.RemedyDecide
			continue
		}
		ids := slices.DeleteFunc(found[n], func(id string) bool { return known[[2]string{o.Type, id}] })
		switch len(ids) {
		case 0:
			o.Remedy = state.RemedyClear
		case 1:
			o.ID, o.Remedy = ids[0], state.RemedyAdopt
		default:
			o.Remedy, o.Found = state.RemedyDecide, ids
		}
	}
	return ctx.Err()
}

// known are the types and IDs of the resources in the state.
func (m *repairing) known(ctx context.Context) (map[[2]string]bool, error) {
	d, err := m.deployment(ctx)
	if err != nil {
		return nil, err
	}
	out := map[[2]string]bool{}
	for _, r := range d.Resources {
		out[[2]string{string(r.Type), string(r.ID)}] = true
	}
	return out, nil
}

// adopt writes resources into the state as if their creation had finished, with their inputs as outputs until a refresh has
// read them. The CLI's own flag for this, refresh --import-pending-creates, imports nothing as of 3.250: it turns the
// operation into an importing one, which the refresh then drops.
func (m *repairing) adopt(ctx context.Context, adopted []state.PendingOperation) error {
	if len(adopted) == 0 {
		return nil
	}
	exported, err := m.Export(ctx, m.stack)
	if err != nil {
		return err
	}
	if problems, err := twice(exported.Deployment, adopted); err != nil {
		return fmt.Errorf("read the state of %s: %w", m.stack, err)
	} else if len(problems) > 0 {
		return m.error(automation.ErrInvalid, problems...)
	}
	if exported.Deployment, err = withAdopted(exported.Deployment, adopted); err != nil {
		return fmt.Errorf("import resources into the state of %s: %w", m.stack, err)
	}
	return m.Import(ctx, m.stack, exported)
}

// twice reports IDs that are given to two resources of a type, or that belong to other resources in the state.
func twice(exported json.RawMessage, adopted []state.PendingOperation) ([]string, error) {
	var deployment struct {
		Resources []struct{ URN, Type, ID string }
	}
	if err := json.Unmarshal(exported, &deployment); err != nil {
		return nil, err
	}
	whose := map[[2]string]string{}
	for _, r := range deployment.Resources {
		if r.ID != "" {
			whose[[2]string{r.Type, r.ID}] = r.URN[strings.LastIndex(r.URN, ":")+1:]
		}
	}
	var problems []string
	for _, o := range adopted {
		key := [2]string{o.Type, o.ID}
		if other, known := whose[key]; known {
			problems = append(problems, fmt.Sprintf("%s is already %s %s and cannot be %s as well", o.ID, o.Type, other, o.Name))
		}
		whose[key] = o.Name
	}
	return problems, nil
}

// withAdopted edits an exported state. Everything else, secrets included, is left as it is.
func withAdopted(exported json.RawMessage, adopted []state.PendingOperation) (json.RawMessage, error) {
	var deployment map[string]json.RawMessage
	if err := json.Unmarshal(exported, &deployment); err != nil {
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
		var r struct {
			URN string `json:"urn"`
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, err
		}
		there[r.URN] = true
	}
	for _, o := range adopted {
		if there[o.URN] {
			return nil, fmt.Errorf("%s %s is in the state, to be replaced: clear the operation, deploy, and delete by hand what it may have created", o.Type, o.Name)
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
			if o.Imported {
				p.Resource["outputs"] = json.RawMessage("{}") // without a state the provider imports the resource
			}
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
	return json.Marshal(deployment)
}

// pause is the time between two reads of a resource that the cloud is still creating.
const pause = 15 * time.Second

// making are the statuses of a resource that AWS is still creating.
var making = []string{"CREATING", "creating", "PENDING", "pending"}

// refreshed refreshes the state, and repeats it while the cloud is still creating something that was imported.
func (m *repairing) refreshed(ctx context.Context, adopted []state.PendingOperation) error {
	for {
		if _, err := m.Refresh(ctx, m.stack, automation.RefreshOptions{OnEvent: m.o.OnEvent, AWSOnly: m.o.AWSOnly, Message: "repair", ClearPending: true}); err != nil {
			return err
		}
		now, err := m.deployment(ctx)
		if err != nil {
			return err
		}
		var waiting []string
		for _, r := range now.Resources {
			status, _ := r.Outputs["status"].(string)
			if slices.Contains(making, status) && slices.ContainsFunc(adopted, func(o state.PendingOperation) bool { return o.URN == string(r.URN) }) {
				waiting = append(waiting, string(r.Type)+" "+r.URN.Name())
			}
		}
		if len(waiting) == 0 {
			return nil
		}
		m.tell(plan.StageRepair, "the cloud is still creating "+strings.Join(waiting, ", "))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// report says how the operations were resolved.
func (m *repairing) report(ctx context.Context, decided []state.PendingOperation) error {
	now, err := m.deployment(ctx)
	if err != nil {
		return err
	}
	for _, o := range decided {
		exists := slices.ContainsFunc(now.Resources, func(r apitype.ResourceV3) bool { return string(r.URN) == o.URN })
		what := o.Type + " " + o.Name
		switch {
		case o.Remedy == state.RemedyAdopt && exists:
			m.did(fmt.Sprintf("imported %s (%s) into the state: it exists", what, o.ID))
		case o.Remedy == state.RemedyAdopt:
			m.did(fmt.Sprintf("dropped the pending creation of %s: the cloud has no %s", what, o.ID))
		case o.Remedy == state.RemedyClear:
			m.did(fmt.Sprintf("dropped the pending creation of %s", what))
		case exists:
			m.did(fmt.Sprintf("read %s, whose %s was interrupted", what, noun[o.Operation]))
		default:
			m.did(fmt.Sprintf("found that %s, whose %s was interrupted, is gone", what, noun[o.Operation]))
		}
	}
	return nil
}

// noun is the noun for an operation.
var noun = map[string]string{"updating": "update", "deleting": "deletion", "reading": "reading", "importing": "import"}

// deployment reads the stack's state.
func (m *repairing) deployment(ctx context.Context) (*apitype.DeploymentV3, error) {
	exported, err := m.Export(ctx, m.stack)
	if err != nil {
		return nil, err
	}
	return automation.Decode(exported)
}
