package tags

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// text matches what every AWS service accepts in a tag. EC2 accepts more, but IAM, KMS and CloudWatch Logs do not.
var text = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`)

const (
	maxKey   = 128
	maxValue = 256
)

// Problems checks each tag against AWS's rules
// (https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html).
func Problems(tags map[string]string) problem.List {
	var out problem.List
	for key, value := range tags {
		wrong := ""
		switch {
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			wrong = "keys that begin with aws: are reserved for AWS"
		case strings.EqualFold(key, "Name"):
			wrong = "must not be set: every resource gets its own Name"
		case key == "" || len(key) > maxKey:
			wrong = fmt.Sprintf("a key must have 1 to %d characters, got %d", maxKey, len(key))
		case !text.MatchString(key):
			wrong = "a key must contain only letters, digits, spaces and _ . : / = + - @"
		case len(value) > maxValue:
			wrong = fmt.Sprintf("a value must have at most %d characters, got %d", maxValue, len(value))
		case !text.MatchString(value):
			wrong = fmt.Sprintf("a value must contain only letters, digits, spaces and _ . : / = + - @, got %q", value)
		}
		if wrong != "" {
			out.Add(key, "%s", wrong)
		}
	}
	return out
}
