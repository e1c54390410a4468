package autoscaling

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// Problems returns everything that is wrong with the settings, and with them on this cluster. Paths are those of the
// settings.
func (a *Args) Problems() problem.List {
	_, problems := schema.Args(a, (*Args).settings, (*Args).relations)
	return problems
}

func (a *Args) settings() *Settings { return &a.Settings }

// relations returns what is wrong beyond the struct tags.
func (a *Args) relations() problem.List {
	var out problem.List
	both := []string{"expander", "expanderPriorities"}
	switch {
	case a.Expander == ByPriority && len(a.ExpanderPriorities) == 0:
		out.Relate("expanderPriorities", both, "is required with expander priority, which does not start without")
	case a.Expander != ByPriority && len(a.ExpanderPriorities) > 0:
		out.Relate("expanderPriorities", both, "has no effect with expander %s: set priority, or remove it", a.Expander)
	}
	first := map[int]int{}
	for i, p := range a.ExpanderPriorities {
		at := fmt.Sprintf("expanderPriorities[%d].priority", i)
		if other, twice := first[p.Priority]; twice {
			out.Relate(at, []string{at, fmt.Sprintf("expanderPriorities[%d].priority", other)},
				"%d is already the rank of expanderPriorities[%d]: merge their groups", p.Priority, other)
		} else {
			first[p.Priority] = i
		}
	}
	if a.ClusterVersion == "" {
		return out
	}
	// The autoscaler has the scheduler of one Kubernetes minor built in, and is tested with that minor
	// (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/README.md#releases).
	_, tag := image.Split(a.Image)
	tag, _, _ = strings.Cut(tag, "@")
	v, err := semver.StrictNewVersion(strings.TrimPrefix(tag, "v"))
	reads := []string{"image", "$.cluster.version"}
	switch {
	case err != nil:
		out.Relate("image", reads, "must have the autoscaler's version as its tag, such as v%s.1, got %q", a.ClusterVersion, tag)
	case fmt.Sprintf("%d.%d", v.Major(), v.Minor()) != a.ClusterVersion:
		out.Relate("image", reads, "must match the cluster's Kubernetes minor, v%s, got %s", a.ClusterVersion, tag)
	}
	return out
}
