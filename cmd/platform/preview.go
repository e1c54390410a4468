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
	"github.com/eks-platform/eks-platform/automation/deploy"
	"github.com/eks-platform/eks-platform/automation/github"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	reporting "github.com/eks-platform/eks-platform/automation/report"
	"github.com/eks-platform/eks-platform/internal/deployorder"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// previewFlags are the flags of preview.
type previewFlags struct {
	operationFlags
	atOnce               int
	program              string
	save, html, markdown string
	project              string
	exitCode             bool
}

// newPreview returns the command that previews environments.
func newPreview(t *terminal, project *string) *cobra.Command {
	o := &previewFlags{}
	o.previews = true
	c := &cobra.Command{
		Use:   "preview ENV...",
		Short: "Show what up would change, in one or more environments",
		Long: `Show what up would change in environments. Several are previewed at the same time. Nothing is changed, and no lock is
taken.

With --save each environment writes two files to a directory: ENV.json, its part of a report ("platform report" combines
the parts of several jobs), and ENV.plan.json, which "platform deploy ENV --approved-file" compares its own preview
with. A failed preview writes only the first.

With --cloud rehearsal, an environment that joins a cluster which is not up there is previewed in a second rehearsal, in
which the cluster's owner is brought up first.

` + exitCodes,
		Args: atLeastOne,
		RunE: func(c *cobra.Command, args []string) error {
			p, done, err := o.open(c, t, *project)
			if err != nil {
				return err
			}
			defer done()
			o.project = *project
			return preview(c.Context(), t, p, args, o)
		},
	}
	o.target.flags(c)
	t.jsonFlag(c)
	c.Flags().IntVar(&o.parallel, "parallel", 0, "number of parallel resource operations (default: Pulumi's, four per CPU)")
	c.Flags().BoolVar(&o.awsOnly, "aws-only", false, awsOnlyHelp)
	c.Flags().BoolVar(&o.refresh, "refresh", false, "refresh from the cloud first, and so show drift")
	c.Flags().BoolVar(&o.create, "create", false, "create the stack if it does not exist")
	c.Flags().IntVar(&o.atOnce, "at-once", 0, "number of environments previewed in parallel (default: two per CPU)")
	c.Flags().StringVar(&o.program, "program", "", "program identity in the digests (default: the commit that this command was built from)")
	c.Flags().StringVar(&o.save, "save", "", "directory for the parts of a report and the plans to approve; created if it does not exist")
	c.Flags().StringVar(&o.html, "html", "", "file for the report as an HTML page")
	c.Flags().StringVar(&o.markdown, "markdown", "", "file for the report as Markdown")
	c.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit with 4 if there are changes")
	return c
}

// atLeastOne makes a command take one or more environments.
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

// errChanges is the result of preview --exit-code. It is not a failure.
var errChanges = errors.New("there are changes")

