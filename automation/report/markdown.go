package report

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/eks-platform/eks-platform/internal/plural"
)

// Budget is how many bytes a comment may have. GitHub's limit is 65,536 characters, and it has been seen to refuse fewer; a
// hidden marker and a footer must fit as well.
const Budget = 60_000

// Markdown writes a report for GitHub, in at most budget bytes; 0 means no limit, for a step summary or a file. To fit, it
// leaves out, in this order: values of updates, what identifies new resources, the list of updates, warnings beyond the
// first few, the list of new resources, values of replacements and drift, errors beyond the first few; then it writes
// replacements and deletions more briefly. It says what it left out. It never leaves out the name of a resource that is
// replaced or deleted: if those alone are too much, the document exceeds its budget, and MarkdownParts splits it.
func Markdown(w io.Writer, r *Report, budget int) error {
	_, err := io.WriteString(w, fitted(r, budget))
	return err
}

// MarkdownParts returns a report for GitHub as Markdown does, in as many documents as it takes for each to fit: one,
// unless the names of what is replaced or deleted are too much for one.
func MarkdownParts(r *Report, budget int) []string {
	doc := fitted(r, budget)
	if budget <= 0 || len(doc) <= budget {
		return []string{doc}
	}
	const frame = 120 // for the first line of each part
	var bodies []string
	var body strings.Builder
	for line := range strings.Lines(doc) {
		if body.Len() > 0 && body.Len()+len(line) > budget-frame {
			bodies = append(bodies, body.String())
			body.Reset()
		}
		body.WriteString(line)
	}
	bodies = append(bodies, body.String())
	for i := range bodies {
		head := fmt.Sprintf("*Part %d of %d.*\n\n", i+1, len(bodies))
		if i > 0 {
			head = fmt.Sprintf("*%s: part %d of %d.*\n\n", escape(clip(r.Title, 40)), i+1, len(bodies))
		}
		bodies[i] = head + bodies[i]
	}
	return bodies
}

func fitted(r *Report, budget int) string {
	var doc string
	for _, d := range levels {
		doc = (&markdown{report: r, detail: d}).render()
		if budget <= 0 || len(doc) <= budget {
			break
		}
	}
	return doc
}

// detail is the level of detail of a document.
type detail struct {
	noUpdateValues, noCreateValues, noUpdates, noCreates, noReplaceValues bool
	// messages is how many warnings are shown, failures how many errors; 0 means all.
	messages, failures int
	// brief: destructive changes without reasons; names: only their names under a common heading.
	brief, names bool
}

// levels are the levels of detail that are tried, from the most to the least.
var levels = func() []detail {
	var out []detail
	d := detail{}
	for _, drop := range []func(){
		func() {},
		func() { d.noUpdateValues = true },
		func() { d.noCreateValues = true },
		func() { d.noUpdates = true },
		func() { d.messages = 5 },
		func() { d.noCreates = true },
		func() { d.noReplaceValues = true },
		func() { d.failures = 10 },
		func() { d.brief = true },
		func() { d.names = true },
	} {
		drop()
		out = append(out, d)
	}
	return out
}()

// longestMessage is the maximum length of one warning or error if their number is limited.
const longestMessage = 1000

// markdown is one attempt at a document.
type markdown struct {
	report  *Report
	detail  detail
	out     strings.Builder
	dropped []string
}

func (m *markdown) render() string {
	r := m.report
	m.line("### %s", escape(r.Title))
	m.line("")
	if lead := r.lead(); lead != "" {
		m.line("**%s**", escape(lead))
		m.line("")
	}
	// A preview that failed shows a part of what it is about, and the error is what matters.
	m.messages("Errors", func(e Environment) []string { return e.Errors }, m.detail.failures)
	when := ""
	if r.when() != "" {
		when = " · " + r.when()
	}
	m.line("%s%s", escape(r.totals()), when)
	m.line("")
	m.table()
	m.destructive()
	m.pods()
	m.withheld()
	for _, e := range r.Environments {
		m.details(e)
	}
	m.messages("Warnings", func(e Environment) []string { return e.Warnings }, m.detail.messages)
	m.approve()
	m.provenance()
	if len(m.dropped) > 0 {
		m.line("*Left out to fit into a comment: %s. The full report is in the summary of the run.*", strings.Join(m.dropped, "; "))
	}
	return m.out.String()
}

