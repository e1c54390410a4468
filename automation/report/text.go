package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/eks-platform/eks-platform/internal/plural"
)

// Text writes a report for a terminal: lines of at most width columns (0 means no limit), optionally in colour.
func Text(w io.Writer, r *Report, width int, colour bool) error {
	t := &terminal{width: width, colour: colour}
	t.line("", "", oneLine(r.Title), text.Bold)
	t.summary(r)
	for _, e := range r.Environments {
		t.list(oneLine(e.Name)+": errors", e.Errors, text.FgRed)
	}
	t.blank()
	t.table(r)
	for _, e := range r.Environments {
		if e.Note != "" {
			t.line("", "  ", oneLine(e.Name)+": "+oneLine(e.Note))
		}
	}
	for _, e := range r.Environments {
		t.destructive(e)
	}
	for _, e := range r.Environments {
		t.list(oneLine(e.Name)+": what it means for pods", e.Pods)
	}
	for _, e := range r.Environments {
		var lines []string
		for _, c := range e.Withheld {
			lines = append(lines, withheldLine(c))
		}
		t.list(oneLine(e.Name)+": withheld deletions", lines, text.FgYellow)
	}
	if r.Totals.Withheld > 0 {
		t.line("  ", "  ", withheldWhy)
	}
	for _, e := range r.Environments {
		t.changes(oneLine(e.Name)+": "+e.headline(), e.Changes)
		t.changes(oneLine(e.Name)+": changed outside of Pulumi", drifted(e.Drift))
	}
	for _, e := range r.Environments {
		t.list(oneLine(e.Name)+": warnings", e.Warnings, text.FgYellow)
	}
	t.approve(r)
	// What is long enough to scroll away is said again where people look.
	if strings.Count(t.out.String(), "\n") > repeatAfter {
		t.blank()
		t.summary(r)
	}
	_, err := io.WriteString(w, t.out.String())
	return err
}

// repeatAfter is how many lines a report may have without its summary at the end, too.
const repeatAfter = 12

// summary leads with the worst.
func (t *terminal) summary(r *Report) {
	if lead := r.lead(); lead != "" {
		t.line("", "  ", lead, text.Bold, text.FgRed)
	}
	t.line("", "  ", r.totals())
}

// approve says how the changes are approved. Commands are not folded, so that they can be copied.
func (t *terminal) approve(r *Report) {
	first := true
	for _, e := range r.Environments {
		if e.Approve == nil {
			continue
		}
		if first {
			t.blank()
			t.line("", "", "How to approve", text.Bold)
			first = false
		}
		if e.Approve.Text != "" {
			t.line("  ", "    ", oneLine(e.Name)+": "+oneLine(e.Approve.Text))
		}
		if e.Approve.Command != "" {
			t.out.WriteString("  " + oneLine(e.Approve.Command) + "\n")
		}
	}
}

// terminal is one text for a terminal.
type terminal struct {
	width  int
	colour bool
	out    strings.Builder
}

// line writes a text, wrapped at the width; first precedes the first line and rest the others.
func (t *terminal) line(first, rest, content string, colours ...text.Color) {
	for i, part := range t.fold(content, len(first), len(rest)) {
		before := first
		if i > 0 {
			before = rest
		}
		if t.colour && len(colours) > 0 {
			part = text.Escape(part, text.Colors(colours).EscapeSeq())
		}
		t.out.WriteString(strings.TrimRight(before+part, " ") + "\n")
	}
}

// fold breaks a text into lines, between words where it can.
func (t *terminal) fold(content string, first, rest int) []string {
	var out []string
	room := t.width - first
	for t.width > 0 && room > 10 && text.StringWidth(content) > room {
		runes := []rune(content)
		cut := min(room, len(runes))
		for cut > 1 && text.StringWidth(string(runes[:cut])) > room {
			cut--
		}
		for i := cut; i > cut/2; i-- {
			if i < len(runes) && runes[i] == ' ' {
				cut = i
				break
			}
		}
		out = append(out, string(runes[:cut]))
		content = strings.TrimLeft(string(runes[cut:]), " ")
		room = t.width - rest
	}
	return append(out, content)
}

func (t *terminal) blank() { t.out.WriteByte('\n') }

