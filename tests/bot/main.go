// Command bot shows that another module can build on this one with exported names alone: it previews an environment on a
// rehearsal of AWS and, without asking for approval, deploys exactly what it has previewed.
//
//	go run . ../testdata/estate dev
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/deploy"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/automation/report"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: bot PROJECT ENVIRONMENT")
		os.Exit(2)
	}
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, project, env string) (err error) {
	dir, err := os.MkdirTemp("", "bot-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cloud, err := rehearsal.Open(rehearsal.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cloud.Close()) }()
	platform, err := automation.New(automation.Options{ProjectDir: project, Cloud: cloud})
	if err != nil {
		return err
	}
	previews, err := platform.Previews(ctx, []string{env}, automation.PreviewsOptions{})
	if err != nil {
		return err
	}
	found := report.Of("What is to be done", report.Run{Environment: env, Result: previews[0].Result})
	if err := report.Markdown(os.Stdout, found, report.Budget); err != nil {
		return err
	}
	done, err := deploy.Run(ctx, platform, env, deploy.Options{
		ApprovedPlan: previews[0].Plan, By: lease.Holder{Actor: "bot"},
		OnEvent: func(e plan.Event) {
			if e.Stage != nil {
				fmt.Println(e.Stack, e.Stage.Name, e.Stage.Note)
			}
		},
	})
	if errors.Is(err, automation.ErrStale) {
		return fmt.Errorf("something has changed since the preview: %w", err)
	}
	if err == nil {
		fmt.Println(env, done.Outcome)
	}
	return err
}
