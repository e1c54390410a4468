package process

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is the boot ID.
func Machine() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
}

// zombie is SZOMB of sys/proc.h.
const zombie = 5

// Lookup looks up a process.
func Lookup(pid int) (Found, error) {
	switch err := syscall.Kill(pid, 0); {
	case errors.Is(err, syscall.ESRCH):
		return Found{}, nil
	case err != nil && !errors.Is(err, syscall.EPERM):
		return Found{}, err
	}
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return Found{}, err
	}
	start := info.Proc.P_starttime
	return Found{
		Exists: true, Zombie: info.Proc.P_stat == zombie, Start: fmt.Sprintf("%d.%06d", start.Sec, start.Usec),
		Started: time.Unix(start.Sec, int64(start.Usec)*1000),
	}, nil
}
