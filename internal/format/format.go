// Package format defines the formats that a JSON Schema can only name: each once, by its name in struct tags
// (jsonschema:"format=kms-key-arn").
package format

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones must also be known on machines without a zone database

	"github.com/Masterminds/semver/v3"
	"github.com/robfig/cron/v3"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-platform/eks-platform/internal/arn"
	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/region"
)

// Format is a format of strings.
type Format struct {
	// Name is its name in struct tags.
	Name string
	// Pattern is the part that a regular expression can express, for editors; or empty.
	Pattern string
	// Problem returns what is wrong with a text, or "".
	Problem func(text string) string
}

// All are the formats.
var All = []Format{
	{"aws-account-id", `^[0-9]{12}$`, Account},
	{"aws-region", region.Pattern, region.Problem},
	{"iam-role-arn", arn.RolePattern, arn.Role},
	{"iam-principal-arn", arn.PrincipalPattern, arn.Principal},
	{"iam-policy-arn", arn.PolicyPattern, arn.Policy},
	{"kms-key-arn", arn.KeyPattern, arn.Key},
	{"ipv4-network", `^[0-9.]+/[0-9]{1,2}$`, IPv4Network},
	{"network", `^[0-9A-Fa-f:.]+/[0-9]{1,3}$`, Network},
	{"quantity", ``, Quantity},
	{"length-of-time", `^([0-9]+(\.[0-9]+)?(h|m|s|ms))+$`, Duration},
	{"seconds", `^([0-9]+(\.[0-9]+)?(h|m|s))+$`, Seconds},
	{"time-zone", ``, TimeZone},
	{"schedule", ``, Schedule},
	{"cronjob-schedule", ``, CronJobSchedule},
	{"image", ``, image.Problem},
	{"chart-image", ``, chartImage},
	{"chart-version", `^[0-9]+[.][0-9]+[.][0-9]+$`, ChartVersion},
	{"addon-version", `^v[0-9]+[.][0-9]+[.][0-9]+-eksbuild[.][0-9]+$`, addonVersion},
	{"namespace", `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`, Namespace},
	{"dns-label", `^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`, dnsLabel},
	{"namespaces", `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$|^([a-z0-9][a-z0-9-]{0,61})?\*$`, namespaces},
	{"eks-cluster-name", `^[0-9A-Za-z][0-9A-Za-z_-]*$`, clusterName},
	{"label-key", ``, labelKey},
	{"label-value", `^(([A-Za-z0-9][A-Za-z0-9_.-]*)?[A-Za-z0-9])?$`, labelValue},
	{"regular-expression", ``, expression},
}

// Account returns what is wrong with the id of an AWS account, or "".
func Account(text string) string {
	if !arn.Account(text) {
		return fmt.Sprintf("must be a 12-digit AWS account ID, got %q", text)
	}
	return ""
}

// IPv4Network returns what is wrong with a range of IPv4 addresses, or "".
func IPv4Network(text string) string {
	p, err := netip.ParsePrefix(text)
	if err != nil || !p.Addr().Is4() || p != p.Masked() {
		return networkProblem("an IPv4 network", "10.16.0.0/16", text, p, err)
	}
	return special(p)
}

// Network returns what is wrong with a range of addresses of either family, or "".
func Network(text string) string {
	p, err := netip.ParsePrefix(text)
	if err != nil || p != p.Masked() {
		return networkProblem("a network", "203.0.113.0/24", text, p, err)
	}
	return special(p)
}

func networkProblem(what, like, text string, p netip.Prefix, err error) string {
	hint := ""
	if err == nil && p != p.Masked() {
		hint = fmt.Sprintf("; did you mean %s?", p.Masked())
	}
	return fmt.Sprintf("must be the address of %s with its prefix length, such as %s, got %q%s", what, like, text, hint)
}

// unusable are ranges in which no VPC, peer or client has addresses.
var unusable = []struct {
	prefix netip.Prefix
	why    string
}{
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast addresses"},
	{netip.MustParsePrefix("ff00::/8"), "multicast addresses"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved addresses"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback addresses"},
	{netip.MustParsePrefix("::1/128"), "loopback addresses"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local addresses"},
	{netip.MustParsePrefix("fe80::/10"), "link-local addresses"},
}

func special(p netip.Prefix) string {
	for _, u := range unusable {
		if p.Bits() >= u.prefix.Bits() && u.prefix.Contains(p.Addr()) {
			return fmt.Sprintf("%s contains %s, which cannot be used here", p, u.why)
		}
	}
	return ""
}

// Quantity returns what is wrong with a Kubernetes quantity, or "".
func Quantity(text string) string {
	q, err := resource.ParseQuantity(text)
	switch {
	case len(text) > 32 || err != nil:
		return fmt.Sprintf("must be a quantity such as 250m, 200Mi or 1Gi, got %q", text)
	case q.Sign() <= 0:
		return fmt.Sprintf("must be more than zero, got %q", text)
	case q.Cmp(maxQuantity) > 0:
		return fmt.Sprintf("is more than any node has, got %q", text)
	}
	return ""
}

var maxQuantity = resource.MustParse("1Ei")

// Duration returns what is wrong with a duration, or "".
func Duration(text string) string {
	if d, err := time.ParseDuration(text); err != nil || d <= 0 {
		return fmt.Sprintf("must be a duration such as 10m or 1m30s, got %q", text)
	}
	return ""
}

// Seconds returns what is wrong with a duration of at least a second, or "".
func Seconds(text string) string {
	if d, err := time.ParseDuration(text); err != nil || d < time.Second {
		return fmt.Sprintf("must be a duration of at least one second, such as 90s or 1m30s, got %q", text)
	}
	return ""
}

// zone matches IANA's names. Machines' databases have more, such as posix/Europe/Berlin and localtime.
var zone = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

// TimeZone returns what is wrong with the name of a time zone, or "". Local, which Go accepts, differs between machines.
func TimeZone(text string) string {
	_, err := time.LoadLocation(text)
	if !zone.MatchString(text) || text == "Factory" || strings.EqualFold(text, time.Local.String()) || err != nil {
		return fmt.Sprintf("must be an IANA time zone, such as Europe/Berlin or Etc/UTC, got %q", text)
	}
	return ""
}

// Schedule returns what is wrong with a cron expression of five fields, or "".
func Schedule(text string) string {
	if n := len(strings.Fields(text)); n != 5 {
		return fmt.Sprintf("must be a cron expression of five fields (minute, hour, day of month, month, day of week), got %q, which has %d", text, n)
	}
	if strings.ContainsAny(text, "@=?") {
		return fmt.Sprintf("must be a cron expression without @, = and ?, got %q", text)
	}
	s, err := cron.ParseStandard(text)
	if err != nil {
		return fmt.Sprintf("is not a valid cron expression, got %q: %v", text, err)
	}
	return never(text, s)
}

// never returns a problem if a schedule has no next time, as for 31 February.
func never(text string, s cron.Schedule) string {
	if s.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return fmt.Sprintf("must be a cron expression with a next time, got %q: there is no such day", text)
	}
	return ""
}

