package engine_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/declared"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/stacks"
)

// repository holds what the program registers for the repository's own stack files, by stack.
var repository = sync.OnceValues(func() (map[string]ptest.Registrations, error) { return registrations(root) })

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

// registered returns what the program registers for one of the repository's stack files.
func registered(t *testing.T, stack string) ptest.Registrations {
	t.Helper()
	all, err := repository()
	require.NoError(t, err)
	require.NotEmpty(t, all[stack])
	return slices.Clone(all[stack])
}
