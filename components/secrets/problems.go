package secrets

import (
	"time"

	"github.com/Masterminds/semver/v3"
	"k8s.io/apimachinery/pkg/api/resource"

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
	if v, err := semver.NewVersion(a.ChartVersion); err == nil && v.Major() < 2 {
		// https://github.com/aws/secrets-store-csi-driver-provider-aws/pull/384
		out.Add("chartVersion", "must be at least 2.0.0, which includes the driver, got %s", a.ChartVersion)
	}
	if a.Rotation != nil {
		d, err := time.ParseDuration(a.Rotation.Interval)
		if err == nil && (d < time.Minute || d > 24*time.Hour) {
			out.Add("rotation.interval", "must be 1m to 24h, got %q", a.Rotation.Interval)
		}
	}
	out = append(out, a.Provider.relations().Under("provider")...)
	return append(out, a.Driver.relations().Under("driver")...)
}

func (r Resources) relations() problem.List {
	var out problem.List
	for _, kind := range []struct{ request, limit, requested, limited string }{
		{"cpu", "cpuLimit", r.CPU, r.CPULimit}, {"memory", "memoryLimit", r.Memory, r.MemoryLimit},
	} {
		request, err := resource.ParseQuantity(kind.requested)
		limit, wrong := resource.ParseQuantity(kind.limited)
		if err == nil && wrong == nil && limit.Cmp(request) < 0 {
			out.Relate(kind.limit, []string{kind.limit, kind.request}, "must not be less than %s (%s), got %s", kind.request, kind.requested, kind.limited)
		}
	}
	return out
}
