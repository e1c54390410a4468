package aws

import (
	"strings"
	"time"
	_ "time/tzdata" // schedules name time zones, also where the system has no table of them

	"github.com/robfig/cron/v3"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	groupType    = "aws:autoscaling/group:Group"
	groupTagType = "aws:autoscaling/tag:Tag"
	scheduleType = "aws:autoscaling/schedule:Schedule"
)

const groupExists = "AutoScalingGroup by this name already exists - A group with the name %s already exists"

func init() {
	register(groupType, &Service{NewID: claim("", []string{"name"}, "AlreadyExists", groupExists), Create: createGroup, Update: checkGroup})
	register(groupTagType, &Service{NewID: groupTagID, Create: putGroupTag, Update: putGroupTag, Delete: removeGroupTag})
	// An action's name alone, which is the genuine provider's id, is unique within its group only.
	register(scheduleType, &Service{
		NewID: claim("/", []string{"autoscalingGroupName", "scheduledActionName"}, "AlreadyExists",
			"A scheduled action with this name already exists for the Auto Scaling group (%s)"),
		Create: createSchedule, Update: checkSchedule,
	})
}

func createGroup(c *Call) error {
	name := c.attrs().text("name")
	if _, taken := c.get(hiddenGroup, name); taken {
		return refuse("AlreadyExists", groupExists, name)
	}
	c.Attributes["arn"] = c.arn("autoscaling", "autoScalingGroup:"+newUUID()+":autoScalingGroupName/"+name)
	return checkGroup(c)
}

func checkGroup(c *Call) error {
	a := c.attrs()
	least, _ := a.whole("minSize")
	most, _ := a.whole("maxSize")
	c.fill("desiredCapacity", least)
	desired, _ := a.whole("desiredCapacity")
	if least > desired || desired > most {
		return refuse("ValidationError", "Desired capacity:%d must be between the specified min size:%d and max size:%d", desired, least, most)
	}
	zones := []any{}
	for _, id := range a.texts("vpcZoneIdentifiers") {
		s, err := findSubnet(c, id)
		if err != nil {
			return refuse("ValidationError", "The subnet ID '%s' does not exist", id)
		}
		zones = append(zones, s.Attributes["availabilityZone"])
	}
	c.fill("availabilityZones", zones)
	template := a.block("launchTemplate")
	if m := a.block("mixedInstancesPolicy").block("launchTemplate").block("launchTemplateSpecification"); m != nil {
		template = attrs{"id": m["launchTemplateId"], "name": m["launchTemplateName"], "version": m["version"]}
	}
	if template != nil {
		if _, _, err := findTemplateVersion(c, template); err != nil {
			return refuse("ValidationError", "You must use a valid fully-formed launch template. (%s)", err)
		}
	}
	return nil
}

// findGroup returns an Auto Scaling group by name, a managed node group's included.
func findGroup(c *Call, name string) (*cloud.Object, bool) {
	for _, typ := range []string{hiddenGroup, groupType} {
		if o, ok := c.get(typ, name); ok {
			return o, true
		}
	}
	return nil, false
}

// groupTagID refuses a second owner of one tag. The API itself overwrites, and the two would undo each other's work
// forever.
func groupTagID(c *Call) (string, error) {
	group, key := c.attrs().text("autoscalingGroupName"), c.attrs().block("tag").text("key")
	if _, taken := c.get(groupTagType, group+","+key); taken {
		return "", refuse("AlreadyExists", "The tag %s of Auto Scaling group %s is managed already", key, group)
	}
	return group + "," + key, nil
}

// putGroupTag writes the tag onto its group.
func putGroupTag(c *Call) error {
	name, tag := c.attrs().text("autoscalingGroupName"), c.attrs().block("tag")
	group, ok := findGroup(c, name)
	if !ok {
		return refuse("ValidationError", "AutoScalingGroup name not found - no such group: %s", name)
	}
	if key := tag.text("key"); strings.HasPrefix(key, "aws:") || len(key) > 128 {
		return refuse("ValidationError", "Tag key %q is not valid: the prefix aws: is reserved, and a key has at most 128 characters", key)
	}
	if group.Type != hiddenGroup { // a program's own group holds its tags as a list, with their propagation
		return nil
	}
	return setTags(c, group, func(tags map[string]any) { tags[tag.text("key")] = tag.text("value") })
}

func removeGroupTag(c *Call) error {
	group, ok := c.get(hiddenGroup, c.old().text("autoscalingGroupName"))
	if !ok {
		return nil
	}
	key := c.old().block("tag").text("key")
	return setTags(c, group, func(tags map[string]any) { delete(tags, key) })
}

func createSchedule(c *Call) error {
	name, group := c.attrs().text("scheduledActionName"), c.attrs().text("autoscalingGroupName")
	c.Attributes["arn"] = c.arn("autoscaling", "scheduledUpdateGroupAction:"+newUUID()+":autoScalingGroupName/"+group+":scheduledActionName/"+name)
	return checkSchedule(c)
}

func checkSchedule(c *Call) error {
	a := c.attrs()
	if _, ok := findGroup(c, a.text("autoscalingGroupName")); !ok {
		return refuse("ValidationError", "AutoScalingGroup name not found - no such group: %s", a.text("autoscalingGroupName"))
	}
	if r := a.text("recurrence"); r != "" {
		if _, err := cron.ParseStandard(r); err != nil || strings.HasPrefix(r, "@") || strings.HasPrefix(r, "TZ=") || strings.HasPrefix(r, "CRON_TZ=") {
			return refuse("ValidationError", "Given recurrence string: %s is invalid", r)
		}
	}
	zoneName := a.text("timeZone")
	if zoneName == "" {
		zoneName = "UTC"
	}
	location, err := time.LoadLocation(zoneName)
	if err != nil || zoneName == "Local" {
		return refuse("ValidationError", "Time zone %s is not valid: use a name of the IANA time zone database", a.text("timeZone"))
	}
	// The provider takes -1 for "leave this size alone".
	size := func(key string) (int, bool) {
		n, ok := a.whole(key)
		return n, ok && n >= 0
	}
	least, hasLeast := size("minSize")
	desired, hasDesired := size("desiredCapacity")
	most, hasMost := size("maxSize")
	switch {
	case !hasLeast && !hasDesired && !hasMost:
		return refuse("ValidationError", "At least one of MinSize, MaxSize or DesiredCapacity must be specified")
	case hasLeast && hasMost && least > most:
		return refuse("ValidationError", "Max size must be greater than or equal to min size (%d, %d)", most, least)
	case hasDesired && (hasLeast && desired < least || hasMost && desired > most):
		return refuse("ValidationError", "Desired capacity %d must be between min size and max size", desired)
	}
	return scheduleStart(c, location)
}

// scheduleStart fills in when a recurring action happens first.
func scheduleStart(c *Call, location *time.Location) error {
	recurrence, start := c.attrs().text("recurrence"), c.attrs().text("startTime")
	if start == "" && recurrence == "" {
		return refuse("ValidationError", "Start time, end time or recurrence must be specified")
	}
	if start == "" {
		next, err := cron.ParseStandard(recurrence)
		if err != nil {
			return err
		}
		c.Attributes["startTime"] = next.Next(time.Now().In(location)).UTC().Format(time.RFC3339)
		c.fill("timeZone", "")
	}
	return nil
}
