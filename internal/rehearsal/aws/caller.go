package aws

import (
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/region"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// Functions about the caller, its region and its partition.
func init() {
	registerFunction("aws:index/getCallerIdentity:getCallerIdentity", func(c *FunctionCall) (cloud.Attributes, error) {
		return cloud.Attributes{
			"id": c.Scope.Account, "accountId": c.Scope.Account, "userId": "AIDAREHEARSAL",
			"arn": strings.Join([]string{"arn", c.Partition, "iam", "", c.Scope.Account, "user/rehearsal"}, ":"),
		}, nil
	})
	registerFunction("aws:index/getRegion:getRegion", func(c *FunctionCall) (cloud.Attributes, error) {
		name := c.Scope.Region
		if asked, ok := c.Args["name"].(string); ok {
			name = asked
		}
		if !region.Valid(name) {
			return nil, refuse("InvalidParameter", "%q is not a region", name)
		}
		return cloud.Attributes{"id": name, "name": name, "endpoint": "ec2." + name + "." + region.DNSSuffix(name), "description": name}, nil
	})
	registerFunction("aws:index/getPartition:getPartition", func(c *FunctionCall) (cloud.Attributes, error) {
		suffix := region.DNSSuffix(c.Scope.Region)
		labels := strings.Split(suffix, ".")
		slices.Reverse(labels)
		return cloud.Attributes{
			"id": c.Partition, "partition": c.Partition, "dnsSuffix": suffix, "reverseDnsPrefix": strings.Join(labels, "."),
		}, nil
	})
	registerFunction("aws:index/getDefaultTags:getDefaultTags", func(c *FunctionCall) (cloud.Attributes, error) {
		return cloud.Attributes{"id": c.Partition, "tags": map[string]any(c.DefaultTags)}, nil
	})
	registerFunction("aws:index/getAvailabilityZones:getAvailabilityZones", availabilityZones)
}

// availabilityZones lists the region's zones; every one of them is an ordinary zone that is available.
func availabilityZones(c *FunctionCall) (cloud.Attributes, error) {
	withoutNames, withoutIDs := attrs(c.Args).texts("excludeNames"), attrs(c.Args).texts("excludeZoneIds")
	names, ids := []any{}, []any{}
	for _, z := range zonesOf(c.Scope) {
		if !slices.Contains(withoutNames, z.name) && !slices.Contains(withoutIDs, z.id) && zoneMatches(c, z) {
			names, ids = append(names, z.name), append(ids, z.id)
		}
	}
	return cloud.Attributes{"id": c.Scope.Region, "names": names, "zoneIds": ids, "groupNames": []any{c.Scope.Region}}, nil
}

// zoneMatches holds a zone against the call's state and filters; a filter that is not known matches nothing.
func zoneMatches(c *FunctionCall, z zone) bool {
	if state := attrs(c.Args).text("state"); state != "" && state != "available" {
		return false
	}
	values := map[string]string{
		"zone-name": z.name, "zone-id": z.id, "zone-type": "availability-zone", "state": "available",
		"opt-in-status": "opt-in-not-required", "region-name": c.Scope.Region, "group-name": c.Scope.Region,
	}
	for _, f := range attrs(c.Args).blocks("filters") {
		if !slices.Contains(f.texts("values"), values[f.text("name")]) {
			return false
		}
	}
	return true
}
