// Package problem collects everything that is wrong with a configuration, so that a person sees it all at once.
package problem

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one thing that is wrong.
type Problem struct {
	// Path is the config path of the value, for example nodeGroups[2].scaling.min; relative to the settings
	// that were checked until Under puts it in its place.
	Path string `json:"path"`
	// Message names the rule, the value and, where it is not obvious, the reason or the way out. Lower case, no
	// full stop at its end.
	Message string `json:"message"`
}

// Error returns path and message.
func (p Problem) Error() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

// List is a set of problems. Its zero value is ready to use.
type List []Problem

// Add reports a problem at a path.
func (l *List) Add(path, format string, args ...any) {
	*l = append(*l, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// Under returns the problems with their paths below a prefix: "cluster" and "logs.types" give
// "cluster.logs.types", "nodeGroups[1]" and "" give "nodeGroups[1]".
func (l List) Under(prefix string) List {
	out := make(List, 0, len(l))
	for _, p := range l {
		switch {
		case p.Path == "":
			p.Path = prefix
		case prefix != "" && !strings.HasPrefix(p.Path, "["):
			p.Path = prefix + "." + p.Path
		default:
			p.Path = prefix + p.Path
		}
		out = append(out, p)
	}
	return out
}

// Err returns nil for an empty list, else one error that lists every problem, ordered by path.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	sorted := append(List(nil), l...)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].Path < sorted[j].Path })
	return &Error{Problems: sorted}
}

// Error is a list of problems as an error; find it with errors.As.
type Error struct {
	Problems List
}

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Problems))
	for _, p := range e.Problems {
		lines = append(lines, p.Error())
	}
	return strings.Join(lines, "\n")
}
