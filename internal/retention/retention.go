// Package retention knows how long CloudWatch Logs can keep records.
package retention

import (
	"fmt"
	"slices"
	"strings"
)

// days are the periods that CloudWatch Logs knows
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html).
var days = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// Problem tells what is wrong with a number of days, or "".
func Problem(n int) string {
	if slices.Contains(days, n) {
		return ""
	}
	return fmt.Sprintf("must be one of CloudWatch's periods (%s), got %d",
		strings.Trim(strings.ReplaceAll(fmt.Sprint(days), " ", ", "), "[]"), n)
}
