package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/deploy"
	"github.com/eks-platform/eks-platform/automation/state"
)

// repairFlags is what the flags of repair say.
type repairFlags struct {
	target
	actor
	check, force, awsOnly bool
	restore               bool
	reason                string
	imports, clear        []string
}

// newRepair returns the command that repairs what a killed run has left.
func newRepair(t *terminal, project *string) *cobra.Command {
	o := &repairFlags{target: target{reads: true}}
	c := &cobra.Command{
		Use:   "repair ENV",
		Short: "Repair what a killed run has left",
		Long: `Show what stands in the way of an update of an environment, and repair it: the lease and Pulumi's lock of a process that
is proven gone, and operations that were under way. A creation whose resource has a known name is looked for in the cloud
and taken into the state; one of which there cannot be two is forgotten and made again. For others somebody must look:
--import what exists, --clear what does not.

` + exitCodes,
		Args: exactly(1, "the name of one environment"),
		RunE: func(c *cobra.Command, args []string) error {
			options, err := o.options()
			if err != nil {
				return usage(c, err)
			}
			p, done, err := o.open(c, t, *project)
			if err != nil {
				return err
			}
			defer done()
			if o.check {
				return inspect(c.Context(), t, p, args[0])
			}
			return repair(c.Context(), t, p, args[0], options)
		},
	}
	o.target.flags(c)
	o.actor.flags(c)
	t.jsonFlag(c)
	f := c.Flags()
	f.BoolVar(&o.check, "check", false, "only show it; exit with 5 when there is something")
	f.BoolVar(&o.force, "force", false, "break the lease and remove the locks of processes that may be running; needs --reason")
	f.StringVar(&o.reason, "reason", "", "why, for the history")
	f.StringArrayVar(&o.imports, "import", nil, "resource that was being created and exists ('TYPE NAME=ID' or URN=ID)")
	f.StringArrayVar(&o.clear, "clear", nil, "resource that was being created and does not exist ('TYPE NAME' or its URN)")
	f.BoolVar(&o.restore, "restore", false, "put the newest whole copy in the place of a damaged state")
	f.BoolVar(&o.awsOnly, "aws-only", false, awsOnlyHelp)
	return c
}

func (o *repairFlags) options() (deploy.RepairOptions, error) {
	out := deploy.RepairOptions{
		Force: o.force, Reason: o.reason, Clear: o.clear, Import: map[string]string{}, AWSOnly: o.awsOnly, Restore: o.restore, By: o.holder(),
	}
	for _, text := range o.imports {
		name, id, ok := strings.Cut(text, "=")
		if !ok || name == "" || id == "" {
			return out, fmt.Errorf("--import must be 'TYPE NAME=ID' or URN=ID, got %q", text)
		}
		out.Import[name] = id
	}
	switch {
	case o.force && strings.TrimSpace(o.reason) == "":
		return out, errors.New("--force needs --reason, which the history keeps")
	case o.check && (o.force || o.restore || len(o.imports) > 0 || len(o.clear) > 0):
		return out, errors.New("--check repairs nothing")
	}
	return out, nil
}

func inspect(ctx context.Context, t *terminal, p *automation.Platform, env string) error {
	found, err := p.Inspect(ctx, env)
	if err != nil {
		return err
	}
	if t.asJSON {
		if err := t.json(found); err != nil {
			return err
		}
	} else {
		showInspection(t, found)
	}
	if !found.Clean() {
		return errBlocked
	}
	return nil
}

// errBlocked is the answer of repair --check. It is no failure.
var errBlocked = errors.New("there is something to repair")

func showInspection(t *terminal, found *state.Inspection) {
	for _, line := range found.Lines() {
		t.print("%s: %s\n", found.Stack, line)
	}
	if found.Unleased != "" {
		t.note(found.Unleased)
	}
	if found.Clean() {
		t.print("%s: nothing stands in the way of an update\n", found.Stack)
	}
}

func repair(ctx context.Context, t *terminal, p *automation.Platform, env string, o deploy.RepairOptions) error {
	w := &stageWatch{t: t}
	o.OnEvent = w.event
	r, err := deploy.Repair(ctx, p, env, o)
	w.end()
	if r == nil {
		return err
	}
	if t.asJSON {
		return errors.Join(err, t.json(struct {
			*deploy.Repaired
			failure
		}{r, failureOf(err)}))
	}
	showInspection(t, r.Found)
	for _, d := range r.Done {
		t.print("%s: %s\n", env, d)
	}
	return err
}
