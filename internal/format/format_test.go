package format_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/format"
)

// good and bad are values of each format.
var good = map[string][]string{
	"aws-account-id":     {"111111111111", "000000000001"},
	"aws-region":         {"eu-west-1", "us-gov-west-1", "cn-north-1"},
	"iam-role-arn":       {"arn:aws:iam::111111111111:role/a/b"},
	"iam-principal-arn":  {"arn:aws:iam::111111111111:user/a"},
	"iam-policy-arn":     {"arn:aws:iam::aws:policy/ReadOnlyAccess"},
	"kms-key-arn":        {"arn:aws:kms:eu-west-1:111111111111:key/x"},
	"ipv4-network":       {"10.0.0.0/8", "0.0.0.0/0"},
	"network":            {"203.0.113.0/24", "2001:db8::/32", "::/0"},
	"quantity":           {"250m", "200Mi", "1.5Gi", "1e3"},
	"length-of-time":     {"10m", "1m30s"},
	"seconds":            {"90s", "1m"},
	"time-zone":          {"Europe/Berlin", "Etc/UTC", "UTC"},
	"schedule":           {"0 20 * * 1-5", "0 6 29 2 *", "*/5 * * JAN MON-FRI"},
	"cronjob-schedule":   {"17 * * * *", "@hourly"},
	"image":              {"registry.k8s.io/kubectl:v1.35.7"},
	"chart-image":        {"registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.2"},
	"chart-version":      {"9.59.0"},
	"addon-version":      {"v1.22.4-eksbuild.3"},
	"namespace":          {"team-a"},
	"dns-label":          {"team-a", "a"},
	"namespaces":         {"team-a", "team-*", "*"},
	"eks-cluster-name":   {"nonprod", "Prod_1"},
	"label-key":          {"example.com/a", "a"},
	"label-value":        {"a_b", ""},
	"regular-expression": {"-spot-nodes-", ".*"},
}

var bad = map[string][]string{
	"aws-account-id":     {"", "1111", "11111111111a"},
	"aws-region":         {"", "europe", "eu-west-1a", "eusc-de-east-1"},
	"iam-role-arn":       {"", "role/a", "arn:aws:iam::111111111111:role/*"},
	"iam-principal-arn":  {"", "arn:aws:iam::111111111111:root"},
	"iam-policy-arn":     {"", "ReadOnlyAccess"},
	"kms-key-arn":        {"", "alias/x"},
	"ipv4-network":       {"", "10.0.0.0", "10.0.0.1/8", "::/0", "224.0.0.0/24", "127.0.0.0/8", "169.254.0.0/16", "10.0.0.0/33"},
	"network":            {"", "203.0.113.1/24", "ff02::/16", "240.0.0.0/4"},
	"quantity":           {"", "ten", "0", "-1", "200 MB", "1e400", "9999Pi"},
	"length-of-time":     {"", "10", "0m", "-1m", "soon"},
	"seconds":            {"", "100ms", "60"},
	"time-zone":          {"", "Local", "local", "localtime", "posix/Europe/Berlin", "right/UTC", "Factory", "Europe/Bonn", "../etc/passwd"},
	"schedule":           {"", "@daily", "0 20 * *", "0 0 20 * * *", "0 25 * * *", "0 0 31 2 *", "0 20 ? * 1"},
	"cronjob-schedule":   {"", "TZ=UTC 0 * * * *", "60 * * * *", "0 0 30 2 *"},
	"image":              {"", "kubectl:v1.35.7", "registry.k8s.io/kubectl:latest", "registry.k8s.io/kubectl"},
	"chart-image":        {"", "registry.k8s.io/a@sha256:0000000000000000000000000000000000000000000000000000000000000000"},
	"chart-version":      {"", "9.x", "~3.5", "v3.5.0", "3.5"},
	"addon-version":      {"", "v1.22.4", "1.22.4-eksbuild.3", "v99999999999999999999.0.0-eksbuild.1"},
	"namespace":          {"", "Team", "team_a", "team-*"},
	"dns-label":          {"", "Team", "a-", "a.b"},
	"namespaces":         {"", "Team_A", "a*b"},
	"eks-cluster-name":   {"", "-x", "a b"},
	"label-key":          {"", "a b", "-a"},
	"label-value":        {"a b", "-"},
	"regular-expression": {"", "*spot"},
}

func TestEachFormatTakesWhatIsGoodAndSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, f := range format.All {
		require.NotEmpty(t, good[f.Name], f.Name)
		require.NotEmpty(t, bad[f.Name], f.Name)
		pattern := regexp.MustCompile(f.Pattern)
		for _, text := range good[f.Name] {
			assert.Empty(t, f.Problem(text), f.Name)
			assert.Regexp(t, pattern, text, "%s: the pattern for editors refuses what is good", f.Name)
		}
		for _, text := range bad[f.Name] {
			assert.NotEmpty(t, f.Problem(text), "%s %q", f.Name, text)
		}
	}
}