func preview(ctx context.Context, t *terminal, p *automation.Platform, names []string, o *previewFlags) error {
	e, err := p.Estate(names...)
	if err == nil {
		names = deployorder.Sort(deployorder.Of(e), names)
	} // otherwise each preview fails, and leaves its part of the report
	progress := newProgress(t, "preview")
	all, err := p.Previews(ctx, names, automation.PreviewsOptions{
		Preview: o.preview(progress.event), Program: o.program, AtOnce: o.atOnce, OnStart: progress.start, OnDone: progress.done,
	})
	progress.phases.end()
	r := o.report(all, e, workflowRun())
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
		return err // there is only the error to show
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

// previewTitle is the title of reports on previews.
const previewTitle = "Platform preview"

// report returns a report on previews. The run is nil outside a workflow.
func (o *previewFlags) report(all []automation.Previewed, e automation.Estate, run *github.Run) *reporting.Report {
	var runs []reporting.Run
	for _, one := range all {
		r := reporting.Run{Environment: one.Stack, Result: one.Result, Err: one.Err, Note: strings.Join(one.Notes, "; ")}
		if one.Plan != nil {
			r.Digest = one.Plan.Digest
			r.Approve = o.approval(one, e.RequiresApproval(one.Stack), run)
		}
		if run != nil {
			r.Commit, r.RunURL = run.Head, run.URL
		}
		if one.Result != nil && one.Result.Empty() && one.Result.OutputsChange && r.Note == "" {
			r.Note = "only outputs change"
		}
		runs = append(runs, r)
	}
	out := reporting.Of(previewTitle, runs...)
	if e != nil {
		out.Order = deployorder.Of(e)
	}
	return out
}

// approval says how what was previewed is approved. For a pull request that is its merge, after which the changes are planned
// anew: see deploy.yml. Elsewhere it is a deploy that is held to the digest.
func (o *previewFlags) approval(one automation.Previewed, required bool, run *github.Run) *reporting.Approval {
	critical := deploy.Allowances(one.Result)
	var allow []string
	for _, name := range critical {
		if !strings.HasPrefix(name, "urn:") {
			name = one.Stack + "=" + name
		}
		allow = append(allow, "--allow "+quoted(name))
	}
	if run != nil && run.PullRequest != 0 {
		text := "merge the pull request: it is planned once more, and deployed"
		if required {
			text = fmt.Sprintf("merge the pull request: it is planned once more, and waits for the reviewers of the environment %s", one.Stack)
		}
		if len(allow) > 0 {
			text += "; what is critical is refused until the deploy is started by hand with " + strings.Join(allow, " ")
		}
		return &reporting.Approval{Text: text}
	}
	command := []string{"platform deploy", one.Stack, "--approved", plan.ShortDigest(one.Plan.Digest)}
	command = append(command, o.same()...)
	command = append(command, allow...)
	if required {
		command = append(command, "--approval REFERENCE")
	}
	return &reporting.Approval{Command: strings.Join(command, " ")}
}

// same are the flags with which another command plans the same as this one.
func (o *previewFlags) same() []string {
	var out []string
	for _, f := range []struct {
		given      bool
		name, text string
	}{
		{o.project != ".", "--project", o.project}, {o.cloud != "aws", "--cloud", o.cloud}, {o.dir != "", "--dir", o.dir},
		{o.program != "", "--program", o.program}, {o.awsOnly, "--aws-only", ""}, {o.create, "--create", ""}, {o.refresh, "--refresh", ""},
	} {
		switch {
		case f.given && f.text != "":
			out = append(out, f.name, word(f.text))
		case f.given:
			out = append(out, f.name)
		}
	}
	return out
}

// workflowRun is the GitHub workflow run that the command is part of, or nil.
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
			return fmt.Errorf("create the directory of --save: %w", err)
		}
		for i, one := range all {
			part := reporting.Join(r.Title, &reporting.Report{Environments: r.Environments[i : i+1], Order: r.Order})
			if err := writeReport(filepath.Join(o.save, one.Stack+".json"), formatJSON, part); err != nil {
				return err
			}
			file := filepath.Join(o.save, one.Stack+planSuffix)
			if one.Plan == nil {
				// The file of an earlier preview must not be taken for this one's.
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

// planSuffix ends the name of a file with an approved preview.
const planSuffix = ".plan.json"

// shownError is a failure whose reasons the report has shown.
type shownError struct {
	what  string
	cause error
}

func (e *shownError) Error() string { return e.what }
func (e *shownError) Unwrap() error { return e.cause }

// unsuccessful names the environments of a report that failed.
func unsuccessful(r *reporting.Report) string {
	var out []string
	for _, e := range r.Environments {
		if !e.Outcome.OK() {
			out = append(out, fmt.Sprintf("%s: %s", e.Name, e.Outcome))
		}
	}
	return fmt.Sprintf("%d of %s could not be previewed: %s", len(out), plural.Of(len(r.Environments), "environment"), strings.Join(out, ", "))
}

// showReport prints a report as text, or as JSON together with the error.
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

// progress shows the progress of operations on several environments.
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

// start takes a preview that begins.
func (p *progress) start(env string) {
	p.tell(rehearsal.PhaseEvent{Environment: env, Duration: time.Since(p.started)})
}

// event handles one event of an engine.
func (p *progress) event(e plan.Event) {
	if e.Step == nil || e.Step.Status == plan.Running || !e.Step.Counted() {
		return // diagnostics are printed at the end, with the rest; component resources are not counted
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

// done handles the end of a preview.
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
