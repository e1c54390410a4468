package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation/github"
	reporting "github.com/eks-platform/eks-platform/automation/report"
)

// reported is what the flags of report say.
type reported struct {
	format, out, key string
	expect           []string
	comment, summary bool
}

// newReport returns the command that makes one report of many.
func newReport(t *terminal) *cobra.Command {
	o := &reported{}
	c := &cobra.Command{
		Use:   "report DIRECTORY|FILE...",
		Short: "Make one report of the parts that previews left",
		Long: `Make one report of the parts that "platform preview --save" left: files, or directories of them.

In a GitHub workflow, --comment writes it into the one comment that the pull request has, beside what other jobs have
written there, with the token in GITHUB_TOKEN. Where that token may only read, as in pull requests from forks, the
report becomes the summary of the step instead. --summary makes it that in any case, in full and with annotations.

` + exitCodes,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(c, errors.New("expected directories or files with the parts of a report"))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if _, known := formats[o.format]; !known {
				return usage(c, fmt.Errorf("--format must be text, markdown, html or json, got %q", o.format))
			}
			var run *github.Run
			if o.comment || o.summary {
				var err error
				if run, err = github.ReadRun(github.Surroundings{Getenv: os.Getenv, ReadFile: os.ReadFile}); err != nil {
					return usage(c, fmt.Errorf("--comment and --summary are for GitHub workflows: %w", err))
				}
			}
			if o.comment && (run.PullRequest == 0 || run.Head == "") {
				return usage(c, fmt.Errorf("--comment is for pull requests, and this run is one of the event %q", run.Event))
			}
			return makeReport(c.Context(), t, args, o, run)
		},
	}
	c.Flags().StringVar(&o.format, "format", formatText, "text, markdown, html or json")
	c.Flags().StringVar(&o.out, "out", "", "file to write to (default: standard output)")
	c.Flags().StringSliceVar(&o.expect, "expect", nil, "environments that there must be parts of; one without is reported as failed")
	c.Flags().BoolVar(&o.comment, "comment", false, "write the comment of the pull request")
	c.Flags().BoolVar(&o.summary, "summary", false, "write the summary of the step")
	c.Flags().StringVar(&o.key, "key", "", "what tells this comment from others, of other projects in the same repository")
	return c
}

// The renderings.
const (
	formatText     = "text"
	formatMarkdown = "markdown"
	formatHTML     = "html"
	formatJSON     = "json"
)

// formats are what a report can be written as, all of it.
var formats = map[string]func(io.Writer, *reporting.Report) error{
	formatText:     func(w io.Writer, r *reporting.Report) error { return reporting.Text(w, r, 0, false) },
	formatMarkdown: func(w io.Writer, r *reporting.Report) error { return reporting.Markdown(w, r, 0) },
	formatHTML:     reporting.HTML,
	formatJSON:     reporting.JSON,
}

// writeReport writes a report to a file.
func writeReport(file, format string, r *reporting.Report) error {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return errors.Join(formats[format](f, r), f.Close())
}

func makeReport(ctx context.Context, t *terminal, sources []string, o *reported, run *github.Run) error {
	r, err := readParts(sources, o.expect, run)
	if err != nil {
		return err
	}
	switch {
	case o.out != "":
		err = writeReport(o.out, o.format, r)
	case o.format == formatText:
		err = reporting.Text(t.out, r, 0, t.colour)
	default:
		err = formats[o.format](t.out, r)
	}
	if err != nil {
		return err
	}
	summary := o.summary
	if o.comment {
		posted, err := o.post(ctx, r, run, os.Getenv("GITHUB_TOKEN"))
		switch {
		case errors.Is(err, github.ErrReadOnly):
			t.note("the token may not write comments here; the report is in the summary of this step instead")
			summary = true
		case err != nil:
			return err
		default:
			t.note("commented: " + posted.URL)
		}
	}
	if summary {
		return summarize(t, r)
	}
	return nil
}

// readParts reads the parts of a report and makes one of them.
func readParts(sources, expected []string, run *github.Run) (*reporting.Report, error) {
	var files []string
	for _, source := range sources {
		info, err := os.Stat(source)
		switch {
		case os.IsNotExist(err) && len(expected) > 0:
			continue // no job left anything
		case err != nil:
			return nil, fmt.Errorf("read the parts of a report: %w", err)
		case !info.IsDir():
			files = append(files, source)
			continue
		}
		found, err := filepath.Glob(filepath.Join(source, "*.json"))
		if err != nil {
			return nil, fmt.Errorf("read the parts of a report in %s: %w", source, err)
		}
		files = append(files, slices.DeleteFunc(found, func(f string) bool { return strings.HasSuffix(f, planSuffix) })...)
	}
	if len(files) == 0 && len(expected) == 0 {
		return nil, fmt.Errorf("there is no part of a report in %s: platform preview --save makes them", strings.Join(sources, ", "))
	}
	title := previewTitle
	var parts []*reporting.Report
	seen := map[string]string{}
	for _, file := range files {
		part, err := readPart(file)
		if err != nil {
			return nil, err
		}
		for _, e := range part.Environments {
			if other, twice := seen[e.Name]; twice {
				return nil, fmt.Errorf("%s and %s are both about %s: which of them is the newer one cannot be told", other, file, e.Name)
			}
			seen[e.Name] = file
		}
		title = part.Title
		parts = append(parts, part)
	}
	for _, name := range expected {
		if _, there := seen[name]; there {
			continue
		}
		missing := reporting.Run{Environment: name, Err: errors.New("its job left no preview; the log of the job tells why")}
		if run != nil {
			missing.Commit, missing.RunURL = run.Head, run.URL
		}
		parts = append(parts, reporting.Of("", missing))
	}
	r := reporting.Join(title, parts...)
	slices.SortStableFunc(r.Environments, func(a, b reporting.Environment) int {
		return place(expected, a.Name) - place(expected, b.Name)
	})
	return r, nil
}

