package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/fault"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/report"
)

var fixtures = map[string]func() *report.Report{
	"nothing-changes": nothingChanges, "creates-only": createsOnly, "protected-replacement": protectedReplacement,
	"failed-preview": failedPreview, "mixed": mixed,
}

// renderings are what a report becomes, by the golden file's ending.
var renderings = map[string]func(*report.Report) (string, error){
	"comment.md": func(r *report.Report) (string, error) {
		return written(func(b *bytes.Buffer) error { return report.Markdown(b, r, report.Budget) })
	},
	"txt": func(r *report.Report) (string, error) {
		return written(func(b *bytes.Buffer) error { return report.Text(b, r, 100, false) })
	},
	"ansi": func(r *report.Report) (string, error) {
		return written(func(b *bytes.Buffer) error { return report.Text(b, r, 0, true) })
	},
	"html": func(r *report.Report) (string, error) {
		return written(func(b *bytes.Buffer) error { return report.HTML(b, r) })
	},
	"json": func(r *report.Report) (string, error) {
		return written(func(b *bytes.Buffer) error { return report.JSON(b, r) })
	},
}

func written(write func(*bytes.Buffer) error) (string, error) {
	var b bytes.Buffer
	err := write(&b)
	return b.String(), err
}

func markdown(t *testing.T, r *report.Report, budget int) string {
	t.Helper()
	out, err := written(func(b *bytes.Buffer) error { return report.Markdown(b, r, budget) })
	require.NoError(t, err)
	return out
}

func TestDeletionsThatAreWithheldAreNamedInEveryRendering(t *testing.T) {
	t.Parallel()
	preview := result("prod", 3)
	preview.Withheld = []plan.Step{
		{Op: "delete", Type: "aws:eks/accessEntry:AccessEntry", Name: "prod-access-on-call"},
		{Op: "delete-replaced", Type: "aws:kms/key:Key", Name: "prod-logs", Critical: "encryption key"},
	}
	r := report.Of("Preview", report.Run{Environment: "prod", Result: preview})
	assert.Equal(t, report.Changes, r.Environments[0].Outcome, "an access that is still to be revoked is no preview without changes")
	assert.False(t, r.Destructive(), "nothing is deleted")
	for ending, render := range renderings {
		got, err := render(r)
		require.NoError(t, err)
		for _, name := range []string{"prod-access-on-call", "prod-logs", "withheld"} {
			assert.Contains(t, got, name, ending)
		}
	}
}

func TestRenderingsAreAsTheGoldenFilesSay(t *testing.T) {
	t.Parallel()
	for name, fixture := range fixtures {
		for ending, render := range renderings {
			got, err := render(fixture())
			require.NoError(t, err)
			path := filepath.Join("testdata", name+"."+ending)
			if os.Getenv("UPDATE_GOLDEN") == "1" {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
				continue
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "write it with UPDATE_GOLDEN=1 go test")
			assert.Equal(t, string(want), got, "%s differs; if that is meant, rewrite it with UPDATE_GOLDEN=1 go test", path)
		}
	}
}

func TestNoRenderingShowsACredential(t *testing.T) {
	t.Parallel()
	for ending, render := range renderings {
		got, err := render(failedPreview())
		require.NoError(t, err)
		assert.NotContains(t, got, "AKIA", ending)
		assert.Contains(t, got, "[masked]", ending)
	}
}

func TestAReportReadsTheSameInWhateverOrderTheEngineWorked(t *testing.T) {
	t.Parallel()
	steps := []plan.Step{
		{Op: "delete", Type: "aws:ec2/route:Route", Name: "r"}, {Op: "replace", Type: "aws:eks/cluster:Cluster", Name: "c"},
		{Op: "delete", Type: "eks-platform:cluster:Cluster", Name: "c"}, {Op: "replace", Type: "aws:ec2/subnet:Subnet", Name: "s"},
		{Op: "delete", Type: "aws:eks/cluster:Cluster", Name: "kept", Retain: true}, create("t:t:T", "new"),
	}
	there := report.Of("x", report.Run{Environment: "dev", Result: result("dev", 1, slices.Clone(steps)...)})
	slices.Reverse(steps)
	back := report.Of("x", report.Run{Environment: "dev", Result: result("dev", 1, steps...)})
	assert.Equal(t, there, back)
	assert.Equal(t, []string{"c", "s", "kept", "r"}, destroyed(back), "the gravest first, and nothing that only groups resources")
}

