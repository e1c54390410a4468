package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

// newLease returns the command that shows and breaks the lease of an environment.
func newLease(t *terminal, project *string) *cobra.Command {
	o := &target{reads: true}
	who := &actor{}
	breaking, reason := false, ""
	c := &cobra.Command{
		Use:   "lease ENV",
		Short: "Show who holds the lease of an environment, and break it",
		Long: `Show who holds the lease of an environment. Deploys take it.

--break removes a lease that has expired or whose process on this machine is gone; with --reason, any lease. What was
broken, by whom and why is recorded beside the state. A deploy in progress notices at its next heartbeat, and stops.

` + exitCodes,
		Args: exactly(1, "the name of one environment"),
		RunE: func(c *cobra.Command, args []string) error {
			if reason != "" && !breaking {
				return usage(c, errors.New("--reason needs --break"))
			}
			p, done, err := o.open(c, t, *project)
			if err != nil {
				return err
			}
			defer done()
			if breaking {
				return breakLease(c.Context(), t, p, args[0], lease.BreakOptions{Force: strings.TrimSpace(reason) != "", Reason: reason, By: who.holder()})
			}
			return showLease(c.Context(), t, p, args[0])
		},
	}
	o.flags(c)
	who.flags(c)
	t.jsonFlag(c)
	c.Flags().BoolVar(&breaking, "break", false, "break the lease")
	c.Flags().StringVar(&reason, "reason", "", "why it is broken although its holder may still be running")
	return c
}

func showLease(ctx context.Context, t *terminal, p *automation.Platform, env string) error {
	r, err := p.Lease(ctx, env)
	switch {
	case errors.Is(err, lease.ErrNotHeld):
		if t.asJSON {
			return t.json(map[string]any{"environment": env, "held": false})
		}
		t.print("the lease of %s is free\n", env)
		return nil
	case err != nil:
		return err
	case t.asJSON:
		return t.json(map[string]any{"environment": env, "held": !r.Expired, "expired": r.Expired, "dead": r.Dead, "lease": r})
	}
	for _, line := range (&state.Inspection{Stack: env, Lease: r}).Lines() {
		t.print("%s: %s\n", env, line)
	}
	return nil
}

func breakLease(ctx context.Context, t *terminal, p *automation.Platform, env string, o lease.BreakOptions) error {
	b, err := p.BreakLease(ctx, env, o)
	switch {
	case errors.Is(err, lease.ErrNotHeld):
		if t.asJSON {
			return t.json(map[string]any{"environment": env, "held": false})
		}
		t.print("the lease of %s is free\n", env)
		return nil
	case err != nil:
		return err
	case t.asJSON:
		return t.json(struct {
			Environment string `json:"environment"`
			*lease.Broken
		}{env, b})
	}
	whose := "an unreadable lease"
	if b.Record != nil {
		whose = "the lease of " + b.Record.Holder.String()
	}
	why := b.Proof
	if b.Forced {
		why = "by force: " + b.Reason
	}
	t.print("%s: broke %s, %s\n", env, whose, why)
	return nil
}
