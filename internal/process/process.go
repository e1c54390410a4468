// Package process says what the operating system knows of a process number, which another process gets later and elsewhere:
// whether it is taken, since when, and to which boot and space of numbers it belongs.
package process

import "time"

// Found is what the operating system says of a process number.
type Found struct {
	// Exists is false when no process has the number.
	Exists bool
	// Zombie is a process that has ended and that its parent has not asked about.
	Zombie bool
	// Start is when it started, in the operating system's own terms, and Started by its clock, in whole seconds at worst.
	Start   string
	Started time.Time
}