func TestAnOutcomeIsWhatTheErrorAndTheResultSay(t *testing.T) {
	t.Parallel()
	changes := result("dev", 1, create("t:t:T", "a"))
	for want, run := range map[report.Outcome]report.Run{
		report.Changes:   {Result: changes},
		report.NoChanges: {Result: result("dev", 1)},
		report.Failed:    {Result: changes, Err: errPlain},
		report.Cancelled: {Result: changes, Err: &fault.Error{Kind: fault.ErrCancelled}},
		report.Refused:   {Err: fmt.Errorf("deploy: %w", &fault.Error{Kind: fault.ErrRefused, Messages: []string{"not today"}})},
		report.Locked:    {Err: errPlain, Outcome: report.Locked},
	} {
		run.Digest = "d"
		r := report.Of("x", run)
		e := r.Environments[0]
		assert.Equal(t, want, e.Outcome)
		assert.Equal(t, run.Err == nil, e.Digest != "", "a run that failed has no digest: %s", want)
		assert.Equal(t, run.Err != nil, r.Totals.Unfinished == 1)
	}
	assert.Equal(t, []string{"not today"}, report.Of("x", report.Run{Err: &fault.Error{Kind: fault.ErrRefused, Messages: []string{"not today"}}}).Environments[0].Errors)
}

func TestReportsOfSeveralJobsBecomeOne(t *testing.T) {
	t.Parallel()
	var parts []*report.Report
	for _, part := range []*report.Report{mixed(), protectedReplacement()} {
		var b bytes.Buffer
		require.NoError(t, report.JSON(&b, part))
		back, err := report.Read(&b)
		require.NoError(t, err)
		assert.Equal(t, part, back, "nothing gets lost on the way")
		parts = append(parts, back)
	}
	joined := report.Join("All", parts...)
	assert.Len(t, joined.Environments, 4)
	assert.Equal(t, report.Totals{Environments: 4, Changed: 2, Unchanged: 1, Unfinished: 1, Counts: report.Counts{Create: 1, Update: 3, Replace: 5, Delete: 2, Drift: 2, Critical: 3}}, joined.Totals)
	_, err := report.Read(strings.NewReader(`{"version":99}`))
	assert.ErrorContains(t, err, "version 99")
}

func TestTheJSONNamesItsVersionAndMembers(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, report.JSON(&b, protectedReplacement()))
	var doc map[string]any
	require.NoError(t, json.Unmarshal(b.Bytes(), &doc))
	assert.Equal(t, 1.0, doc["version"])
	first := doc["environments"].([]any)[0].(map[string]any)["destructive"].([]any)[0].(map[string]any)
	assert.Equal(t, "node group", first["critical"])
	assert.Equal(t, true, first["protected"])
}

// destroyed are the names of everything that a report replaces or deletes.
func destroyed(r *report.Report) []string {
	var out []string
	for _, e := range r.Environments {
		for _, c := range e.Destructive {
			out = append(out, c.Name)
		}
	}
	return out
}

func TestACommentFitsAndNamesEverythingThatIsReplacedOrDeleted(t *testing.T) {
	t.Parallel()
	for _, destructive := range []int{0, 40, 300, 600, 1000} {
		r := large(2000, destructive)
		got := markdown(t, r, report.Budget)
		assert.Less(t, len(got), report.Budget, "%d destructive", destructive)
		assert.Contains(t, got, "Left out to fit into a comment: ")
		require.Len(t, destroyed(r), destructive)
		for _, name := range destroyed(r) {
			if !strings.Contains(got, name) {
				t.Errorf("%s is missing among %d", name, destructive)
			}
		}
		assert.Len(t, report.MarkdownParts(r, report.Budget), 1)
	}
}

func TestWhatFitsNowhereIsCutIntoPartsThatLoseNoName(t *testing.T) {
	t.Parallel()
	r := large(3000, 3000)
	parts := report.MarkdownParts(r, report.Budget)
	require.Greater(t, len(parts), 1)
	all := strings.Join(parts, "")
	for i, p := range parts {
		assert.LessOrEqual(t, len(p), report.Budget)
		assert.Contains(t, p, fmt.Sprintf("art %d of %d.", i+1, len(parts)))
	}
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`environment-\d+-with-a-name-of-some-length`).FindAllString(all, -1) {
		named[name] = true
	}
	assert.Len(t, destroyed(r), 3000)
	for _, name := range destroyed(r) {
		require.True(t, named[name], name)
	}
}

