// Command deploybot is an example of a bot on package automation. It reads from the stack files which environments there
// are, previews all of them at once, has each preview approved, and deploys exactly what was approved: the owner of a
// cluster before the environments that join it, and the clusters beside each other. It runs on a rehearsal of the
// environments, on this machine; with automation.AWS for the cloud it is the real thing.
//
//	go run ./examples/deploybot
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/deploy"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/automation/report"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

func main() {
	// An interrupt lets the engines finish what they have begun, and leaves no lock.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "deploybot-")
	if err == nil {
		err = errors.Join(rehearse(ctx, dir), os.RemoveAll(dir))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func rehearse(ctx context.Context, dir string) error {
	cloud, err := rehearsal.Open(rehearsal.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer cloud.Close()
	platform, err := automation.New(automation.Options{Cloud: cloud})
	if err != nil {
		return err
	}
	// A real bot asks in a pull request or a chat, and refers to the answer.
	everything := func(*plan.Plan) string { return "approved by the example" }
	return (&bot{platform: platform, approve: everything, out: os.Stdout}).run(ctx)
}

// bot previews and deploys.
type bot struct {
	platform *automation.Platform
	// approve returns who approved a plan, or "".
	approve func(*plan.Plan) string

	mu  sync.Mutex // of out: environments of different lanes report at the same time
	out io.Writer
}

// lanesOf returns the environments of each cluster, its owner first. Lanes run beside each other; in a lane, one
// environment comes after the other.
func lanesOf(estate automation.Estate) [][]string {
	var lanes [][]string
	for _, env := range estate.Names() {
		if estate.Owner(env) == "" {
			lanes = append(lanes, append([]string{env}, estate.Joined(env)...))
		}
	}
	return lanes
}

func (b *bot) run(ctx context.Context) error {
	estate, err := b.platform.Estate()
	if err != nil {
		return err
	}
	lanes := lanesOf(estate)
	previews, err := b.platform.Previews(ctx, slices.Concat(lanes...), automation.PreviewsOptions{})
	if err != nil {
		return err
	}
	var runs []report.Run
	for _, p := range previews {
		runs = append(runs, report.Run{Environment: p.Stack, Result: p.Result, Err: p.Err})
	}
	t := report.Of("What is to be done", runs...).Totals // report.Markdown would turn it into a comment
	b.say("%d of %d environments change: %d to create, %d to update, %d to replace, %d to delete",
		t.Changed, t.Environments, t.Create, t.Update, t.Replace, t.Delete)

	errs := make([]error, len(lanes))
	var wg sync.WaitGroup
	for i, lane := range lanes {
		wg.Go(func() {
			for _, env := range lane {
				if errs[i] = b.deploy(ctx, env); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// deploy has the preview of one environment approved, and deploys it. Every environment is previewed again in its turn:
// what stg would do is only known for good when the cluster of dev is up.
func (b *bot) deploy(ctx context.Context, env string) error {
	previews, err := b.platform.Previews(ctx, []string{env}, automation.PreviewsOptions{})
	if err != nil {
		return err
	}
	found := previews[0].Plan
	approval := b.approve(found)
	if approval == "" {
		return fmt.Errorf("%s: %s was not approved", env, plan.ShortDigest(found.Digest))
	}
	done, err := deploy.Run(ctx, b.platform, env, deploy.Options{
		ApprovedPlan: found, Approval: approval, OnEvent: b.watch, By: lease.Holder{Actor: "deploybot"},
	})
	if err == nil {
		b.say("%s: %s", env, done.Outcome)
	}
	return err // an ErrStale, for example, when something else is planned now than was approved
}

// watch makes progress of events: the stages of a deploy, and what goes wrong.
func (b *bot) watch(e plan.Event) {
	switch e.Kind {
	case plan.EventStage:
		b.say("%s: %s %s", e.Stack, e.Stage.Name, e.Stage.Note)
	case plan.EventWarning, plan.EventError:
		b.say("%s: %s: %s", e.Stack, e.Kind, e.Diagnostic)
	}
}

func (b *bot) say(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintf(b.out, format+"\n", args...)
}
