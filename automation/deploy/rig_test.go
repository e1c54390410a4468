package deploy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/stackfile"
	"github.com/eks-platform/eks-platform/internal/warehouse"
)

// rig is a platform on a warehouse, with a real CLI.
type rig struct {
	*automation.Platform
	t      *testing.T
	boxes  *warehouse.Boxes
	place  string // where the rehearsal lies
	cloud  automation.Cloud
	estate automation.Estate
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, stackfile.Project), []byte("name: warehouse\nruntime: go\n"), 0o600))
	r := &rig{t: t, boxes: warehouse.NewBoxes(), place: t.TempDir(), estate: warehouse.Everybody}
	r.open(dir, rehearsal.Over(r.place, r.boxes.Serve, func() error { return nil }))
	for _, stack := range warehouse.Everybody {
		r.configure(stack, "boxes: [a, b]", "colour: red", "shape: cube")
	}
	return r
}

func (r *rig) open(dir string, cloud automation.Cloud) {
	r.t.Helper()
	p, err := automation.New(automation.Options{
		ProjectDir: dir, Cloud: cloud, Program: warehouse.Program, Command: clitest.Find(r.t),
		Estate: func(string) (automation.Estate, error) { return r.estate, nil },
	})
	require.NoError(r.t, err)
	r.Platform, r.cloud = p, cloud
}

// on moves the platform to another cloud.
func (r *rig) on(cloud automation.Cloud) { r.open(r.Dir(), cloud) }

// configure writes a stack's file.
func (r *rig) configure(stack string, keys ...string) {
	r.t.Helper()
	var text strings.Builder
	text.WriteString("config:\n")
	for _, k := range keys {
		text.WriteString("  warehouse:" + k + "\n")
	}
	require.NoError(r.t, os.WriteFile(filepath.Join(r.Dir(), stackfile.Name(stack)), []byte(text.String()), 0o600))
}

func (r *rig) up(stack string) *plan.Result {
	r.t.Helper()
	res, err := r.Up(r.t.Context(), stack, automation.UpOptions{})
	require.NoError(r.t, err)
	return res
}

// Deploy and what follows are the functions of the package on the rig's platform.
func (r *rig) Deploy(ctx context.Context, env string, o Options) (*Deployment, error) {
	return Run(ctx, r.Platform, env, o)
}

func (r *rig) DeployAll(ctx context.Context, envs []string, options func(string) Options) ([]*Deployment, error) {
	return All(ctx, r.Platform, envs, options)
}

func (r *rig) Order(envs ...string) ([]string, error) { return Order(r.Platform, envs...) }

func (r *rig) Repair(ctx context.Context, env string, o RepairOptions) (*Repaired, error) {
	return Repair(ctx, r.Platform, env, o)
}

func (r *rig) Drift(ctx context.Context, env string, o DriftOptions) (*Drifted, error) {
	return Drift(ctx, r.Platform, env, o)
}

func ops(r *plan.Result) map[string]string {
	out := map[string]string{}
	for _, s := range r.Steps {
		out[s.Name] = s.Op
	}
	return out
}
