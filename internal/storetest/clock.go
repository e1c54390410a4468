package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// Clock is a clock that a test moves. It is the time of stores, and of whatever waits with After.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	changed *sync.Cond
	timers  []timer
}

type timer struct {
	at time.Time
	c  chan time.Time
}

// NewClock returns a clock that stands at a whole second, which S3 can express.
func NewClock() *Clock {
	c := &Clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After returns a channel that gets the time once the clock was moved so far, and a function that forgets about it.
func (c *Clock) After(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := timer{at: c.now.Add(d), c: make(chan time.Time, 1)}
	if d <= 0 {
		t.c <- c.now
		return t.c, func() {}
	}
	c.timers = append(c.timers, t)
	c.changed.Broadcast()
	return t.c, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.timers = slices.DeleteFunc(c.timers, func(other timer) bool { return other.c == t.c })
	}
}

// Advance moves the clock and wakes whoever waited for less.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	var later []timer
	for _, t := range c.timers {
		if t.at.After(c.now) {
			later = append(later, t)
			continue
		}
		t.c <- c.now
	}
	c.timers = later
}

// Await returns once something waits for exactly this long from now.
func (c *Clock) Await(t *testing.T, d time.Duration) {
	t.Helper()
	c.await(t, func(at time.Duration) bool { return at == d })
}

// AwaitUpTo returns once something waits for no longer than this from now.
func (c *Clock) AwaitUpTo(t *testing.T, d time.Duration) {
	t.Helper()
	c.await(t, func(at time.Duration) bool { return at <= d })
}

func (c *Clock) await(t *testing.T, fits func(time.Duration) bool) {
	t.Helper()
	expired := false
	watch := time.AfterFunc(20*time.Second, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		expired = true
		c.changed.Broadcast()
	})
	defer watch.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		for _, timer := range c.timers {
			if fits(timer.at.Sub(c.now)) {
				return
			}
		}
		if expired {
			t.Fatal("nothing waits for the clock as expected")
		}
		c.changed.Wait()
	}
}