func (m *markdown) line(format string, args ...any) {
	fmt.Fprintf(&m.out, format+"\n", args...)
}

func (m *markdown) drop(format string, args ...any) {
	m.dropped = append(m.dropped, fmt.Sprintf(format, args...))
}

// table has four columns, which fit a phone; what else is known of the runs is folded: see provenance.
func (m *markdown) table() {
	m.line("| environment | result | changes | time |")
	m.line("|---|---|---|--:|")
	for _, e := range m.report.Environments {
		var parts []string
		for _, c := range e.counted() {
			if c.Alarm {
				c.Text = "**" + c.Text + "**"
			}
			parts = append(parts, c.Text)
		}
		m.line("| %s | %s %s | %s | %s |", escape(e.Name), outcomeSigns[e.Outcome], escape(string(e.Outcome)),
			cmp.Or(strings.Join(parts, ", "), "–"), duration(e.Duration))
	}
	m.line("")
	for _, e := range m.report.Environments {
		if e.Note != "" {
			m.line("> **%s**: %s", escape(e.Name), escape(oneLine(e.Note)))
			m.line("")
		}
	}
}

// destructive lists every replacement and deletion. It never leaves one out.
func (m *markdown) destructive() {
	if !slices.ContainsFunc(m.report.Environments, func(e Environment) bool { return len(e.Destructive) > 0 }) {
		return
	}
	m.line("#### ⚠️ Replaced or deleted")
	m.line("")
	for _, e := range m.report.Environments {
		if len(e.Destructive) == 0 {
			continue
		}
		m.line("**%s**", escape(e.Name))
		m.line("")
		if m.detail.names {
			m.names(e.Destructive)
			continue
		}
		told := map[string]bool{} // what is lost is said once
		for _, c := range e.leading() {
			m.line("- %s", destroyed(c, !m.detail.brief && !told[c.Loss], !m.detail.noReplaceValues))
			told[c.Loss] = true
			m.followers(e.followers(c))
		}
		m.line("")
	}
	switch {
	case m.detail.names:
		m.drop("what forces the replacements")
	case m.detail.brief:
		m.drop("what is lost with each replacement and deletion")
	}
}

// withheld lists every deletion that is due but not done.
func (m *markdown) withheld() {
	if m.report.Totals.Withheld == 0 {
		return
	}
	m.line("#### ⏸️ Withheld deletions")
	m.line("")
	m.line("%s", withheldWhy)
	m.line("")
	for _, e := range m.report.Environments {
		if len(e.Withheld) == 0 {
			continue
		}
		m.line("**%s**", escape(e.Name))
		m.line("")
		if m.detail.names {
			m.names(e.Withheld)
			continue
		}
		for _, c := range e.Withheld {
			m.line("- %s", destroyed(c, false, false))
		}
		m.line("")
	}
}

// followers writes the replacements that follow from one, folded below it.
func (m *markdown) followers(changes []Change) {
	if len(changes) == 0 {
		return
	}
	m.line("  <details><summary>%s</summary>", plural.Of(len(changes), "replacement follows from it", "replacements follow from it"))
	m.line("")
	for _, c := range changes {
		c.FollowsFrom = "" // it stands below it
		m.line("  - %s", destroyed(c, false, false))
	}
	m.line("")
	m.line("  </details>")
}

// destroyed writes one replacement or deletion, with what is lost or without, and with the values that force it or without.
func destroyed(c Change, loss, values bool) string {
	out := fmt.Sprintf("%s %s **%s** %s", code(sign(c.Op)), verb(c.Op), escape(oneLine(c.Name)), code(c.Type))
	for _, mark := range c.marks() {
		out += " · " + marked(mark)
	}
	if c.Critical != "" {
		out += " · 🔥 **" + escape(c.Critical) + "**"
		if loss && c.Loss != "" {
			out += ": " + escape(c.Loss)
		}
	}
	for _, w := range c.why() {
		switch {
		case w.Path == "":
			out += " · " + escape(w.Text)
		case values && w.Old+w.New != "":
			out += fmt.Sprintf(" · %s: %s → %s", code(w.Path), code(w.Old), code(w.New))
		default:
			out += " · because of " + code(w.Path)
		}
	}
	return out
}

func marked(mark string) string {
	if mark == "protected" {
		return "🔒 protected"
	}
	return mark
}

// names writes replacements and deletions under shared headings.
func (m *markdown) names(changes []Change) {
	groups := map[string][]string{}
	var order []string
	for _, c := range changes {
		head := verb(c.Op) + " " + code(c.Type)
		for _, mark := range c.marks() {
			head += " · " + marked(mark)
		}
		if c.Critical != "" {
			head += " · 🔥 **" + escape(c.Critical) + "**"
		}
		if groups[head] == nil {
			order = append(order, head)
		}
		groups[head] = append(groups[head], escape(oneLine(c.Name)))
	}
	const together = 50 // names on a line, so that a part can end between two
	for _, head := range order {
		for chunk := range slices.Chunk(groups[head], together) {
			m.line("- %s: %s", head, strings.Join(chunk, ", "))
		}
	}
	m.line("")
}

// details writes what happens in one environment, collapsed.
func (m *markdown) details(e Environment) {
	if len(e.Changes)+len(e.Drift) == 0 {
		return
	}
	var lines []string
	updateValues, createValues, updates, creates, values := 0, 0, 0, 0, 0
	for _, c := range e.Changes {
		switch {
		case c.Op == "create" || c.Op == "import":
			if m.detail.noCreates {
				creates++
				continue
			}
			if m.detail.noCreateValues && len(c.Properties) > 0 {
				createValues++
			}
			lines = append(lines, diffLines(c, !m.detail.noCreateValues)...)
		case c.Op == "update":
			if m.detail.noUpdates {
				updates++
				continue
			}
			if m.detail.noUpdateValues && len(c.Properties) > 0 {
				updateValues++
			}
			lines = append(lines, diffLines(c, !m.detail.noUpdateValues)...)
		case m.detail.brief:
			// It is in the list above.
		default:
			if m.detail.noReplaceValues && len(c.Properties) > 0 {
				values++
			}
			lines = append(lines, diffLines(c, !m.detail.noReplaceValues)...)
		}
	}
	drifted := 0
	var drift []string
	for _, c := range e.Drift {
		if m.detail.brief {
			drifted++
			continue
		}
		drift = append(drift, diffLines(c.drifted(), !m.detail.noReplaceValues)...)
	}
	for _, d := range []struct {
		n              int
		before         string
		one, otherwise string
	}{
		{updateValues, "the values of ", "update", "updates"},
		{createValues, "what identifies ", "new resource", "new resources"},
		{updates, "", "update", "updates"},
		{creates, "", "new resource", "new resources"},
		{values, "the values of ", "replacement", "replacements"},
		{drifted, "", "resource with drift", "resources with drift"},
	} {
		if d.n > 0 {
			m.drop("%s%s in %s", d.before, plural.Of(d.n, d.one, d.otherwise), escape(e.Name))
		}
	}
	if len(lines)+len(drift) == 0 {
		return
	}
	m.line("<details><summary><b>%s</b>: %s</summary>", html.EscapeString(oneLine(e.Name)), html.EscapeString(e.headline()))
	m.line("")
	m.fence("diff", lines)
	if len(drift) > 0 {
		m.line("Changed outside of Pulumi:")
		m.line("")
		m.fence("diff", drift)
	}
	m.line("</details>")
	m.line("")
}

