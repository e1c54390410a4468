package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// minor moves all pins of the shared cluster that go with Kubernetes 1.36.
var minor = edits{
	"dev": {
		`version: "1.35"`, `version: "1.36"`,
		"v1.35.3-eksbuild.29", "v1.36.0-eksbuild.25",
		"v1.13.2-eksbuild.31", "v1.14.3-eksbuild.23",
		"v1.6.5-eksbuild.1", "v1.7.2-eksbuild.1",
		"cluster-autoscaler:v1.35.2", "cluster-autoscaler:v1.36.1",
		"kubectl:v1.35.7", "kubectl:v1.36.4",
		"1.35.8-20260930", "1.36.4-20260923",
		"1.35.8-20260930", "1.36.4-20260923",
	},
	"stg": {"1.35.8-20260930", "1.36.4-20260923"},
}

func TestAnUpdateMovesAClusterToTheNextMinorInOrder(t *testing.T) {
	t.Parallel()
	before := frozenStands(t).copied(t, nil)

	after := before.with(t, minor)
	// A joining stack follows its owner, never the other way round.
	_, err := after.platform().Preview(t.Context(), "stg", automation.PreviewOptions{})
	require.ErrorContains(t, err, "1.36.4-20260923 is a release for Kubernetes 1.36, but the cluster is on 1.35")

	after.up("dev", automation.UpOptions{})
	made := after.operationsOn("dev", rehearsal.Update)
	made.of(clusterType).before(made.of(addonType, "-kube-proxy"), "kube-proxy must not be newer than the control plane")
	made.of(addonType, "-kube-proxy").before(made.of(nodeGroupType), "new nodes come with their kube-proxy")
	made.of(nodeGroupType, "-system-").before(made.of(addonType, "-coredns"), "coredns comes after the nodes that it runs on")
	// What comes with the new minor is made when the control plane has it.
	made.of(clusterType).before(after.operationsOn("dev", rehearsal.Create).of("kubernetes:admissionregistration.k8s.io/v1:MutatingAdmissionPolicy"),
		"the API server must know mutating policies")
	assert.Empty(t, planOf(t, after, "dev"))

	after.up("stg", automation.UpOptions{})
	assert.Equal(t, "1.36", after.object(nonprod, nodeGroupType, "stg-general-nodes").Attributes["version"])
	assert.Equal(t, []string{"read aws:eks/cluster:Cluster nonprod", "read pulumi:pulumi:StackReference dev"}, planOf(t, after, "stg"))
}
