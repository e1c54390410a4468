// Package process reports what the operating system knows about a process ID, which is reused, and the same on other
// machines: whether it exists, since when, and to which boot and PID namespace it belongs.
package process

import "time"

// Found is what the operating system knows about a process ID.
type Found struct {
	// Exists is false if there is no such process.
	Exists bool
	// Zombie reports whether the process has ended and its parent has not waited for it yet.
	Zombie bool
	// Start is when it started, in the operating system's own terms, and Started by its clock, in whole seconds at worst.
	Start   string
	Started time.Time
}
