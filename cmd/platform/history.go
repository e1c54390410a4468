package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state/history"
)

// newHistory returns the command that shows the deploys of an environment.
func newHistory(t *terminal, project *string) *cobra.Command {
	o := &target{reads: true}
	limit := 20
	c := &cobra.Command{
		Use:   "history ENV",
		Short: "Show the deploys of an environment, newest first",
		Long: `Show the deploys and repairs of an environment, newest first: who, when, what, with which approval, and how it ended.
Refused, failed and cancelled ones are included.

` + exitCodes,
		Args: exactly(1, "the name of one environment"),
		RunE: func(c *cobra.Command, args []string) error {
			if limit < 0 {
				return usage(c, fmt.Errorf("--limit must not be negative, got %d", limit))
			}
			p, done, err := o.open(c, t, *project)
			if err != nil {
				return err
			}
			defer done()
			return showHistory(c.Context(), t, p, args[0], limit)
		},
	}
	o.flags(c)
	t.jsonFlag(c)
	c.Flags().IntVar(&limit, "limit", limit, "number of records to show; 0 shows all")
	return c
}

func showHistory(ctx context.Context, t *terminal, p *automation.Platform, env string, limit int) error {
	h, err := p.History(ctx, env, limit)
	if err != nil {
		return err
	}
	var unreadable []string
	for _, u := range h.Unreadable {
		unreadable = append(unreadable, fmt.Sprintf("%s: %v", u.Key, u.Err))
	}
	if t.asJSON {
		records := h.Records
		if records == nil {
			records = []history.Record{}
		}
		return t.json(map[string]any{"environment": env, "records": records, "more": h.More, "unreadable": unreadable})
	}
	for _, r := range h.Records {
		t.print("%s\n", recordLine(r))
	}
	for _, u := range unreadable {
		t.note("unreadable: " + u)
	}
	switch {
	case len(h.Records) == 0:
		t.print("%s has never been deployed with platform deploy\n", env)
	case h.More:
		t.note("there are older records: --limit 0 shows all")
	}
	return nil
}

// recordLine describes one deploy on one line.
func recordLine(r history.Record) string {
	what := string(r.Result)
	if r.Failure != nil && r.Failure.Kind != what {
		what += " (" + r.Failure.Kind + ")"
	}
	parts := []string{fmt.Sprintf("%s  %s %s by %s", r.Started.UTC().Format("2006-01-02 15:04:05"), r.Operation, what, r.Actor)}
	if changes := summary(&plan.Result{Operation: plan.OpUp, Counts: r.Changes}); r.Operation == string(plan.OpDeploy) && r.Result == history.Succeeded {
		parts = append(parts, changes)
	}
	for _, p := range []struct{ name, value string }{
		{"digest", plan.ShortDigest(r.Digest)}, {"commit", r.Commit[:min(12, len(r.Commit))]}, {"approval", r.Approval},
		{"allowed", strings.Join(r.Allowances, " and ")}, {"repaired", strings.Join(r.Repaired, "; ")}, {"by force", r.Reason}, {"run", r.Run},
	} {
		if p.value != "" {
			parts = append(parts, p.name+" "+p.value)
		}
	}
	return strings.Join(append(parts, seconds(r.Duration.Round(100*time.Millisecond))), ", ")
}
