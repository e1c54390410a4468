package nodegroup

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // time zones must be known on machines without a zone database, too

	"github.com/robfig/cron/v3"

	"github.com/eks-platform/eks-platform/internal/problem"
)

var scheduleName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

func scheduleProblems(schedules []Schedule, most int) problem.List {
	var out problem.List
	for i, s := range schedules {
		at := fmt.Sprintf("[%d]", i)
		if !scheduleName.MatchString(s.Name) {
			out.Add(at+".name", "must have 1 to 40 lower case letters, digits and inner hyphens, got %q", s.Name)
		}
		if slices.ContainsFunc(schedules[:i], func(o Schedule) bool { return o.Name == s.Name }) {
			out.Add(at+".name", "%q is the name of another schedule of the group", s.Name)
		}
		if why := cronProblem(s.Cron); why != "" {
			out.Add(at+".cron", "%s", why)
		} else if first := slices.IndexFunc(schedules[:i], s.coincides); first >= 0 {
			out.Add(at+".cron", "is the time of schedules[%d] already: Auto Scaling refuses two actions at one time", first)
		}
		if !knownTimeZone(s.TimeZone) {
			out.Add(at+".timeZone", "%q is no IANA time zone, such as Europe/Berlin or Etc/UTC", s.TimeZone)
		}
		out = append(out, sizeProblems(s.Min, s.Max, s.Desired).Under(at)...)
		if s.Max > most {
			out.Add(at+".max", "must not exceed scaling.max (%d), which the IP budget counts with, got %d", most, s.Max)
		}
	}
	return out
}

// coincides tells whether two schedules are due at the same times, as far as their spelling shows it
// (https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html).
func (s Schedule) coincides(o Schedule) bool {
	return s.TimeZone == o.TimeZone && slices.Equal(strings.Fields(s.Cron), strings.Fields(o.Cron))
}

// cronProblem says what is wrong with a recurrence, or returns "". Auto Scaling takes the five classic fields
// (https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html), not the names
// (@daily), time zones (TZ=) and question marks that the parser would take.
func cronProblem(expression string) string {
	if n := len(strings.Fields(expression)); n != 5 {
		return fmt.Sprintf("a cron expression has five fields (minute, hour, day of month, month, day of week), %q has %d", expression, n)
	}
	if strings.ContainsAny(expression, "@=?") {
		return fmt.Sprintf("%q has characters that Auto Scaling does not take in a cron expression", expression)
	}
	if _, err := cron.ParseStandard(expression); err != nil {
		return fmt.Sprintf("%q is no cron expression: %s", expression, err)
	}
	return ""
}

func knownTimeZone(name string) bool {
	if name == "" || name == time.Local.String() { // LoadLocation takes both for granted
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}
