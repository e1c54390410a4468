package bootstrap

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// inspectKey finds the key by its alias.
func (b *Bootstrap) inspectKey(ctx context.Context) (*found, error) {
	s := b.Site
	f := &found{Change: Change{Resource: "KMS key", Name: s.KeyAlias, Action: Exists}}
	key, err := b.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &s.KeyAlias})
	if code(err) == "NotFoundException" {
		f.Action = Create
		f.todo("encrypts the state and the secrets of stacks, rotates every year", b.createKey)
		return f, nil
	}
	if err != nil {
		return nil, explain("read the key "+s.KeyAlias, err)
	}
	m := key.KeyMetadata
	if m.KeyState != types.KeyStateEnabled || m.KeySpec != types.KeySpecSymmetricDefault {
		return nil, fmt.Errorf("the key %s of %s cannot be used: it is %s and %s, and must be Enabled and SYMMETRIC_DEFAULT; "+
			"fix it, or name another alias", aws.ToString(m.Arn), s.KeyAlias, m.KeyState, m.KeySpec)
	}
	b.keyARN = aws.ToString(m.Arn)
	if err := b.inspectKeyTags(ctx, f); err != nil {
		return nil, err
	}
	rotation, err := b.kms.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &b.keyARN})
	if err != nil {
		return nil, explain("read the rotation of the key "+s.KeyAlias, err)
	}
	if !rotation.KeyRotationEnabled {
		f.todo("does not rotate", b.rotateKey)
	}
	policy, err := b.kms.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &b.keyARN, PolicyName: aws.String("default")})
	if err != nil {
		return nil, explain("read the policy of the key "+s.KeyAlias, err)
	}
	d, err := compare(aws.ToString(policy.Policy), s.keyPolicy())
	if err != nil {
		return nil, fmt.Errorf("the policy of the key %s: %w", s.KeyAlias, err)
	}
	for _, sid := range d.ours {
		f.Details = append(f.Details, "policy: statement "+sid)
	}
	if len(d.ours) > 0 {
		f.todo("policy is missing or differs", func(ctx context.Context) error {
			_, err := b.kms.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &b.keyARN, PolicyName: aws.String("default"), Policy: &d.merged})
			return wrap("write the policy of the key "+s.KeyAlias, err)
		})
	}
	for _, sid := range d.others {
		f.Notes = append(f.Notes, "policy: statement "+sid+" was not written by bootstrap and is kept")
	}
	return f, nil
}

func (b *Bootstrap) inspectKeyTags(ctx context.Context, f *found) error {
	tags, err := b.kms.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: &b.keyARN})
	if err != nil {
		return explain("read the tags of the key "+b.Site.KeyAlias, err)
	}
	for _, t := range tags.Tags {
		if aws.ToString(t.TagKey) == markKey && aws.ToString(t.TagValue) == markValue {
			return nil
		}
	}
	f.Action = Adopt
	f.todo("is marked with a tag", func(ctx context.Context) error {
		_, err := b.kms.TagResource(ctx, &kms.TagResourceInput{KeyId: &b.keyARN, Tags: keyTags()})
		return wrap("tag the key "+b.Site.KeyAlias, err)
	})
	return nil
}

func keyTags() []types.Tag {
	return []types.Tag{{TagKey: aws.String(markKey), TagValue: aws.String(markValue)}}
}

// createKey creates the key and its alias. If the alias cannot be created, the error names the key, which could not be
// found otherwise.
func (b *Bootstrap) createKey(ctx context.Context) error {
	s := b.Site
	key, err := b.kms.CreateKey(ctx, &kms.CreateKeyInput{
		Description: aws.String("Pulumi state and stack secrets of eks-platform"), Policy: aws.String(s.keyPolicy().JSON()), Tags: keyTags(),
	})
	if err != nil {
		return explain("create the key "+s.KeyAlias, err)
	}
	b.keyARN = aws.ToString(key.KeyMetadata.Arn)
	if _, err := b.kms.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &s.KeyAlias, TargetKeyId: key.KeyMetadata.KeyId}); err != nil {
		return explain(fmt.Sprintf("give the new key %s the alias %s (do it by hand, or schedule the key's deletion, before the next run)",
			b.keyARN, s.KeyAlias), err)
	}
	return b.rotateKey(ctx)
}

func (b *Bootstrap) rotateKey(ctx context.Context) error {
	_, err := b.kms.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: &b.keyARN})
	return wrap("rotate the key "+b.Site.KeyAlias, err)
}

// wrap explains an error, if there is one.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return explain(what, err)
}
