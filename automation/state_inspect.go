package automation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
)

// Inspection is what stands in the way of an update of a stack, and what each of it needs.
type Inspection struct {
	Stack string `json:"stack"`
	// Where is where leases and locks were looked for; empty in a backend that has none beside the state, and Unleased
	// then says why.
	Where    string `json:"where,omitempty"`
	Unleased string `json:"unleased,omitempty"`
	// Lease is the lease of the stack, expired or not; nil when nobody has it. A deploy does not count its own.
	Lease *lease.Record `json:"lease,omitempty"`
	// Locks are Pulumi's own, which a self-managed backend keeps until whoever took one removes it.
	Locks []Lock `json:"locks,omitempty"`
	// Damage are files that keep the Pulumi CLI from reading the stack. What is pending is not known then.
	Damage []Damage `json:"damage,omitempty"`
	// Pending are operations that were under way when a run was killed.
	Pending []PendingOperation `json:"pending,omitempty"`
}

// Lock is one of Pulumi's locks of a stack.
type Lock struct {
	// Key is the object, below the root of the backend.
	Key string `json:"key"`
	// User, Host and PID are whose it is: the process of the Pulumi CLI.
	User string `json:"user"`
	Host string `json:"host"`
	PID  int    `json:"pid"`
	// Since is when it was taken, by the clock of its host.
	Since time.Time `json:"since"`
	// Proof is why its process is gone, and Doubt why that is not proven. One of them is empty.
	Proof string `json:"proof,omitempty"`
	Doubt string `json:"doubt,omitempty"`

	version string
}

// String says whose lock it is, since when, and whether its process is gone.
func (l Lock) String() string {
	text := fmt.Sprintf("locked by %s@%s (process %d) since %s", l.User, l.Host, l.PID, l.Since.UTC().Format("2006-01-02 15:04:05 UTC"))
	if l.Proof != "" {
		return text + "; it is stale: " + l.Proof
	}
	return text + "; " + l.Doubt
}

// Remedy is what a pending operation needs.
type Remedy string

// The remedies.
const (
	// RemedyRefresh: the resource is in the state, and a refresh reads how it is.
	RemedyRefresh Remedy = "refresh"
	// RemedyAdopt: the resource's ID is known before it exists; the cloud is asked, and it is taken into the state or not.
	RemedyAdopt Remedy = "adopt"
	// RemedyClear: the cloud refuses a second one of its kind, or takes it for the first; the operation is forgotten.
	RemedyClear Remedy = "clear"
	// RemedyDecide: the resource may exist, and another one would be made beside it. A person must look.
	RemedyDecide Remedy = "decide"
)

// PendingOperation is an operation that was under way when a run was killed.
type PendingOperation struct {
	// Operation is creating, updating, deleting, reading or importing.
	Operation string `json:"operation"`
	URN       string `json:"urn"`
	Type      string `json:"type"`
	Name      string `json:"name"`
	// ID is the resource's, where it is known.
	ID string `json:"id,omitempty"`
	// Remedy is what it needs.
	Remedy Remedy `json:"remedy"`
}

// String says what was under way and what it needs.
func (o PendingOperation) String() string {
	text := fmt.Sprintf("%s %s %s was not seen to end", o.Operation, o.Type, o.Name)
	switch o.Remedy {
	case RemedyAdopt:
		return fmt.Sprintf("%s: the cloud is asked for %s, which is taken into the state if it exists", text, o.ID)
	case RemedyClear:
		return text + ": there cannot be two of it, so it is made again (if it exists after all, the cloud may refuse that and say so)"
	case RemedyDecide:
		return fmt.Sprintf("%s, and a second one would be made beside it: look whether it exists, then --import '%s=ID' or, if it does not, --clear '%s'", text, o.URN, o.URN)
	}
	return text + ": a refresh reads how it is"
}

