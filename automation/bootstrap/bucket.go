package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// inspectBucket inspects the bucket. Every request names the account that must own it: the bucket's name can be guessed,
// and anyone could have created it first.
func (b *Bootstrap) inspectBucket(ctx context.Context) (*found, error) {
	s := b.Site
	f := &found{Change: Change{Resource: "S3 bucket", Name: s.Bucket, Action: Exists}}
	_, err := b.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID})
	switch status(err) {
	case http.StatusNotFound:
		f.Action = Create
		f.todo("versioned, encrypted with the key, private, TLS only; noncurrent versions expire after 90 days", b.createBucket)
		return f, nil
	case http.StatusForbidden:
		return nil, fmt.Errorf("no access to the bucket %s: it belongs to another account, or %s lacks the permissions; choose another name or other credentials", s.Bucket, b.Caller)
	case http.StatusMovedPermanently:
		return nil, fmt.Errorf("the bucket %s is in another region than %s: choose another name", s.Bucket, s.Region)
	}
	if err != nil {
		return nil, explain("read the bucket "+s.Bucket, err)
	}
	if err := b.inspectBucketTags(ctx, f); err != nil {
		return nil, err
	}
	for _, setting := range b.bucketSettings() {
		if err := setting(ctx, f); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// status returns the HTTP status of an error response, or 0.
func status(err error) int {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) {
		return r.HTTPStatusCode()
	}
	return 0
}

// bucketSettings compare one setting each.
func (b *Bootstrap) bucketSettings() []func(context.Context, *found) error {
	return []func(context.Context, *found) error{
		b.inspectPublicAccess, b.inspectOwnership, b.inspectEncryption, b.inspectVersioning, b.inspectBucketPolicy, b.inspectLifecycle,
	}
}

func (b *Bootstrap) createBucket(ctx context.Context) error {
	s := b.Site
	in := &s3.CreateBucketInput{Bucket: &s.Bucket}
	if s.Region != "us-east-1" { // which the API wants left out
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(s.Region)}
	}
	if _, err := b.s3.CreateBucket(ctx, in); err != nil {
		return explain("create the bucket "+s.Bucket, err)
	}
	f := &found{}
	// The tag comes first: the next run then recognises a bucket that is not finished.
	if err := b.inspectBucketTags(ctx, f); err != nil {
		return err
	}
	for _, setting := range b.bucketSettings() {
		if err := setting(ctx, f); err != nil {
			return err
		}
	}
	for _, step := range f.steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// failed explains an error of a request about the bucket, other than a setting that was never made.
func (b *Bootstrap) failed(what string, err error, unset string) error {
	if err == nil || unset != "" && code(err) == unset {
		return nil
	}
	return explain(what+" of the bucket "+b.Site.Bucket, err)
}

func (b *Bootstrap) inspectBucketTags(ctx context.Context, f *found) error {
	s := b.Site
	out, err := b.s3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID})
	if err := b.failed("read the tags", err, "NoSuchTagSet"); err != nil {
		return err
	}
	var tags []types.Tag
	if err == nil {
		tags = out.TagSet
	}
	for _, t := range tags {
		if aws.ToString(t.Key) == markKey && aws.ToString(t.Value) == markValue {
			return nil
		}
	}
	tags = slices.DeleteFunc(tags, func(t types.Tag) bool { return aws.ToString(t.Key) == markKey })
	tags = append(tags, types.Tag{Key: aws.String(markKey), Value: aws.String(markValue)})
	f.Action = Adopt
	f.todo("is marked with a tag", func(ctx context.Context) error {
		_, err := b.s3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{
			Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID, Tagging: &types.Tagging{TagSet: tags},
		})
		return b.failed("write the tags", err, "")
	})
	return nil
}

func (b *Bootstrap) inspectPublicAccess(ctx context.Context, f *found) error {
	s := b.Site
	out, err := b.s3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID})
	if err := b.failed("read the public access block", err, "NoSuchPublicAccessBlockConfiguration"); err != nil {
		return err
	}
	yes := aws.Bool(true)
	want := &types.PublicAccessBlockConfiguration{BlockPublicAcls: yes, IgnorePublicAcls: yes, BlockPublicPolicy: yes, RestrictPublicBuckets: yes}
	if err == nil && reflect.DeepEqual(out.PublicAccessBlockConfiguration, want) {
		return nil
	}
	f.todo("public access is not blocked", func(ctx context.Context) error {
		_, err := b.s3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
			Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID, PublicAccessBlockConfiguration: want,
		})
		return b.failed("block public access", err, "")
	})
	return nil
}

// inspectOwnership checks that ACLs are off, so that policies alone decide about access.
func (b *Bootstrap) inspectOwnership(ctx context.Context, f *found) error {
	s := b.Site
	out, err := b.s3.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID})
	if err := b.failed("read the object ownership", err, "OwnershipControlsNotFoundError"); err != nil {
		return err
	}
	want := []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}}
	if err == nil && reflect.DeepEqual(out.OwnershipControls.Rules, want) {
		return nil
	}
	f.todo("ACLs are on", func(ctx context.Context) error {
		_, err := b.s3.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{
			Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID, OwnershipControls: &types.OwnershipControls{Rules: want},
		})
		return b.failed("enforce bucket ownership of objects", err, "")
	})
	return nil
}

