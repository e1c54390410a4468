package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/deploy"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

// deployFlags are the flags of deploy.
type deployFlags struct {
	target
	actor
	approved, approvedFiles, allow []string
	approval, program, message     string
	repair, refresh, awsOnly       bool
	create                         bool
	parallel                       int
	wait                           time.Duration
}

// actor is who runs the command, for leases and the history.
type actor struct{ name, run, commit string }

func (a *actor) flags(c *cobra.Command) {
	c.Flags().StringVar(&a.name, "actor", "", "who runs it (default: the GitHub user who started the run, or the operating system's user)")
	c.Flags().StringVar(&a.run, "run", "", "URL of the CI run (default: that of the GitHub run)")
	c.Flags().StringVar(&a.commit, "commit", "", "commit being deployed (default: that of the GitHub run)")
}

// holder returns the actor, completed from the GitHub workflow's run.
func (a *actor) holder() lease.Holder {
	h := lease.Holder{Actor: a.name, Run: a.run, Commit: a.commit}
	if run := workflowRun(); run != nil {
		for _, d := range []struct {
			to    *string
			value string
		}{{&h.Actor, run.Actor}, {&h.Run, run.URL}, {&h.Commit, run.Head}} {
			if *d.to == "" {
				*d.to = d.value
			}
		}
	}
	return h
}

// newDeploy returns the command that deploys environments.
func newDeploy(t *terminal, project *string) *cobra.Command {
	o := &deployFlags{}
	c := &cobra.Command{
		Use:   "deploy ENV...",
		Short: "Deploy what was approved, one deploy at a time, and check that nothing is left to do",
		Long: `Deploy environments, the owner of a cluster before the environments that join it. If one fails, those after it are
skipped.

For each environment, deploy takes its lease, looks for locks and operations that a killed run has left, previews the
changes again, compares them with what was approved, checks them against the gates, applies them, and previews once
more, which must find nothing left to do. "platform history" shows every deploy that took the lease.

With several environments, --approved and --allow begin with the environment's name: prod=0123456789ab. A URN already
names its environment.

` + exitCodes,
		Args: atLeastOne,
		RunE: func(c *cobra.Command, args []string) error {
			options, err := o.options(args)
			if err != nil {
				return usage(c, err)
			}
			p, done, err := o.open(c, t, *project)
			if err != nil {
				return err
			}
			defer done()
			return runDeploy(c.Context(), t, p, args, options)
		},
	}
	o.target.flags(c)
	o.actor.flags(c)
	t.jsonFlag(c)
	f := c.Flags()
	f.StringArrayVar(&o.approved, "approved", nil, "digest of the approved preview, or its first twelve digits ([ENV=]DIGEST)")
	f.StringArrayVar(&o.approvedFiles, "approved-file", nil, "approved preview, ENV.plan.json of platform preview --save, or the directory with them")
	f.StringArrayVar(&o.allow, "allow", nil, "critical resource that may be replaced or deleted ([ENV=]'TYPE NAME', or its URN)")
	f.StringVar(&o.approval, "approval", "", "reference to the approval, for environments with delivery.requireApproval; recorded in the history")
	f.StringVar(&o.program, "program", "", "program identity in the approved digests (default: the commit that this command was built from)")
	f.StringVar(&o.message, "message", "", "message for Pulumi's own history")
	f.BoolVar(&o.repair, "repair", false, "first repair what a killed run has left, if that is safe (see platform repair)")
	f.BoolVar(&o.refresh, "refresh", false, "refresh the state from the cloud first, and so correct drift")
	f.BoolVar(&o.awsOnly, "aws-only", false, awsOnlyHelp)
	f.BoolVar(&o.create, "create", false, "create the stack if it does not exist")
	f.IntVar(&o.parallel, "parallel", 0, "number of parallel resource operations (default: Pulumi's, four per CPU)")
	f.DurationVar(&o.wait, "wait", 0, "how long to wait while another run holds the lease")
	return c
}

