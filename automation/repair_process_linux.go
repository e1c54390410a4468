package automation

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// userHz is the unit of process times in /proc, on every architecture that EKS and this program run on.
const userHz = 100

// processStart returns when a process started, and whether it has ended and only waits for its parent.
func processStart(pid int) (started time.Time, ended bool, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return time.Time{}, false, err
	}
	// proc_pid_stat(5): the name, the second field, is in parentheses and may contain any character. The state is the
	// third field, the start in ticks since the boot the 22nd.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return time.Time{}, false, fmt.Errorf("/proc/%d/stat has another layout", pid)
	}
	ticks, err := strconv.ParseInt(fields[19], 10, 64)
	if err != nil {
		return time.Time{}, false, err
	}
	boot, err := bootTime()
	if err != nil {
		return time.Time{}, false, err
	}
	return boot.Add(time.Duration(ticks) * time.Second / userHz), fields[0] == "Z" || fields[0] == "X", nil
}

// bootTime is when the machine was booted, in whole seconds.
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
	return time.Time{}, fmt.Errorf("/proc/stat does not say when the machine was booted")
}
