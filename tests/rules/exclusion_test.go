package rules_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/internal/ptest"
)

// withheld returns what the engine keeps in a run that leaves the inside of the cluster out, whether the program still
// registers it or not: everything that the inside depends on, directly or not.
func withheld(regs ptest.Registrations) ptest.Registrations {
	var urns []string
	for _, r := range regs {
		if !inside(r) && r.DeletedWith == "" {
			continue
		}
		urns = append(urns, regs.WaitsFor(r.URN)...)
		if r.DeletedWith != "" {
			urns = append(append(urns, r.DeletedWith), regs.WaitsFor(r.DeletedWith)...)
		}
	}
	return slices.DeleteFunc(slices.Clone(regs), func(r ptest.Registration) bool {
		return inside(r) || !r.Custom || strings.HasPrefix(r.Type, "pulumi:") || !slices.Contains(urns, r.URN)
	})
}

// keepable are the types of what the inside may depend on: the cluster and what it stands on, and what the pods that a
// run leaves in the cluster use until they go. Access, nodes and the ways out of the network are not among them.
var keepable = []string{
	clusterType, "aws:ec2/vpc:Vpc", subnetType, "aws:kms/key:Key", "aws:cloudwatch/logGroup:LogGroup",
	roleType, "aws:iam/rolePolicy:RolePolicy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", associationType,
	"aws:ec2/securityGroup:SecurityGroup", "aws:efs/fileSystem:FileSystem",
}

func TestTheInsideKeepsNoAccessAndNoNodes(t *testing.T) {
	t.Parallel()
	for _, stack := range []string{"dev", "stg", "prod"} {
		for _, r := range withheld(registered(t, stack)) {
			assert.Contains(t, keepable, r.Type, "%s: a run that leaves the inside out would not delete %s", stack, r.URN)
			assert.False(t, strings.Contains(r.URN, "-node-"), "%s is the nodes'", r.URN)
		}
	}
	assert.NotEmpty(t, withheld(registered(t, "prod")).ByType(clusterType), "it finds what is kept")
}
