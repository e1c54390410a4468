package state

import (
	"fmt"

	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/internal/plural"
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
	// LeaseDamage says of a lease that cannot be read where it is and why. Nobody can deploy until it is broken by force.
	LeaseDamage string `json:"leaseDamage,omitempty"`
	// Locks are Pulumi's own, which a self-managed backend keeps until whoever took one removes it.
	Locks []Lock `json:"locks,omitempty"`
	// Damage are files that keep the Pulumi CLI from reading the stack. What is pending is not known then.
	Damage []Damage `json:"damage,omitempty"`
	// Pending are operations that were under way when a run was killed.
	Pending []PendingOperation `json:"pending,omitempty"`
}

// Clean reports whether nothing stands in the way of an update.
func (i *Inspection) Clean() bool { return i.Lease == nil && i.LeaseDamage == "" && !i.Blocks() }

// Blocks reports whether anything but the lease stands in the way.
func (i *Inspection) Blocks() bool { return len(i.Locks)+len(i.Damage)+len(i.Pending) > 0 }

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
	if i.LeaseDamage != "" {
		out = append(out, i.LeaseDamage)
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

// BlockedError is what stands in the way of an operation that was refused because of it.
type BlockedError struct{ *Inspection }

// Error says how much stands in the way.
func (e *BlockedError) Error() string {
	return fmt.Sprintf("%s in the way of an update of %s", plural.Of(len(e.Lines()), "thing stands", "things stand"), e.Stack)
}
