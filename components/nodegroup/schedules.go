package nodegroup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// scheduleProblems checks schedules against each other and the group's maximum size.
func scheduleProblems(schedules []Schedule, most int) problem.List {
	var out problem.List
	for i, s := range schedules {
		at := fmt.Sprintf("schedules[%d]", i)
		if first := slices.IndexFunc(schedules[:i], func(o Schedule) bool { return o.Name == s.Name }); first >= 0 {
			out.Relate(at+".name", []string{at + ".name", fmt.Sprintf("schedules[%d].name", first)},
				"%q is already the name of another schedule of the group", s.Name)
		}
		if first := slices.IndexFunc(schedules[:i], s.coincides); first >= 0 {
			out.Relate(at+".cron", []string{at + ".cron", at + ".timeZone", fmt.Sprintf("schedules[%d]", first)},
				"is already the time of schedules[%d]: Auto Scaling refuses two actions at the same time", first)
		}
		out = append(out, sizeProblems(s.Min, s.Max, s.Desired).Under(at)...)
		if s.Max > most {
			out.Relate(at+".max", []string{at + ".max", "scaling.max"},
				"must not exceed scaling.max (%d), on which the IP budget is based, got %d", most, s.Max)
		}
	}
	return out
}

// coincides reports whether two schedules are due at the same times, as far as their expressions show it
// (https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html).
func (s Schedule) coincides(o Schedule) bool {
	return s.TimeZone == o.TimeZone && slices.Equal(strings.Fields(s.Cron), strings.Fields(o.Cron))
}