// Inspect tells what stands in the way of an update of an environment: its lease, Pulumi's locks, and operations that a
// killed run has left. It changes nothing.
func (p *Platform) Inspect(ctx context.Context, env string) (*Inspection, error) {
	if err := p.Check(env); err != nil {
		return nil, named(err, OpRepair, env)
	}
	b, err := p.beside(ctx, env)
	if err != nil {
		return nil, asError(ctx, err, OpRepair, env)
	}
	var held *lease.Record
	if b.store != nil {
		held, err = lease.Read(ctx, b.store, b.stack)
		if err != nil && !errors.Is(err, lease.ErrNotHeld) {
			return nil, asError(ctx, err, OpRepair, env)
		}
	}
	found, err := p.inspect(ctx, b, env, held, time.Now())
	if err != nil {
		return nil, asError(ctx, err, OpRepair, env)
	}
	found.Lease = held
	return found, nil
}

// Clean tells that nothing stands in the way of an update.
func (i *Inspection) Clean() bool { return i.Lease == nil && i.clean() }

// clean is Clean without the lease.
func (i *Inspection) clean() bool { return len(i.Locks)+len(i.Damage)+len(i.Pending) == 0 }

// Lines tells people what was found and what it needs, one thing a line.
func (i *Inspection) Lines() []string {
	var out []string
	if i.Lease != nil {
		text := fmt.Sprintf("leased to %s since %s", i.Lease.Holder, i.Lease.Acquired.UTC().Format("2006-01-02 15:04:05 UTC"))
		if i.Lease.Holder.Run != "" {
			text += ", run " + i.Lease.Holder.Run
		}
		switch {
		case i.Lease.Expired:
			text += "; it is expired, and whoever deploys next takes it over"
		case i.Lease.Dead != "":
			text += "; its holder is dead: " + i.Lease.Dead
		default:
			text += "; it is held: wait"
		}
		out = append(out, text)
	}
	for _, l := range i.Locks {
		out = append(out, l.String())
	}
	for _, d := range i.Damage {
		out = append(out, d.String())
	}
	for _, o := range i.Pending {
		out = append(out, o.String())
	}
	return out
}

// refusal is the error of an operation that what was found does not let through.
func (i *Inspection) refusal(op Operation) error {
	if i.clean() {
		return nil
	}
	e := &Error{Kind: ErrPending, Operation: op, Stack: i.Stack, Messages: i.Lines()}
	repair := "repair it with: platform repair " + i.Stack + ", or deploy with --repair"
	if len(i.Locks) > 0 {
		e.Kind = ErrLocked
		if slices.ContainsFunc(i.Locks, func(l Lock) bool { return l.Proof == "" }) {
			repair = fmt.Sprintf("wait for it or, if you know that it is gone: platform repair %s --force --reason '...'", i.Stack)
		}
	} else if len(i.Damage) > 0 {
		e.Kind = ErrDamaged
		if slices.ContainsFunc(i.Damage, func(d Damage) bool { return d.Copy != "" }) {
			repair = fmt.Sprintf("take the copy with: platform repair %s --restore (what was done after it was made is not in it: look at the next preview)", i.Stack)
		} else if slices.ContainsFunc(i.Damage, func(d Damage) bool { return !d.Expendable }) {
			repair = "nothing was changed"
		}
	} else if slices.ContainsFunc(i.Pending, func(o PendingOperation) bool { return o.Remedy == RemedyDecide }) {
		repair = "then repair it with: platform repair " + i.Stack + " and these flags"
	}
	e.Messages = append(e.Messages, repair)
	return e
}

// inspect looks for locks and pending operations. Prior is the lease under which a lock may have been taken, nil for none;
// now is the time by the clock of the store.
func (p *Platform) inspect(ctx context.Context, b *beside, stack string, prior *lease.Record, now time.Time) (*Inspection, error) {
	out := &Inspection{Stack: stack, Where: b.where(), Unleased: b.without}
	var err error
	if out.Locks, err = b.locks(ctx, prior, now); err != nil {
		return nil, err
	}
	if out.Damage, err = b.damage(ctx, true); err != nil || len(out.Damage) > 0 {
		return out, err
	}
	w, err := p.open(ctx, stack, false)
	if isKind(err, ErrNoStack) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	defer w.close()
	s, err := w.state(ctx, stack)
	if err != nil {
		return nil, err
	}
	for _, x := range s.pending {
		out.Pending = append(out.Pending, s.pendingOperation(x))
	}
	return out, nil
}

