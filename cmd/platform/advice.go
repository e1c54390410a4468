package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/deploy"
	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

// advice says what a person can do about an error: the library's errors carry the reasons as data, and the commands and
// flags are added here. Every command in it can be pasted.
func advice(err error) []string {
	var out []string
	for _, e := range failures(err) {
		for _, line := range adviceOn(e) {
			if !slices.Contains(out, line) {
				out = append(out, line)
			}
		}
	}
	return out
}

// failures returns the library's errors in err, which may join those of several environments.
func failures(err error) []*automation.Error {
	switch e := err.(type) {
	case nil:
		return nil
	case *automation.Error:
		return []*automation.Error{e}
	case interface{ Unwrap() []error }:
		var out []*automation.Error
		for _, one := range e.Unwrap() {
			out = append(out, failures(one)...)
		}
		return out
	}
	return failures(errors.Unwrap(err))
}

func adviceOn(e *automation.Error) []string {
	var gate *deploy.GateError
	var held *lease.HeldError
	var blocked *state.BlockedError
	var protected *automation.ProtectedError
	switch {
	case errors.As(e, &gate):
		var out []string
		for _, name := range gate.Allowances {
			// With the environment's name it also works when several environments are deployed. A URN already names its
			// environment.
			if !strings.HasPrefix(name, "urn:") {
				name = e.Stack + "=" + name
			}
			out = append(out, "to allow it: --allow "+quoted(name))
		}
		if gate.Approval {
			out = append(out, "to name the approval, for example a change number or a review's URL: --approval REFERENCE")
		}
		return out
	case errors.As(e, &protected):
		return []string{"to destroy them as well: --unprotect"}
	case errors.As(e, &held):
		return adviceOnLease(e, held)
	case errors.Is(e, automation.ErrNoLogin):
		return []string{"without an account and a backend, on this machine: platform preview " + e.Stack + " --cloud rehearsal"}
	case errors.Is(e, lease.ErrUnreadable):
		return []string{fmt.Sprintf("if nobody deploys, to break it: platform repair %s --force --reason WHY", e.Stack)}
	case errors.As(e, &blocked):
		return adviceOnBlock(e, blocked.Inspection)
	}
	return nil
}

func adviceOnLease(e *automation.Error, held *lease.HeldError) []string {
	switch {
	case held.Record.Dead != "":
		return []string{"to break it: platform repair " + e.Stack, "to break it and deploy: --repair"}
	case string(e.Operation) == "repair":
		return []string{fmt.Sprintf("to break it although its holder may still be running: platform repair %s --force --reason WHY", e.Stack)}
	case e.Operation == "":
		return []string{fmt.Sprintf("to break it although its holder may still be running: platform lease %s --break --reason WHY", e.Stack)}
	}
	return []string{"to wait for it: --wait 10m"}
}

func adviceOnBlock(e *automation.Error, i *state.Inspection) []string {
	switch {
	case !errors.Is(e, automation.ErrLocked) && !errors.Is(e, automation.ErrPending) && !errors.Is(e, automation.ErrDamaged):
		return []string{"to inspect it: platform repair " + i.Stack + " --check"}
	case slices.ContainsFunc(i.Locks, func(l state.Lock) bool { return l.Proof == "" }):
		return []string{fmt.Sprintf("wait for it or, if you are sure that it is gone: platform repair %s --force --reason WHY", i.Stack)}
	case slices.ContainsFunc(i.Damage, func(d state.Damage) bool { return !d.Expendable && d.Copy != "" }):
		return []string{fmt.Sprintf("to restore the copy: platform repair %s --restore (it lacks whatever was done after it was made: check the next preview)", i.Stack)}
	case slices.ContainsFunc(i.Damage, func(d state.Damage) bool { return !d.Expendable }):
		return nil
	}
	var out []string
	for _, o := range i.Pending {
		if o.Remedy == state.RemedyDecide {
			out = append(out,
				fmt.Sprintf("if %s %s exists, with its ID: platform repair %s --import %s", o.Type, o.Name, i.Stack, quoted(o.URN+"=ID")),
				fmt.Sprintf("if it does not exist: platform repair %s --clear %s", i.Stack, quoted(o.URN)))
		}
	}
	if len(out) > 0 {
		return out
	}
	return []string{"to repair it: platform repair " + i.Stack, "to repair it and deploy: --repair"}
}

// word is a word for a shell, quoted where that is needed.
func word(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,") == "" {
		return text
	}
	return quoted(text)
}

// quoted quotes a word for the shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