// options returns the flags per environment.
func (o *deployFlags) options(envs []string) (map[string]deploy.Options, error) {
	out := map[string]deploy.Options{}
	for _, env := range envs {
		out[env] = deploy.Options{
			Program: o.program, Approval: o.approval, Repair: o.repair, Refresh: o.refresh, AWSOnly: o.awsOnly, Create: o.create,
			Parallel: o.parallel, Message: o.message, By: o.holder(), Lease: lease.Options{Wait: o.wait},
		}
	}
	for _, text := range o.approved {
		env, digest, err := environmentOf("--approved", text, envs)
		if err != nil {
			return nil, err
		}
		one := out[env]
		if one.Approved != "" {
			return nil, fmt.Errorf("--approved is given twice for %s", env)
		}
		one.Approved = digest
		out[env] = one
	}
	for _, text := range o.allow {
		env, name, err := environmentOf("--allow", text, envs)
		if err != nil {
			return nil, err
		}
		one := out[env]
		one.Allow = append(one.Allow, name)
		out[env] = one
	}
	for _, file := range o.approvedFiles {
		if err := approve(out, envs, file); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// approve reads an approved preview, or those of all environments from a directory.
func approve(out map[string]deploy.Options, envs []string, file string) error {
	files := []string{file}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		files = nil
		for _, env := range envs {
			files = append(files, filepath.Join(file, env+planSuffix))
		}
	}
	for _, f := range files {
		plan, err := plan.Read(f)
		if err != nil {
			return err
		}
		one, known := out[plan.Result.Stack]
		if !known {
			return fmt.Errorf("%s is a preview of %s, which is not among the environments to deploy", f, plan.Result.Stack)
		}
		if one.ApprovedPlan != nil {
			return fmt.Errorf("--approved-file names two previews of %s", plan.Result.Stack)
		}
		one.ApprovedPlan = plan
		out[plan.Result.Stack] = one
	}
	return nil
}

// environmentOf splits a flag's value into the environment and the rest.
func environmentOf(flag, text string, envs []string) (env, rest string, err error) {
	if urn, isURN := strings.CutPrefix(text, "urn:pulumi:"); isURN {
		env, _, _ = strings.Cut(urn, "::")
		rest = text
	} else if env, rest, _ = strings.Cut(text, "="); slices.Contains(envs, env) {
		return env, rest, nil
	} else if len(envs) == 1 {
		return envs[0], text, nil
	} else {
		return "", "", fmt.Errorf("%s %q must begin with an environment's name and an equals sign, such as %s=", flag, text, envs[0])
	}
	if !slices.Contains(envs, env) {
		return "", "", fmt.Errorf("%s %q is for %q, which is not among the environments to deploy", flag, text, env)
	}
	return env, rest, nil
}

func runDeploy(ctx context.Context, t *terminal, p *automation.Platform, envs []string, options map[string]deploy.Options) error {
	w := &stageWatch{t: t}
	all, err := deploy.All(ctx, p, envs, func(env string) deploy.Options {
		o := options[env]
		o.OnEvent = w.event
		return o
	})
	w.end()
	if all == nil {
		return err
	}
	if t.asJSON {
		if shown := t.json(struct {
			Deployments []*deploy.Deployment `json:"deployments"`
			failure
		}{all, failureOf(err)}); shown != nil {
			return errors.Join(err, shown)
		}
		return err
	}
	for _, d := range all {
		showDeployment(t, d)
	}
	return err
}

// showDeployment prints how a deploy ended; its error is printed after all of them.
func showDeployment(t *terminal, d *deploy.Deployment) {
	for _, r := range d.Repaired {
		t.print("%s: repaired: %s\n", d.Stack, r)
	}
	if d.Up != nil {
		for _, s := range d.Up.Steps {
			t.print("%s\n", stepLine(s))
		}
		showWithheld(t.out, d.Up)
		for _, x := range d.Up.Warnings {
			t.print("warning: %s\n", x)
		}
	}
	line := fmt.Sprintf("deploy %s: %s", d.Stack, d.Outcome)
	if d.Outcome != deploy.Skipped {
		if d.Up != nil {
			line += ", " + summary(d.Up)
		}
		line += " in " + seconds(d.Duration)
	}
	if d.Plan != nil && d.Plan.Digest != "" {
		line += ", digest " + plan.ShortDigest(d.Plan.Digest)
	}
	t.print("%s\n", line)
}

// stageWatch shows the progress of deploys and repairs.
type stageWatch struct {
	t  *terminal
	of *watch
}

func (w *stageWatch) event(e plan.Event) {
	switch {
	case e.Stage == nil:
		if w.of != nil {
			w.of.event(e)
		}
	case e.Stage.Note != "":
		w.t.note(fmt.Sprintf("%s %s: %s", e.Operation, e.Stack, e.Stage.Note))
	default:
		w.end()
		doing := "in progress"
		switch e.Stage.Name {
		case plan.StagePreview, plan.StageUp, plan.StageSettle:
			doing = starting
		}
		w.of = newWatchOf(w.t, e.Stack, stageWords[e.Stage.Name], doing)
		w.t.note(fmt.Sprintf("%s %s: %s", e.Operation, e.Stack, stageWords[e.Stage.Name]))
	}
}

func (w *stageWatch) end() {
	if w.of != nil {
		w.of.end()
	}
}

// stageWords say what a stage does.
var stageWords = map[plan.StageName]string{
	plan.StageLease: "take the lease", plan.StageInspect: "look for locks and pending operations",
	plan.StageRepair: "repair", plan.StagePreview: "preview", plan.StageGates: "check the gates",
	plan.StageUp: "up", plan.StageSettle: "check that nothing is left to do", plan.StageRecord: "record it and release the lease",
}
