package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// quietFor is the time between progress lines where lines cannot be redrawn.
const quietFor = 5 * time.Second

// watch shows the progress of one operation.
type watch struct {
	t         *terminal
	env, what string
	total     int

	mu       sync.Mutex
	started  time.Time
	last     time.Time
	finished map[string]bool
	running  map[string]string // URN -> type and name
}

func newWatch(t *terminal, env, what string) *watch {
	return &watch{t: t, env: env, what: what, started: time.Now(), last: time.Now(), finished: map[string]bool{}, running: map[string]string{}}
}

// event handles one event of the engine.
func (w *watch) event(e plan.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case e.Step == nil || !e.Step.Counted():
		return // printed at the end, with the rest; component resources are not counted
	case e.Step.Status == plan.Running:
		w.running[e.Step.URN] = e.Step.Type + " " + e.Step.Name
	default:
		delete(w.running, e.Step.URN)
		w.finished[e.Step.URN] = true
	}
	line := fmt.Sprintf("%s %s: %s, %s", w.what, w.env, fraction(len(w.finished), w.total), seconds(time.Since(w.started)))
	if n := len(w.running); n > 0 {
		line += fmt.Sprintf(", %d in progress", n)
	}
	switch {
	case w.t.rich && time.Since(w.last) > 100*time.Millisecond:
		w.last = time.Now()
		w.t.status([]string{line})
	case !w.t.rich && time.Since(w.last) > quietFor:
		w.last = time.Now()
		w.t.note(line)
	}
}

// end removes the progress line.
func (w *watch) end() { w.t.status(nil) }

// fraction formats the resources done out of a total, or only those done while the total is unknown.
func fraction(done, total int) string {
	if total == 0 || total < done {
		return plural.Of(done, "resource")
	}
	return fmt.Sprintf("%d/%s", done, plural.Of(total, "resource"))
}