func (t *terminal) table(r *Report) {
	w := table.NewWriter()
	style := table.StyleLight
	style.Format.Header, style.Options = text.FormatDefault, table.Options{SeparateHeader: true}
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	if t.width > 0 {
		w.Style().Size.WidthMax = t.width
	}
	w.AppendHeader(table.Row{"environment", "result", "changes", "time"})
	for _, e := range r.Environments {
		var parts []string
		for _, c := range e.counted() {
			if c.Alarm {
				c.Text = t.paint(c.Text, text.FgRed)
			}
			parts = append(parts, c.Text)
		}
		w.AppendRow(table.Row{
			oneLine(e.Name), outcomeSigns[e.Outcome] + " " + t.paint(string(e.Outcome), outcomeColours[e.Outcome]),
			cmp.Or(strings.Join(parts, ", "), "–"), duration(e.Duration),
		})
	}
	w.SetColumnConfigs([]table.ColumnConfig{
		{Number: 3, WidthMax: changesWidth, WidthMaxEnforcer: text.WrapSoft},
		{Number: 4, Align: text.AlignRight, AlignHeader: text.AlignRight},
	})
	t.out.WriteString(w.Render() + "\n")
	for _, e := range r.Environments {
		var known []string
		if e.Digest != "" {
			known = append(known, "digest "+digest(e.Digest))
		}
		if e.Commit != "" {
			known = append(known, "commit "+short(e.Commit))
		}
		if e.RunURL != "" {
			known = append(known, oneLine(e.RunURL))
		}
		if len(known) > 0 {
			t.line("", "  ", oneLine(e.Name)+": "+strings.Join(known, ", "))
		}
	}
}

// changesWidth bounds the column of changes, so that the table fits a terminal of 80 columns.
const changesWidth = 34

var outcomeColours = map[Outcome]text.Color{
	Changes: text.FgBlue, NoChanges: text.FgGreen, Failed: text.FgRed, Cancelled: text.FgYellow, Locked: text.FgYellow, Refused: text.FgRed,
}

func (t *terminal) paint(s string, c text.Color) string {
	if !t.colour {
		return s
	}
	return text.Escape(s, c.EscapeSeq()) // Sprint would consult the environment, but the caller has decided
}

func (t *terminal) destructive(e Environment) {
	if len(e.Destructive) == 0 {
		return
	}
	t.blank()
	t.line("", "", oneLine(e.Name)+": replaced or deleted", text.Bold, text.FgRed)
	told := map[string]bool{} // what is lost is said once
	for _, c := range e.leading() {
		line := sign(c.Op) + " " + verb(c.Op) + " " + c.Type + " " + oneLine(c.Name)
		if m := c.marks(); len(m) > 0 {
			line += " (" + strings.Join(m, ", ") + ")"
		}
		t.line("  ", "      ", line)
		if cause := c.cause(); cause != "" {
			t.line("      ", "      ", oneLine(cause))
		}
		switch {
		case c.Critical == "":
		case c.Loss == "" || told[c.Loss]:
			t.line("      ", "      ", c.Critical, text.FgRed)
		default:
			t.line("      ", "      ", c.Critical+": "+c.Loss, text.FgRed)
		}
		told[c.Loss] = true
		t.followers(e.followers(c))
	}
}

// followers names the replacements that follow from one, by type.
func (t *terminal) followers(changes []Change) {
	names := map[string][]string{}
	for _, c := range changes {
		names[c.Type] = append(names[c.Type], oneLine(c.Name))
	}
	for _, typ := range slices.Sorted(maps.Keys(names)) {
		t.line("      ", "        ", fmt.Sprintf("%s from it: %s %s", plural.Of(len(names[typ]), "replacement follows", "replacements follow"), typ, strings.Join(names[typ], ", ")))
	}
}

func (t *terminal) changes(title string, changes []Change) {
	if len(changes) == 0 {
		return
	}
	t.blank()
	t.line("", "", title, text.Bold)
	colours := map[byte]text.Color{'+': text.FgGreen, '-': text.FgRed, '!': text.FgYellow}
	for _, c := range changes {
		for i, line := range diffLines(c, true) {
			rest := "        "
			if i == 0 {
				rest = "    "
			}
			t.line("  ", rest, line, colours[line[0]])
		}
	}
}

func drifted(changes []Change) []Change {
	out := make([]Change, len(changes))
	for i, c := range changes {
		out[i] = c.drifted()
	}
	return out
}

func (t *terminal) list(title string, items []string, colours ...text.Color) {
	if len(items) == 0 {
		return
	}
	t.blank()
	t.line("", "", title, append([]text.Color{text.Bold}, colours...)...)
	for _, item := range items {
		first := "  - "
		for line := range strings.Lines(item) {
			t.line(first, "    ", oneLine(strings.TrimRight(line, "\r\n")))
			first = "    "
		}
	}
}
