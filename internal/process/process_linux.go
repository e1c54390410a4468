package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Machine is the boot ID and the PID namespace: containers of one host share the former, and the first namespace has the
// same name on all hosts.
func Machine() string {
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

// Lookup looks up a process. Whether it exists is asked with a signal 0: /proc can hide the processes of other
// users.
func Lookup(pid int) (Found, error) {
	switch err := syscall.Kill(pid, 0); {
	case errors.Is(err, syscall.ESRCH):
		return Found{}, nil
	case err != nil && !errors.Is(err, syscall.EPERM):
		return Found{}, err
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Found{}, err
	}
	// proc_pid_stat(5): the name, the second field, is in parentheses and may contain any character. The state is the
	// third field, the start in ticks since the boot the 22nd.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return Found{}, fmt.Errorf("/proc/%d/stat has an unexpected layout", pid)
	}
	out := Found{Exists: true, Zombie: fields[0] == "Z" || fields[0] == "X", Start: fields[19]}
	ticks, err := strconv.ParseInt(out.Start, 10, 64)
	if err != nil {
		return Found{}, err
	}
	boot, err := bootTime()
	out.Started = boot.Add(time.Duration(ticks) * time.Second / userHz)
	return out, err
}

// userHz is the unit of process times in /proc, on every architecture that EKS and this program run on.
const userHz = 100

// bootTime is the machine's boot time, in whole seconds.
func bootTime() (time.Time, error) {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}, err
	}
	for line := range strings.Lines(string(raw)) {
		if text, ok := strings.CutPrefix(line, "btime "); ok {
			seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			return time.Unix(seconds, 0), err
		}
	}
	return time.Time{}, errors.New("/proc/stat does not say when the machine was booted")
}
