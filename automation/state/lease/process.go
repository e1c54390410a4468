package lease

import (
	"fmt"
	"os"
)

// Process identifies a process beyond its number, which another one gets later and elsewhere.
type Process struct {
	// Machine is the boot and the space of process numbers that the number belongs to; empty where the operating
	// system does not tell, and then nothing is ever proven.
	Machine string `json:"machine,omitempty"`
	// PID is the process number.
	PID int `json:"pid"`
	// Start is when it started, in the operating system's own terms.
	Start string `json:"start,omitempty"`
}

// thisProcess is the process that asks.
func thisProcess() Process {
	p := Process{Machine: machine(), PID: os.Getpid()}
	if now, err := lookup(p.PID); err == nil {
		p.Start = now.start
	}
	return p
}

// found is what the operating system says of a process number.
type found struct {
	// exists is false when no process has the number.
	exists bool
	// zombie is a process that has ended and that its parent has not asked about.
	zombie bool
	start  string
}

// dead returns the proof that a process is gone, or nothing: because it lives, or because it cannot be known from here.
func (p Process) dead() string {
	if p.Machine == "" || p.PID <= 0 || p.Start == "" || p.Machine != machine() {
		return ""
	}
	now, err := lookup(p.PID)
	switch {
	case err != nil:
		return ""
	case !now.exists:
		return fmt.Sprintf("there is no process %d on this machine any more", p.PID)
	case now.start != p.Start:
		return fmt.Sprintf("process %d on this machine is another one that started at another time", p.PID)
	case now.zombie:
		return fmt.Sprintf("process %d on this machine has ended", p.PID)
	}
	return ""
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "an unnamed host"
	}
	return name
}
