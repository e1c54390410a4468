package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
)

// createFlowLogs records the VPC's traffic in a log group that the program owns. The role may write to that group
// only, for flow logs of this account only, and may not create groups: a group recreated after its deletion would keep its
// records forever.
func (b *builder) createFlowLogs() error {
	if !*b.args.FlowLogs.Enabled {
		return nil
	}
	groupName := fmt.Sprintf("/aws/vpc/%s/flow-logs", b.kids.Name)
	group, err := cloudwatch.NewLogGroup(b.ctx, b.kids.ID("flow-logs"), &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(groupName),
		RetentionInDays: pulumi.Int(b.args.FlowLogs.RetentionDays),
		KmsKeyId:        optional(b.args.KMSKeyARN),
		Tags:            b.tags("flow-logs"),
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create log group %s: %w", groupName, err)
	}
	role, err := iam.NewRole(b.ctx, b.kids.ID("flow-logs"), &iam.RoleArgs{
		Description:      pulumi.Sprintf("Flow logs of %s", b.kids.Name),
		AssumeRolePolicy: pulumi.String(b.flowLogsTrust().JSON()),
		Tags:             b.tags("flow-logs"),
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create role of the flow logs: %w", err)
	}
	if _, err := iam.NewRolePolicy(b.ctx, b.kids.ID("flow-logs"), &iam.RolePolicyArgs{
		Role:   role.ID(),
		Policy: pulumi.String(b.flowLogsPolicy(groupName).JSON()),
	}, b.kids.Opts()...); err != nil {
		return fmt.Errorf("create policy of the flow logs' role: %w", err)
	}
	if _, err := ec2.NewFlowLog(b.ctx, b.kids.ID("flow-logs"), &ec2.FlowLogArgs{
		VpcId:              b.out.VPCID,
		TrafficType:        pulumi.String(b.args.FlowLogs.Traffic),
		LogDestinationType: pulumi.String("cloud-watch-logs"),
		LogDestination:     group.Arn,
		IamRoleArn:         role.Arn,
		Tags:               b.tags("flow-logs"),
	}, b.kids.Opts(
		pulumi.DeleteBeforeReplace(true), // a second one into the same log group may be refused
	)...); err != nil {
		return fmt.Errorf("create flow log: %w", err)
	}
	return nil
}

// flowLogsTrust lets only the flow logs of this account use the role
// (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html).
func (b *builder) flowLogsTrust() iamdoc.Document {
	doc := iamdoc.ServiceTrust("vpc-flow-logs.amazonaws.com")
	doc.Statements[0].Conditions = map[string]map[string][]string{
		"StringEquals": {"aws:SourceAccount": {b.args.AccountID}},
		"ArnLike":      {"aws:SourceArn": {b.arn("ec2", "vpc-flow-log/*")}},
	}
	return doc
}

func (b *builder) flowLogsPolicy(group string) iamdoc.Document {
	return iamdoc.Document{Statements: []iamdoc.Statement{
		{
			Sid:       "Write",
			Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"},
			Resources: []string{b.arn("logs", "log-group:"+group), b.arn("logs", "log-group:"+group+":*")},
		},
		{
			// Lists only names; the action cannot be limited to a group.
			Sid:       "Find",
			Actions:   []string{"logs:DescribeLogGroups"},
			Resources: []string{b.arn("logs", "log-group:*")},
		},
	}}
}

// arn returns the ARN of something in the network's account and region.
func (b *builder) arn(service, rest string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", region.Partition(b.args.Region), service, b.args.Region, b.args.AccountID, rest)
}

// optional turns an input that may be absent into one that the SDK accepts.
func optional(in pulumi.StringInput) pulumi.StringPtrInput {
	if in == nil {
		return nil
	}
	return in.ToStringOutput().ToStringPtrOutput()
}
