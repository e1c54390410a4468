package aws

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// The forms that the genuine provider asks of an ARN's parts (internal/verify in hashicorp/terraform-provider-aws).
var (
	arnPartition = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	arnRegion    = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d{1,2}$`)
	arnAccount   = regexp.MustCompile(`^(aws|aws-managed|third-party|aws-marketplace|\d{12}|cw.{10})$`)
)

// formatProblem says what is wrong with a string of a format, or nothing. The provider lets an empty string pass
// as not given.
func formatProblem(format, s string) string {
	if s == "" {
		return ""
	}
	switch format {
	case "arn":
		if why := arnProblem(s); why != "" {
			return fmt.Sprintf("%q is an invalid ARN: %s", s, why)
		}
	case "json":
		var v any
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			return fmt.Sprintf("contains invalid JSON: %v", err)
		}
	case "cidr":
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return fmt.Sprintf("%q is not a valid CIDR block", s)
		}
		if m := p.Masked(); m != p {
			return fmt.Sprintf("%q is not a valid CIDR block; did you mean %q?", s, m)
		}
	case "ip":
		if _, err := netip.ParseAddr(s); err != nil {
			return fmt.Sprintf("%q is not a valid IP address", s)
		}
	case "rfc3339":
		if _, err := time.Parse(time.RFC3339, s); err != nil {
			return fmt.Sprintf("%q is not a time such as 2006-01-02T15:04:05Z", s)
		}
	case "boolean":
		if s != "true" && s != "false" {
			return fmt.Sprintf("expected \"true\" or \"false\", got %q", s)
		}
	}
	return ""
}

func arnProblem(s string) string {
	parts := strings.SplitN(s, ":", 6)
	switch {
	case len(parts) < 6 || parts[0] != "arn":
		return `it must have the form arn:partition:service:region:account:resource`
	case !arnPartition.MatchString(parts[1]):
		return fmt.Sprintf("invalid partition %q", parts[1])
	case parts[2] == "":
		return "missing service"
	case parts[3] != "" && !arnRegion.MatchString(parts[3]):
		return fmt.Sprintf("invalid region %q", parts[3])
	case parts[4] != "" && !arnAccount.MatchString(parts[4]):
		return fmt.Sprintf("invalid account ID %q", parts[4])
	case parts[5] == "":
		return "missing resource"
	}
	return ""
}