func TestABudgetTakesAwayTheLeastImportantFirst(t *testing.T) {
	t.Parallel()
	r := large(60, 8)
	full := markdown(t, r, 0)
	assert.NotContains(t, full, "Left out")
	marks := []string{ // in the order in which they go
		`:1"`, // values of updates
		`metadata.name: "environment-0009`,
		"! update kubernetes:apps/v1:Deployment environment-0010",
		"warning 199",
		"+ create kubernetes:core/v1:Namespace environment-0009",
		`"10.0.0.0/24"`,
	}
	gone := 0
	for budget := len(full); budget > 500; budget -= 150 {
		got := markdown(t, r, budget)
		for i, mark := range marks {
			if strings.Contains(got, mark) {
				assert.GreaterOrEqual(t, i, gone, "%q goes before %q", marks[max(0, gone-1)], mark)
			} else if i == gone {
				gone++
			}
		}
		for _, name := range destroyed(r) {
			require.Contains(t, got, name)
		}
	}
	assert.Equal(t, len(marks), gone)
}

func TestValuesCannotBreakOutOfAComment(t *testing.T) {
	t.Parallel()
	got := markdown(t, mixed(), 0)
	// Outside of fences and code, no value may be HTML; inside, none may end the fence.
	assert.Equal(t, strings.Count(got, "<details>"), closing(got))
	got = markdown(t, failedPreview(), 0)
	assert.Equal(t, strings.Count(got, "<details>"), closing(got))
	outside := outsideOfFences(t, got)
	assert.NotContains(t, outside, "<script>")
	assert.NotContains(t, outside, "@everyone")
}

func closing(doc string) int {
	return len(regexp.MustCompile(`(?m)^</details>$`).FindAllString(doc, -1))
}

// outsideOfFences is a document without its fenced blocks, by the rules of CommonMark.
func outsideOfFences(t *testing.T, doc string) string {
	t.Helper()
	var out strings.Builder
	fence := ""
	for line := range strings.Lines(doc) {
		line = strings.TrimRight(line, "\n")
		run := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(run) >= 3:
			fence = run
		case fence != "" && len(run) >= len(fence) && strings.Trim(line, "` ") == "":
			fence = ""
		case fence == "":
			out.WriteString(line + "\n")
		}
	}
	assert.Empty(t, fence, "a fence is not closed")
	return out.String()
}

func TestThePageNeedsNothingFromElsewhereAndRunsNothing(t *testing.T) {
	t.Parallel()
	for name, fixture := range fixtures {
		got, err := renderings["html"](fixture())
		require.NoError(t, err)
		assert.NotRegexp(t, `<(script|link|img|iframe)|src=|@import|url\(|ZgotmplZ`, got, name)
		assert.Contains(t, got, "default-src 'none'")
		for _, e := range fixture().Environments {
			assert.Contains(t, got, `id="env-`+e.Name+`"`)
			assert.Contains(t, got, `href="#env-`+e.Name+`"`)
		}
	}
	bad := report.Of("x", report.Run{Environment: "dev", Result: result("dev", 1), RunURL: "javascript:alert(1)"})
	for ending, render := range renderings {
		got, err := render(bad)
		require.NoError(t, err)
		if ending == "html" || ending == "comment.md" {
			assert.NotContains(t, got, "javascript:", ending)
		}
	}
}

func TestATerminalsWidthIsKept(t *testing.T) {
	t.Parallel()
	for name, fixture := range fixtures {
		for _, width := range []int{60, 100} {
			got, err := written(func(b *bytes.Buffer) error { return report.Text(b, fixture(), width, false) })
			require.NoError(t, err)
			assert.NotContains(t, got, "\x1b")
			for line := range strings.Lines(got) {
				if strings.HasPrefix(line, "  platform deploy ") {
					continue // it is there to be copied
				}
				assert.LessOrEqual(t, len([]rune(strings.TrimRight(line, "\n"))), width, "%s: %s", name, line)
			}
		}
	}
}

