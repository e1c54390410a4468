package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/deploy"
	"github.com/eks-platform/eks-platform/automation/github"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// newDrift returns the command that detects drift.
func newDrift(t *terminal, project *string) *cobra.Command {
	o := &operationFlags{target: target{reads: true}}
	var issue bool
	c := &cobra.Command{
		Use:   "drift ENV...",
		Short: "Report how the cloud differs from the state",
		Long: `Report how the cloud differs from the state, apart from changes that are still to be deployed. Nothing is changed,
written or locked, neither in the cloud nor in the state.

Exits with 4 if there is drift, and with 0 if there is none, even if changes are still to be deployed.

With --issue, in a GitHub workflow, each environment that has drifted gets one issue, which is opened, updated, and
closed once the drift is gone, with the token in GITHUB_TOKEN.

` + exitCodes,
		Args: atLeastOne,
		RunE: func(c *cobra.Command, args []string) error {
			var issues *github.Client
			var run *github.Run
			if issue {
				var err error
				if run, err = github.ReadRun(github.Surroundings{Getenv: os.Getenv, ReadFile: os.ReadFile}); err != nil {
					return usage(c, fmt.Errorf("--issue works only in a GitHub workflow: %w", err))
				}
				if issues, err = github.New(github.Options{Token: os.Getenv("GITHUB_TOKEN"), URL: run.APIURL}); err != nil {
					return err
				}
			}
			p, done, err := o.open(c, t, *project)
			if err != nil {
				return err
			}
			defer done()
			return drift(c.Context(), t, p, args, o, run, issues)
		},
	}
	o.target.flags(c)
	t.jsonFlag(c)
	c.Flags().IntVar(&o.parallel, "parallel", 0, "number of parallel resource operations (default: Pulumi's, four per CPU)")
	c.Flags().BoolVar(&o.awsOnly, "aws-only", false, awsOnlyHelp)
	c.Flags().BoolVar(&issue, "issue", false, "keep one issue on GitHub per environment that has drifted")
	return c
}

func drift(ctx context.Context, t *terminal, p *automation.Platform, envs []string, o *operationFlags, run *github.Run, issues *github.Client) error {
	var all []*deploy.Drifted
	var failures []error
	drifted := false
	envs, err := deploy.Order(p, envs...)
	if err != nil {
		return err
	}
	for _, env := range envs {
		w := newWatch(t, env, "drift")
		observe := func(e plan.Event) {
			if e.Stage != nil && e.Stage.Note != "" {
				t.note(fmt.Sprintf("drift %s: %s", e.Stack, e.Stage.Note))
			}
			w.event(e)
		}
		d, err := deploy.Drift(ctx, p, env, deploy.DriftOptions{OnEvent: observe, AWSOnly: o.awsOnly, Parallel: o.parallel})
		w.end()
		if err != nil {
			failures = append(failures, err)
			continue
		}
		drifted = drifted || !d.Clean()
		all = append(all, d)
		if !t.asJSON {
			showDrift(t, d)
		}
		if issues != nil {
			issue, err := issues.ReportDrift(ctx, github.Drift{
				Repository: run.Repository, Environment: env, Result: d.Result, Commit: run.Head, RunURL: run.URL,
			})
			if err != nil {
				failures = append(failures, err)
				continue
			}
			t.note(fmt.Sprintf("%s: %s", env, issue))
		}
	}
	err = errors.Join(failures...)
	if t.asJSON && len(all) > 0 {
		if shown := t.json(struct {
			Environments []*deploy.Drifted `json:"environments"`
			failure
		}{all, failureOf(err)}); shown != nil {
			return errors.Join(err, shown)
		}
	}
	if err == nil && drifted {
		return errChanges
	}
	return err
}

func showDrift(t *terminal, d *deploy.Drifted) {
	for _, part := range []struct {
		what  string
		steps []plan.Step
	}{{"drift", d.Drift}, {"an update would correct it", d.Corrections}, {"to be deployed, not drift", d.Planned}} {
		if len(part.steps) == 0 {
			continue
		}
		t.print("%s, %s:\n", d.Stack, part.what)
		for _, s := range part.steps {
			t.print("%s\n", stepLine(s))
			for _, c := range s.Properties {
				t.print("       %s: %s\n", c.Path, oldAndNew(c))
			}
		}
	}
	if d.Clean() {
		t.print("%s: no drift\n", d.Stack)
	} else {
		t.print("%s: %s drifted\n", d.Stack, plural.Of(len(d.Drift), "resource has", "resources have"))
	}
}

func oldAndNew(c plan.PropertyChange) string {
	switch c.Kind {
	case plan.PropertyAdded:
		return "+ " + c.New
	case plan.PropertyDeleted:
		return "- " + c.Old
	}
	return fmt.Sprintf("%s -> %s", c.Old, c.New)
}
