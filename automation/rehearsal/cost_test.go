package rehearsal

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/warehouse"
)

// watched is a CLI whose runs are noted.
type watched struct {
	auto.PulumiCommand
	runs []run
}

type run struct{ args, env []string }

func (w *watched) Run(ctx context.Context, dir string, in io.Reader, out, err []io.Writer, env []string, args ...string) (string, string, int, error) {
	w.runs = append(w.runs, run{args, env})
	return w.PulumiCommand.Run(ctx, dir, in, out, err, env, args...)
}

// only returns the run of the one operation that was needed, and forgets it.
func (w *watched) only(t *testing.T, operation string) run {
	t.Helper()
	defer func() { w.runs = nil }()
	var all []string
	for _, r := range w.runs {
		all = append(all, strings.Join(r.args, " "))
	}
	require.Len(t, w.runs, 1, "one run of the CLI each: %s", strings.Join(all, "\n"))
	require.Contains(t, w.runs[0].args, operation)
	return w.runs[0]
}

func TestAnOperationInARehearsalIsOneRunOfTheCLI(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cloud := Over(t.TempDir(), r.serve, func() error { return nil })
	cli := &watched{PulumiCommand: clitest.Find(t)}
	p, err := automation.New(automation.Options{ProjectDir: r.dir, Cloud: cloud, Program: warehouse.Program, Command: cli, Estate: r.load})
	require.NoError(t, err)
	stateAtEnd := func(r run) bool { return slices.Contains(r.env, "PULUMI_SKIP_CHECKPOINTS=true") }

	first, err := p.Preview(t.Context(), "prod", automation.PreviewOptions{})
	require.NoError(t, err)
	assert.False(t, first.Empty())
	assert.True(t, stateAtEnd(cli.only(t, "preview")), "a preview keeps no state and needs none before its end")

	_, err = p.Up(t.Context(), "prod", automation.UpOptions{})
	require.NoError(t, err)
	assert.False(t, stateAtEnd(cli.only(t, "up")), "what an up has done must be in the state at every step: it may be killed")

	again, err := p.Preview(t.Context(), "prod", automation.PreviewOptions{})
	require.NoError(t, err)
	assert.True(t, again.Empty())
	cli.only(t, "preview")

	_, err = p.Refresh(t.Context(), "prod", automation.RefreshOptions{})
	require.NoError(t, err)
	assert.False(t, stateAtEnd(cli.only(t, "refresh")))
}