// inspectEncryption checks that objects are encrypted with the key. A bucket key keeps the number of requests to KMS small
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html).
func (b *Bootstrap) inspectEncryption(ctx context.Context, f *found) error {
	s := b.Site
	out, err := b.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID})
	if err := b.failed("read the encryption", err, "ServerSideEncryptionConfigurationNotFoundError"); err != nil {
		return err
	}
	if err == nil && len(out.ServerSideEncryptionConfiguration.Rules) == 1 {
		r := out.ServerSideEncryptionConfiguration.Rules[0]
		d := r.ApplyServerSideEncryptionByDefault
		if d != nil && d.SSEAlgorithm == types.ServerSideEncryptionAwsKms && aws.ToString(d.KMSMasterKeyID) == b.keyARN && aws.ToBool(r.BucketKeyEnabled) {
			return nil
		}
	}
	f.todo("is not encrypted with the key", func(ctx context.Context) error {
		_, err := b.s3.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
			Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID,
			ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
				ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
					SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String(b.keyARN),
				},
				BucketKeyEnabled: aws.Bool(true),
			}}},
		})
		return b.failed("set the encryption", err, "")
	})
	return nil
}

func (b *Bootstrap) inspectVersioning(ctx context.Context, f *found) error {
	s := b.Site
	out, err := b.s3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID})
	if err := b.failed("read the versioning", err, ""); err != nil {
		return err
	}
	if out.Status == types.BucketVersioningStatusEnabled {
		return nil
	}
	f.todo("versioning is off", func(ctx context.Context) error {
		_, err := b.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		})
		return b.failed("enable the versioning", err, "")
	})
	return nil
}

func (b *Bootstrap) inspectBucketPolicy(ctx context.Context, f *found) error {
	s := b.Site
	out, err := b.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID})
	if err := b.failed("read the policy", err, "NoSuchBucketPolicy"); err != nil {
		return err
	}
	current := ""
	if err == nil {
		current = aws.ToString(out.Policy)
	}
	d, err := compare(current, s.bucketPolicy())
	if err != nil {
		return fmt.Errorf("the policy of the bucket %s: %w", s.Bucket, err)
	}
	for _, sid := range d.ours {
		f.Details = append(f.Details, "policy: statement "+sid)
	}
	if len(d.ours) > 0 {
		f.todo("policy is missing or differs", func(ctx context.Context) error {
			_, err := b.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID, Policy: &d.merged})
			return b.failed("write the policy", err, "")
		})
	}
	for _, sid := range d.others {
		f.Notes = append(f.Notes, "policy: statement "+sid+" was not written by bootstrap and is kept")
	}
	return nil
}

// noncurrentDays is how long a replaced version of the state can be restored.
const noncurrentDays = 90

// lifecycleRule expires noncurrent versions, leftover delete markers and incomplete uploads.
func lifecycleRule() types.LifecycleRule {
	return types.LifecycleRule{
		ID: aws.String("eks-platform-versions"), Status: types.ExpirationStatusEnabled,
		Filter:                         &types.LifecycleRuleFilter{Prefix: aws.String("")},
		NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(noncurrentDays)},
		Expiration:                     &types.LifecycleExpiration{ExpiredObjectDeleteMarker: aws.Bool(true)},
		AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)},
	}
}

func (b *Bootstrap) inspectLifecycle(ctx context.Context, f *found) error {
	s := b.Site
	out, err := b.s3.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID})
	if err := b.failed("read the lifecycle", err, "NoSuchLifecycleConfiguration"); err != nil {
		return err
	}
	want := lifecycleRule()
	rules := []types.LifecycleRule{want}
	if err == nil {
		for _, r := range out.Rules {
			if aws.ToString(r.ID) != aws.ToString(want.ID) {
				rules = append(rules, r)
				f.Notes = append(f.Notes, "lifecycle: rule "+aws.ToString(r.ID)+" was not written by bootstrap and is kept")
				continue
			}
			if sameRule(r, want) {
				want.ID = nil
			}
		}
		if want.ID == nil {
			return nil
		}
	}
	f.todo("noncurrent versions do not expire after 90 days", func(ctx context.Context) error {
		_, err := b.s3.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
			Bucket: &s.Bucket, ExpectedBucketOwner: &s.AccountID,
			LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: rules},
		})
		return b.failed("set the lifecycle", err, "")
	})
	return nil
}

// sameRule compares what rules do, not how S3 spells them: a rule for the whole bucket may have no filter.
func sameRule(have, want types.LifecycleRule) bool {
	whole := have.Filter == nil || aws.ToString(have.Filter.Prefix) == "" && have.Filter.And == nil && have.Filter.Tag == nil &&
		have.Filter.ObjectSizeGreaterThan == nil && have.Filter.ObjectSizeLessThan == nil
	return whole && have.Status == want.Status &&
		reflect.DeepEqual(have.NoncurrentVersionExpiration, want.NoncurrentVersionExpiration) &&
		have.Expiration != nil && aws.ToBool(have.Expiration.ExpiredObjectDeleteMarker) && have.Expiration.Days == nil && have.Expiration.Date == nil &&
		reflect.DeepEqual(have.AbortIncompleteMultipartUpload, want.AbortIncompleteMultipartUpload)
}
