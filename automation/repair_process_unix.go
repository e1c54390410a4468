//go:build unix

package automation

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// gone returns the proof that a process of this machine, which was running at a time, is gone; nothing when it may be
// running.
func gone(pid int, at time.Time) string {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return fmt.Sprintf("there is no process %d on this machine any more", pid)
	}
	started, ended, err := processStart(pid)
	switch {
	case err != nil:
		return ""
	case ended:
		return fmt.Sprintf("process %d on this machine has ended", pid)
	case started.After(at.Add(margin)):
		return fmt.Sprintf("process %d on this machine is another one, which started at %s", pid, started.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	return ""
}
