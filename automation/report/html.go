package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"anchor": anchor, "sign": sign, "outcomeSign": func(o Outcome) string { return outcomeSigns[o] }, "number": number, "duration": duration, "digest": digest, "short": short, "verb": verb, "oneLine": oneLine,
	"totals": (*Report).totals, "lead": (*Report).lead, "when": (*Report).when, "headline": Environment.headline, "marks": Change.marks, "cause": Change.cause, "leading": Environment.leading, "followers": Environment.followers, "drifted": Change.drifted,
	"class": func(o Outcome) string { return strings.ReplaceAll(string(o), " ", "-") },
	"added": func(c Change, p plan.PropertyChange) bool {
		return p.Kind == plan.PropertyAdded || c.Op == "create" || c.Op == "import"
	},
	"deleted":     func(p plan.PropertyChange) bool { return p.Kind == plan.PropertyDeleted },
	"withheldWhy": func() string { return withheldWhy },
	"count":       plural.Of,
	"cell":        func(label string, n int, alarm bool) countCell { return countCell{label, n, alarm} },
}).Parse(pageSource))

// countCell is a number in the table of environments.
type countCell struct {
	Label string
	N     int
	Alarm bool
}

// HTML writes a report as a self-contained page: no scripts, no fonts, no external files. It follows the reader's light or
// dark theme, and every environment has an anchor: #env- and its name.
func HTML(w io.Writer, r *Report) error {
	if err := page.Execute(w, r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// anchor is the anchor of an environment.
func anchor(name string) string {
	return "env-" + strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, name)
}
