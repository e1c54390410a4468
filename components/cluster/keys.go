package cluster

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
)

// keyAdministration is what the account's IAM policies may allow with a key: administer it, but decrypt nothing. AWS
// recommends these actions for key administrators
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html), less kms:Create*, which would
// include grants.
var keyAdministration = []string{
	"kms:CreateAlias", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*",
	"kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion",
	"kms:CancelKeyDeletion", "kms:RotateKeyOnDemand",
}

// administration lets the account administer a key.
func (b *builder) administration() iamdoc.Statement {
	return iamdoc.Statement{
		Sid: "Administration", Principals: b.account(), Actions: keyAdministration, Resources: []string{"*"},
	}
}

func (b *builder) account() map[string][]string {
	return map[string][]string{"AWS": {fmt.Sprintf("arn:%s:iam::%s:root", region.Partition(b.args.Region), b.args.AccountID)}}
}

// createSecretsKey creates the key that encrypts Kubernetes secrets, unless the settings name one, and returns its ARN.
func (b *builder) createSecretsKey() (pulumi.StringOutput, error) {
	if b.settings.SecretsKeyARN != "" {
		return pulumi.String(b.settings.SecretsKeyARN).ToStringOutput(), nil
	}
	policy := iamdoc.Document{Statements: []iamdoc.Statement{
		b.administration(),
		{
			// EKS uses the key through a grant, which it creates with the permissions of the identity that creates the
			// cluster. EKS does not support the condition kms:GrantIsForAWSResource here
			// (https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html).
			Sid: "GrantToEKS", Principals: b.account(), Actions: []string{"kms:CreateGrant"}, Resources: []string{"*"},
		},
	}}
	return b.createKey("secrets", "Kubernetes secrets of the EKS cluster "+b.settings.Name, policy)
}

// createLogsKey creates the key that encrypts only the control plane's log group
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html).
func (b *builder) createLogsKey() (pulumi.StringOutput, error) {
	r := b.args.Region
	group := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", region.Partition(r), r, b.args.AccountID, b.logGroupName())
	policy := iamdoc.Document{Statements: []iamdoc.Statement{
		b.administration(),
		{
			Sid:        "EncryptControlPlaneLogs",
			Principals: map[string][]string{"Service": {fmt.Sprintf("logs.%s.%s", r, region.DNSSuffix(r))}},
			Actions:    []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"},
			Resources:  []string{"*"},
			Conditions: map[string]map[string][]string{"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": {group}}},
		},
	}}
	return b.createKey("logs", "Control plane logs of the EKS cluster "+b.settings.Name, policy)
}

// createKey creates a key that rotates every year, and an alias by which people can find it.
func (b *builder) createKey(use, description string, policy iamdoc.Document) (pulumi.StringOutput, error) {
	id := b.kids.ID(use)
	key, err := kms.NewKey(b.ctx, id, &kms.KeyArgs{
		Description:          pulumi.String(description),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(b.settings.KeyDeletionWindowDays),
		Policy:               pulumi.String(policy.JSON()),
		Tags:                 b.tags(id),
	}, b.kids.Opts(pulumi.Protect(*b.settings.Protect))...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("create the key for %s: %w", use, err)
	}
	if _, err := kms.NewAlias(b.ctx, id, &kms.AliasArgs{TargetKeyId: key.KeyId}, b.kids.Opts()...); err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("create the alias of the key for %s: %w", use, err)
	}
	return key.Arn, nil
}
