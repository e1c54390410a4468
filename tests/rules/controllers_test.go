package rules_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

// owners are the stacks that own a cluster, with its name.
var owners = map[string]string{"dev": "nonprod", "prod": "prod"}

// chartOf returns the release of a chart.
func chartOf(t *testing.T, regs ptest.Registrations, chart string) ptest.Registration {
	t.Helper()
	for _, r := range regs.ByType(releaseType) {
		if r.Input("chart") == chart {
			return r
		}
	}
	require.Fail(t, "no release of "+chart)
	return ptest.Registration{}
}

func TestTheControllersStayOnNodesThatAreKeptAndLetThoseBeDrained(t *testing.T) {
	t.Parallel()
	for stack, cluster := range owners {
		regs := registered(t, stack)
		home, ok := regs.Named("eks:index:ManagedNodeGroup", stack+"-system-nodes")
		require.True(t, ok)
		for _, chart := range []string{"aws-load-balancer-controller", "cluster-autoscaler"} {
			r := chartOf(t, regs, chart)
			selector, _ := r.Input("values.nodeSelector").(attributes)
			assert.Len(t, selector, len(convention.OnDemand()), chart)
			for key, value := range convention.OnDemand() {
				assert.Equal(t, value, selector[key], chart)
			}
			assert.Equal(t, attributes{"maxUnavailable": 1.0}, r.Input("values.podDisruptionBudget"), chart)
			assert.Equal(t, "system-cluster-critical", r.Input("values.priorityClassName"), chart)
			assert.NotContains(t, regs.WaitsFor(r.URN), home.URN, "%s comes after its nodes and keeps none", chart)
			given := slices.ContainsFunc(r.Dependencies, func(urn string) bool { return strings.Contains(urn, associationType) })
			assert.True(t, given, "%s waits for its role: pods get it only if EKS knows of it before they start", chart)
		}

		balancer := chartOf(t, regs, "aws-load-balancer-controller")
		vpc := regs.ByType("aws:ec2/vpc:Vpc")[0]
		assert.Equal(t, vpc.ID, balancer.Input("values.vpcId"))
		assert.Equal(t, "eu-west-1", balancer.Input("values.region"))
		assert.Equal(t, cluster, balancer.Input("values.clusterName"))
		assert.Equal(t, "eu-west-1", chartOf(t, regs, "cluster-autoscaler").Input("values.awsRegion"))
	}
}

// groupTags returns the tags that the program puts on the Auto Scaling group of a node group.
func groupTags(regs ptest.Registrations, group string) map[string]string {
	out := map[string]string{}
	for _, r := range regs.ByType("aws:autoscaling/tag:Tag") {
		if strings.HasPrefix(r.Name, group+"-tag-") {
			key, _ := r.Input("tag.key").(string)
			out[key], _ = r.Input("tag.value").(string)
		}
	}
	return out
}

// EKS tags the groups of every managed node group, so that only the program's own tag tells which are the
// autoscaler's.
func TestTheAutoscalerFindsExactlyTheGroupsThatAreItsOwn(t *testing.T) {
	t.Parallel()
	regs := registered(t, "prod")
	release := chartOf(t, regs, "cluster-autoscaler")
	assert.Equal(t, "prod", release.Input("values.autoDiscovery.clusterName"))
	wanted := texts(release.Input("values.autoDiscovery.tags"))
	require.Len(t, wanted, 2)
	its, others := groupTags(regs, "prod-general"), groupTags(regs, "prod-system")
	require.NotEmpty(t, others)
	for _, key := range wanted {
		assert.Contains(t, its, key)
	}
	assert.Contains(t, wanted, convention.AutoscaledTag)
	assert.NotContains(t, others, convention.AutoscaledTag)

	policy, ok := regs.Named("aws:iam/rolePolicy:RolePolicy", "prod-cluster-autoscaler-sizing")
	require.True(t, ok)
	text, _ := policy.Input("policy").(string)
	var document struct{ Statement []statement }
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	sizes := 0
	for _, s := range document.Statement {
		if !slices.Contains(texts(s.Action), "autoscaling:SetDesiredCapacity") {
			continue
		}
		sizes++
		for key, value := range s.Condition["StringEquals"] {
			assert.Equal(t, []string{its[strings.TrimPrefix(key, "aws:ResourceTag/")]}, texts(value), key)
		}
		assert.Len(t, s.Condition["StringEquals"], len(wanted))
	}
	assert.Equal(t, 1, sizes)
	for _, key := range []string{"label/lifecycle", "label/eks.amazonaws.com/capacityType", "resources/ephemeral-storage"} {
		assert.Contains(t, its, "k8s.io/cluster-autoscaler/node-template/"+key, "it knows what a node of an empty group would be like")
	}
}
