// Package principal checks the IAM principals that EKS access entries are for.
package principal

import (
	"regexp"
	"strings"

	"github.com/eks-platform/eks-platform/internal/problem"
)

var arnForm = regexp.MustCompile(`^arn:([a-z-]+):iam::[0-9]{12}:(?:role|user)/(.+)$`)

// Partition returns the partition of a principal's ARN, or "" of what is none.
func Partition(arn string) string {
	m := arnForm.FindStringSubmatch(arn)
	if m == nil {
		return ""
	}
	return m[1]
}

// Check adds what is wrong with a principal
// (https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html).
func Check(out *problem.List, at, arn string) {
	m := arnForm.FindStringSubmatch(arn)
	switch {
	case strings.HasSuffix(arn, ":root"):
		out.Add(at, "%s is an account's root user, which cannot have access: name a role", arn)
	case strings.Contains(arn, ":assumed-role/"):
		out.Add(at, "%s is a session: name its role, arn:<partition>:iam::<account>:role/<path><name>", arn)
	case m == nil:
		out.Add(at, "must be the ARN of an IAM role or user, got %q", arn)
	case strings.HasPrefix(m[2], "aws-service-role/"):
		out.Add(at, "%s is a service-linked role, which cannot have access", arn)
	}
}
