package main

import (
	"context"
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

// reportFlags are the flags of report.
type reportFlags struct {
	format, out, key string
	expect           []string
	comment, summary bool
}

// newReport returns the command that combines reports.
func newReport(t *terminal) *cobra.Command {
	o := &reportFlags{}
	c := &cobra.Command{
		Use:   "report DIRECTORY|FILE...",
		Short: "Combine the reports of several previews into one",
		Long: `Combine the parts that "platform preview --save" wrote into one report. Arguments are files, or directories of them.

In a GitHub workflow, --comment writes the report into the pull request's one comment, with the token in GITHUB_TOKEN.
One job does that, after the jobs that previewed; a run whose commit is no longer the newest leaves the comment alone.
If the token can only read, as in pull requests from forks, the report becomes the job summary instead. --summary writes
the job summary in any case, in full and with annotations.

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
					return usage(c, fmt.Errorf("--comment and --summary work only in a GitHub workflow: %w", err))
				}
			}
			if o.comment && (run.PullRequest == 0 || run.Head == "") {
				return usage(c, fmt.Errorf("--comment works only for pull requests: the event of this run is %q", run.Event))
			}
			return makeReport(c.Context(), t, args, o, run)
		},
	}
	c.Flags().StringVar(&o.format, "format", formatText, "text, markdown, html or json")
	c.Flags().StringVar(&o.out, "out", "", "file to write to (default: standard output)")
	c.Flags().StringSliceVar(&o.expect, "expect", nil, "environments that must be in the report; a missing one is reported as failed")
	c.Flags().BoolVar(&o.comment, "comment", false, "write the report into the pull request's comment")
	c.Flags().BoolVar(&o.summary, "summary", false, "write the report into the job summary")
	c.Flags().StringVar(&o.key, "key", "", "key that distinguishes this comment from those of other projects in the same repository")
	return c
}

// The formats of a report.
const (
	formatText     = "text"
	formatMarkdown = "markdown"
	formatHTML     = "html"
	formatJSON     = "json"
)

// formats write a whole report.
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

func makeReport(ctx context.Context, t *terminal, sources []string, o *reportFlags, run *github.Run) error {
	r, absent, err := readParts(sources, o.expect, run)
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
			t.note("GITHUB_TOKEN may not write comments here; the report is in the job summary instead")
			summary = true
		case err != nil:
			return err
		case posted.Superseded:
			t.note("not commented: the pull request has a newer commit, and its run will comment")
		default:
			t.note("commented: " + posted.URL)
		}
	}
	if summary {
		if err := github.NewStep(os.Getenv, t.out).Report(r); err != nil {
			return err
		}
	}
	if len(absent) > 0 { // the report says so as well, but the exit code must not say that it is complete
		return fmt.Errorf("there is no preview of %s, which --expect names: its job wrote none", strings.Join(absent, ", "))
	}
	return nil
}

// readParts reads the parts of a report and combines them. It also returns the expected environments that have no part.
func readParts(sources, expected []string, run *github.Run) (_ *reporting.Report, absent []string, _ error) {
	var files []string
	for _, source := range sources {
		info, err := os.Stat(source)
		switch {
		case os.IsNotExist(err) && len(expected) > 0:
			continue // no job wrote anything
		case err != nil:
			return nil, nil, fmt.Errorf("read the parts of the report: %w", err)
		case !info.IsDir():
			files = append(files, source)
			continue
		}
		found, err := filepath.Glob(filepath.Join(source, "*.json"))
		if err != nil {
			return nil, nil, fmt.Errorf("read the parts of the report in %s: %w", source, err)
		}
		files = append(files, slices.DeleteFunc(found, func(f string) bool { return strings.HasSuffix(f, planSuffix) })...)
	}
	if len(files) == 0 && len(expected) == 0 {
		return nil, nil, fmt.Errorf("there is no part of a report in %s; platform preview --save writes them", strings.Join(sources, ", "))
	}
	title := previewTitle
	var parts []*reporting.Report
	seen := map[string]string{}
	for _, file := range files {
		part, err := readPart(file)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range part.Environments {
			if other, twice := seen[e.Name]; twice {
				return nil, nil, fmt.Errorf("%s and %s are both about %s, and which is newer is unknown: remove one", other, file, e.Name)
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
		absent = append(absent, name)
		missing := reporting.Run{Environment: name, Err: errors.New("its job wrote no preview; see the job's log for the reason")}
		if run != nil {
			missing.Commit, missing.RunURL = run.Head, run.URL
		}
		parts = append(parts, reporting.Of("", missing))
	}
	// Parts say in which order environments are deployed. Where none is left, those who expect them know.
	if !slices.ContainsFunc(parts, func(p *reporting.Report) bool { return len(p.Order) > 0 }) {
		parts = append(parts, &reporting.Report{Order: expected})
	}
	r := reporting.Join(title, parts...)
	return r, absent, nil
}

func readPart(file string) (*reporting.Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read a part of the report: %w", err)
	}
	defer f.Close()
	part, err := reporting.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return part, nil
}

// post writes a report into the pull request's comment.
func (o *reportFlags) post(ctx context.Context, r *reporting.Report, run *github.Run, token string) (*github.Posted, error) {
	client, err := github.New(github.Options{Token: token, URL: run.APIURL})
	if err != nil {
		return nil, err
	}
	return client.Post(ctx, github.Comment{
		Repository: run.Repository, PullRequest: run.PullRequest, Head: run.Head, Key: o.key, RunURL: run.URL,
	}, r)
}
