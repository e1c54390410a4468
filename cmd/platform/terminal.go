package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// terminal is where the command reads and writes. Results go to out, everything that is only of interest while the
// command runs goes to err.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	// rich tells that err can redraw lines; asks that a person can answer on in.
	rich, asks bool
	// colour tells that out shows colours.
	colour bool
	// asJSON tells that out gets exactly one JSON document, also of a failure; told that it has got it.
	asJSON, told bool

	mu     sync.Mutex
	redraw int // lines of the last status, to be drawn over
}

// isTerminal reports whether a file is a terminal that a person looks at. The null device looks like one.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// note writes a line about what goes on.
func (t *terminal) note(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	fmt.Fprintln(t.err, line)
}

// status draws lines over the last ones. Only for a rich terminal.
func (t *terminal) status(lines []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	for _, l := range lines {
		fmt.Fprintln(t.err, l)
	}
	t.redraw = len(lines)
}

// erase takes the last status away.
func (t *terminal) erase() {
	if t.redraw > 0 {
		fmt.Fprintf(t.err, "\x1b[%dA\x1b[J", t.redraw)
		t.redraw = 0
	}
}

// print writes a result.
func (t *terminal) print(format string, args ...any) { fmt.Fprintf(t.out, format, args...) }

// json writes a result as one document.
func (t *terminal) json(v any) error {
	t.told = true
	e := json.NewEncoder(t.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// confirm asks a question that only the exact answer says yes to. An interrupt says no.
func (t *terminal) confirm(ctx context.Context, question, answer string) bool {
	fmt.Fprintf(t.err, "%s Type %q to go on: ", question, answer)
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(t.in).ReadString('\n')
		said <- line
	}()
	select {
	case line := <-said:
		return strings.TrimSpace(line) == answer
	case <-ctx.Done():
		fmt.Fprintln(t.err)
		return false
	}
}
