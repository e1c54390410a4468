package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

func sign(op string) string { return plan.Sign(strings.TrimPrefix(op, "drift-")) }

// verb is the operation in plain words.
func verb(op string) string {
	switch op {
	case "delete-replaced":
		return "delete"
	case gone:
		return "gone"
	case differs:
		return "changed"
	}
	return op
}

// What drift is called: nobody is going to do it.
const (
	gone    = "drift-delete"
	differs = "drift-update"
)

// drifted is the change in the words for what has happened already.
func (c Change) drifted() Change {
	c.Op = "drift-" + c.Op
	return c
}

// marks are the short remarks about a destructive change.
func (c Change) marks() []string {
	var out []string
	if c.Protected {
		out = append(out, "protected")
	}
	if c.Retained {
		out = append(out, "retained in the cloud")
	}
	if c.Op == "delete-replaced" {
		out = append(out, "left over from an earlier replacement")
	}
	if c.DeletedFirst {
		out = append(out, "deleted before its replacement exists")
	}
	switch c.Status {
	case plan.Failed:
		out = append(out, "failed")
	case plan.Running:
		out = append(out, "interrupted")
	}
	return out
}

// cause says why something is replaced; empty for other operations.
func (c Change) cause() string {
	switch {
	case c.Op != "replace":
		return ""
	case len(c.Causes) == 0:
		return "along with what it depends on"
	}
	return "because of " + list(c.Causes)
}

// list joins names as a sentence does.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// totals is the line on top.
func (r *Report) totals() string {
	t := r.Totals
	parts := []string{plural.Of(t.Environments, "environment")}
	for _, p := range []struct {
		n    int
		text string
	}{{t.Changed, "with changes"}, {t.Unchanged, "without changes"}, {t.Unfinished, "not finished"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.text))
		}
	}
	var what []string
	for _, p := range []struct {
		n    int
		text string
	}{{t.Create, "to create"}, {t.Update, "to update"}, {t.Replace, "to replace"}, {t.Delete, "to delete"}, {t.Drift, "drifted"}} {
		if p.n > 0 {
			what = append(what, fmt.Sprintf("%d %s", p.n, p.text))
		}
	}
	if !r.planned() {
		for i := range what {
			what[i] = strings.NewReplacer("to create", "created", "to update", "updated", "to replace", "replaced", "to delete", "deleted").Replace(what[i])
		}
	}
	if t.Withheld > 0 {
		what = append(what, plural.Of(t.Withheld, "deletion")+" withheld")
	}
	line := strings.Join(parts, " · ")
	if len(what) > 0 {
		line += ": " + strings.Join(what, ", ")
	}
	return line
}

// planned reports whether the report is about what would be done.
func (r *Report) planned() bool {
	for _, e := range r.Environments {
		if e.Operation != plan.OpPreview {
			return false
		}
	}
	return true
}

// withheldWhy says why deletions are withheld.
const withheldWhy = "They are due and are not done while the objects in the cluster are left out. An operation that reaches the cluster does them."

// withheldLine names one deletion that is withheld.
func withheldLine(c Change) string {
	line := fmt.Sprintf("%s %s %s", verb(c.Op), c.Type, oneLine(c.Name))
	if m := c.marks(); len(m) > 0 {
		line += " (" + strings.Join(m, ", ") + ")"
	}
	return line
}

// duration writes a duration as people read it.
func duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
}

// short is the part of a commit that people compare.
func short(commit string) string { return commit[:min(7, len(commit))] }

// number writes a count, and a dash for none.
func number(n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprint(n)
}

// headline says of one environment what happens in it.
func (e Environment) headline() string {
	var parts []string
	for _, p := range []struct {
		n    int
		text string
	}{{e.Counts.Create, "create"}, {e.Counts.Update, "update"}, {e.Counts.Replace, "replace"}, {e.Counts.Delete, "delete"}, {e.Counts.Drift, "drift"}, {e.Counts.Withheld, "withheld"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.text))
		}
	}
	if len(parts) == 0 {
		return string(e.Outcome)
	}
	if e.Outcome != Changes {
		return string(e.Outcome) + ": " + strings.Join(parts, ", ")
	}
	return strings.Join(parts, ", ")
}

// diffLines writes changes as lines that begin with +, -, ! or a space.
func diffLines(c Change, properties bool) []string {
	head := fmt.Sprintf("%s %s %s %s", sign(c.Op), verb(c.Op), c.Type, oneLine(c.Name))
	if m := c.marks(); len(m) > 0 {
		head += " (" + strings.Join(m, ", ") + ")"
	}
	out := []string{head}
	if !properties {
		return out
	}
	for _, p := range c.Properties {
		why := ""
		if p.Replaces {
			why = "   # forces the replacement"
		}
		path := oneLine(p.Path)
		switch {
		case p.Kind == plan.PropertyAdded || c.Op == "create" || c.Op == "import":
			out = append(out, fmt.Sprintf("+     %s: %s%s", path, oneLine(p.New), why))
		case p.Kind == plan.PropertyDeleted:
			out = append(out, fmt.Sprintf("-     %s: %s%s", path, oneLine(p.Old), why))
		default:
			out = append(out, fmt.Sprintf("-     %s: %s", path, oneLine(p.Old)), fmt.Sprintf("+     %s: %s%s", path, oneLine(p.New), why))
		}
	}
	return out
}

// oneLine takes line breaks and control characters out of a text.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0 || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, text)
}
