package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// newRehearse returns the command that rehearses all environments.
func newRehearse(t *terminal, project *string) *cobra.Command {
	var keep bool
	var dir, latency string
	var scale float64
	var parallel int
	c := &cobra.Command{
		Use:   "rehearse",
		Short: "Bring all environments up, change them and destroy them, on this machine",
		Long: `Bring all environments up, change them and destroy them, on this machine: Pulumi's real engine and the real program,
against a cloud inside the process. Needs no AWS account, no credentials and no network, and leaves the checkout as it
is.

Environments that own a cluster run at the same time; those that join one come up after its owner, and are destroyed
before it. A second preview must be empty, a changed label must update a node group in place, and nothing may be left at
the end. The report ends with the node groups that each environment's pods can run on ("platform placement ENV" says
why).

With --latency aws everything takes as long as it usually does on AWS, times --scale, and the report says for each
environment how long up and destroy would take on AWS, which steps decide that, and how much of it AWS itself imposes.

` + exitCodes,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			o := rehearsal.RunOptions{ProjectDir: *project, Dir: dir, Keep: keep, Parallel: parallel, Progress: t.note}
			switch {
			case latency == "aws" && scale > 0:
				o.Scale = scale
			case latency == "aws":
				return usage(c, fmt.Errorf("--scale must be above 0, got %v", scale))
			case latency != "none":
				return usage(c, fmt.Errorf("--latency must be none or aws, got %q", latency))
			}
			return rehearse(c.Context(), t, o)
		},
	}
	c.Flags().BoolVar(&keep, "keep", false, "keep everything up at the end")
	t.jsonFlag(c)
	c.Flags().StringVar(&dir, "dir", "", "directory of the rehearsal, empty or not existing yet (default: a new one in the user's cache)")
	c.Flags().StringVar(&latency, "latency", "none", "latency of the cloud: none, or aws for AWS's usual durations")
	c.Flags().Float64Var(&scale, "scale", 0.05, "with --latency aws: the share of AWS's durations that really passes")
	c.Flags().IntVar(&parallel, "parallel", 0, "number of parallel resource operations (default: Pulumi's, four per CPU)")
	return c
}

func rehearse(ctx context.Context, t *terminal, o rehearsal.RunOptions) error {
	own := o.Dir == ""
	if own {
		var err error
		if o.Dir, err = freshRehearsal(time.Now()); err != nil {
			return err
		}
	}
	p := newPhases(t)
	o.OnPhase = p.tell
	report, err := rehearsal.Run(ctx, o)
	p.end()
	if own && !o.Keep && report.Dir != "" {
		if e := markEnded(report.Dir, err == nil); e != nil {
			t.note("warning: " + e.Error())
		}
	}
	switch {
	case len(report.Environments) == 0: // it has not started
	case t.asJSON:
		shown := t.json(struct {
			*rehearsal.Report
			failure
		}{report, failureOf(err)})
		if err == nil {
			err = shown
		}
	default:
		showRehearsal(t, report)
	}
	return err
}

// phases shows the progress of several environments.
type phases struct {
	t    *terminal
	stop func()

	mu sync.Mutex
	// names are the environments in the order in which they started; now has their last events.
	names  []string
	now    map[string]told
	last   time.Time
	spoken map[string]time.Time
	over   bool
}

// told is an event and when it came.
type told struct {
	rehearsal.PhaseEvent
	at time.Time
}

func newPhases(t *terminal) *phases {
	p := &phases{t: t, now: map[string]told{}, spoken: map[string]time.Time{}}
	p.stop = every(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.show()
	})
	return p
}

func (p *phases) tell(e rehearsal.PhaseEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, known := p.now[e.Environment]
	p.now[e.Environment] = told{e, time.Now()}
	if !known {
		p.names = append(p.names, e.Environment)
		p.spoken[e.Environment] = firstWord()
	}
	if e.Ended {
		mark := "done"
		if e.Err != nil {
			mark = "failed"
		}
		p.t.note(fmt.Sprintf("%s  %s: %s, %s in %s", e.Environment, e.Phase, mark, fraction(e.Done, e.Total), seconds(e.Duration)))
		p.spoken[e.Environment] = time.Now()
		p.last = time.Time{} // the lines of the others are gone from the screen
	}
	p.show()
}

