// Package problem collects everything that is wrong with a configuration, so that a person sees all of it at once, without
// duplicates.
package problem

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that is wrong.
type Problem struct {
	// File is the name of the file with the value, if there is one.
	File string `json:"file,omitempty"`
	// Line is the line in File, or 0.
	Line int `json:"line,omitempty"`
	// Path is the config path of the value, for example nodeGroups[2].scaling.min; relative to the checked settings until
	// Under adds their path.
	Path string `json:"path"`
	// Message names the rule, the value and, unless obvious, the reason or the way out. Lower case, without a full stop at
	// the end.
	Message string `json:"message"`

	// reads are the paths of the values that the rule relates; empty when the rule is about the value at Path alone.
	reads []string
	// meant is the path of the key that an unknown one was probably meant to be.
	meant string
}

// Error returns file, line, path and message, as far as they are known: "file:line: path: message".
func (p Problem) Error() string {
	var out strings.Builder
	if p.File != "" {
		out.WriteString(p.File)
		if p.Line > 0 {
			out.WriteString(":" + strconv.Itoa(p.Line))
		}
		out.WriteString(": ")
	}
	if p.Path != "" {
		out.WriteString(Shorten(p.Path) + ": ")
	}
	out.WriteString(p.Message)
	return out.String()
}

// shown is how much of a value a message shows.
const shown = 120

// Shorten returns a text for a message: long values are cut in the middle.
func Shorten(text string) string {
	if len(text) <= shown {
		return text
	}
	head, tail := text[:shown/2], text[len(text)-shown/4:]
	for len(head) > 0 && !utf8.ValidString(head) {
		head = head[:len(head)-1]
	}
	for len(tail) > 0 && !utf8.RuneStart(tail[0]) {
		tail = tail[1:]
	}
	return fmt.Sprintf("%s... (%d characters) ...%s", head, utf8.RuneCountInString(text), tail)
}

// longest is the length up to which a message shows a value in full; lists of valid names stay below it.
const longest = 400

// List is a set of problems. Its zero value is ready to use.
type List []Problem

// Add reports a problem of the value at a path on its own. Strings among the arguments are shortened.
func (l *List) Add(path, format string, args ...any) {
	*l = append(*l, Problem{Path: path, Message: message(format, args)})
}

// Relate reports a problem at a path that relates several values to each other, or to the rest of the platform: reads are
// the paths of these values, including path itself unless the rule does not read it. Such a problem is left out if one of
// them has a problem of its own (see Settled). A path that begins with $. counts from the root of the configuration and
// does not change below a prefix.
func (l *List) Relate(path string, reads []string, format string, args ...any) {
	*l = append(*l, Problem{Path: path, Message: message(format, args), reads: reads})
}

// Unknown reports an unknown key, and the one that was probably meant, or "": problems of the latter would only follow from
// this one.
func (l *List) Unknown(path, meant, format string, args ...any) {
	*l = append(*l, Problem{Path: path, Message: message(format, args), meant: meant})
}

func message(format string, args []any) string {
	short := slices.Clone(args)
	for i, a := range short {
		switch v := reflect.ValueOf(a); {
		case v.Kind() == reflect.String && v.Len() > longest:
			short[i] = Shorten(v.String())
		case v.Kind() == reflect.Slice, v.Kind() == reflect.Map:
			if text := fmt.Sprint(a); len(text) > longest {
				short[i] = Shorten(text)
			}
		default:
			if err, ok := a.(error); ok {
				short[i] = Shorten(err.Error())
			}
		}
	}
	return fmt.Sprintf(format, short...)
}

// Under returns the problems with their paths below a prefix: "cluster" and "logs.types" give
// "cluster.logs.types", "nodeGroups[1]" and "" give "nodeGroups[1]".
func (l List) Under(prefix string) List {
	out := make(List, 0, len(l))
	for _, p := range l {
		p.Path = Join(prefix, p.Path)
		if p.meant != "" {
			p.meant = Join(prefix, p.meant)
		}
		if len(p.reads) > 0 {
			reads := make([]string, len(p.reads))
			for i, r := range p.reads {
				reads[i] = Join(prefix, r)
			}
			p.reads = reads
		}
		out = append(out, p)
	}
	return out
}

