package main

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
)

// log is what a terminal got, for those who read it while others write.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// read returns what came since the last time.
func (l *log) read() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

func TestAnOperationIsNeverSilentForLong(t *testing.T) {
	t.Parallel()
	for _, rich := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			said := &log{}
			term := &terminal{out: io.Discard, err: said, rich: rich}
			w := newWatch(term, "dev", "up")
			defer w.end()
			time.Sleep(silence)
			assert.Contains(t, said.read(), "up dev: starting the engine", "before the engine says anything")

			w.event(plan.Event{Kind: plan.EventProgress, Progress: "Downloading plugin aws-6.83.4: 40%"})
			time.Sleep(quiet(0) + time.Second)
			assert.Contains(t, said.read(), "up dev: Downloading plugin aws-6.83.4: 40%")

			w.event(plan.Event{Kind: plan.EventStep, Step: &plan.Step{URN: "cluster", Status: plan.Running}})
			for range 20 { // a control plane is made, and the engine has nothing to say
				said.read()
				time.Sleep(quiet(time.Hour) + time.Second)
				assert.Contains(t, said.read(), "1 in progress")
			}
		})
	}
}

func TestEnvironmentsAreNeverSilentForLong(t *testing.T) {
	t.Parallel()
	for _, rich := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			said := &log{}
			p := newPhases(&terminal{out: io.Discard, err: said, rich: rich})
			defer p.end()
			p.tell(rehearsal.PhaseEvent{Environment: "dev", Phase: rehearsal.PhasePreview})
			p.tell(rehearsal.PhaseEvent{Environment: "prod", Phase: rehearsal.PhasePreview})
			time.Sleep(silence)
			first := said.read()
			assert.Contains(t, first, "dev  preview: starting the engine")
			assert.Contains(t, first, "prod  preview: starting the engine")
			p.tell(rehearsal.PhaseEvent{Environment: "dev", Phase: rehearsal.PhasePreview, Done: 3, Ended: true})
			said.read()
			time.Sleep(quiet(0) + time.Second)
			again := said.read()
			assert.Contains(t, again, "prod  preview")
			assert.NotContains(t, again, "dev", "what has ended is told once")
		})
	}
}

func TestWhatEndsAtOnceSaysNothingOfItsStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		said := &log{}
		term := &terminal{out: io.Discard, err: said}
		w := newWatch(term, "nosuch", "up")
		time.Sleep(100 * time.Millisecond)
		w.end()
		time.Sleep(time.Minute)
		assert.Empty(t, said.read())
	})
}

func TestACommandSaysWhatItDoesUnlessItHasSpoken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(*terminal)
		want string
	}{
		{"silent", func(*terminal) { time.Sleep(2 * silence) }, "at work\n"},
		{"quick", func(*terminal) { time.Sleep(silence / 2) }, ""},
		{"result", func(t *terminal) { t.print("result"); time.Sleep(2 * silence) }, ""},
		{"progress", func(t *terminal) { t.note("progress"); time.Sleep(2 * silence) }, "progress\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				said := &log{}
				term := &terminal{out: io.Discard, err: said}
				ended := term.speakUp(term.listen(), "at work")
				c.do(term)
				ended()
				time.Sleep(time.Minute)
				assert.Equal(t, c.want, said.read())
			})
		})
	}
}
