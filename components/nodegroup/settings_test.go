package nodegroup_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/internal/schema"
)

type node struct {
	Properties map[string]node `json:"properties"`
	Items      *node           `json:"items"`
	Required   []string        `json:"required"`
	Enum       []any           `json:"enum"`
	Default    any             `json:"default"`
	Pattern    string          `json:"pattern"`
}

func TestTheTagsSayWhatASettingCanBe(t *testing.T) {
	t.Parallel()
	raw, err := schema.Generate(&nodegroup.Settings{}, "github.com/eks-platform/eks-platform")
	require.NoError(t, err)
	var s node
	require.NoError(t, json.Unmarshal(raw, &s))
	assert.ElementsMatch(t, []string{"name", "ami", "instanceTypes", "scaling"}, s.Required)
	assert.Len(t, s.Properties["ami"].Properties["type"].Enum, 11)
	assert.Equal(t, `^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$`, s.Properties["name"].Pattern)
	assert.Equal(t, "onDemand", s.Properties["capacity"].Default)
	assert.Equal(t, true, s.Properties["repair"].Default)
	assert.EqualValues(t, 50, s.Properties["volume"].Properties["sizeGiB"].Default)
	effects := s.Properties["taints"].Items.Properties["effect"].Enum
	require.Len(t, effects, 3)
	for _, effect := range effects {
		group := system()
		group.Taints = []nodegroup.Taint{{Key: "a", Effect: effect.(string)}}
		assert.Empty(t, (&nodegroup.Args{Settings: group}).Problems(), effect)
	}
}
