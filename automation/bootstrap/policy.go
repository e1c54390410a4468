package bootstrap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

// Prefixes of the managed policies' names, before the stack's name. They are managed because the inline policies of a role
// have too little room.
const (
	readPrefix  = "eks-platform-read-"
	writePrefix = "eks-platform-write-"
)

func (s *Site) policyARN(name string) string { return s.global("iam", "policy/"+name) }

// inspectPolicy inspects one of an environment's managed policies.
func (b *Bootstrap) inspectPolicy(ctx context.Context, p document) (*found, error) {
	f := &found{Change: Change{Resource: "IAM policy", Name: p.name, Action: Exists}}
	if n := p.Size(); n > iamdoc.MaxManaged {
		return nil, fmt.Errorf("the policy %s has %d characters, and IAM's limit is %d: shorten the names of the cluster and the environment", p.name, n, iamdoc.MaxManaged)
	}
	arn := b.Site.policyARN(p.name)
	out, err := b.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if missing(err) {
		f.Action = Create
		f.todo(describe(p.name), func(ctx context.Context) error {
			_, err := b.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: &p.name, PolicyDocument: aws.String(p.JSON()), Tags: roleTags()})
			return wrap("create the policy "+p.name, err)
		})
		return f, nil
	}
	if err != nil {
		return nil, explain("read the policy "+p.name, err)
	}
	if !marked(out.Policy.Tags) {
		f.Action = Adopt
		f.todo("is marked with a tag", func(ctx context.Context) error {
			_, err := b.iam.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: &arn, Tags: roleTags()})
			return wrap("tag the policy "+p.name, err)
		})
	}
	version, err := b.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: out.Policy.DefaultVersionId})
	if err != nil {
		return nil, explain("read the policy "+p.name, err)
	}
	d, err := compareEncoded(version.PolicyVersion.Document, p.Document)
	if err != nil {
		return nil, fmt.Errorf("the policy %s: %w", p.name, err)
	}
	if len(d.ours)+len(d.others) > 0 {
		f.todo(d.String(), func(ctx context.Context) error { return b.newVersion(ctx, arn, p) })
	}
	return f, nil
}

// describe says what a managed policy is for.
func describe(name string) string {
	if strings.HasPrefix(name, readPrefix) {
		return "what both roles may read"
	}
	return "what the deploy role may change"
}

// maxVersions is how many versions IAM keeps of a policy.
const maxVersions = 5

// newVersion replaces a policy's document. If the policy already has IAM's maximum of versions, the oldest one not in use
// is deleted: the only thing that bootstrap ever deletes.
func (b *Bootstrap) newVersion(ctx context.Context, arn string, p document) error {
	out, err := b.iam.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &arn})
	if err != nil {
		return explain("list the versions of the policy "+p.name, err)
	}
	if len(out.Versions) >= maxVersions {
		old := slices.DeleteFunc(slices.Clone(out.Versions), func(v types.PolicyVersion) bool { return v.IsDefaultVersion })
		oldest := slices.MinFunc(old, func(a, b types.PolicyVersion) int {
			return aws.ToTime(a.CreateDate).Compare(aws.ToTime(b.CreateDate))
		})
		if _, err := b.iam.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &arn, VersionId: oldest.VersionId}); err != nil {
			return explain("delete the oldest version of the policy "+p.name, err)
		}
	}
	_, err = b.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: aws.String(p.JSON()), SetAsDefault: true})
	return wrap("write the policy "+p.name, err)
}

// missing reports whether IAM has no such entity.
func missing(err error) bool {
	return code(err) == "NoSuchEntity" || code(err) == "NoSuchEntityException"
}
