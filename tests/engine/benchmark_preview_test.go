package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
)

// project copies the frozen estate into a directory of the benchmark's own.
func project(b *testing.B) string {
	b.Helper()
	return estatetest.Copy(b, nil)
}

// platform opens a rehearsal cloud, and a platform on it whose CLI is found or built before the clock runs.
func platform(b *testing.B, dir string) *automation.Platform {
	b.Helper()
	cloud, err := rehearsal.Open(rehearsal.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cloud.Close() })
	command, err := pulumicli.Find(context.Background(), pulumicli.Options{Dir: estatetest.Root(), Progress: func(line string) { b.Log(line) }})
	if err != nil {
		b.Fatal(err)
	}
	p, err := automation.New(automation.Options{ProjectDir: dir, Cloud: cloud, Command: command})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func preview(b *testing.B, p *automation.Platform, stack string) *plan.Result {
	b.Helper()
	r, err := p.Preview(context.Background(), stack, automation.PreviewOptions{})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkPreviewOfFreshEnvironments previews environments that do not exist yet, engine process included.
func BenchmarkPreviewOfFreshEnvironments(b *testing.B) {
	for _, stack := range []string{"dev", "prod"} {
		b.Run(stack, func(b *testing.B) {
			p := platform(b, project(b))
			resources := preview(b, p, stack).Resources() // finds the CLI, warms caches
			for b.Loop() {
				preview(b, p, stack)
			}
			b.ReportMetric(float64(resources), "resources")
		})
	}
}

// BenchmarkPreviewOfManyNodeGroups previews prod with 10, 100 and 1,000 node groups. Cost is linear when the time per
// group does not grow.
func BenchmarkPreviewOfManyNodeGroups(b *testing.B) {
	for _, groups := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) {
			dir := project(b)
			multiply(b, filepath.Join(dir, "Pulumi.prod.yaml"), groups)
			p := platform(b, dir)
			resources := preview(b, p, "prod").Resources()
			for b.Loop() {
				preview(b, p, "prod")
			}
			b.ReportMetric(float64(resources), "resources")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(groups)/1000, "ms/group")
		})
	}
}

// multiply gives a stack file n node groups, each in one zone and small enough for the network to hold them all.
func multiply(b *testing.B, path string, n int) {
	b.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	var file map[string]map[string]any
	if err := yaml.Unmarshal(raw, &file); err != nil {
		b.Fatal(err)
	}
	config := file["config"]
	groups, _ := config["eks-platform:nodeGroups"].([]any)
	zones := []string{"euw1-az1", "euw1-az2", "euw1-az3"}
	var many []any
	for i := range n {
		group := map[string]any{}
		first, _ := groups[0].(map[string]any)
		for k, v := range first {
			group[k] = v
		}
		group["name"] = fmt.Sprintf("group-%d", i)
		group["zones"] = []string{zones[i%len(zones)]}
		group["scaling"] = map[string]any{"min": 1, "max": 1, "desired": 1}
		group["kubelet"] = map[string]any{"maxPods": 4}
		many = append(many, group)
	}
	config["eks-platform:nodeGroups"] = many
	addons, _ := config["eks-platform:addons"].(map[string]any)
	cni, _ := addons["vpcCni"].(map[string]any)
	cni["prefixDelegation"] = false
	out, err := yaml.Marshal(file)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.TrimSpace(string(out))+"\n"), 0o600); err != nil {
		b.Fatal(err)
	}
}
