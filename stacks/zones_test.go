package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/ptest"
)

// EKS keeps a control plane in the zones that it was made in.
func TestAZoneCanBeAppendedWithoutMovingTheControlPlane(t *testing.T) {
	t.Parallel()
	config := configOf(t, "dev")
	three := config["eks-platform:network"]
	two := strings.Replace(three, `"euw1-az2","euw1-az3"]`, `"euw1-az2"]`, 1)
	require.NotEqual(t, three, two)
	config["eks-platform:network"] = two
	before, err := run(t, "dev", false, ptest.WithConfig(config))
	require.NoError(t, err)
	config["eks-platform:network"] = three
	config["eks-platform:cluster"] = strings.Replace(config["eks-platform:cluster"], `{`, `{"zones":["euw1-az1","euw1-az2"],`, 1)
	after, err := run(t, "dev", false, ptest.WithConfig(config))
	require.NoError(t, err)

	const clusterType, groupType = "aws:eks/cluster:Cluster", "eks:index:ManagedNodeGroup"
	was, ok := before.Named(clusterType, "nonprod-cluster")
	require.True(t, ok)
	is, ok := after.Named(clusterType, "nonprod-cluster")
	require.True(t, ok)
	require.Len(t, was.Input("vpcConfig.subnetIds"), 2)
	assert.Equal(t, was.Input("vpcConfig.subnetIds"), is.Input("vpcConfig.subnetIds"))
	nodes, ok := after.Named(groupType, "dev-system-nodes")
	require.True(t, ok)
	assert.Len(t, nodes.Input("subnetIds"), 3, "nodes stand in the new zone")
}
