package admission

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/eks-platform/eks-platform/internal/problem"
)

const (
	// validatingSince is the Kubernetes 1 minor that made ValidatingAdmissionPolicy stable
	// (https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/3488-cel-admission-control).
	validatingSince = 30
	// mutatingSince is the one that made MutatingAdmissionPolicy stable
	// (https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/3962-mutating-admission-policies).
	mutatingSince = 36
)

// Completes says whether, on a Kubernetes minor such as "1.36", pods of spot-bound namespaces get the affinity and the
// toleration by themselves. Where they do not, their authors write both.
func Completes(clusterVersion string) bool {
	minor, ok := kubernetesMinor(clusterVersion)
	return ok && minor >= mutatingSince
}

// kubernetesMinor returns the minor of a version of Kubernetes 1.
func kubernetesMinor(version string) (int, bool) {
	text, ok := strings.CutPrefix(version, "1.")
	if !ok {
		return 0, false
	}
	minor, err := strconv.Atoi(text)
	return minor, err == nil && fmt.Sprint(minor) == text
}

// Problems returns what is wrong with the arguments.
func (a *Args) Problems() problem.List {
	var out problem.List
	if minor, ok := kubernetesMinor(a.ClusterVersion); !ok {
		out.Add("clusterVersion", "must be a Kubernetes minor, such as 1.35, got %q", a.ClusterVersion)
	} else if minor < validatingSince {
		out.Add("clusterVersion", "must be at least 1.%d, which has admission policies, got %s", validatingSince, a.ClusterVersion)
	}
	return out
}
