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

// terminal is what the command reads from and writes to. Results go to out, progress and messages to err.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	// rich means that err can redraw lines; asks, that a person can answer on in.
	rich, asks bool
	// colour means that out shows colours.
	colour bool
	// asJSON means that out gets exactly one JSON document, even on failure; told, that it was written.
	asJSON, told bool

	mu     sync.Mutex
	redraw int // number of lines of the last status, to be overwritten
}

// isTerminal reports whether f is a terminal. The null device, which looks like one, is not.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// note prints a progress line or a message.
func (t *terminal) note(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	fmt.Fprintln(t.err, line)
}

// status replaces the last status lines. Only for a rich terminal.
func (t *terminal) status(lines []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	for _, l := range lines {
		fmt.Fprintln(t.err, l)
	}
	t.redraw = len(lines)
}

// erase removes the last status.
func (t *terminal) erase() {
	if t.redraw > 0 {
		fmt.Fprintf(t.err, "\x1b[%dA\x1b[J", t.redraw)
		t.redraw = 0
	}
}

// print prints a result.
func (t *terminal) print(format string, args ...any) { fmt.Fprintf(t.out, format, args...) }

// json prints a result as one document.
func (t *terminal) json(v any) error {
	t.told = true
	e := json.NewEncoder(t.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// confirm asks for confirmation, which only the exact answer gives. An interrupt means no.
func (t *terminal) confirm(ctx context.Context, question, answer string) bool {
	fmt.Fprintf(t.err, "%s Type %q to continue: ", question, answer)
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
