package deployorder_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/internal/deployorder"
)

// estate is the owner of each environment, "" for one with a cluster of its own, and those that need an approval.
type estate struct {
	owners   map[string]string
	approval []string
}

func (e estate) Names() []string {
	var out []string
	for name := range e.owners {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
func (e estate) Owner(stack string) string          { return e.owners[stack] }
func (e estate) RequiresApproval(stack string) bool { return slices.Contains(e.approval, stack) }

func TestOwnersComeBeforeThoseWhoJoinAndApprovalsLast(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]estate{
		"dev stg prod":          {owners: map[string]string{"dev": "", "stg": "dev", "prod": ""}},
		"prod dev stg":          {owners: map[string]string{"dev": "", "stg": "dev", "prod": ""}, approval: []string{"dev"}},
		"sandbox live blue":     {owners: map[string]string{"live": "", "blue": "live", "sandbox": ""}, approval: []string{"live"}},
		"dev qa live dev-audit": {owners: map[string]string{"dev": "", "qa": "dev", "live": "", "dev-audit": "live"}, approval: []string{"dev-audit"}},
	} {
		assert.Equal(t, strings.Fields(want), deployorder.Of(e))
	}
	assert.Equal(t, []string{"b", "a", "z", "c"}, deployorder.Sort([]string{"b", "a"}, []string{"z", "a", "c", "b"}), "what is not known comes last")
}
