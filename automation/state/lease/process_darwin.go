package lease

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// machine is the id of the boot.
func machine() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
}

// zombie is SZOMB of sys/proc.h.
const zombie = 5

// lookup finds out about a process.
func lookup(pid int) (found, error) {
	switch err := syscall.Kill(pid, 0); {
	case errors.Is(err, syscall.ESRCH):
		return found{}, nil
	case err != nil && !errors.Is(err, syscall.EPERM):
		return found{}, err
	}
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return found{}, err
	}
	start := info.Proc.P_starttime
	return found{exists: true, zombie: info.Proc.P_stat == zombie, start: fmt.Sprintf("%d.%06d", start.Sec, start.Usec)}, nil
}
