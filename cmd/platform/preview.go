package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/github"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	reporting "github.com/eks-platform/eks-platform/automation/report"
)

// previewFlags is what the flags of preview say.
type previewFlags struct {
	operationFlags
	atOnce               int
	program              string
	save, html, markdown string
	exitCode             bool
}

// newPreview returns the command that previews environments.
func newPreview(t *terminal, project *string) *cobra.Command {
	o := &previewFlags{}
	o.previews = true
	c := &cobra.Command{
		Use:   "preview ENV...",
		Short: "Show what up would change, in one or more environments",
		Long: `Show what up would change in environments, which are previewed at the same time. Nothing changes, and no lock is taken.

With --save each environment leaves two files in a directory: ENV.json is its part of a report ("platform report" makes
one of the parts that several jobs left), and ENV.plan.json what "platform deploy ENV --approved-file" is held to. A
preview that failed leaves the first.

In a rehearsal, an environment that joins a cluster which is not up there is previewed in a second rehearsal, in which
the cluster's owner is brought up first.

` + exitCodes,
		Args: atLeastOne,
		RunE: func(c *cobra.Command, args []string) error {
			p, done, err := o.open(c, t, *project)
			if err != nil {
				return err
			}
			defer done()
			return preview(c.Context(), t, p, args, o)
		},
	}
	o.target.flags(c)
	t.jsonFlag(c)
	c.Flags().IntVar(&o.parallel, "parallel", 0, "resources worked on at the same time (default: Pulumi's, four per CPU)")
	c.Flags().BoolVar(&o.awsOnly, "aws-only", false, awsOnlyHelp)
	c.Flags().BoolVar(&o.refresh, "refresh", false, "look for drift first")
	c.Flags().BoolVar(&o.create, "create", false, "make the stack when it does not exist")
	c.Flags().IntVar(&o.atOnce, "at-once", 0, "environments previewed at the same time (default: two per CPU)")
	c.Flags().StringVar(&o.program, "program", "", "what the digests name the program by (default: the commit that this command was built from)")
	c.Flags().StringVar(&o.save, "save", "", "directory for the parts of a report and what deploys are held to; made when it does not exist")
	c.Flags().StringVar(&o.html, "html", "", "file for the report as a page")
	c.Flags().StringVar(&o.markdown, "markdown", "", "file for the report as markdown")
	c.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit with 4 when there are changes")
	return c
}

// atLeastOne makes a command take environments.
func atLeastOne(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage(c, errors.New("expected the names of one or more environments"))
	}
	for i, name := range args {
		for _, other := range args[:i] {
			if name == other {
				return usage(c, fmt.Errorf("environment %q is named twice", name))
			}
		}
	}
	return nil
}

// errChanges is the answer of preview --exit-code. It is no failure.
var errChanges = errors.New("there are changes")

func preview(ctx context.Context, t *terminal, p *automation.Platform, names []string, o *previewFlags) error {
	progress := newProgress(t, "preview")
	all, err := p.Previews(ctx, names, automation.PreviewsOptions{
		Preview: o.preview(progress.event), Program: o.program, AtOnce: o.atOnce, OnDone: progress.done,
	})
	t.status(nil)
	r := previewReport(all, workflowRun())
	if saved := o.write(ctx, p, all, r); saved != nil {
		return errors.Join(err, saved)
	}
	begun := false
	changes := false
	for _, one := range all {
		begun = begun || one.Result != nil
		changes = changes || one.Result != nil && (!one.Result.Empty() || one.Result.OutputsChange || len(one.Result.Withheld) > 0)
	}
	if !begun {
		return err // there is nothing to show but the error
	}
	if err != nil {
		err = &shownError{what: unsuccessful(r), cause: err}
	}
	if shown := showReport(t, r, err); shown != nil {
		return errors.Join(err, shown)
	}
	if err == nil && changes && o.exitCode {
		return errChanges
	}
	return err
}

// previewTitle is that of reports on previews.
const previewTitle = "Platform preview"

// previewReport makes a report of previews. The run is nil outside of a workflow.
func previewReport(all []automation.Previewed, run *github.Run) *reporting.Report {
	var runs []reporting.Run
	for _, one := range all {
		r := reporting.Run{Environment: one.Stack, Result: one.Result, Err: one.Err, Note: strings.Join(one.Notes, "; ")}
		if one.Plan != nil {
			r.Digest = one.Plan.Digest
		}
		if run != nil {
			r.Commit, r.RunURL = run.Head, run.URL
		}
		if one.Result != nil && one.Result.Empty() && one.Result.OutputsChange && r.Note == "" {
			r.Note = "only what the stack publishes changes"
		}
		runs = append(runs, r)
	}
	return reporting.Of(previewTitle, runs...)
}

