package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/estatetest"
)

// parts are the events of one replacement, which "replace" tells as a whole.
var parts = []string{"create-replacement", "delete-replaced"}

// planOf previews an environment and writes one line for each resource that does not stay as it is, also for those
// that are only read: operation, type, name, and in brackets the properties that change. The lines are ordered by URN.
func planOf(t *testing.T, e *estate, stack string) []string {
	t.Helper()
	out, _, err := planLines(t.Context(), e.platform(), stack)
	require.NoError(t, err)
	return out
}

// planLines is planOf without a test, and returns the preview's result, too.
func planLines(ctx context.Context, p *automation.Platform, stack string) ([]string, *plan.Result, error) {
	lines := map[string]string{}
	r, err := p.Preview(ctx, stack, automation.PreviewOptions{OnEvent: func(event plan.Event) {
		s := event.Step
		if s == nil || s.Op == "same" || slices.Contains(parts, s.Op) {
			return
		}
		line := fmt.Sprintf("%s %s %s", s.Op, s.Type, s.Name)
		if len(s.DiffKeys) > 0 {
			line += " [" + strings.Join(s.DiffKeys, " ") + "]"
		}
		lines[s.URN] = line
	}})
	out := make([]string, 0, len(lines))
	for _, urn := range slices.Sorted(maps.Keys(lines)) {
		out = append(out, lines[urn])
	}
	return out, r, err
}

// golden compares lines with a file in tests/testdata, or writes the file under UPDATE_GOLDEN=1.
func golden(t *testing.T, lines []string, file string) {
	t.Helper()
	path := estatetest.Path(file)
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
		return
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s does not exist; write it with UPDATE_GOLDEN=1 go test", path)
	}
	require.NoError(t, err)
	assert.Equal(t, strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n"), lines,
		"the preview is not that of %s; if every difference is meant, rewrite the file with UPDATE_GOLDEN=1 go test", path)
}
