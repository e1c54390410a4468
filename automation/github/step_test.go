package github_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/eks-platform/eks-platform/automation/github"
)

// step returns a step, what it tells the runner, and the paths of its summary and its outputs.
func step(t *testing.T) (s *github.Step, commands *bytes.Buffer, summary, output string) {
	t.Helper()
	dir := t.TempDir()
	summary, output = filepath.Join(dir, "summary"), filepath.Join(dir, "output")
	commands = &bytes.Buffer{}
	env := map[string]string{"GITHUB_STEP_SUMMARY": summary, "GITHUB_OUTPUT": output}
	return github.NewStep(func(name string) string { return env[name] }, commands), commands, summary, output
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestTheSummaryTakesTheFullestVersionThatFits(t *testing.T) {
	t.Parallel()
	s, _, summary, _ := step(t)
	large := strings.Repeat("x", github.MaxSummary-100)
	for i, c := range []struct {
		versions []string
		want     int
	}{
		{[]string{"full", "short"}, 0},
		{[]string{strings.Repeat("y", github.MaxSummary), large, "short"}, 1},
		{[]string{large, "short"}, 1},
	} {
		if got, err := s.Summarize(c.versions...); err != nil || got != c.want {
			t.Errorf("%d: version %d, %v", i, got, err)
		}
	}
	if _, err := s.Summarize(large, strings.Repeat("z", 200)); !errors.Is(err, github.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if got := read(t, summary); got != "full\n\n\n"+large+"\n\n\nshort\n" || len(got) > github.MaxSummary {
		t.Errorf("%d bytes: %.20q", len(got), got)
	}
	exact, _, summary, _ := step(t)
	if got, err := exact.Summarize(strings.Repeat("x", github.MaxSummary-1)); err != nil || got != 0 || len(read(t, summary)) != github.MaxSummary {
		t.Errorf("version %d, %v", got, err)
	}
}

func TestAStepWithoutFilesSaysSo(t *testing.T) {
	t.Parallel()
	s := github.NewStep(func(string) string { return "" }, &bytes.Buffer{})
	if _, err := s.Summarize("x"); !errors.Is(err, github.ErrNotActions) {
		t.Errorf("%v", err)
	}
	if err := s.SetOutput("name", "value"); !errors.Is(err, github.ErrNotActions) {
		t.Errorf("%v", err)
	}
}

func TestAnOutputCannotSetAnother(t *testing.T) {
	t.Parallel()
	s, _, _, output := step(t)
	evil := "a\neks-platform-\nother=1\nEOF"
	for _, value := range []string{"plain", evil, ""} {
		if err := s.SetOutput("digest", value); err != nil {
			t.Fatal(err)
		}
	}
	entries := regexp.MustCompile(`(?s)digest<<(eks-platform-[A-Z0-9]{26})\n(.*?)\n(eks-platform-[A-Z0-9]{26})\n`).FindAllStringSubmatch(read(t, output), -1)
	if len(entries) != 3 || entries[0][2] != "plain" || entries[1][2] != evil || entries[2][2] != "" {
		t.Fatalf("%q", entries)
	}
	if entries[0][1] != entries[0][3] || entries[0][1] == entries[1][1] {
		t.Errorf("delimiters %q", entries)
	}
	for _, name := range []string{"", "a=b", "a\nb", "a<<b", "1a"} {
		if err := s.SetOutput(name, "x"); !errors.Is(err, github.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestSecretsAreMaskedLineByLine(t *testing.T) {
	t.Parallel()
	s, commands, _, _ := step(t)
	if err := s.Mask("100%", "first\r\nsecond\n\n  \n", ""); err != nil {
		t.Fatal(err)
	}
	if got := commands.String(); got != "::add-mask::100%25\n::add-mask::first\n::add-mask::second\n" {
		t.Errorf("%q", got)
	}
}

func TestAnnotationsAreEscaped(t *testing.T) {
	t.Parallel()
	s, commands, _, _ := step(t)
	err := s.Annotate(
		github.Annotation{Level: github.LevelError, Title: "dev: a, b", Message: "50%\n::add-mask::x\r\n", File: "Pulumi.dev.yaml", Line: 3},
		github.Annotation{Level: github.LevelNotice, Title: "nothing changes"},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := "::error title=dev%3A a%2C b,file=Pulumi.dev.yaml,line=3::50%25%0A::add-mask::x%0D%0A\n::notice title=nothing changes::nothing changes\n"
	if got := commands.String(); got != want {
		t.Errorf("%q", got)
	}
	if err := s.Annotate(github.Annotation{Level: "fatal", Title: "x"}); !errors.Is(err, github.ErrInvalid) {
		t.Errorf("%v", err)
	}
}

func TestAnnotationsBeyondTheLimitAreCounted(t *testing.T) {
	t.Parallel()
	s, commands, _, _ := step(t)
	many := func(level github.Level, n int) (list []github.Annotation) {
		for i := range n {
			list = append(list, github.Annotation{Level: level, Title: fmt.Sprintf("problem %d", i)})
		}
		return list
	}
	if err := s.Annotate(append(many(github.LevelError, 14), many(github.LevelWarning, 10)...)...); err != nil {
		t.Fatal(err)
	}
	if err := s.Annotate(many(github.LevelError, 3)...); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(commands.String()), "\n")
	if len(lines) != 20 || lines[8] != "::error title=problem 8::problem 8" || !strings.HasPrefix(lines[9], "::error title=5 more of this level::") ||
		lines[19] != "::warning title=problem 9::problem 9" {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
}
