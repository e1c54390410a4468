package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// quiet is how long nothing is printed where lines cannot be redrawn, once an operation has taken so long: a log shows that
// a control plane is still being made, and is not full of it.
func quiet(taken time.Duration) time.Duration {
	if taken < time.Minute {
		return 5 * time.Second
	}
	return 30 * time.Second
}

// firstWord is a last word for who has said nothing yet, and should half a second from now: what fails at once has nothing
// to say but why.
func firstWord() time.Time { return time.Now().Add(tick - quiet(0)) }

// tick is how often times that are shown are brought up to date.
const tick = 500 * time.Millisecond

// redrawn is the time between two states of a line that can be redrawn.
const redrawn = 100 * time.Millisecond

// starting is what an operation does before its first resource.
const starting = "starting the engine"

// every calls f until it is stopped, often enough for times that are shown to go on: the engine may have nothing to say for
// minutes.
func every(f func()) (stop func()) {
	over := make(chan struct{})
	ticker := time.NewTicker(tick)
	go func() {
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				f()
			case <-over:
				return
			}
		}
	}()
	return sync.OnceFunc(func() { close(over) })
}

// watch shows the progress of one operation.
type watch struct {
	t         *terminal
	env, what string
	total     int
	stop      func()

	mu       sync.Mutex
	started  time.Time
	last     time.Time
	doing    string // before the first resource
	finished map[string]bool
	running  map[string]string // URN -> type and name
	over     bool
}

// newWatch shows from now on how far an operation is.
func newWatch(t *terminal, env, what string) *watch { return newWatchOf(t, env, what, starting) }

// newWatchOf is newWatch for what does something else than to start an engine before its first resource.
func newWatchOf(t *terminal, env, what, doing string) *watch {
	w := &watch{
		t: t, env: env, what: what, doing: doing, started: time.Now(), last: firstWord(),
		finished: map[string]bool{}, running: map[string]string{},
	}
	w.stop = every(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.show()
	})
	return w
}

// event handles one event of the engine.
func (w *watch) event(e plan.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case e.Kind == plan.EventProgress:
		w.doing = e.Progress
	case e.Step == nil || !e.Step.Counted():
		return // printed at the end, with the rest; component resources are not counted
	case e.Step.Status == plan.Running:
		w.running[e.Step.URN] = e.Step.Type + " " + e.Step.Name
	default:
		delete(w.running, e.Step.URN)
		w.finished[e.Step.URN] = true
	}
	w.show()
}

// show shows how far the operation is, unless it did a moment ago.
func (w *watch) show() {
	since := time.Since(w.last)
	switch {
	case w.over:
	case w.t.rich && since > redrawn:
		w.last = time.Now()
		w.t.status([]string{w.line()})
	case !w.t.rich && since >= quiet(time.Since(w.started)):
		w.last = time.Now()
		w.t.note(w.line())
	}
}

// line is one line on how far the operation is.
func (w *watch) line() string {
	at := fraction(len(w.finished), w.total)
	if len(w.finished)+len(w.running) == 0 {
		at = w.doing
	}
	line := fmt.Sprintf("%s %s: %s", w.what, w.env, at)
	if taken := time.Since(w.started); taken > redrawn {
		line += ", " + seconds(taken)
	}
	if n := len(w.running); n > 0 {
		line += fmt.Sprintf(", %d in progress", n)
	}
	return line
}

// end removes the progress line.
func (w *watch) end() {
	w.stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.t.status(nil)
}

// fraction formats the resources done out of a total, or only those done while the total is unknown.
func fraction(done, total int) string {
	if total == 0 || total < done {
		return plural.Of(done, "resource")
	}
	return fmt.Sprintf("%d/%s", done, plural.Of(total, "resource"))
}
