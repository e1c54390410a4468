package engine

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/internal/githubtest"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
)

// BenchmarkComment measures how long a pull request waits for its comment: from the start of platform preview of three
// environments, which stand and of which each has a change, to the end of platform report, which updates the comment at
// a stand-in of GitHub. Whole processes, as a workflow runs them. Each round does it with the environments previewed at
// the same time and one after the other; the ratio is of their sums.
func BenchmarkComment(b *testing.B) {
	environments := []string{"dev", "stg", "prod"}
	cli, err := pulumicli.Find(context.Background(), pulumicli.Options{Dir: estatetest.Root(), Progress: func(line string) { b.Log(line) }})
	if err != nil {
		b.Fatal(err)
	}
	command := filepath.Join(b.TempDir(), "platform")
	if out, err := exec.Command("go", "build", "-o", command, "../../cmd/platform").CombinedOutput(); err != nil {
		b.Fatalf("build the command: %v\n%s", err, out)
	}
	dir, cloud := project(b), b.TempDir()
	standing(b, dir, cloud, cli, environments)
	for _, env := range environments {
		change(b, filepath.Join(dir, "Pulumi."+env+".yaml"))
	}

	github := githubtest.Start(b)
	run := 0
	round := func(atOnce int) time.Duration {
		b.Helper()
		run++
		place := b.TempDir()
		parts := filepath.Join(place, "parts")
		env := append(os.Environ(), "PATH="+filepath.Dir(cli.Path)+string(os.PathListSeparator)+os.Getenv("PATH"))
		variables := github.Environment(b, place, run)
		for _, name := range slices.Sorted(maps.Keys(variables)) {
			env = append(env, name+"="+variables[name])
		}
		start := time.Now()
		for _, args := range [][]string{
			append([]string{"preview", "--cloud", "rehearsal", "--dir", cloud, "-p", dir, "--save", parts, "--at-once", fmt.Sprint(atOnce)}, environments...),
			{"report", parts, "--comment", "--expect", strings.Join(environments, ",")},
		} {
			c := exec.Command(command, args...)
			c.Env = env
			if out, err := c.CombinedOutput(); err != nil {
				b.Fatalf("platform %s: %v\n%s", args[0], err, out)
			}
		}
		took := time.Since(start)
		comments := github.Comments()
		if len(comments) != 1 || !strings.Contains(comments[0], "3 with changes") || !strings.Contains(comments[0], fmt.Sprintf("/runs/%d/", run)) {
			b.Fatalf("the comment is not that of run %d: %s", run, comments)
		}
		return took
	}
	round(len(environments)) // creates the comment, warms caches
	var together, apart time.Duration
	for b.Loop() {
		together += round(len(environments))
		apart += round(1)
	}
	b.ReportMetric(together.Seconds()/float64(b.N), "s-together")
	b.ReportMetric(apart.Seconds()/float64(b.N), "s-apart")
	b.ReportMetric(together.Seconds()/apart.Seconds(), "together/apart")
}

// standing brings environments up in a rehearsal, and leaves it to other processes.
func standing(b *testing.B, dir, at string, cli *pulumicli.Command, environments []string) {
	b.Helper()
	cloud, err := rehearsal.Open(rehearsal.Options{Dir: at})
	if err != nil {
		b.Fatal(err)
	}
	p, err := automation.New(automation.Options{ProjectDir: dir, Cloud: cloud, Command: cli})
	if err != nil {
		b.Fatal(err)
	}
	for _, env := range environments {
		if _, err := p.Up(context.Background(), env, automation.UpOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	if err := cloud.Close(); err != nil {
		b.Fatal(err)
	}
}

// change gives a stack file another cost center: every resource with tags is updated.
func change(b *testing.B, file string) {
	b.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	changed := strings.Replace(string(raw), "cost-center: platform-", "cost-center: other-", 1)
	if changed == string(raw) {
		b.Fatalf("%s: there is no cost center to change", file)
	}
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		b.Fatal(err)
	}
}
