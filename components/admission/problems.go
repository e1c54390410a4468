package admission

import (
	"fmt"

	"github.com/Masterminds/semver/v3"

	"github.com/eks-platform/eks-platform/internal/problem"
)

const (
	// validatingSince is the Kubernetes minor that made ValidatingAdmissionPolicy stable
	// (https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/3488-cel-admission-control).
	validatingSince = "1.30"
	// mutatingSince is the one that made MutatingAdmissionPolicy stable
	// (https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/3962-mutating-admission-policies).
	mutatingSince = "1.36"
)

// Completes reports whether, on a Kubernetes minor such as "1.36", pods of spot-bound namespaces get the affinity and the
// toleration automatically. Otherwise their manifests must have both.
func Completes(clusterVersion string) bool { return atLeast(clusterVersion, mutatingSince) }

// atLeast reports whether a Kubernetes minor is another one or later.
func atLeast(version, least string) bool {
	v, err := semver.NewVersion(version)
	floor, wrong := semver.NewVersion(least)
	return err == nil && wrong == nil && !v.LessThan(floor)
}

// Problems returns what is wrong with the arguments.
func (a *Args) Problems() problem.List {
	var out problem.List
	if v, err := semver.NewVersion(a.ClusterVersion); err != nil || fmt.Sprintf("1.%d", v.Minor()) != a.ClusterVersion {
		out.Add("clusterVersion", "must be a Kubernetes minor, such as 1.35, got %q", a.ClusterVersion)
	} else if !atLeast(a.ClusterVersion, validatingSince) {
		out.Add("clusterVersion", "must be at least %s, which has admission policies, got %s", validatingSince, a.ClusterVersion)
	}
	return out
}
