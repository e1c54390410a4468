package logging

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
)

// keyAdministration is what the account's IAM policies may allow with the key: administer it, but decrypt nothing
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
var keyAdministration = []string{
	"kms:CreateAlias", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*",
	"kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion",
	"kms:CancelKeyDeletion", "kms:RotateKeyOnDemand",
}

// keyDeletionWindow is the waiting period, in days, in which the deletion of the key can be cancelled: KMS's maximum.
const keyDeletionWindow = 30

// createKey creates the key that encrypts only this stack's groups
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html). It rotates every year.
func (b *builder) createKey() (pulumi.StringOutput, error) {
	r := b.args.Region
	var groups []string
	for _, g := range b.groupNames() {
		groups = append(groups, b.groupARN(g.name))
	}
	policy := iamdoc.Document{Statements: []iamdoc.Statement{
		{
			Sid: "Administration",
			Principals: map[string][]string{
				"AWS": {fmt.Sprintf("arn:%s:iam::%s:root", region.Partition(r), b.args.AccountID)},
			},
			Actions:   keyAdministration,
			Resources: []string{"*"},
		},
		{
			Sid:        "EncryptLogs",
			Principals: map[string][]string{"Service": {fmt.Sprintf("logs.%s.%s", r, region.DNSSuffix(r))}},
			Actions:    []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"},
			Resources:  []string{"*"},
			Conditions: map[string]map[string][]string{"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": groups}},
		},
	}}
	id := b.kids.ID("logs")
	key, err := kms.NewKey(b.ctx, id, &kms.KeyArgs{
		Description:          pulumi.String(fmt.Sprintf("Logs of the environment %s on the EKS cluster %s", b.args.Environment, b.args.ClusterName)),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(keyDeletionWindow),
		Policy:               pulumi.String(policy.JSON()),
		Tags:                 b.tags(id),
	}, b.kids.Opts(pulumi.Protect(*b.settings.Protect))...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("create the key for logs: %w", err)
	}
	if _, err := kms.NewAlias(b.ctx, id, &kms.AliasArgs{TargetKeyId: key.KeyId}, b.kids.Opts()...); err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("create the alias of the key for logs: %w", err)
	}
	return key.Arn, nil
}
