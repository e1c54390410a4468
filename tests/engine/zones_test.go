package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

func TestAZoneIsAppendedToTheControlPlanesZones(t *testing.T) {
	t.Parallel()
	e := open(t, edits{"prod": {"[euw1-az1, euw1-az2, euw1-az3]", "[euw1-az1, euw1-az2]"}}, rehearsal.Options{})
	e.up("prod", automation.UpOptions{})

	// EKS knows no way for a control plane into another zone, and the preview says so.
	_, err := e.with(t, edits{}).platform().Preview(t.Context(), "prod", automation.PreviewOptions{})
	require.ErrorContains(t, err, "prod-cluster")
	require.ErrorContains(t, err, "protect")

	wider := e.with(t, edits{"prod": {"    name: prod\n", "    name: prod\n    zones: [euw1-az1, euw1-az2]\n"}})
	wider.up("prod", automation.UpOptions{})
	control, _ := wider.object(prod, clusterType, "prod").Attributes["vpcConfig"].(attributes)
	assert.Len(t, control["subnetIds"], 2)
	assert.Len(t, wider.object(prod, nodeGroupType, "prod-general-nodes").Attributes["subnetIds"], 3)
	assert.Empty(t, planOf(t, wider, "prod"))
}

func TestAShellInTheVPCReachesThePrivateEndpoint(t *testing.T) {
	t.Parallel()
	e := frozenStands(t).copied(t, edits{"prod": {"      access: private\n", "      access: private\n      privateCidrs: [10.200.0.0/16]\n"}})
	e.up("prod", automation.UpOptions{})
	control, _ := e.object(prod, clusterType, "prod").Attributes["vpcConfig"].(attributes)
	require.NotEmpty(t, control["clusterSecurityGroupId"])
	admitted := []any{}
	for _, o := range e.objects() {
		a := o.Attributes
		if o.Type == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule" && a["securityGroupId"] == control["clusterSecurityGroupId"] {
			admitted = append(admitted, a["cidrIpv4"])
		}
	}
	assert.ElementsMatch(t, []any{"10.32.0.0/16", "10.200.0.0/16"}, admitted)
}
