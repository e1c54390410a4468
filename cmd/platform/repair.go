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

// repairFlags are the flags of repair.
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
		Long: `Show what blocks updates of an environment, and repair it: the lease and the Pulumi lock of a process that is proven
gone, and operations that were in progress. If a resource was being created and its name is known, it is looked up in
the cloud and imported into the state; if there can be only one, it is dropped from the state and created again. For
others somebody has to look: --import what exists, --clear what does not.

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
	f.BoolVar(&o.check, "check", false, "only show what blocks updates; exit with 5 if anything does")
	f.BoolVar(&o.force, "force", false, "break the lease and remove the locks of processes that may still be running; needs --reason")
	f.StringVar(&o.reason, "reason", "", "why it is forced, for the history")
	f.StringArrayVar(&o.imports, "import", nil, "resource that was being created and exists ('TYPE NAME=ID' or URN=ID)")
	f.StringArrayVar(&o.clear, "clear", nil, "resource that was being created and does not exist ('TYPE NAME' or its URN)")
	f.BoolVar(&o.restore, "restore", false, "replace a damaged state by its newest intact copy")
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
		return out, errors.New("--force needs --reason, which the history records")
	case o.check && (o.force || o.restore || len(o.imports) > 0 || len(o.clear) > 0):
		return out, errors.New("--check repairs nothing and cannot be combined with flags that do")
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

// errBlocked is the result of repair --check. It is not a failure.
var errBlocked = errors.New("there is something to repair")

func showInspection(t *terminal, found *state.Inspection) {
	for _, line := range found.Lines() {
		t.print("%s: %s\n", found.Stack, line)
	}
	if found.Unleased != "" {
		t.note(found.Unleased)
	}
	if found.Clean() {
		t.print("%s: nothing blocks an update\n", found.Stack)
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
