package generated

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/plan"
)

var (
	seed    = flag.Uint64("seed", 1, "seed of the first generated estate; the next ones count up")
	estates = flag.Int("estates", 200, "how many generated estates are previewed")
	live    = flag.Int("live", 8, "how many generated estates are brought up, changed and destroyed")
	changes = flag.Int("changes", 6, "how many changes the frozen estate gets, at most")
)

// generated returns the estate of a seed, and what it has changed in another one.
func generated(t *testing.T, g *Generator, from Estate, only ...string) (Estate, string) {
	t.Helper()
	out, what, err := g.Change(from, 1+g.rand.IntN(*changes), only...)
	require.NoError(t, err)
	return out, "\n  " + strings.Join(what, "\n  ")
}

// text returns steps or diagnostics, each on a line.
func text[T fmt.Stringer](all []T) string {
	lines := make([]string, len(all))
	for i, a := range all {
		lines[i] = a.String()
	}
	return strings.Join(lines, "\n")
}

func run(t *testing.T, p *Platform, op plan.Operation, e Estate, stack string) (*plan.Result, error) {
	t.Helper()
	r, err := p.Run(t.Context(), op, e, stack)
	return r, err
}

// TestWhatValidationAcceptsAPreviewAccepts previews stacks that do not exist yet.
func TestWhatValidationAcceptsAPreviewAccepts(t *testing.T) {
	t.Parallel()
	frozen, err := Frozen()
	require.NoError(t, err)
	p, err := Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	_, err = run(t, p, plan.OpUp, frozen, "dev") // whose cluster stg joins
	require.NoError(t, err)
	fresh, err := Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = fresh.Close() })
	reached := map[string]bool{}
	for n := range *estates {
		s := *seed + uint64(n)
		g, err := NewGenerator(s, t.TempDir())
		require.NoError(t, err)
		stack := Stacks[n%len(Stacks)]
		e, what := generated(t, g, frozen, stack)
		for key := range e[stack] {
			if show(e[stack][key]) != show(frozen[stack][key]) {
				reached[key] = true
			}
		}
		on := fresh
		if stack == "stg" {
			on = p
		}
		r, err := run(t, on, plan.OpPreview, e, stack)
		if err != nil || len(r.Errors) > 0 {
			t.Errorf("-seed %d -estates 1: validation accepts %s with%s\nand its preview fails: %v\n%s", s, stack, what, err, text(r.Errors))
		}
	}
	if *estates >= 200 { // then chance leaves no part of the configuration out
		for _, key := range []string{
			"network", "cluster", "addons", "nodeGroups", "ingress", "autoscaling", "secrets", "storage", "podCleanup", "logging",
			"tenancy", "tags", "imageRegistries",
		} {
			assert.True(t, reached[key], "no generated estate has another %s than the frozen one", key)
		}
	}
}

func TestASeedGivesTheSameEstate(t *testing.T) {
	t.Parallel()
	frozen, err := Frozen()
	require.NoError(t, err)
	var all []Estate
	for _, s := range []uint64{*seed, *seed, *seed + 1} {
		g, err := NewGenerator(s, t.TempDir())
		require.NoError(t, err)
		e, what, err := g.Change(frozen, 5)
		require.NoError(t, err)
		assert.Len(t, what, 5)
		all = append(all, e)
	}
	assert.Equal(t, all[0], all[1])
	assert.NotEqual(t, all[0], all[2])
	assert.NotEqual(t, frozen, all[0])
}

// TestWhatAPreviewAcceptsAnUpdateDoes brings estates up, changes them and destroys them. A change that its preview
// refuses is not made; what else a preview accepts must be done, and leave nothing for the next preview.
func TestWhatAPreviewAcceptsAnUpdateDoes(t *testing.T) {
	t.Parallel()
	frozen, err := Frozen()
	require.NoError(t, err)
	for n := range *live {
		s := *seed + uint64(n)
		g, err := NewGenerator(s, t.TempDir())
		require.NoError(t, err)
		p, err := Open(t.TempDir())
		require.NoError(t, err)
		present, what := generated(t, g, frozen)
		history := "the first update with" + what
		fail := func(format string, args ...any) {
			t.Helper()
			t.Errorf("-seed %d -live 1: %s\n"+format, append([]any{s, history}, args...)...)
		}
		up := func(e Estate, stack string) bool {
			r, err := run(t, p, plan.OpUp, e, stack)
			if err != nil {
				fail("%s: its preview was accepted, its update fails: %v\n%s\nof\n%s", stack, err,
					text(r.Errors), text(r.Steps))
				return false
			}
			r, err = run(t, p, plan.OpPreview, e, stack)
			if err != nil || len(r.Steps) > 0 {
				fail("%s: a preview right after the update: %v\n%s", stack, err, text(r.Steps))
				return false
			}
			return true
		}
		good := true
		for _, stack := range Stacks {
			if good = up(present, stack); !good {
				break
			}
		}
		for range 2 {
			if !good {
				break
			}
			next, what := generated(t, g, present)
			for _, stack := range Stacks {
				if show(next[stack]) == show(present[stack]) {
					continue
				}
				trial := present.Clone()
				trial[stack] = next[stack]
				if r, err := run(t, p, plan.OpPreview, trial, stack); err != nil {
					t.Logf("-seed %d: a preview of %s refuses%s\n%s", s, stack, what, text(r.Errors))
					continue
				}
				history += "\nthen " + stack + " of" + what
				if good = good && up(trial, stack); good {
					present = trial
				}
			}
		}
		if good {
			for _, stack := range slices.Backward(Stacks) {
				if r, err := run(t, p, plan.OpDestroy, present, stack); err != nil {
					fail("%s cannot be destroyed: %v\n%s", stack, err, text(r.Errors))
					good = false
				}
			}
		}
		if good {
			left, err := p.Left()
			require.NoError(t, err)
			assert.Empty(t, left, history)
		}
		require.NoError(t, p.Close())
	}
}
