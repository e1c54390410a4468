package stacks

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/resourcegroupstaggingapi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Tagged returns a program that looks in the account and region of its stack for resources of a kind, as the tagging API
// calls it ("ec2:vpc"), that have all of some tags, and passes their ARNs on. It registers nothing but a provider: run it as
// a preview of a stack that does not exist.
func Tagged(kinds []string, tags []map[string]string, found func(query int, arns []string)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		cfg, err := shipped.read(ctx)
		if err != nil {
			return err
		}
		provider, err := newAWSProvider(ctx, cfg)
		if err != nil {
			return err
		}
		for i, kind := range kinds {
			args := &resourcegroupstaggingapi.GetResourcesArgs{ResourceTypeFilters: []string{kind}}
			for _, key := range slices.Sorted(maps.Keys(tags[i])) {
				args.TagFilters = append(args.TagFilters, resourcegroupstaggingapi.GetResourcesTagFilter{Key: key, Values: []string{tags[i][key]}})
			}
			result, err := resourcegroupstaggingapi.GetResources(ctx, args, pulumi.Provider(provider))
			if err != nil {
				return fmt.Errorf("look for %s by its tags: %w", kind, err)
			}
			var arns []string
			for _, r := range result.ResourceTagMappingLists {
				arns = append(arns, r.ResourceArn)
			}
			found(i, arns)
		}
		return nil
	}
}
