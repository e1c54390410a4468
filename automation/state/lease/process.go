package lease

import (
	"fmt"
	"os"

	"github.com/eks-platform/eks-platform/internal/process"
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
	p := Process{Machine: process.Machine(), PID: os.Getpid()}
	if now, err := process.Lookup(p.PID); err == nil {
		p.Start = now.Start
	}
	return p
}

// Here reports whether the process number is one of this machine's, in this boot and in these process numbers: only then
// looking for it says anything.
func (p Process) Here() bool { return p.Machine != "" && p.Machine == process.Machine() }

// dead returns the proof that a process is gone, or nothing: because it lives, or because it cannot be known from here.
func (p Process) dead() string {
	if p.Machine == "" || p.PID <= 0 || p.Start == "" || p.Machine != process.Machine() {
		return ""
	}
	now, err := process.Lookup(p.PID)
	switch {
	case err != nil:
		return ""
	case !now.Exists:
		return fmt.Sprintf("there is no process %d on this machine any more", p.PID)
	case now.Start != p.Start:
		return fmt.Sprintf("process %d on this machine is another one that started at another time", p.PID)
	case now.Zombie:
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