func TestWhatHappensToPodsIsSaidForEachKindOfChange(t *testing.T) {
	t.Parallel()
	group := func(op string, change func(s *plan.Step)) string {
		s := plan.Step{Op: op, Type: "aws:eks/nodeGroup:NodeGroup", Name: "apps", NodeGroup: &plan.NodeGroup{Nodes: 6, Max: 9, AtATime: "2"}}
		change(&s)
		return strings.Join(report.Of("x", report.Run{Environment: "dev", Result: result("dev", 1, s)}).Environments[0].Pods, "|")
	}
	assert.Equal(t, "apps is replaced: the new group is created first, then the 6 nodes of the old one drain, each for only a few minutes",
		group("replace", func(*plan.Step) {}))
	assert.Contains(t, group("replace", func(s *plan.Step) { s.DeletedFirst = true }), "deleted before the new one exists")
	assert.Equal(t, "apps: its 6 nodes are replaced 2 at a time (launchTemplate and version change); pods are evicted with 15 minutes to leave, and if disruption budgets hold the update up for longer, it is rolled back",
		group("update", func(s *plan.Step) { s.NodeGroup.Renews = []string{"launchTemplate", "version"} }))
	assert.Contains(t, group("update", func(s *plan.Step) { s.NodeGroup.Renews, s.NodeGroup.Force = []string{"version"}, true }), "after which they are killed")
	assert.Equal(t, "apps may have 2 to 12 nodes: no node is replaced or taken away", group("update", func(s *plan.Step) {
		s.NodeGroup.Scales, s.NodeGroup.NewMin, s.NodeGroup.NewMax = true, 2, 12
	}))
	assert.Contains(t, group("update", func(s *plan.Step) { s.NodeGroup.Scales, s.NodeGroup.Shrinks = true, true }), "without being drained")
	assert.Contains(t, group("delete", func(*plan.Step) {}), "6 nodes drain")
	assert.Empty(t, group("update", func(*plan.Step) {}), "labels and taints move no pod")
}

func TestWhatOnlyGroupsResourcesIsLeftOutEverywhere(t *testing.T) {
	t.Parallel()
	result := plan.NewResult(plan.OpPreview, "dev")
	for _, typ := range []string{"eks-platform:network:Network", "aws:ec2/vpc:Vpc", "pulumi:pulumi:Stack"} {
		result.Steps = append(result.Steps, plan.Step{Op: "update", Type: typ, Name: "x", URN: "urn:" + typ})
	}
	r := report.Of("Changes", report.Run{Environment: "dev", Result: result})
	assert.Equal(t, 1, r.Totals.Update)
	assert.Len(t, r.Environments[0].Changes, 1)
	for ending, render := range renderings {
		got, err := render(r)
		require.NoError(t, err)
		assert.NotContains(t, got, "eks-platform:network", ending)
		if ending != "json" {
			assert.Contains(t, got, "1 environment · 1 with changes: 1 to update", ending)
		}
	}
	result.Steps = result.Steps[:1]
	r = report.Of("Changes", report.Run{Environment: "dev", Result: result})
	assert.Equal(t, report.Changes, r.Environments[0].Outcome)
	assert.Contains(t, r.Environments[0].Note, "nothing in the cloud")
}

// places returns where texts stand in a document; none may be missing.
func places(t *testing.T, ending, doc string, texts ...string) []int {
	t.Helper()
	doc = strings.Join(strings.Fields(doc), " ") // terminals fold lines
	var out []int
	for _, text := range texts {
		i := strings.Index(doc, text)
		require.GreaterOrEqual(t, i, 0, "%s is missing in %s:\n%s", text, ending, doc)
		out = append(out, i)
	}
	return out
}

func TestEveryRenderingLeadsWithTheWorst(t *testing.T) {
	t.Parallel()
	for ending, render := range renderings {
		if ending == "json" {
			continue
		}
		got, err := render(report.Join("All", mixed(), protectedReplacement(), failedPreview()))
		require.NoError(t, err)
		// What failed, then what is critical; the error; the list; what it means for pods directly below it; the rest.
		assert.IsIncreasing(t, places(t, ending, got, "stg: locked", "prod: failed", "dev: 2 replaced, 1 deleted, 2 critical",
			"prod: 3 replaced, 1 deleted, 1 critical", "held by ci@", "12.3 s"), ending)
		assert.IsIncreasing(t, places(t, ending, got, "old-secrets", "drain, each for only a few minutes", "platform deploy prod --approved"), ending)
	}
	got, err := renderings["txt"](mixed())
	require.NoError(t, err)
	end := strings.LastIndex(got, "stg: locked · dev: 2 replaced, 1 deleted, 2 critical")
	assert.Greater(t, end, strings.Index(got, "spot capacity"), "a terminal has the summary at the end, too")
	assert.NotContains(t, markdown(t, nothingChanges(), 0), "**dev: ")
}

