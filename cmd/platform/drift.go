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

// newDrift returns the command that looks for drift.
func newDrift(t *terminal, project *string) *cobra.Command {
	o := &operationFlags{target: target{reads: true}}
	var issue bool
	c := &cobra.Command{
		Use:   "drift ENV...",
		Short: "Tell how the cloud differs from the state",
		Long: `Tell how the cloud differs from the state, apart from changes that wait to be deployed. Nothing is changed, written or
locked: not in the cloud, not in the state.

Exits with 4 when there is drift, and with 0 when there is none, whether or not changes wait.

With --issue, in a GitHub workflow, every environment that has drifted has an issue, which is opened, brought up to date,
and closed when it is clean again, with the token in GITHUB_TOKEN.

` + exitCodes,
		Args: atLeastOne,
		RunE: func(c *cobra.Command, args []string) error {
			var issues *github.Client
			var run *github.Run
			if issue {
				var err error
				if run, err = github.ReadRun(github.Surroundings{Getenv: os.Getenv, ReadFile: os.ReadFile}); err != nil {
					return usage(c, fmt.Errorf("--issue is for GitHub workflows: %w", err))
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
	c.Flags().IntVar(&o.parallel, "parallel", 0, "resources worked on at the same time (default: Pulumi's, four per CPU)")
	c.Flags().BoolVar(&o.awsOnly, "aws-only", false, awsOnlyHelp)
	c.Flags().BoolVar(&issue, "issue", false, "keep one issue on GitHub per environment that has drifted")
	return c
}

func drift(ctx context.Context, t *terminal, p *automation.Platform, envs []string, o *operationFlags, run *github.Run, issues *github.Client) error {
	var all []*deploy.Drifted
	var failures []error
	drifted := false
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
	err := errors.Join(failures...)
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
	}{{"drift", d.Drift}, {"an update would put it back", d.Corrections}, {"waits to be deployed, no drift", d.Planned}} {
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
