package nodegroup

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// UserData returns a group's user data on a cluster.
func UserData(t *testing.T, a *Args) string {
	t.Helper()
	text, err := a.userData(exampleCluster)
	require.NoError(t, err)
	return text
}

// AutoscalingTags returns the tags of a group's Auto Scaling group that are known from its file.
func AutoscalingTags(a *Args) map[string]string {
	out := map[string]string{}
	for key, value := range a.autoscalingTags() {
		if text, ok := value.(pulumi.String); ok {
			out[key] = string(text)
		}
	}
	return out
}

// SizeProblem asks the hook about an update of a group that has a number of nodes.
func SizeProblem(a *Args, size int) error {
	return a.sizeProblem(
		resource.NewPropertyMapFromMap(map[string]any{"scalingConfig": map[string]any{"desiredSize": float64(size)}}),
		resource.NewPropertyMapFromMap(map[string]any{"nodeGroupName": "spot-1"}),
	)
}

// ClusterDNS is the DNS address that a custom Bottlerocket node is told.
var ClusterDNS = clusterDNS

// Transformed gives the tests the transform, which does not run without an engine.
func Transformed(s Settings, typ string, props pulumi.Map, opts pulumi.ResourceOptions) (pulumi.Map, pulumi.ResourceOptions) {
	return s.transformed(typ, props, opts)
}