// CronJobSchedule returns what is wrong with the schedule of a Kubernetes CronJob, or "". The API server parses it with
// the same library, and refuses a time zone within
// (https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/batch/validation/validation.go, validateScheduleFormat).
func CronJobSchedule(text string) string {
	if strings.Contains(text, "TZ") {
		return fmt.Sprintf("must not contain a time zone, got %q: set timeZone instead", text)
	}
	s, err := cron.ParseStandard(text)
	if err != nil {
		return fmt.Sprintf("must be a cron expression of five fields, or @hourly, @daily and the like, got %q: %v", text, err)
	}
	return never(text, s)
}

func chartImage(text string) string {
	if wrong := image.Problem(text); wrong != "" {
		return wrong
	}
	if _, tag := image.Split(text); tag == "" {
		return fmt.Sprintf("%q has no tag, which the chart needs: add it before the digest", text)
	}
	return ""
}

// ChartVersion returns what is wrong with the version of a Helm chart, or "".
func ChartVersion(text string) string {
	if v, err := semver.StrictNewVersion(text); err != nil || v.Prerelease() != "" || v.Metadata() != "" {
		return fmt.Sprintf("must be an exact chart version such as 3.5.0, not a range, got %q", text)
	}
	return ""
}

var build = regexp.MustCompile(`^eksbuild\.[0-9]+$`)

func addonVersion(text string) string {
	bare, prefixed := strings.CutPrefix(text, "v")
	if v, err := semver.StrictNewVersion(bare); !prefixed || err != nil || !build.MatchString(v.Prerelease()) || v.Metadata() != "" {
		return fmt.Sprintf("must be a full version with EKS's build, such as v1.22.4-eksbuild.3, got %q", text)
	}
	return ""
}

// Namespace returns what is wrong with the name of a Kubernetes namespace, or "".
func Namespace(text string) string {
	if len(validation.IsDNS1123Label(text)) > 0 {
		return fmt.Sprintf("must be a namespace name: 1 to 63 lower-case letters, digits and inner hyphens, got %q", text)
	}
	return ""
}

var (
	label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	// https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
	cluster   = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]*$`)
	beginning = regexp.MustCompile(`^([a-z0-9][a-z0-9-]{0,61})?\*$`)
)

func dnsLabel(text string) string {
	if !label.MatchString(text) {
		return fmt.Sprintf("must be lower-case letters, digits and inner hyphens, got %q", text)
	}
	return ""
}

func clusterName(text string) string {
	if !cluster.MatchString(text) {
		return fmt.Sprintf("must be letters, digits, hyphens and underscores, beginning with a letter or digit, got %q", text)
	}
	return ""
}

// namespaces is the name of a namespace, or the beginning of several.
func namespaces(text string) string {
	if Namespace(text) != "" && !beginning.MatchString(text) {
		return fmt.Sprintf("must be a namespace name, or a prefix followed by *, got %q", text)
	}
	return ""
}

// maxLabel is EKS's limit on the keys of labels and taints
// (https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html).
const maxLabel = 63

func labelKey(text string) string {
	switch wrong := validation.IsQualifiedName(text); {
	case len(wrong) > 0:
		return fmt.Sprintf("is not a valid key, got %q: %s", text, strings.Join(wrong, "; "))
	case len(text) > maxLabel:
		return "EKS accepts keys of at most " + strconv.Itoa(maxLabel) + " characters, got " + strconv.Quote(text)
	}
	return ""
}

func labelValue(text string) string {
	if wrong := validation.IsValidLabelValue(text); len(wrong) > 0 {
		return fmt.Sprintf("is not a valid label value, got %q: %s", text, strings.Join(wrong, "; "))
	}
	return ""
}

func expression(text string) string {
	if _, err := regexp.Compile(text); err != nil || text == "" {
		return fmt.Sprintf("must be a regular expression, got %q", text)
	}
	return ""
}
