package lease

import (
	"fmt"
	"os"

	"github.com/eks-platform/eks-platform/internal/process"
)

// Process identifies a process. A PID alone does not: it is reused, and the same on other machines.
type Process struct {
	// Machine is the boot and the PID namespace; empty if the operating system does not say, and then nothing can be
	// proven.
	Machine string `json:"machine,omitempty"`
	// PID is the process ID.
	PID int `json:"pid"`
	// Start is when it started, in the operating system's own terms.
	Start string `json:"start,omitempty"`
}

// thisProcess is the current process.
func thisProcess() Process {
	p := Process{Machine: process.Machine(), PID: os.Getpid()}
	if now, err := process.Lookup(p.PID); err == nil {
		p.Start = now.Start
	}
	return p
}

// Here reports whether the process is of this machine, this boot and this PID namespace: only then can it be looked up.
func (p Process) Here() bool { return p.Machine != "" && p.Machine == process.Machine() }

// dead returns the proof that a process is gone, or "" if it is alive or that cannot be known from here.
func (p Process) dead() string {
	if p.Machine == "" || p.PID <= 0 || p.Start == "" || p.Machine != process.Machine() {
		return ""
	}
	now, err := process.Lookup(p.PID)
	switch {
	case err != nil:
		return ""
	case !now.Exists:
		return fmt.Sprintf("there is no process %d on this machine", p.PID)
	case now.Start != p.Start:
		return fmt.Sprintf("process %d on this machine is a different process, which started at another time", p.PID)
	case now.Zombie:
		return fmt.Sprintf("process %d on this machine has ended", p.PID)
	}
	return ""
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "an unknown host"
	}
	return name
}
