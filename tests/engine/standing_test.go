package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

type attributes = map[string]any

// standing looks at what the three environments have made, as AWS would show it.
func standing(t *testing.T, e *estate) {
	t.Run("launch templates make nodes that are closed, encrypted and tagged", func(t *testing.T) { templates(t, e.with(t, nil)) })
	t.Run("node groups carry what pulumi-eks has no argument for", func(t *testing.T) { nodeGroups(t, e.with(t, nil)) })
	t.Run("Auto Scaling groups carry the cost tags and the schedules", func(t *testing.T) { scalingGroups(t, e.with(t, nil)) })
}

func templates(t *testing.T, e *estate) {
	seen := 0
	for _, o := range e.objects() {
		if o.Type != templateType {
			continue
		}
		seen++
		assert.Equal(t, attributes{"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1.0},
			o.Attributes["metadataOptions"], o.ID)
		mappings, _ := o.Attributes["blockDeviceMappings"].([]any)
		assert.NotEmpty(t, mappings)
		for _, m := range mappings {
			ebs, _ := m.(attributes)["ebs"].(attributes)
			assert.Equal(t, "true", ebs["encrypted"])
			assert.Equal(t, "gp3", ebs["volumeType"])
			assert.Equal(t, "true", ebs["deleteOnTermination"])
		}
		tagged := map[any]attributes{}
		specifications, _ := o.Attributes["tagSpecifications"].([]any)
		for _, s := range specifications {
			s, _ := s.(attributes)
			tagged[s["resourceType"]], _ = s["tags"].(attributes)
		}
		for _, made := range []string{"instance", "volume", "network-interface"} {
			own, _ := o.Attributes["tags"].(attributes)
			for _, key := range []string{"cost-center", "environment", "managed-by"} {
				assert.NotEmpty(t, own[key])
				assert.Equal(t, own[key], tagged[made][key], "%s of %s of %v", key, made, own["Name"])
			}
			assert.NotEmpty(t, tagged[made]["Name"])
		}
	}
	assert.Equal(t, 5, seen)
}

func nodeGroups(t *testing.T, e *estate) {
	for group, scope := range map[string]cloud.Scope{
		"dev-system-nodes": nonprod, "dev-spot-nodes": nonprod, "stg-general-nodes": nonprod, "prod-system-nodes": prod, "prod-general-nodes": prod,
	} {
		o := e.object(scope, nodeGroupType, group)
		assert.Equal(t, attributes{"maxUnavailable": 1.0}, o.Attributes["updateConfig"], group)
		assert.Equal(t, attributes{"enabled": true}, o.Attributes["nodeRepairConfig"], group)
	}
	spot := e.object(nonprod, nodeGroupType, "dev-spot-nodes").Attributes
	assert.Equal(t, "SPOT", spot["capacityType"])
	assert.Equal(t, attributes{"lifecycle": "Ec2Spot"}, spot["labels"])
	assert.Equal(t, []any{attributes{"key": "spotInstance", "value": "true", "effect": "NO_SCHEDULE"}}, spot["taints"])
	stg := e.object(nonprod, nodeGroupType, "stg-general-nodes").Attributes
	assert.Equal(t, "ON_DEMAND", stg["capacityType"])
	assert.Equal(t, attributes{"lifecycle": "OnDemand"}, stg["labels"])
	assert.Nil(t, stg["taints"])
}

// scalingGroup returns the Auto Scaling group that EKS made for a node group.
func (e *estate) scalingGroup(scope cloud.Scope, nodeGroup string) *cloud.Object {
	e.t.Helper()
	return e.object(scope, "hidden:autoscaling/group", nodeGroup)
}

func scalingGroups(t *testing.T, e *estate) {
	for group, environment := range map[string]string{"dev-system-nodes": "dev", "dev-spot-nodes": "dev", "stg-general-nodes": "stg"} {
		tags, _ := e.scalingGroup(nonprod, group).Attributes["tags"].(attributes)
		assert.Equal(t, environment, tags["environment"], group)
		assert.Equal(t, "platform-nonprod", tags["cost-center"], group)
		assert.NotContains(t, tags, "eks-platform/autoscaled", "no autoscaler owns %s", group)
	}
	spot := e.scalingGroup(nonprod, "dev-spot-nodes").ID
	schedules := map[any]attributes{}
	for _, o := range e.objects() {
		if o.Type == "aws:autoscaling/schedule:Schedule" {
			schedules[o.Attributes["scheduledActionName"]] = o.Attributes
		}
	}
	require.Len(t, schedules, 2)
	for _, s := range schedules {
		assert.Equal(t, spot, s["autoscalingGroupName"])
		assert.Equal(t, "Europe/Dublin", s["timeZone"])
	}
	assert.Equal(t, 0.0, schedules["night"]["desiredCapacity"])
	assert.Equal(t, 2.0, schedules["morning"]["desiredCapacity"])
}
