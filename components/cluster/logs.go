package cluster

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// logGroupName is the group that EKS writes to, and would create itself, without retention, if it did not exist
// (https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html).
func (b *builder) logGroupName() string { return fmt.Sprintf("/aws/eks/%s/cluster", b.settings.Name) }

// createLogGroup creates the control plane's log group before EKS does. It is protected like the cluster, because it
// contains the audit log.
func (b *builder) createLogGroup(c *Cluster) error {
	args := &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(b.logGroupName()),
		RetentionInDays: pulumi.Int(b.settings.Logs.RetentionDays),
		Tags:            b.tags(b.logGroupName()),
	}
	if b.settings.Logs.KMS {
		key, err := b.createLogsKey()
		if err != nil {
			return err
		}
		args.KmsKeyId = key
	}
	group, err := cloudwatch.NewLogGroup(b.ctx, b.kids.ID("control-plane"), args,
		b.kids.Opts(pulumi.Protect(*b.settings.Protect))...)
	if err != nil {
		return fmt.Errorf("create the control plane's log group: %w", err)
	}
	c.LogGroupName = group.Name
	b.before = append(b.before, group)
	b.inputs = append(b.inputs, group.Arn)
	return nil
}

// logTypes returns the types in a fixed order: their order in a stack file does not matter.
func (b *builder) logTypes() pulumi.StringArray {
	out := pulumi.StringArray{}
	for _, t := range slices.Sorted(slices.Values(b.settings.Logs.Types)) {
		out = append(out, pulumi.String(t))
	}
	return out
}