// show shows how far the environments are, unless it did a moment ago.
func (p *phases) show() {
	if p.over || p.t.rich && time.Since(p.last) <= redrawn {
		return
	}
	p.last = time.Now()
	var lines []string
	for _, name := range p.names {
		e := p.now[name]
		if e.Ended {
			continue
		}
		e.Duration += time.Since(e.at)
		lines = append(lines, line(e.PhaseEvent))
		if !p.t.rich && time.Since(p.spoken[name]) >= quiet(e.Duration) {
			p.spoken[name] = time.Now()
			p.t.note(line(e.PhaseEvent))
		}
	}
	if p.t.rich {
		p.t.status(lines)
	}
}

// end removes the progress lines.
func (p *phases) end() {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.t.status(nil)
}

func line(e rehearsal.PhaseEvent) string {
	at := fraction(e.Done, e.Total)
	if e.Done == 0 {
		at = starting
	}
	text := fmt.Sprintf("%s  %s: %s", e.Environment, e.Phase, at)
	if e.Duration > redrawn {
		text += ", " + seconds(e.Duration)
	}
	return text
}

// showRehearsal prints the report.
func showRehearsal(t *terminal, r *rehearsal.Report) {
	var names []rehearsal.PhaseName
	for _, env := range r.Environments {
		if len(env.Phases) > len(names) {
			names = names[:0]
			for _, p := range env.Phases {
				names = append(names, p.Name)
			}
		}
	}
	// A column for each environment: there are fewer of them than phases.
	w := newTable()
	header, resources := table.Row{""}, table.Row{"resources"}
	var config []table.ColumnConfig
	for i, env := range r.Environments {
		name := env.Name
		if env.Owner != "" {
			name += "\non " + env.Owner
		}
		header, resources = append(header, name), append(resources, env.Resources)
		config = append(config, table.ColumnConfig{Number: i + 2, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	w.AppendHeader(header)
	w.AppendRow(resources)
	for _, n := range names {
		row := table.Row{string(n)}
		for _, env := range r.Environments {
			took := ""
			for _, p := range env.Phases {
				if p.Name == n {
					took = seconds(p.Duration)
				}
			}
			row = append(row, took)
		}
		w.AppendRow(row)
	}
	t.print("\n%s\n\n", fit(w, config))
	for _, env := range r.Environments {
		if env.Change != "" {
			t.print("%s: %s\n", env.Name, env.Change)
		}
	}
	for _, env := range r.Environments {
		for _, p := range env.Pace {
			showPace(t, env.Name, p)
		}
	}
	for _, env := range r.Environments {
		showPlacementInShort(t, env.Placement)
	}
	t.print("\n")
	switch {
	case !r.OK:
		t.print("The rehearsal failed after %s. %s in its cloud.\n", seconds(r.Duration), plural.Of(r.Objects, "object is", "objects are"))
	case r.Kept:
		t.print("All environments are up, after %s: %s in the rehearsal's cloud. To look at them:\n\n", seconds(r.Duration), plural.Of(r.Objects, "object is", "objects are"))
		for _, env := range r.Environments {
			t.print("  platform preview %s --cloud rehearsal --dir %s\n", env.Name, r.Dir)
		}
		t.print("\n")
	default:
		t.print("All environments went up, changed in place and were destroyed, in %s. Nothing was left.\n", seconds(r.Duration))
	}
	t.print("The rehearsal's state is in %s\n", r.Dir)
}

// showPace prints what decides how long an operation takes on AWS.
func showPace(t *terminal, env string, p rehearsal.Pace) {
	t.print("\n%s %s on AWS: %s; AWS itself imposes %s; ratio %.3f\n", p.Phase, env, minutes(p.Makespan), minutes(p.LowerBound), p.Ratio)
	w := newTable()
	w.AppendHeader(table.Row{"From", "To", "Waited", "Op", "Critical path"})
	for _, s := range p.CriticalPath {
		waited := minutes(s.Waited)
		if s.Held {
			waited += ", engine"
		}
		w.AppendRow(table.Row{minutes(s.Start), minutes(s.End), waited, s.Op, s.Type + " " + s.Name})
	}
	t.print("%s\n", indent(fit(w, nil, 5)))
}

func indent(block string) string { return "  " + strings.ReplaceAll(block, "\n", "\n  ") }

func minutes(d time.Duration) string { return fmt.Sprintf("%.2f min", d.Minutes()) }
