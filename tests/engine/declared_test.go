package engine_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/declared"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/stacks"
)

// frozen holds what the program registers for the frozen estate, by stack.
var frozen = sync.OnceValues(func() (map[string]ptest.Registrations, error) { return registrations(estatetest.Dir()) })

// registrations returns what the program registers for the stack files of a directory, by stack. A stack that joins
// reads what its owner really publishes.
func registrations(dir string) (map[string]ptest.Registrations, error) {
	e, err := stacks.LoadEstate(dir)
	if err != nil {
		return nil, err
	}
	out := map[string]ptest.Registrations{}
	for _, owner := range e.Names() {
		if e.Owner(owner) != "" {
			continue
		}
		cluster, err := declared.Cluster(stacks.Program, dir, owner, e.Joined(owner))
		if err != nil {
			return nil, err
		}
		for _, s := range cluster {
			out[s.Name] = s.Registrations
		}
	}
	return out, nil
}

// registered returns what the program registers for a stack of the frozen estate.
func registered(t *testing.T, stack string) ptest.Registrations {
	t.Helper()
	all, err := frozen()
	require.NoError(t, err)
	require.NotEmpty(t, all[stack])
	return slices.Clone(all[stack])
}
