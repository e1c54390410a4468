package lease

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// machine is the boot's id and the namespace of process numbers: containers of one host share the former, and all hosts
// call their first namespace the same.
func machine() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + space
}

// lookup finds out about a process. Whether it exists is asked with a signal 0: /proc can hide the processes of other
// users.
func lookup(pid int) (found, error) {
	switch err := syscall.Kill(pid, 0); {
	case errors.Is(err, syscall.ESRCH):
		return found{}, nil
	case err != nil && !errors.Is(err, syscall.EPERM):
		return found{}, err
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return found{}, err
	}
	// proc_pid_stat(5): the name, the second field, is in parentheses and may contain any character. The state is the
	// third field, the start in ticks since the boot the 22nd.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return found{}, fmt.Errorf("/proc/%d/stat has another layout", pid)
	}
	return found{exists: true, zombie: fields[0] == "Z" || fields[0] == "X", start: fields[19]}, nil
}