// locks reads Pulumi's locks of the stack. The layout is that of pkg/backend/diy/lock.go of Pulumi.
func (b *beside) locks(ctx context.Context, prior *lease.Record, now time.Time) ([]Lock, error) {
	if b.store == nil {
		return nil, nil
	}
	keys, err := b.store.List(ctx, path.Join(".pulumi/locks/organization", b.stack.Project, b.stack.Name)+"/")
	if err != nil {
		return nil, fmt.Errorf("look for locks of %s: %w", b.stack, err)
	}
	var out []Lock
	for _, key := range keys {
		if path.Ext(key) != ".json" {
			continue // a directory has a file of attributes beside each object
		}
		o, err := b.store.Get(ctx, key)
		if errors.Is(err, statestore.ErrNotFound) {
			continue // released since
		}
		if err != nil {
			return nil, fmt.Errorf("look at a lock of %s: %w", b.stack, err)
		}
		var said struct {
			PID       int       `json:"pid"`
			Username  string    `json:"username"`
			Hostname  string    `json:"hostname"`
			Timestamp time.Time `json:"timestamp"`
		}
		l := Lock{Key: key, version: o.Version}
		if err := json.Unmarshal(o.Data, &said); err != nil || said.PID <= 0 || said.Timestamp.IsZero() {
			l.User, l.Host, l.Since, l.Doubt = "somebody", "an unknown host", o.Modified, "the lock cannot be understood"
		} else {
			l.User, l.Host, l.PID, l.Since = said.Username, said.Hostname, said.PID, said.Timestamp
			l.prove(strings.HasPrefix(b.store.String(), "file://"), prior, now)
		}
		out = append(out, l)
	}
	return out, nil
}

// margin is what times of different precision can differ by.
const margin = 2 * time.Second

// prove looks for a proof that the process which holds the lock is gone. An equal host name is none by itself: runners
// and containers share them. It counts where the state is a directory of this machine, and where the lock was taken
// under a lease that this machine held in this boot.
//
// A lease that expired proves that its holder is gone, and not the engine that it started. An engine whose deploy is gone
// ends by itself with the operations that it has begun, and one that was interrupted is killed when its grace is over:
// after that time without a lease it is gone, too.
func (l *Lock) prove(local bool, prior *lease.Record, now time.Time) {
	under := prior != nil && prior.Holder.Host == l.Host && !l.Since.Before(prior.Acquired.Add(-margin)) && !l.Since.After(prior.Expires.Add(margin))
	host, err := os.Hostname()
	switch {
	case err == nil && host == l.Host && (local || under && prior.Holder.Process.Here()):
		if l.Proof = gone(l.PID, l.Since); l.Proof == "" {
			l.Doubt = fmt.Sprintf("process %d is running on this machine", l.PID)
		}
	case under && prior.Expired && now.Sub(prior.Expires) > pulumicli.Grace:
		l.Proof = fmt.Sprintf("it was taken under the lease of %s, which expired %s ago, and an engine without its deploy ends within %s",
			prior.Holder, now.Sub(prior.Expires).Round(time.Minute), pulumicli.Grace)
	case under && prior.Expired:
		l.Doubt = fmt.Sprintf("it was taken under the lease of %s, which is expired; whether its engine is gone is certain %s after that",
			prior.Holder, pulumicli.Grace)
	case host == l.Host:
		l.Doubt = "nothing proves that its process is gone: the host is called like this one, which is no proof that it is this one"
	default:
		l.Doubt = "nothing proves from here that its process is gone: it is on another host"
	}
}
