package kubernetes

import (
	"testing"

	"github.com/stretchr/testify/assert"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
)

func TestOwnGroupsAreThoseOfTheClients(t *testing.T) {
	t.Parallel()
	groups := map[string]bool{crdGVK.Group: true}
	for _, v := range clientscheme.Scheme.PrioritizedVersionsAllGroups() {
		groups[v.Group] = true
	}
	own := map[string]bool{}
	for _, g := range ownGroups {
		own[g] = true
	}
	assert.Equal(t, groups, own)
}

func TestEveryKindHasAType(t *testing.T) {
	t.Parallel()
	for token, k := range kinds {
		_, err := k.empty()
		assert.NoError(t, err, token)
	}
}