// workflowRun is the run of a GitHub workflow that the command is part of, or nil.
func workflowRun() *github.Run {
	run, err := github.ReadRun(github.Surroundings{Getenv: os.Getenv, ReadFile: os.ReadFile})
	if err != nil {
		return nil
	}
	return run
}

// write writes the files that the flags ask for.
func (o *previewFlags) write(ctx context.Context, p *automation.Platform, all []automation.Previewed, r *reporting.Report) error {
	if o.save != "" {
		if err := os.MkdirAll(o.save, 0o755); err != nil {
			return fmt.Errorf("make a place for the previews: %w", err)
		}
		for i, one := range all {
			part := reporting.Join(r.Title, &reporting.Report{Environments: r.Environments[i : i+1]})
			if err := writeReport(filepath.Join(o.save, one.Stack+".json"), formatJSON, part); err != nil {
				return err
			}
			file := filepath.Join(o.save, one.Stack+planSuffix)
			if one.Plan == nil {
				// One of an earlier preview must not be taken for this one's.
				if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
					return err
				}
				continue
			}
			if err := one.Plan.Write(file); err != nil {
				return err
			}
		}
	}
	for file, format := range map[string]string{o.html: formatHTML, o.markdown: formatMarkdown} {
		if file == "" {
			continue
		}
		if err := writeReport(file, format, r); err != nil {
			return err
		}
	}
	return nil
}

// planSuffix ends the name of the file that a deploy is held to.
const planSuffix = ".plan.json"

// shownError is a failure whose reasons the report has told.
type shownError struct {
	what  string
	cause error
}

func (e *shownError) Error() string { return e.what }
func (e *shownError) Unwrap() error { return e.cause }

// unsuccessful names the environments of a report that did not come through.
func unsuccessful(r *reporting.Report) string {
	var out []string
	for _, e := range r.Environments {
		if !e.Outcome.OK() {
			out = append(out, fmt.Sprintf("%s: %s", e.Name, e.Outcome))
		}
	}
	return fmt.Sprintf("%d of %d environments could not be previewed: %s", len(out), len(r.Environments), strings.Join(out, ", "))
}

// showReport writes a report for people, or as JSON together with the error.
func showReport(t *terminal, r *reporting.Report, err error) error {
	if !t.asJSON {
		return reporting.Text(t.out, r, 0, t.colour)
	}
	var text bytes.Buffer
	if err := reporting.JSON(&text, r); err != nil {
		return err
	}
	var document struct {
		Version int `json:"version"`
		*reporting.Report
		failure
	}
	if err := json.Unmarshal(text.Bytes(), &document); err != nil {
		return err
	}
	document.failure = failureOf(err)
	return t.json(document)
}

// progress shows how far operations on several environments are.
type progress struct {
	phases   *phases
	name     rehearsal.PhaseName
	mu       sync.Mutex
	started  time.Time
	finished map[string]map[string]bool // environment -> URNs
}

func newProgress(t *terminal, name rehearsal.PhaseName) *progress {
	return &progress{phases: newPhases(t), name: name, started: time.Now(), finished: map[string]map[string]bool{}}
}

// event takes one event of an engine.
func (p *progress) event(e plan.Event) {
	if e.Step == nil || e.Step.Status == plan.Running || !e.Step.InCloud() {
		return // diagnostics are told at the end, with the rest; what only groups resources is not counted
	}
	p.mu.Lock()
	if p.finished[e.Stack] == nil {
		p.finished[e.Stack] = map[string]bool{}
	}
	p.finished[e.Stack][e.Step.URN] = true
	n := len(p.finished[e.Stack])
	p.mu.Unlock()
	p.tell(rehearsal.PhaseEvent{Environment: e.Stack, Done: n, Duration: time.Since(p.started)})
}

// done takes a preview that ended.
func (p *progress) done(one automation.Previewed) {
	e := rehearsal.PhaseEvent{Environment: one.Stack, Ended: true, Err: one.Err, Duration: time.Since(p.started)}
	if one.Result != nil {
		e.Duration = one.Result.Duration
	}
	p.mu.Lock()
	e.Done = len(p.finished[one.Stack])
	p.mu.Unlock()
	p.tell(e)
}

func (p *progress) tell(e rehearsal.PhaseEvent) {
	e.Phase = p.name
	p.phases.tell(e)
}
