package podcleanup

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones must be known on machines without a zone database, too

	"github.com/robfig/cron/v3"

	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// Problems returns everything that is wrong with the settings, with paths relative to them.
func (s Settings) Problems() problem.List {
	var out problem.List
	if why := image.Problem(s.Image); why != "" {
		out.Add("image", "%s", why)
	}
	if why := scheduleProblem(s.Schedule); why != "" {
		out.Add("schedule", "%s", why)
	}
	if !knownTimeZone(s.TimeZone) {
		out.Add("timeZone", "%q is no IANA time zone, such as Europe/Berlin or Etc/UTC", s.TimeZone)
	}
	return out
}

// Problems returns what is wrong with the settings, and with them on this cluster. Paths are those of the settings.
func (a *Args) Problems() problem.List {
	out := a.Settings.Problems()
	_, tag := image.Split(a.Image)
	client, known := minor(tag)
	server, ok := minor(a.ClusterVersion)
	if known && ok && (client < server-1 || client > server+1) {
		out.Add("image", "must be a kubectl at most one minor away from the cluster's Kubernetes (%s), got %s", a.ClusterVersion, tag)
	}
	return out
}

// scheduleProblem says what is wrong with a schedule, or returns "". The API server parses it with the same library,
// and refuses a time zone within
// (https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/batch/validation/validation.go, validateScheduleFormat).
func scheduleProblem(schedule string) string {
	if strings.Contains(schedule, "TZ") {
		return fmt.Sprintf("%q names a time zone; set timeZone instead", schedule)
	}
	if _, err := cron.ParseStandard(schedule); err != nil {
		return fmt.Sprintf("%q is no cron expression: %s", schedule, err)
	}
	return ""
}

// knownTimeZone tells whether the API server takes a time zone: it refuses the machine's own, by any spelling.
func knownTimeZone(name string) bool {
	if name == "" || strings.EqualFold(name, time.Local.String()) {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

var kubernetesVersion = regexp.MustCompile(`^v?1\.([0-9]{1,3})([.-]|$)`)

// minor returns 35 of 1.35 and of v1.35.7.
func minor(version string) (int, bool) {
	m := kubernetesVersion.FindStringSubmatch(version)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}
