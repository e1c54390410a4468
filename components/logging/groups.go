package logging

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/region"
)

// prefix begins the name of every group of a cluster.
func (b *builder) prefix() string { return "/eks-platform/" + b.args.ClusterName + "/" }

// Groups below the prefix, as the configuration of Fluent Bit names them.
const (
	environmentsGroup = "environments/" // followed by the environment's name
	clusterGroup      = "cluster"
	hostGroup         = "host"
	dataPlaneGroup    = "dataplane"
)

// groupNames returns the names of this stack's groups, below the prefix, by their part in logical names.
func (b *builder) groupNames() []struct{ key, name string } {
	out := []struct{ key, name string }{{"environment", environmentsGroup + b.args.Environment}}
	if b.args.collects() {
		for _, name := range []string{clusterGroup, hostGroup, dataPlaneGroup} {
			out = append(out, struct{ key, name string }{name, name})
		}
	}
	return out
}

// createGroups creates this stack's groups, before anything can write to them.
func (b *builder) createGroups(l *Logging) error {
	var key pulumi.StringPtrInput
	if b.settings.Encrypt {
		arn, err := b.createKey()
		if err != nil {
			return err
		}
		key = arn
	}
	for _, g := range b.groupNames() {
		name := b.prefix() + g.name
		group, err := cloudwatch.NewLogGroup(b.ctx, b.kids.ID(g.key), &cloudwatch.LogGroupArgs{
			Name:            pulumi.String(name),
			RetentionInDays: pulumi.Int(b.settings.RetentionDays),
			KmsKeyId:        key,
			Tags:            b.tags(name),
		}, b.kids.Opts(pulumi.Protect(*b.settings.Protect))...)
		if err != nil {
			return fmt.Errorf("create the log group %s: %w", name, err)
		}
		b.groups[g.key] = group.Name
		l.groups = append(l.groups, group)
	}
	l.GroupName = b.groups["environment"]
	return nil
}

// groupARN returns the ARN of a group, by its name below the prefix.
func (b *builder) groupARN(name string) string {
	r := b.args.Region
	return fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s%s", region.Partition(r), r, b.args.AccountID, b.prefix(), name)
}
