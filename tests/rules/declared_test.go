package rules_test

import (
	"encoding/json"
	"path/filepath"
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
var frozen = sync.OnceValues(func() (map[string]ptest.Registrations, error) {
	e, err := stacks.LoadEstate(estatetest.Dir())
	if err != nil {
		return nil, err
	}
	return registrations(e, estatetest.Dir())
})

// registrations returns what the program registers for the stack files of a directory, by stack. A stack that joins
// reads what its owner really publishes.
func registrations(e *stacks.Estate, dir string) (map[string]ptest.Registrations, error) {
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

// settings are what a stack file says that rules go by.
type settings struct {
	Tags                      map[string]string
	Network, Cluster, Logging section
	Delivery                  struct{ RequireApproval bool }
}

// section is a part of a stack file that may release what it owns from protection.
type section struct{ Protect *bool }

func (s section) unprotected() bool { return s.Protect != nil && !*s.Protect }

// production reports whether nothing is deployed without an approval.
func (s settings) production() bool { return s.Delivery.RequireApproval }

// readSettings reads a stack's file.
func readSettings(dir, stack string) (settings, error) {
	var out settings
	config, err := declared.Config(filepath.Join(dir, "Pulumi."+stack+".yaml"))
	if err != nil {
		return out, err
	}
	parts := map[string]any{
		"tags": &out.Tags, "network": &out.Network, "cluster": &out.Cluster, "logging": &out.Logging, "delivery": &out.Delivery,
	}
	for key, into := range parts {
		if text := config[declared.Qualified(key)]; text != "" {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// settingsOf reads the file of a stack of the frozen estate.
func settingsOf(t *testing.T, stack string) settings {
	t.Helper()
	out, err := readSettings(estatetest.Dir(), stack)
	require.NoError(t, err)
	return out
}