// place is where a name stands in a list, or behind it.
func place(list []string, name string) int {
	if i := slices.Index(list, name); i >= 0 {
		return i
	}
	return len(list)
}

func readPart(file string) (*reporting.Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read a part of a report: %w", err)
	}
	defer f.Close()
	part, err := reporting.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return part, nil
}

// post puts a report into the comment of the pull request.
func (o *reported) post(ctx context.Context, r *reporting.Report, run *github.Run, token string) (*github.Posted, error) {
	client, err := github.New(github.Options{Token: token, URL: run.APIURL})
	if err != nil {
		return nil, err
	}
	c := github.Comment{
		Repository: run.Repository, PullRequest: run.PullRequest, Key: o.key, Environments: o.expect,
		Render: func(parts map[string]github.Part, budget int) (string, error) {
			return renderComment(r, parts, budget, run.URL)
		},
	}
	var parts []github.Part
	for _, e := range r.Environments {
		part := github.Part{Environment: e.Name, Head: run.Head, RunID: run.RunID, Attempt: run.Attempt}
		if part.Data, err = json.Marshal(e); err != nil {
			return nil, err
		}
		if part.Brief, err = json.Marshal(brief(e)); err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return client.Post(ctx, c, parts...)
}

// brief is what must be in a comment of an environment: everything but the properties, and of the changes that are not
// destructive only their number.
func brief(e reporting.Environment) reporting.Environment {
	e.Changes, e.Drift = nil, nil
	for _, list := range []*[]string{&e.Errors, &e.Warnings} {
		if len(*list) > 5 {
			*list = append(slices.Clone((*list)[:5]), fmt.Sprintf("and %d more", len(*list)-5))
		}
	}
	return e
}

// renderComment writes the comment: the environments of this run in its own order, and after them what others left.
func renderComment(r *reporting.Report, parts map[string]github.Part, budget int, url string) (string, error) {
	var names []string
	for name := range parts {
		names = append(names, name)
	}
	own := make([]string, 0, len(r.Environments))
	for _, e := range r.Environments {
		own = append(own, e.Name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := place(own, a) - place(own, b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	all := &reporting.Report{}
	for _, name := range names {
		part := parts[name]
		raw := part.Data
		if part.Shortened() {
			raw = part.Brief
		}
		var e reporting.Environment
		if err := json.Unmarshal(raw, &e); err != nil {
			return "", fmt.Errorf("read what the comment says of %s: %w", name, err)
		}
		var notes []string
		if e.Note != "" {
			notes = append(notes, e.Note)
		}
		if part.Stale {
			notes = append(notes, fmt.Sprintf("out of date: this is about commit %s", part.Head[:min(7, len(part.Head))]))
		}
		if part.Shortened() {
			notes = append(notes, "the list of changes is in the summary of the run, linked in the table")
		}
		e.Note = strings.Join(notes, "; ")
		all.Environments = append(all.Environments, e)
	}
	text := reporting.MarkdownParts(reporting.Join(r.Title, all), budget)
	if len(text) == 1 {
		return text[0], nil
	}
	// Names of what is replaced or deleted, and too many for one comment: the summary has them all.
	more := fmt.Sprintf("\n\n**The list goes on in the [summary of the run](%s).**\n", url)
	return reporting.MarkdownParts(reporting.Join(r.Title, all), budget-len(more))[0] + more, nil
}

// summarize makes a report the summary of the step, and annotations of what must not be overlooked.
func summarize(t *terminal, r *reporting.Report) error {
	step := github.NewStep(os.Getenv, t.out)
	var versions []string
	for _, budget := range []int{0, github.MaxSummary * 9 / 10, reporting.Budget} {
		versions = append(versions, reporting.MarkdownParts(r, budget)[0])
	}
	if _, err := step.Summarize(versions...); err != nil {
		return err
	}
	var notes []github.Annotation
	for _, e := range r.Environments {
		if e.Outcome != reporting.Changes && e.Outcome != reporting.NoChanges {
			notes = append(notes, github.Annotation{
				Level: github.LevelError, Title: fmt.Sprintf("%s: %s", e.Name, e.Outcome), Message: strings.Join(e.Errors, "\n"),
			})
		}
		for _, c := range e.Destructive {
			if c.Critical != "" && !c.Retained {
				notes = append(notes, github.Annotation{
					Level: github.LevelWarning, Title: fmt.Sprintf("%s: %s of a %s", e.Name, c.Op, c.Critical),
					Message: fmt.Sprintf("%s %s: %s", c.Type, c.Name, c.Loss),
				})
			}
		}
	}
	return step.Annotate(notes...)
}
