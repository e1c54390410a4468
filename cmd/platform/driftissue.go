package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/github"
	reporting "github.com/eks-platform/eks-platform/automation/report"
)

// driftIssues keeps one issue per environment that has drifted.
type driftIssues struct {
	client *github.Client
	run    *github.Run
}

// newDriftIssues returns the issues of the repository whose workflow the command is part of.
func newDriftIssues(run *github.Run, token string) (*driftIssues, error) {
	client, err := github.New(github.Options{Token: token, URL: run.APIURL})
	if err != nil {
		return nil, err
	}
	return &driftIssues{client, run}, nil
}

// file brings the issue of an environment in line with what was found, and says what became of it.
func (i *driftIssues) file(ctx context.Context, d *automation.Drifted) (string, error) {
	title := "Drift in " + d.Stack
	r := reporting.Of(title, reporting.Run{Environment: d.Stack, Result: d.Result, Commit: i.run.Head, RunURL: i.run.URL})
	var resources []string
	for _, s := range d.Drift {
		resources = append(resources, s.URN)
	}
	issue, err := i.client.ReportDrift(ctx, github.Drift{
		Repository: i.run.Repository, Environment: d.Stack, Title: title, Resources: resources,
		Render: func(budget int) (string, error) {
			if d.Clean() {
				return fmt.Sprintf("%s is what its state says, by the [last look](%s).\n", d.Stack, i.run.URL), nil
			}
			return reporting.MarkdownParts(r, budget)[0], nil
		},
		Changed: func(added, removed []string, budget int) (string, error) {
			return changedDrift(added, removed, budget, i.run.URL), nil
		},
	})
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%s: issue %s", d.Stack, issue.Action)
	if issue.URL != "" {
		text += ", " + issue.URL
	}
	return text, nil
}

// changedDrift tells who watches the issue what is new since the last look.
func changedDrift(added, removed []string, budget int, url string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Something else than before, by this [look](%s):\n\n", url)
	end := "\nThe list is cut off.\n"
	for _, part := range []struct {
		urns []string
		what string
	}{{added, "drifted"}, {removed, "is as it should be again"}} {
		for _, urn := range part.urns {
			line := fmt.Sprintf("- `%s` %s\n", strings.ReplaceAll(urn, "`", "'"), part.what)
			if out.Len()+len(line)+len(end) > budget {
				return out.String() + end
			}
			out.WriteString(line)
		}
	}
	return out.String()
}
