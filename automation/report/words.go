package report

import (
	"fmt"
	"slices"
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

// For drift, which has happened already.
const (
	gone    = "drift-delete"
	differs = "drift-update"
)

// drifted is the change in words for what has already happened.
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

// why says why something is replaced: the property that forces it, with its values where they are known; empty for other
// operations.
type why struct{ Text, Path, Old, New string }

func (c Change) why() []why {
	switch {
	case c.Op != "replace":
		return nil
	case c.FollowsFrom != "":
		_, name := plan.Names(c.FollowsFrom)
		return []why{{Text: "follows from " + name}}
	case len(c.Causes) == 0 && len(c.Properties) == 0:
		return []why{{Text: "along with what it depends on"}}
	}
	var out []why
	told := map[string]bool{}
	for _, p := range c.Properties {
		w := why{Path: p.Path, Old: p.Old, New: p.New}
		switch p.Kind {
		case plan.PropertyAdded:
			w.Old = "none"
		case plan.PropertyDeleted:
			w.New = "none"
		}
		out, told[property(p.Path)] = append(out, w), true
	}
	for _, key := range c.Causes {
		if !told[property(key)] {
			out, told[property(key)] = append(out, why{Path: key}), true
		}
	}
	return out
}

// property is the name at the beginning of a path.
func property(path string) string {
	if i := strings.IndexAny(path, ".["); i > 0 {
		return path[:i]
	}
	return path
}

// String is the reason as plain text.
func (w why) String() string {
	switch {
	case w.Path == "":
		return w.Text
	case w.Old == "" && w.New == "":
		return "because of " + w.Path
	}
	return fmt.Sprintf("%s: %s → %s", w.Path, w.Old, w.New)
}

// cause says why something is replaced, as plain text.
func (c Change) cause() string {
	var out []string
	for _, w := range c.why() {
		out = append(out, w.String())
	}
	return strings.Join(out, "; ")
}

// outcomeSigns stand beside outcomes in every rendering for people.
var outcomeSigns = map[Outcome]string{Changes: "🔵", NoChanges: "🟢", Failed: "🔴", Cancelled: "⚪", Locked: "🔒", Refused: "⛔"}

// lead names the worst first: the environments that did not come through, and those where something is replaced or
// deleted; empty when there are none.
func (r *Report) lead() string {
	var unfinished, critical, destructive []string
	for _, e := range r.Environments {
		var parts []string
		for _, p := range []struct {
			n    int
			text string
		}{{e.Counts.Replace, "replaced"}, {e.Counts.Delete, "deleted"}, {e.Counts.Critical, "critical"}} {
			if p.n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", p.n, p.text))
			}
		}
		switch line := oneLine(e.Name) + ": " + strings.Join(parts, ", "); {
		case !e.Outcome.OK():
			unfinished = append(unfinished, oneLine(e.Name)+": "+string(e.Outcome))
		case e.Counts.Critical > 0:
			critical = append(critical, line)
		case len(parts) > 0:
			destructive = append(destructive, line)
		}
	}
	return strings.Join(slices.Concat(unfinished, critical, destructive), " · ")
}

// when is the time at which the runs began.
func (r *Report) when() string {
	var first time.Time
	for _, e := range r.Environments {
		if !e.Started.IsZero() && (first.IsZero() || e.Started.Before(first)) {
			first = e.Started
		}
	}
	if first.IsZero() {
		return ""
	}
	return first.UTC().Format("2006-01-02 15:04 UTC")
}

// list joins names as in a sentence.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// totals is the first line.
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
const withheldWhy = "They are due, but not done while the objects in the cluster are left out. An operation that reaches the cluster does them."

// withheldLine names one deletion that is withheld.
func withheldLine(c Change) string {
	line := fmt.Sprintf("%s %s %s", verb(c.Op), c.Type, oneLine(c.Name))
	if m := c.marks(); len(m) > 0 {
		line += " (" + strings.Join(m, ", ") + ")"
	}
	return line
}

// duration formats a duration for people.
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

// short is a commit's abbreviated hash.
func short(commit string) string { return commit[:min(7, len(commit))] }

// number formats a count, with a dash for 0.
func number(n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprint(n)
}

// counted is a number of changes of one kind.
type counted struct {
	Text string
	// Alarm marks what is replaced or deleted.
	Alarm bool
}

// counted are the changes of an environment by their kind, those that are destructive first.
func (e Environment) counted() []counted {
	var out []counted
	for _, p := range []struct {
		n     int
		text  string
		alarm bool
	}{
		{e.Counts.Replace, "replace", true}, {e.Counts.Delete, "delete", true}, {e.Counts.Create, "create", false},
		{e.Counts.Update, "update", false}, {e.Counts.Drift, "drift", false}, {e.Counts.Withheld, "withheld", false},
	} {
		if p.n > 0 {
			out = append(out, counted{fmt.Sprintf("%d %s", p.n, p.text), p.alarm})
		}
	}
	return out
}

// headline summarises what happens in one environment.
func (e Environment) headline() string {
	var parts []string
	for _, c := range e.counted() {
		parts = append(parts, c.Text)
	}
	if len(parts) == 0 {
		return string(e.Outcome)
	}
	if e.Outcome != Changes {
		return string(e.Outcome) + ": " + strings.Join(parts, ", ")
	}
	return strings.Join(parts, ", ")
}

// diffLines formats changes as lines that begin with +, -, ! or a space.
func diffLines(c Change, properties bool) []string {
	head := fmt.Sprintf("%s %s %s %s", sign(c.Op), verb(c.Op), c.Type, oneLine(c.Name))
	if m := c.marks(); len(m) > 0 {
		head += " (" + strings.Join(m, ", ") + ")"
	}
	out := []string{head}
	if c.FollowsFrom != "" {
		_, name := plan.Names(c.FollowsFrom)
		out[0] += ", follows from " + oneLine(name)
		return out
	}
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

// oneLine removes line breaks and control characters from a text.
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
