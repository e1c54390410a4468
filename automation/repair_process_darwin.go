package automation

import (
	"time"

	"golang.org/x/sys/unix"
)

// zombie is SZOMB of sys/proc.h.
const zombie = 5

// processStart returns when a process started, and whether it has ended and only waits for its parent.
func processStart(pid int) (started time.Time, ended bool, err error) {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return time.Time{}, false, err
	}
	at := info.Proc.P_starttime
	return time.Unix(at.Sec, int64(at.Usec)*1000), info.Proc.P_stat == zombie, nil
}
