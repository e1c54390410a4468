package autoscaling

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/eks-platform/eks-platform/internal/helm"
	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
)

var expanders = []Expander{LeastWaste, MostPods, LeastNodes, ByPriority, Random}

// Problems returns everything that is wrong with the settings, with paths relative to them.
func (s Settings) Problems() problem.List {
	var out problem.List
	for _, p := range []struct{ path, wrong string }{
		{"chartVersion", helm.VersionProblem(s.ChartVersion)},
		{"image", helm.ImageProblem(s.Image)},
		{"maxNodeProvisionTime", durationProblem(s.MaxNodeProvisionTime)},
		{"scaleDown.unneededTime", durationProblem(s.ScaleDown.UnneededTime)},
		{"scaleDown.delayAfterAdd", durationProblem(s.ScaleDown.DelayAfterAdd)},
		{"resources.cpu", helm.QuantityProblem(s.Resources.CPU)},
		{"resources.memory", helm.QuantityProblem(s.Resources.Memory)},
	} {
		if p.wrong != "" {
			out.Add(p.path, "%s", p.wrong)
		}
	}
	if p := s.ScaleDown.UtilizationPercent; p < 1 || p > 100 {
		out.Add("scaleDown.utilizationPercent", "must be 1 to 100, got %d", p)
	}
	s.expanderProblems(&out)
	return out
}

func (s Settings) expanderProblems(out *problem.List) {
	switch {
	case !slices.Contains(expanders, s.Expander):
		out.Add("expander", "must be one of %v, got %q", expanders, s.Expander)
	case s.Expander == ByPriority && len(s.ExpanderPriorities) == 0:
		out.Add("expanderPriorities", "is required with expander priority, which does not start without")
	case s.Expander != ByPriority && len(s.ExpanderPriorities) > 0:
		out.Add("expanderPriorities", "has no effect with expander %s: set priority, or remove it", s.Expander)
	}
	first := map[int]int{}
	for i, p := range s.ExpanderPriorities {
		at := fmt.Sprintf("expanderPriorities[%d]", i)
		if p.Priority < 1 {
			out.Add(at+".priority", "must be at least 1, got %d", p.Priority)
		}
		if other, twice := first[p.Priority]; twice {
			out.Add(at+".priority", "%d is the rank of expanderPriorities[%d] already: put their groups together", p.Priority, other)
		} else {
			first[p.Priority] = i
		}
		if len(p.Groups) == 0 {
			out.Add(at+".groups", "must name at least one group")
		}
		for j, g := range p.Groups {
			if _, err := regexp.Compile(g); err != nil || g == "" {
				out.Add(fmt.Sprintf("%s.groups[%d]", at, j), "must be a regular expression for names of Auto Scaling groups such as -spot-nodes-, got %q", g)
			}
		}
	}
}

// durationProblem tells what is wrong with a length of time, or "".
func durationProblem(text string) string {
	if d, err := time.ParseDuration(text); err != nil || d <= 0 {
		return fmt.Sprintf("must be a length of time such as 10m or 1m30s, got %q", text)
	}
	return ""
}

var imageMinor = regexp.MustCompile(`^v?([0-9]+[.][0-9]+)[.][0-9]+`)

// Problems returns what is wrong with the settings, and with them on this cluster. Paths are those of the settings.
func (a *Args) Problems() problem.List {
	out := a.Settings.Problems()
	if a.ClusterVersion == "" || helm.ImageProblem(a.Image) != "" {
		return out
	}
	// The autoscaler has the scheduler of one Kubernetes minor built in, and is tested with that minor
	// (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/README.md#releases).
	_, tag := image.Split(a.Image)
	switch m := imageMinor.FindStringSubmatch(tag); {
	case m == nil:
		out.Add("image", "must have a tag that begins with the autoscaler's version, such as v%s.1, got %q", a.ClusterVersion, tag)
	case m[1] != a.ClusterVersion:
		out.Add("image", "must be of the cluster's Kubernetes minor, v%s, got %s", a.ClusterVersion, tag)
	}
	return out
}
