// Package arn validates the ARNs in a stack file: on their own, and for the account and region of the stack.
package arn

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/eks-platform/eks-platform/internal/region"
)

// Patterns are the part of the rules that a regular expression can express, for editors of stack files.
const (
	KeyPattern       = `^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9A-Za-z-]+$`
	RolePattern      = `^arn:[a-z-]+:iam::[0-9]{12}:role/.+$`
	PrincipalPattern = `^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+$`
	PolicyPattern    = `^arn:[a-z-]+:iam::(aws|[0-9]{12}):policy/.+$`
)

var (
	account = regexp.MustCompile(`^[0-9]{12}$`)
	keyID   = regexp.MustCompile(`^[0-9A-Za-z-]+$`)
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	identityName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	policyName   = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	identityPath = regexp.MustCompile(`^[!-~]{0,510}$`)
)

// Account reports whether a text is an AWS account ID.
func Account(id string) bool { return account.MatchString(id) }

// Key returns what is wrong with the ARN of a KMS key, or "". Aliases are not accepted: IAM policies do not support them.
func Key(text string) string {
	a, err := arn.Parse(text)
	id, ok := strings.CutPrefix(a.Resource, "key/")
	if err != nil || a.Service != "kms" || a.Region == "" || !Account(a.AccountID) || !ok || !keyID.MatchString(id) {
		return fmt.Sprintf("must be the ARN of a KMS key (aliases are not accepted), such as "+
			"arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab, got %q", text)
	}
	return ""
}

// Role returns what is wrong with the ARN of an IAM role, or "".
func Role(text string) string {
	a, err := arn.Parse(text)
	full, ok := strings.CutPrefix(a.Resource, "role/")
	if err != nil || !ok || !identity(a) {
		return fmt.Sprintf("must be the ARN of an IAM role, such as arn:aws:iam::111111111111:role/deployer, got %q", text)
	}
	return nameProblem("role", full, identityName, 64)
}

// Principal returns what is wrong with the ARN of an IAM principal that an EKS access entry is for, or "": a role, or a
// user (https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html).
func Principal(text string) string {
	a, err := arn.Parse(text)
	kind, full, _ := strings.Cut(a.Resource, "/")
	switch {
	case err == nil && a.Resource == "root":
		return text + " is an account's root user, which cannot have access: give a role"
	case err == nil && kind == "assumed-role":
		return text + " is an assumed-role session: give its role, arn:<partition>:iam::<account>:role/<path><name>"
	case err != nil || !identity(a) || kind != "role" && kind != "user" || full == "":
		return fmt.Sprintf("must be the ARN of an IAM role or user, got %q", text)
	case strings.HasPrefix(full, "aws-service-role/"):
		return text + " is a service-linked role, which cannot have access"
	case strings.HasPrefix(full, "AWSReservedSSO_"):
		return text + " lacks its path: EKS needs the full ARN of a role of IAM Identity Center, as " +
			"`aws iam get-role` shows it, such as role/aws-reserved/sso.amazonaws.com/eu-west-1/" + full
	}
	return nameProblem(kind, full, identityName, 64)
}

// Policy returns what is wrong with the ARN of an IAM policy, or "".
func Policy(text string) string {
	a, err := arn.Parse(text)
	full, ok := strings.CutPrefix(a.Resource, "policy/")
	if err != nil || !ok || a.Service != "iam" || a.Region != "" || a.AccountID != "aws" && !Account(a.AccountID) {
		return fmt.Sprintf("must be the ARN of an IAM policy, such as arn:aws:iam::aws:policy/ReadOnlyAccess, got %q", text)
	}
	return nameProblem("policy", full, policyName, 128)
}

func identity(a arn.ARN) bool { return a.Service == "iam" && a.Region == "" && Account(a.AccountID) }

// nameProblem checks a name with its path.
func nameProblem(kind, full string, form *regexp.Regexp, longest int) string {
	path, name := "", full
	if i := strings.LastIndex(full, "/"); i >= 0 {
		path, name = full[:i], full[i+1:]
	}
	switch {
	case !form.MatchString(name):
		return fmt.Sprintf("must end in the name of one %s: 1 to %d letters, digits and + = , . @ - _, no wildcards, got %q", kind, longest, name)
	case !identityPath.MatchString(path) || strings.ContainsAny(path, "*?"):
		return fmt.Sprintf("must have a path of at most 510 visible ASCII characters, no wildcards, got %q", path)
	}
	return ""
}

// Partition returns the partition of an ARN, or "" if it is not one.
func Partition(text string) string {
	a, err := arn.Parse(text)
	if err != nil {
		return ""
	}
	return a.Partition
}

// Place is the account and region of a stack.
type Place struct {
	// Region is the AWS region.
	Region string
	// AccountID is the AWS account; "" leaves it out of checks.
	AccountID string
}

// Elsewhere returns why an ARN cannot be used from a place, or "": it is of another partition, another region, or, unless
// the account is left out, another account. For anything but an ARN it returns "".
func (p Place) Elsewhere(text string) string {
	a, err := arn.Parse(text)
	if err != nil {
		return ""
	}
	switch want := region.Partition(p.Region); {
	case a.Partition != want:
		return fmt.Sprintf("must be in partition %s, the partition of %s, got %s", want, p.Region, a.Partition)
	case a.Region != "" && a.Region != p.Region:
		return fmt.Sprintf("must be in %s, the stack's region, got %s", p.Region, a.Region)
	case p.AccountID != "" && Account(a.AccountID) && a.AccountID != p.AccountID:
		return fmt.Sprintf("must be in %s, the stack's account, got %s", p.AccountID, a.AccountID)
	}
	return ""
}