// Join puts a path below a prefix.
func Join(prefix, path string) string {
	switch {
	case strings.HasPrefix(path, root), prefix == "":
		return path
	case path == "":
		return prefix
	case strings.HasPrefix(path, "["):
		return prefix + path
	default:
		return prefix + "." + path
	}
}

// root begins the paths that count from the root of the configuration.
const root = "$."

// In returns the problems with a file's name, and the line that a function finds for each path.
func (l List) In(file string, line func(path string) int) List {
	out := make(List, 0, len(l))
	for _, p := range l {
		if p.File == "" {
			p.File = file
			if p.Line == 0 && line != nil {
				p.Line = line(p.Path)
			}
		}
		out = append(out, p)
	}
	return out
}

// Settled returns the independent problems of one configuration: the first of each value, and none that follows from
// another one, because its rule reads a value that has a problem of its own. Problems of single values come first.
func (l List) Settled() List { return l.After(nil) }

// After returns the problems that are independent of earlier ones of the same configuration, and of those of other
// configurations that its rules read from the root, such as the one of the cluster that a stack joins.
func (l List) After(earlier List, others ...List) List {
	s := settled{failed: map[string]bool{}, within: map[string]bool{}, said: map[string]bool{}, around: map[string]bool{}}
	for _, p := range earlier {
		s.fail(p)
	}
	for _, other := range others {
		for _, p := range other {
			p.Path, p.meant = root+p.Path, ""
			s.fail(p) // apart from the paths of this one
		}
	}
	out := make(List, 0, len(l))
	for _, related := range []bool{false, true} {
		for _, p := range l {
			if (len(p.reads) > 0) != related || s.follows(p) {
				continue
			}
			s.fail(p)
			out = append(out, p)
		}
	}
	return out
}

// settled records what has a problem.
type settled struct {
	// failed holds the values with problems of their own, and within everything that contains such a value.
	failed, within map[string]bool
	// said holds the paths of all problems, and around everything that contains one.
	said, around map[string]bool
}

func (s *settled) fail(p Problem) {
	s.said[p.Path] = true
	for up := parent(p.Path); up != ""; up = parent(up) {
		s.around[up] = true
	}
	if len(p.reads) > 0 {
		return // each value on its own is valid
	}
	for _, path := range []string{p.Path, p.meant} {
		if path == "" {
			continue
		}
		s.failed[path] = true
		for up := parent(path); up != ""; up = parent(up) {
			s.within[up] = true
		}
	}
}

func (s *settled) follows(p Problem) bool {
	if s.said[p.Path] || s.below(p.Path) {
		return true
	}
	if len(p.reads) == 0 {
		return s.within[p.Path]
	}
	return slices.ContainsFunc(p.reads, func(r string) bool {
		own := strings.TrimPrefix(r, root)
		return s.wrong(own) || own != r && s.wrong(r)
	})
}

// wrong reports whether a value has a problem, or contains or belongs to one that has.
func (s *settled) wrong(path string) bool { return s.said[path] || s.around[path] || s.below(path) }

// below reports whether a path is that of a value with a problem of its own, or below one.
func (s *settled) below(path string) bool {
	for ; path != ""; path = parent(path) {
		if s.failed[path] {
			return true
		}
	}
	return false
}

// parent returns the path of what contains a value, or "".
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// Err returns nil for an empty list, else one error that lists every problem, ordered by file, line and path.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	sorted := slices.Clone(l)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Path, b.Path))
	})
	return &Error{Problems: sorted}
}

// Error is a list of problems as an error; find it with errors.As.
type Error struct {
	Problems List
}

// listed is how many problems an error's text lists.
const listed = 200

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, 0, min(len(e.Problems), listed+1))
	for i, p := range e.Problems {
		if i == listed {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Problems)-listed))
			break
		}
		lines = append(lines, p.Error())
	}
	return strings.Join(lines, "\n")
}
