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

// reportFlags is what the flags of report say.
type reportFlags struct {
	format, out, key string
	expect           []string
	comment, summary bool
}

// newReport returns the command that makes one report of many.
func newReport(t *terminal) *cobra.Command {
	o := &reportFlags{}
	c := &cobra.Command{
		Use:   "report DIRECTORY|FILE...",
		Short: "Make one report of the parts that previews left",
		Long: `Make one report of the parts that "platform preview --save" left: files, or directories of them.

In a GitHub workflow, --comment makes it the one comment that the pull request has, with the token in GITHUB_TOKEN; one job
does that, after those that previewed, and a run whose commit is no longer the newest leaves the comment alone. Where that token may only read, as in pull requests from forks, the
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
			t.note("the token may not write comments here; the report is in the summary of this step instead")
			summary = true
		case err != nil:
			return err
		case posted.Superseded:
			t.note("not commented: the pull request has a newer commit, whose own run comments")
		default:
			t.note("commented: " + posted.URL)
		}
	}
	if summary {
		if err := github.NewStep(os.Getenv, t.out).Report(r); err != nil {
			return err
		}
	}
	if len(absent) > 0 { // the report says so, too; whoever reads exit codes must not take it for whole
		return fmt.Errorf("there is no preview of %s: --expect names it, and its job left none", strings.Join(absent, ", "))
	}
	return nil
}

// readParts reads the parts of a report and makes one of them. It also returns the environments that were expected and of
// which there is none.
func readParts(sources, expected []string, run *github.Run) (_ *reporting.Report, absent []string, _ error) {
	var files []string
	for _, source := range sources {
		info, err := os.Stat(source)
		switch {
		case os.IsNotExist(err) && len(expected) > 0:
			continue // no job left anything
		case err != nil:
			return nil, nil, fmt.Errorf("read the parts of a report: %w", err)
		case !info.IsDir():
			files = append(files, source)
			continue
		}
		found, err := filepath.Glob(filepath.Join(source, "*.json"))
		if err != nil {
			return nil, nil, fmt.Errorf("read the parts of a report in %s: %w", source, err)
		}
		files = append(files, slices.DeleteFunc(found, func(f string) bool { return strings.HasSuffix(f, planSuffix) })...)
	}
	if len(files) == 0 && len(expected) == 0 {
		return nil, nil, fmt.Errorf("there is no part of a report in %s: platform preview --save makes them", strings.Join(sources, ", "))
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
				return nil, nil, fmt.Errorf("%s and %s are both about %s: which of them is the newer one cannot be told", other, file, e.Name)
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
	return r, absent, nil
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
func (o *reportFlags) post(ctx context.Context, r *reporting.Report, run *github.Run, token string) (*github.Posted, error) {
	client, err := github.New(github.Options{Token: token, URL: run.APIURL})
	if err != nil {
		return nil, err
	}
	return client.Post(ctx, github.Comment{
		Repository: run.Repository, PullRequest: run.PullRequest, Head: run.Head, Key: o.key, RunURL: run.URL,
	}, r)
}
