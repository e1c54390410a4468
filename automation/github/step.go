package github

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/eks-platform/eks-platform/automation/report"
)

const (
	// MaxSummary is the largest summary of a step, in bytes. GitHub discards a larger one entirely: "supports content up
	// to a size of 1024k".
	MaxSummary = 1 << 20
	// MaxAnnotations is how many annotations of one level GitHub shows of a step. It shows 50 of a job:
	// https://github.com/orgs/community/discussions/26680
	MaxAnnotations = 10
)

// Step writes the outputs of a workflow step. It needs no token and also works for forks. It is safe for
// concurrent use.
type Step struct {
	summary, output string

	mu       sync.Mutex
	commands io.Writer
	shown    map[Level]int
}

// NewStep returns the step whose variables getenv reads (GITHUB_STEP_SUMMARY and GITHUB_OUTPUT name its files). commands
// is where the runner reads commands: the standard output of the step.
func NewStep(getenv func(string) string, commands io.Writer) *Step {
	return &Step{
		summary: getenv("GITHUB_STEP_SUMMARY"), output: getenv("GITHUB_OUTPUT"),
		commands: commands, shown: map[Level]int{},
	}
}

// Summarize adds Markdown to the summary of the step: the first of the versions that fits, so give the fullest first. It
// returns the index of that version; ErrTooLarge if none fits, ErrNotActions if the step has no summary.
func (s *Step) Summarize(versions ...string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.summary == "" {
		return 0, fmt.Errorf("GITHUB_STEP_SUMMARY: %w: it is not set", ErrNotActions)
	}
	var used int64
	info, err := os.Stat(s.summary)
	switch {
	case err == nil:
		used = info.Size()
	case !errors.Is(err, fs.ErrNotExist):
		return 0, fmt.Errorf("step summary: %w", err)
	}
	for i, text := range versions {
		// A blank line ends the last paragraph of what was written before.
		text = strings.TrimRight(text, "\n") + "\n"
		if used > 0 {
			text = "\n\n" + text
		}
		if used+int64(len(text)) <= MaxSummary {
			return i, appendTo(s.summary, text)
		}
	}
	return 0, fmt.Errorf("step summary: %w: none of %d versions fits into the remaining %d of %d bytes",
		ErrTooLarge, len(versions), max(MaxSummary-used, 0), MaxSummary)
}

// Report writes a report to the summary of the step, in full if it fits, and annotates what must not be overlooked:
// environments that failed, and critical resources that are replaced or deleted.
func (s *Step) Report(r *report.Report) error {
	var versions []string
	for _, budget := range []int{0, MaxSummary * 9 / 10, report.Budget} {
		versions = append(versions, report.MarkdownParts(r, budget)[0])
	}
	if _, err := s.Summarize(versions...); err != nil {
		return err
	}
	var notes []Annotation
	for _, e := range r.Environments {
		if !e.Outcome.OK() {
			notes = append(notes, Annotation{
				Level: LevelError, Title: fmt.Sprintf("%s: %s", e.Name, e.Outcome), Message: strings.Join(e.Errors, "\n"),
			})
		}
		for _, c := range e.Destructive {
			if c.Critical != "" && !c.Retained {
				notes = append(notes, Annotation{
					Level: LevelWarning, Title: fmt.Sprintf("%s: %s of a %s", e.Name, c.Op, c.Critical),
					Message: fmt.Sprintf("%s %s: %s", c.Type, c.Name, c.Loss),
				})
			}
		}
	}
	return s.Annotate(notes...)
}

func appendTo(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

var outputName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// SetOutput sets an output of the step. Mask what is secret first.
func (s *Step) SetOutput(name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !outputName.MatchString(name) {
		return fmt.Errorf("output %q: %w: the name must match %s", name, ErrInvalid, outputName)
	}
	if s.output == "" {
		return fmt.Errorf("GITHUB_OUTPUT: %w: it is not set", ErrNotActions)
	}
	// A delimiter that the value cannot contain.
	end := "eks-platform-" + rand.Text()
	return appendTo(s.output, fmt.Sprintf("%s<<%s\n%s\n%s\n", name, end, value, end))
}

// Mask makes the runner replace values by asterisks in everything that is logged from now on. A multi-line value is masked
// line by line, because the log is processed by line; blank lines are not masked.
func (s *Step) Mask(values ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range values {
		for line := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if strings.TrimSpace(line) == "" {
				continue
			}
			if err := s.command("add-mask", nil, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// Level is how serious an annotation is.
type Level string

// The levels, as the runner spells them.
const (
	LevelError   Level = "error"
	LevelWarning Level = "warning"
	LevelNotice  Level = "notice"
)

// Annotation is a message on the page of the run, and next to the line of a file if it names one.
type Annotation struct {
	Level Level
	// Title is in bold; Message is plain text.
	Title, Message string
	// File is a path in the repository and Line a number from 1; both can be left out.
	File string
	Line int
}

// Annotate writes annotations. Of each level a step can show MaxAnnotations: if there are more, the last one says how many
// are missing. Pass all of one level in one call, the most important first.
func (s *Step) Annotate(annotations ...Annotation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	byLevel := map[Level][]Annotation{}
	for _, a := range annotations {
		byLevel[a.Level] = append(byLevel[a.Level], a)
	}
	for _, level := range []Level{LevelError, LevelWarning, LevelNotice} {
		list, room := byLevel[level], MaxAnnotations-s.shown[level]
		delete(byLevel, level)
		if len(list) > room {
			kept := max(room-1, 0)
			rest := Annotation{Level: level, Title: fmt.Sprintf("%d more of this level", len(list)-kept), Message: "The summary of the step lists them all."}
			list = append(list[:kept:kept], rest)[:min(room, kept+1)]
		}
		s.shown[level] += len(list)
		for _, a := range list {
			if err := s.annotate(a); err != nil {
				return err
			}
		}
	}
	for level := range byLevel {
		return fmt.Errorf("annotation: %w: level %q is not one of error, warning and notice", ErrInvalid, level)
	}
	return nil
}

func (s *Step) annotate(a Annotation) error {
	var properties []string
	add := func(name, value string) {
		if value != "" {
			properties = append(properties, name+"="+escapeProperty(value))
		}
	}
	add("title", a.Title)
	add("file", a.File)
	if a.Line > 0 {
		add("line", fmt.Sprint(a.Line))
	}
	return s.command(string(a.Level), properties, cmp.Or(a.Message, a.Title))
}

// command writes one line.
func (s *Step) command(name string, properties []string, message string) error {
	text := "::" + name
	if len(properties) > 0 {
		text += " " + strings.Join(properties, ",")
	}
	_, err := io.WriteString(s.commands, text+"::"+escapeData(message)+"\n")
	return err
}

// The runner's own escapes: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func escapeData(s string) string     { return dataEscapes.Replace(s) }
func escapeProperty(s string) string { return propertyEscapes.Replace(s) }
