package state

import (
	"fmt"

	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// Inspection is what blocks an update of a stack, and how to resolve each item.
type Inspection struct {
	Stack string `json:"stack"`
	// Where is where leases and locks were looked for; empty in a backend that keeps none beside the state, and Unleased
	// then says why.
	Where    string `json:"where,omitempty"`
	Unleased string `json:"unleased,omitempty"`
	// Lease is the lease of the stack, expired or not; nil if it is free. A deploy does not count its own.
	Lease *lease.Record `json:"lease,omitempty"`
	// LeaseDamage says of a lease that cannot be read where it is and why. Nobody can deploy until it is broken by force.
	LeaseDamage string `json:"leaseDamage,omitempty"`
	// Locks are Pulumi's own. In a self-managed backend each stays until the process that took it removes it.
	Locks []Lock `json:"locks,omitempty"`
	// Damage are files that keep the Pulumi CLI from reading the stack. Pending is unknown then.
	Damage []Damage `json:"damage,omitempty"`
	// Pending are operations that were in progress when a run was killed.
	Pending []PendingOperation `json:"pending,omitempty"`
}

// Clean reports whether nothing blocks an update.
func (i *Inspection) Clean() bool { return i.Lease == nil && i.LeaseDamage == "" && !i.Blocks() }

// Blocks reports whether anything but the lease blocks an update.
func (i *Inspection) Blocks() bool { return len(i.Locks)+len(i.Damage)+len(i.Pending) > 0 }

// Lines describes what was found and how to resolve it, one item per line.
func (i *Inspection) Lines() []string {
	var out []string
	if i.Lease != nil {
		text := fmt.Sprintf("the lease is held by %s since %s", i.Lease.Holder, i.Lease.Acquired.UTC().Format("2006-01-02 15:04:05 UTC"))
		if i.Lease.Holder.Run != "" {
			text += ", run " + i.Lease.Holder.Run
		}
		switch {
		case i.Lease.Expired:
			text += "; it has expired, and the next deploy takes it over"
		case i.Lease.Dead != "":
			text += "; its holder is dead: " + i.Lease.Dead
		default:
			text += "; it is valid: wait"
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

// BlockedError is why an operation was refused: what blocks it.
type BlockedError struct{ *Inspection }

// Error says how many things block the update.
func (e *BlockedError) Error() string {
	return fmt.Sprintf("%s in the way of an update of %s", plural.Of(len(e.Lines()), "thing stands", "things stand"), e.Stack)
}
