package automation

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/warehouse"
)

// served makes boxes the providers of a Rehearsal.
func served(b *warehouse.Boxes) func(ctx context.Context) (endpoint, error) {
	return func(ctx context.Context) (endpoint, error) { return b.Serve(ctx) }
}

// rig is a platform on the fake cloud, with a real CLI.
type rig struct {
	*Platform
	t     *testing.T
	boxes *warehouse.Boxes
}

func newRig(t *testing.T) *rig {
	t.Helper()
	command := clitest.Find(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, projectFile), []byte("name: warehouse\nruntime: go\n"), 0o600))
	b := warehouse.NewBoxes()
	cloud := &Rehearsal{dir: t.TempDir(), serve: served(b), closing: func() error { return nil }}
	p, err := New(Options{ProjectDir: dir, Cloud: cloud, Program: warehouse.Program, Command: command})
	require.NoError(t, err)
	p.load = func(string) (Estate, error) { return warehouse.Everybody, nil }
	r := &rig{Platform: p, t: t, boxes: b}
	for _, stack := range warehouse.Everybody {
		r.configure(stack, "boxes: [a, b]", "colour: red", "shape: cube")
	}
	return r
}

// configure writes a stack's file.
func (r *rig) configure(stack string, keys ...string) {
	r.t.Helper()
	var text strings.Builder
	text.WriteString("secretsprovider: awskms://alias/of-the-real-stack\nconfig:\n")
	for _, k := range keys {
		text.WriteString("  warehouse:" + k + "\n")
	}
	require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, stackFile(stack)), []byte(text.String()), 0o600))
}

func (r *rig) up(stack string) *plan.Result {
	r.t.Helper()
	res, err := r.Up(r.t.Context(), stack, UpOptions{})
	require.NoError(r.t, err)
	return res
}
