package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
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

// heard is set as soon as anything is written.
type heard struct{ atomic.Bool }

// listener notes that something is written.
type listener struct {
	io.Writer
	heard *heard
}

func (l listener) Write(p []byte) (int, error) {
	l.heard.Store(true)
	return l.Writer.Write(p)
}

// listen returns what is set as soon as anything is written.
func (t *terminal) listen() *heard {
	h := &heard{}
	t.out, t.err = listener{t.out, h}, listener{t.err, h}
	return h
}

// silence is how long a command may leave a person without a word.
const silence = time.Second

// speakUp prints a line if nothing was heard by the end of that time, and the command has not ended either.
func (t *terminal) speakUp(h *heard, text string) (ended func()) {
	var mu sync.Mutex
	over := false
	timer := time.AfterFunc(silence, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over && !h.Load() {
			t.note(text)
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		over = true
	}
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
	text, err := document(v)
	if err != nil {
		return err
	}
	_, err = t.out.Write(text)
	return err
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
