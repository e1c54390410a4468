package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/placement"
)

// newPlacement returns the command that prints where pods can run.
func newPlacement(t *terminal, project *string) *cobra.Command {
	c := &cobra.Command{
		Use:   "placement ENV...",
		Short: "Print on which node groups the pods of an environment can run",
		Long: `Print on which node groups the pods of an environment, and those that its cluster runs for all environments, can run,
and why not on the others. It applies the scheduler's own predicates (taints, node selectors, required node affinity) to
what the program declares for all environments on the cluster. Needs neither a cloud nor Pulumi.

A pod that a team runs in a namespace is "any pod" there: with the node affinity and the toleration that the cluster's
admission policies require if the environment is bound to spot nodes, without them otherwise.

Exits with 3 if a pod can run on no node group, or on one that it must not run on.

` + exitCodes,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(c, errors.New("expected the names of one or more environments"))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			p, err := automation.New(automation.Options{ProjectDir: *project})
			if err != nil {
				return err
			}
			return showPlacements(c.Context(), t, p, args)
		},
	}
	t.jsonFlag(c)
	return c
}

// showPlacements prints the reports of environments and returns an error for what is wrong with them.
func showPlacements(ctx context.Context, t *terminal, p *automation.Platform, names []string) error {
	var reports []*placement.Report
	var wrong []error
	for _, name := range names {
		r, err := placement.Of(ctx, p, name)
		if err != nil {
			return err
		}
		reports = append(reports, r)
		wrong = append(wrong, r.Err())
	}
	err := errors.Join(wrong...)
	if t.asJSON {
		shown := t.json(struct {
			Environments []*placement.Report `json:"environments"`
			failure
		}{reports, failureOf(err)})
		return errors.Join(err, shown)
	}
	for i, r := range reports {
		if i > 0 {
			t.print("\n")
		}
		showPlacement(t, r)
	}
	return err
}

// placementTitle names the environment whose pods a table is about, and the owner of the cluster.
func placementTitle(r *placement.Report) string {
	title := "Where pods of " + r.Environment + " can run"
	if r.Owner != "" {
		title += ", on the cluster of " + r.Owner
	}
	return title
}

// showPlacement prints a report: every workload, and every reason once, below.
func showPlacement(t *terminal, r *placement.Report) {
	t.print("%s\n\n", placementTitle(r))
	reasons := &footnotes{numbers: map[string]int{}}
	w := newTable()
	header := table.Row{"Pods", "Workload"}
	for _, g := range r.Groups {
		header = append(header, g.String())
	}
	w.AppendHeader(header)
	class := placement.Class("")
	for _, p := range r.Workloads {
		row := table.Row{"", p.String()}
		if p.Class != class { // once for all of them
			class = p.Class
			row[0] = classes(class)
		}
		for _, f := range p.Groups {
			row = append(row, reasons.cell(f))
		}
		w.AppendRow(row)
	}
	t.print("%s\n", fit(w, nil, 1, 2))
	if len(r.Workloads) == 0 {
		t.print("No workload is declared.\n")
	}
	if len(reasons.texts) > 0 {
		t.print("\n")
	}
	for i, text := range reasons.texts {
		t.print("(%d) %s\n", i+1, text)
	}
	t.print("\n")
	for _, g := range r.Groups {
		t.print("%s: %s\n", g, groupText(g))
	}
	showUnjudged(t, r)
}

// footnotes numbers reasons in the order in which they come up.
type footnotes struct {
	numbers map[string]int
	texts   []string
}

func (f *footnotes) cell(fit placement.Fit) string {
	if fit.Fits {
		return "yes"
	}
	var numbers []string
	for _, text := range fit.Why {
		if f.numbers[text] == 0 {
			f.texts = append(f.texts, text)
			f.numbers[text] = len(f.texts)
		}
		numbers = append(numbers, fmt.Sprint(f.numbers[text]))
	}
	return "no (" + strings.Join(numbers, ", ") + ")"
}

// groupText describes the nodes of a group.
func groupText(g placement.Group) string {
	parts := []string{"on demand"}
	if g.Capacity == placement.Spot {
		parts[0] = "spot"
	}
	for _, key := range slices.Sorted(maps.Keys(g.Labels)) {
		parts = append(parts, "label "+key+"="+g.Labels[key])
	}
	for _, taint := range g.Taints {
		parts = append(parts, "taint "+taint)
	}
	return strings.Join(parts, ", ")
}

func showUnjudged(t *terminal, r *placement.Report) {
	for _, u := range r.Unjudged {
		t.print("not in the table: %s: %s\n", u.Declared, u.Why)
	}
}

// shownNames is how many workloads a line of the short table lists.
const shownNames = 3

// showPlacementInShort prints a report with one line for all workloads of a class that can run on the same groups.
func showPlacementInShort(t *terminal, r *placement.Report) {
	if len(r.Workloads) == 0 {
		return
	}
	type line struct {
		class placement.Class
		cells string
		names []string
	}
	var lines []*line
	for _, p := range r.Workloads {
		var cells []string
		for _, f := range p.Groups {
			cells = append(cells, map[bool]string{true: "yes", false: "no"}[f.Fits])
		}
		key := strings.Join(cells, "\t")
		i := slices.IndexFunc(lines, func(l *line) bool { return l.class == p.Class && l.cells == key })
		if i < 0 {
			lines = append(lines, &line{class: p.Class, cells: key})
			i = len(lines) - 1
		}
		name := p.Name
		if name == placement.AnyPod {
			name = p.Namespace
		}
		lines[i].names = append(lines[i].names, name)
	}
	w := newTable()
	header := table.Row{"Pods", ""}
	for _, g := range r.Groups {
		header = append(header, g.String())
	}
	w.AppendHeader(header)
	for _, l := range lines {
		names := l.names
		more := ""
		if len(names) > shownNames {
			more = fmt.Sprintf(" and %d more", len(names)-shownNames)
			names = names[:shownNames]
		}
		row := table.Row{classes(l.class), strings.Join(names, ", ") + more}
		for _, cell := range strings.Split(l.cells, "\t") {
			row = append(row, cell)
		}
		w.AppendRow(row)
	}
	t.print("\n%s\n\n%s\n", placementTitle(r), fit(w, nil, 1, 2))
	showUnjudged(t, r)
}

// classes names all workloads of a class.
func classes(c placement.Class) string { return string(c) + "s" }
