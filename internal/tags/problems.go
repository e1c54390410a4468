package tags

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// text is what every AWS service takes in a tag. EC2 would take more, but IAM, KMS and CloudWatch Logs refuse it.
var text = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`)

const (
	maxKey   = 128
	maxValue = 256
)

// Problems holds tags against AWS's rules, each by itself
// (https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html).
func Problems(tags map[string]string) problem.List {
	var out problem.List
	for key, value := range tags {
		wrong := ""
		switch {
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			wrong = "keys that begin with aws: belong to AWS"
		case strings.EqualFold(key, "Name"):
			wrong = "every resource gets a Name of its own"
		case key == "" || len(key) > maxKey:
			wrong = fmt.Sprintf("a key has 1 to %d characters, got %d", maxKey, len(key))
		case !text.MatchString(key):
			wrong = "a key has only letters, digits, spaces and _ . : / = + - @"
		case len(value) > maxValue:
			wrong = fmt.Sprintf("a value has at most %d characters, got %d", maxValue, len(value))
		case !text.MatchString(value):
			wrong = fmt.Sprintf("a value has only letters, digits, spaces and _ . : / = + - @, got %q", value)
		}
		if wrong != "" {
			out.Add(key, "%s", wrong)
		}
	}
	return out
}
