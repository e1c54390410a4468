package aws

import (
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

func init() {
	registerFunction("aws:resourcegroupstaggingapi/getResources:getResources", taggedResources)
}

// taggedResources returns the resources that have all of some tags, of the types that the platform looks for.
func taggedResources(c *FunctionCall) (cloud.Attributes, error) {
	a := attrs(c.Args)
	if len(a.texts("resourceArnLists")) > 0 {
		return nil, refuse("NotImplemented", "the rehearsal cloud finds resources by tags and types only")
	}
	kinds := a.texts("resourceTypeFilters")
	matches := []any{}
	for _, o := range c.Tx.All() {
		kind := facts.Tagged[o.Type]
		if o.Scope != c.Scope || kind == "" || len(kinds) > 0 && !slices.Contains(kinds, kind) {
			continue
		}
		tags, _ := o.Attributes["tags"].(map[string]any)
		if !hasTags(tags, a.blocks("tagFilters")) {
			continue
		}
		service, resource, _ := strings.Cut(kind, ":")
		arn := strings.Join([]string{"arn", c.Partition, service, c.Scope.Region, c.Scope.Account, resource + "/" + o.ID}, ":")
		matches = append(matches, map[string]any{"resourceArn": arn, "tags": tags})
	}
	return cloud.Attributes{"id": c.Partition, "resourceTagMappingLists": matches}, nil
}

// hasTags reports whether tags pass filters: each has a key, and the values that it may have, none for any.
func hasTags(tags map[string]any, filters []attrs) bool {
	for _, f := range filters {
		value, has := tags[f.text("key")].(string)
		if values := f.texts("values"); !has || len(values) > 0 && !slices.Contains(values, value) {
			return false
		}
	}
	return true
}
