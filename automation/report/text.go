package report

import (
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Text writes a report for a terminal: lines of at most width columns (0 is no limit), in colour if that is wanted.
func Text(w io.Writer, r *Report, width int, colour bool) error {
	t := &terminal{width: width, colour: colour}
	t.line("", "", oneLine(r.Title), text.Bold)
	t.line("", "", r.totals())
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
		var lines []string
		for _, c := range e.Withheld {
			lines = append(lines, withheldLine(c))
		}
		t.list(oneLine(e.Name)+": deletions that are withheld", lines, text.FgYellow)
	}
	if r.Totals.Withheld > 0 {
		t.line("  ", "  ", withheldWhy)
	}
	for _, e := range r.Environments {
		t.changes(oneLine(e.Name)+": "+e.headline(), e.Changes)
		t.changes(oneLine(e.Name)+": changed outside of Pulumi", drifted(e.Drift))
	}
	for _, e := range r.Environments {
		t.list(oneLine(e.Name)+": errors", e.Errors, text.FgRed)
		t.list(oneLine(e.Name)+": warnings", e.Warnings, text.FgYellow)
	}
	for _, e := range r.Environments {
		t.list(oneLine(e.Name)+": what it means for pods", e.Pods)
	}
	_, err := io.WriteString(w, t.out.String())
	return err
}

// terminal is one text for a terminal.
type terminal struct {
	width  int
	colour bool
	out    strings.Builder
}

// line writes a text, folded at the width; first stands before the first line and rest before the others.
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
	// What there is nothing of has no column.
	commit, run := false, false
	for _, e := range r.Environments {
		commit, run = commit || e.Commit != "", run || e.RunURL != ""
	}
	header := table.Row{"environment", "result", "create", "update", "replace", "delete", "drift", "time", "digest"}
	if commit {
		header = append(header, "commit")
	}
	w.AppendHeader(header)
	for _, e := range r.Environments {
		row := table.Row{
			oneLine(e.Name), t.paint(string(e.Outcome), outcomeColours[e.Outcome]), number(e.Counts.Create), number(e.Counts.Update),
			t.alarm(e.Counts.Replace), t.alarm(e.Counts.Delete), number(e.Counts.Drift), duration(e.Duration), digest(e.Digest),
		}
		if commit {
			row = append(row, short(e.Commit))
		}
		w.AppendRow(row)
	}
	right := []table.ColumnConfig{}
	for i := 3; i <= 8; i++ {
		right = append(right, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	w.SetColumnConfigs(right)
	t.out.WriteString(w.Render() + "\n")
	if run {
		for _, e := range r.Environments {
			if e.RunURL != "" {
				t.line(oneLine(e.Name)+": ", "  ", oneLine(e.RunURL))
			}
		}
	}
}

var outcomeColours = map[Outcome]text.Color{
	Changes: text.FgBlue, NoChanges: text.FgGreen, Failed: text.FgRed, Cancelled: text.FgYellow, Locked: text.FgYellow, Refused: text.FgRed,
}

func (t *terminal) paint(s string, c text.Color) string {
	if !t.colour {
		return s
	}
	return text.Escape(s, c.EscapeSeq()) // Sprint would ask the environment, and the caller has decided
}

func (t *terminal) alarm(n int) string {
	if n == 0 {
		return number(n)
	}
	return t.paint(number(n), text.FgRed)
}

func (t *terminal) destructive(e Environment) {
	if len(e.Destructive) == 0 {
		return
	}
	t.blank()
	t.line("", "", oneLine(e.Name)+": replaced or deleted", text.Bold, text.FgRed)
	told := map[string]bool{} // what is lost is said once
	for _, c := range e.Destructive {
		line := verb(c.Op) + " " + c.Type + " " + oneLine(c.Name)
		if m := c.marks(); len(m) > 0 {
			line += " (" + strings.Join(m, ", ") + ")"
		}
		if cause := c.cause(); cause != "" {
			line += ", " + oneLine(cause)
		}
		t.line("  ", "      ", line)
		switch {
		case c.Critical == "":
		case c.Loss == "" || told[c.Loss]:
			t.line("      ", "      ", c.Critical, text.FgRed)
		default:
			t.line("      ", "      ", c.Critical+": "+c.Loss, text.FgRed)
		}
		told[c.Loss] = true
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