// messages writes warnings or errors, of all environments that have any.
func (m *markdown) messages(title string, of func(Environment) []string, most int) {
	if !slices.ContainsFunc(m.report.Environments, func(e Environment) bool { return len(of(e)) > 0 }) {
		return
	}
	m.line("#### %s", title)
	m.line("")
	for _, e := range m.report.Environments {
		all := of(e)
		if len(all) == 0 {
			continue
		}
		told := all
		if most > 0 && len(all) > most {
			told = all[:most]
			m.drop("%d %s of %s", len(all)-most, strings.ToLower(title), escape(e.Name))
		}
		m.line("**%s**", escape(e.Name))
		m.line("")
		if m.detail.names {
			for _, text := range told {
				m.line("- %s", code(clip(text, longestMessage/5)))
			}
			m.line("")
			continue
		}
		var lines []string
		for _, text := range told {
			if most > 0 {
				text = clip(text, longestMessage)
			}
			for line := range strings.Lines(text) {
				lines = append(lines, oneLine(strings.TrimRight(line, "\r\n")))
			}
		}
		m.fence("", lines)
	}
}

func (m *markdown) pods() {
	if !slices.ContainsFunc(m.report.Environments, func(e Environment) bool { return len(e.Pods) > 0 }) {
		return
	}
	m.line("#### What it means for pods")
	m.line("")
	for _, e := range m.report.Environments {
		for _, sentence := range e.Pods {
			m.line("- **%s**: %s", escape(e.Name), escape(sentence))
		}
	}
	m.line("")
}

// approve says how the changes are approved.
func (m *markdown) approve() {
	if !slices.ContainsFunc(m.report.Environments, func(e Environment) bool { return e.Approve != nil }) {
		return
	}
	m.line("#### How to approve")
	m.line("")
	for _, e := range m.report.Environments {
		if e.Approve == nil {
			continue
		}
		line := "- **" + escape(e.Name) + "**: "
		if e.Approve.Text != "" {
			line += escape(e.Approve.Text)
		}
		if e.Approve.Text != "" && e.Approve.Command != "" {
			line += ": "
		}
		m.line("%s%s", line, code(e.Approve.Command))
	}
	m.line("")
}

// provenance says, folded, which commit was looked at, where the log is, and by which digests the changes are known.
func (m *markdown) provenance() {
	known := func(e Environment) bool { return e.Digest != "" || e.Commit != "" || e.RunURL != "" }
	if !slices.ContainsFunc(m.report.Environments, known) {
		return
	}
	m.line("<details><summary>Digests, commit and log</summary>")
	m.line("")
	m.line("| environment | digest | commit | log |")
	m.line("|---|---|---|---|")
	for _, e := range m.report.Environments {
		m.line("| %s | %s | %s | %s |", escape(e.Name), cell(digest(e.Digest)), cell(short(e.Commit)), link("run", e.RunURL))
	}
	m.line("")
	m.line("</details>")
	m.line("")
}

// fence writes lines in a code fence that none of them can close.
func (m *markdown) fence(language string, lines []string) {
	if len(lines) == 0 {
		return
	}
	text := strings.Join(lines, "\n")
	mark := strings.Repeat("`", max(3, longestRun(text)+1))
	m.line("%s%s\n%s\n%s", mark, language, text, mark)
	m.line("")
}

// longestRun is the length of the longest run of backticks.
func longestRun(text string) int {
	longest, run := 0, 0
	for _, r := range text {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

// code writes a text as a code span.
func code(text string) string {
	text = oneLine(text)
	if text == "" {
		return ""
	}
	mark := strings.Repeat("`", longestRun(text)+1)
	if len(mark) > 1 {
		return mark + " " + text + " " + mark
	}
	return mark + text + mark
}

// cell is a code span in a table.
func cell(text string) string { return strings.ReplaceAll(code(text), "|", `\|`) }

var escaper = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", `\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`,
	"@", "@\u200b", // no one is notified
)

// escape escapes text so that GitHub shows it literally.
func escape(text string) string { return escaper.Replace(oneLine(text)) }

// link writes a link, if the URL is a web address.
func link(text, url string) string {
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		return ""
	}
	return fmt.Sprintf("[%s](<%s>)", text, strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", "\n", "", "\r", "").Replace(url))
}

func digest(d string) string { return d[:min(12, len(d))] }

// clip truncates a text to a number of bytes, but not within a character.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + " …"
}
