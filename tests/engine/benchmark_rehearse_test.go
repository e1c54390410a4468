package engine

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
)

// BenchmarkRehearse takes all environments up, changes and destroys them, and reports the most memory that this process
// and its children (the CLI, one per environment that runs) held together. Reading /proc, it is for Linux.
func BenchmarkRehearse(b *testing.B) {
	command, err := pulumicli.Find(context.Background(), pulumicli.Options{Dir: estatetest.Root(), Progress: func(line string) { b.Log(line) }})
	if err != nil {
		b.Fatal(err)
	}
	var peak int64
	for b.Loop() {
		done := make(chan struct{})
		sampled := make(chan int64)
		go func() {
			var most int64
			for {
				select {
				case <-done:
					sampled <- most
					return
				case <-time.After(50 * time.Millisecond):
					most = max(most, resident(os.Getpid()))
				}
			}
		}()
		report, err := rehearsal.Run(context.Background(), rehearsal.RunOptions{
			ProjectDir: estatetest.Dir(), Dir: b.TempDir(), Command: command,
		})
		close(done)
		peak = max(peak, <-sampled)
		if err != nil {
			b.Fatal(err)
		}
		if len(report.Environments) == 0 {
			b.Fatal("nothing was rehearsed")
		}
	}
	b.ReportMetric(float64(peak)/(1<<20), "MiB-peak")
}

// resident returns the resident memory of a process and its descendants, in bytes. Shared pages count once for each.
func resident(root int) int64 {
	children := map[int][]int{}
	size := map[int]int64{}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		status, err := os.ReadFile("/proc/" + e.Name() + "/status")
		if err != nil {
			continue // it has just ended
		}
		for _, line := range strings.Split(string(status), "\n") {
			fields := strings.Fields(line)
			switch {
			case len(fields) == 2 && fields[0] == "PPid:":
				parent, _ := strconv.Atoi(fields[1])
				children[parent] = append(children[parent], pid)
			case len(fields) == 3 && fields[0] == "VmRSS:":
				kib, _ := strconv.ParseInt(fields[1], 10, 64)
				size[pid] = kib << 10
			}
		}
	}
	var sum func(int) int64
	sum = func(pid int) int64 {
		total := size[pid]
		for _, c := range children[pid] {
			total += sum(c)
		}
		return total
	}
	return sum(root)
}
