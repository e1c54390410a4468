package secrets

import (
	"regexp"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/eks-platform/eks-platform/internal/problem"
)

var version = regexp.MustCompile(`^([0-9]+)\.[0-9]+\.[0-9]+$`)

// Problems returns everything that is wrong with the settings, with paths relative to them.
func (s Settings) Problems() problem.List {
	var out problem.List
	switch m := version.FindStringSubmatch(s.ChartVersion); {
	case m == nil:
		out.Add("chartVersion", "must be a whole version, such as 3.1.1, got %q", s.ChartVersion)
	case m[1] == "0" || m[1] == "1":
		// https://github.com/aws/secrets-store-csi-driver-provider-aws/pull/384
		out.Add("chartVersion", "must be at least 2.0.0, which brings the driver along, got %s", s.ChartVersion)
	}
	if s.Rotation != nil {
		d, err := time.ParseDuration(s.Rotation.Interval)
		if err != nil || d < time.Minute || d > 24*time.Hour {
			out.Add("rotation.interval", "must be 1m to 24h, got %q", s.Rotation.Interval)
		}
	}
	out = append(out, s.Provider.problems().Under("provider")...)
	return append(out, s.Driver.problems().Under("driver")...)
}

func (r Resources) problems() problem.List {
	var out problem.List
	for _, kind := range []struct{ request, limit, requested, limited, like string }{
		{"cpu", "cpuLimit", r.CPU, r.CPULimit, "50m"}, {"memory", "memoryLimit", r.Memory, r.MemoryLimit, "100Mi"},
	} {
		request, ok := positive(&out, kind.request, kind.requested, kind.like)
		limit, also := positive(&out, kind.limit, kind.limited, kind.like)
		if ok && also && limit.Cmp(request) < 0 {
			out.Add(kind.limit, "must not be less than %s (%s), got %s", kind.request, kind.requested, kind.limited)
		}
	}
	return out
}

// positive parses a quantity of Kubernetes.
func positive(out *problem.List, path, text, like string) (resource.Quantity, bool) {
	q, err := resource.ParseQuantity(text)
	if err != nil || q.Sign() <= 0 {
		out.Add(path, "must be a quantity above zero, such as %s, got %q", like, text)
		return q, false
	}
	return q, true
}
