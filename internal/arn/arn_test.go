package arn_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/internal/arn"
)

func TestWhatAServiceWouldRefuseIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		check func(string) string
		text  string
		want  string // empty for what is good
	}{
		{arn.Key, "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab", ""},
		{arn.Key, "arn:aws-cn:kms:cn-north-1:111111111111:key/mrk-1234", ""},
		{arn.Key, "arn:aws:kms:eu-west-1:111111111111:alias/x", "aliases are not accepted"},
		{arn.Key, "arn:aws:kms::111111111111:key/x", "ARN of a KMS key"},
		{arn.Key, "1234abcd", "ARN of a KMS key"},
		{arn.Principal, "arn:aws:iam::111111111111:role/teams/a", ""},
		{arn.Principal, "arn:aws:iam::111111111111:user/someone@example.com", ""},
		{arn.Principal, "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef", ""},
		{arn.Principal, "arn:aws:iam::111111111111:role/AWSReservedSSO_Admin_0123456789abcdef", "lacks its path"},
		{arn.Principal, "arn:aws:iam::111111111111:role/*", "no wildcards"},
		{arn.Principal, "arn:aws:iam::111111111111:role/*/a", "no wildcards"},
		{arn.Principal, "arn:aws:iam::111111111111:role/a b", "must end in the name of one role"},
		{arn.Principal, "arn:aws:iam::111111111111:role/" + strings.Repeat("a", 64), ""},
		{arn.Principal, "arn:aws:iam::111111111111:role/" + strings.Repeat("a", 65), "1 to 64"},
		{arn.Principal, "arn:aws:iam::111111111111:role/", "role or user"},
		{arn.Principal, "arn:aws:iam::1111:role/a", "role or user"},
		{arn.Principal, "arn:aws:iam::111111111111:group/a", "role or user"},
		{arn.Principal, "arn:aws:iam::111111111111:root", "root user"},
		{arn.Principal, "arn:aws:sts::111111111111:assumed-role/a/me", "give its role"},
		{arn.Role, "arn:aws:iam::111111111111:role/deployer", ""},
		{arn.Role, "arn:aws:iam::111111111111:user/deployer", "ARN of an IAM role"},
		{arn.Policy, "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", ""},
		{arn.Policy, "arn:aws:iam::111111111111:policy/p", ""},
		{arn.Policy, "arn:aws:iam::111111111111:policy/p*", "no wildcards"},
		{arn.Policy, "ReadOnlyAccess", "ARN of an IAM policy"},
	} {
		got := c.check(c.text)
		if c.want == "" {
			assert.Empty(t, got, c.text)
			continue
		}
		assert.Contains(t, got, c.want, c.text)
	}
}

func TestAnARNIsHeldAgainstThePlaceOfTheStack(t *testing.T) {
	t.Parallel()
	here := arn.Place{Region: "eu-west-1", AccountID: "111111111111"}
	assert.Empty(t, here.Elsewhere("arn:aws:kms:eu-west-1:111111111111:key/x"))
	assert.Empty(t, here.Elsewhere("arn:aws:iam::aws:policy/p"), "AWS's own")
	assert.Empty(t, here.Elsewhere("not an ARN"))
	assert.Contains(t, here.Elsewhere("arn:aws-cn:iam::111111111111:role/x"), "must be in partition aws,")
	assert.Contains(t, here.Elsewhere("arn:aws:kms:us-east-1:111111111111:key/x"), "must be in eu-west-1, the stack's region, got us-east-1")
	assert.Contains(t, here.Elsewhere("arn:aws:iam::222222222222:role/x"), "the stack's account, got 222222222222")
	assert.Empty(t, arn.Place{Region: "eu-west-1"}.Elsewhere("arn:aws:iam::222222222222:role/x"), "the account is left out")
}