func TestTheTableOfACommentFitsAPhone(t *testing.T) {
	t.Parallel()
	for name, fixture := range fixtures {
		for line := range strings.Lines(markdown(t, fixture(), 0)) {
			assert.LessOrEqual(t, strings.Count(line, " | "), 3, "%s: %s", name, line)
		}
	}
}

func TestReplacementsThatFollowStandBelowTheirCauseAndKeepTheirNames(t *testing.T) {
	t.Parallel()
	r := protectedReplacement()
	for ending, render := range renderings {
		got, err := render(r)
		require.NoError(t, err)
		if ending == "json" {
			assert.Contains(t, got, `"followsFrom": "`+urn("prod", "aws:eks/nodeGroup:NodeGroup", "prod-apps-nodes")+`"`)
			continue
		}
		assert.IsIncreasing(t, places(t, ending, got, "prod-apps-nodes", "from it", "prod-apps-tag-environment", "prod-old-secrets"), ending)
		assert.NotContains(t, got, "instanceTypes[", ending)
	}
	// One whose loss is grave is never folded, and one whose cause is not shown stands by itself.
	steps := []plan.Step{
		{Op: "replace", Type: "pulumi:providers:kubernetes", Name: "p", FollowsFrom: urn("dev", "aws:eks/cluster:Cluster", "c")},
		{Op: "replace", Type: "aws:eks/nodeGroup:NodeGroup", Name: "grave", FollowsFrom: urn("dev", "aws:eks/cluster:Cluster", "c")},
		{Op: "replace", Type: "kubernetes:core/v1:ConfigMap", Name: "through-provider", FollowsFrom: urn("dev", "pulumi:providers:kubernetes", "p")},
		{Op: "replace", Type: "aws:eks/cluster:Cluster", Name: "c"},
		{Op: "replace", Type: "kubernetes:core/v1:ConfigMap", Name: "alone", FollowsFrom: "urn:of:nothing"},
	}
	got := markdown(t, report.Of("x", report.Run{Environment: "dev", Result: result("dev", 1, steps...)}), 0)
	folded := got[strings.Index(got, "<details>"):strings.Index(got, "</details>")]
	assert.Contains(t, folded, "through-provider")
	for _, name := range []string{"**grave**", "**alone**"} {
		assert.Contains(t, got, name)
		assert.NotContains(t, folded, name)
	}
}

func TestOneSetOfSymbolsStandsForOperationsAndOutcomes(t *testing.T) {
	t.Parallel()
	r := report.Join("All", mixed(), protectedReplacement(), failedPreview())
	for ending, render := range renderings {
		if ending == "json" {
			continue
		}
		got, err := render(r)
		require.NoError(t, err)
		for _, symbol := range []string{"🔵", "🟢", "🔴", "🔒"} {
			assert.Contains(t, got, symbol, ending)
		}
		got = strings.NewReplacer("`", "", "&#43;", "+").Replace(got)
		for op, sign := range map[string]string{"replace": plan.Sign("replace"), "create": plan.Sign("create"), "update": plan.Sign("update"), "delete": plan.Sign("delete")} {
			assert.Contains(t, got, sign+" "+op, ending)
		}
	}
}

func TestEnvironmentsAreInTheOrderOfDeployment(t *testing.T) {
	t.Parallel()
	part := func(name string) *report.Report {
		r := report.Of("x", report.Run{Environment: name, Result: result(name, 1)})
		r.Order = []string{"dev", "stg", "prod"}
		return r
	}
	joined := report.Join("x", part("prod"), part("other"), part("stg"), part("dev"))
	var names []string
	for _, e := range joined.Environments {
		names = append(names, e.Name)
	}
	assert.Equal(t, []string{"dev", "stg", "prod", "other"}, names)
	assert.Equal(t, []string{"dev", "stg", "prod"}, joined.Order)
}
