package aws

import (
	"maps"
	"strings"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const tagType = "aws:ec2/tag:Tag"

func init() {
	register(tagType, &Service{Create: putTag, Update: putTag, Delete: removeTag})
}

// taggable are the types that a tag resource finds by id, those that AWS makes by itself included.
var taggable = []string{
	vpcType, subnetType, securityGroupType, defaultSecurityGroupType, hiddenSecurityGroup, routeTableType, hiddenRouteTable,
	internetGatewayType, natGatewayType, eipType, endpointType, launchTemplateType, hiddenNetworkACL,
}

// putTag writes the tag onto its resource, where a refresh of that resource finds it, as in AWS.
func putTag(c *Call) error {
	id, key := c.attrs().text("resourceId"), c.attrs().text("key")
	if strings.HasPrefix(key, "aws:") {
		return refuse("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use (%s)", key)
	}
	return changeTags(c, id, func(tags map[string]any) { tags[key] = c.attrs().text("value") }, true)
}

func removeTag(c *Call) error {
	key := c.old().text("key")
	return changeTags(c, c.old().text("resourceId"), func(tags map[string]any) { delete(tags, key) }, false)
}

func changeTags(c *Call, id string, change func(map[string]any), must bool) error {
	found := false
	for _, typ := range taggable {
		o, ok := c.get(typ, id)
		if !ok {
			continue
		}
		found = true
		if err := setTags(c, o, change); err != nil {
			return err
		}
	}
	if !found && must {
		return refuse("InvalidID", "The ID '%s' is not valid", id)
	}
	return nil
}

func setTags(c *Call, o *cloud.Object, change func(map[string]any)) error {
	old, _ := o.Attributes["tags"].(map[string]any)
	tags := maps.Clone(old)
	if tags == nil {
		tags = map[string]any{}
	}
	change(tags)
	o.Attributes["tags"] = tags
	return c.Tx.Put(o)
}
