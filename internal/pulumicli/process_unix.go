//go:build unix

package pulumicli

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup puts a command into a process group of its own.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt asks a process to stop cleanly.
func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }
