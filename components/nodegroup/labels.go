package nodegroup

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// EKS's limits on the labels and taints of a managed node group
// (https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html,
// https://docs.aws.amazon.com/eks/latest/userguide/node-taints-managed-node-groups.html).
const (
	maxLabels      = 50
	maxLabelLength = 63
)

const preferNoSchedule = "PreferNoSchedule"

// effects maps Kubernetes' names of the effects to EKS's.
var effects = map[string]string{
	"NoSchedule":     "NO_SCHEDULE",
	"NoExecute":      "NO_EXECUTE",
	preferNoSchedule: "PREFER_NO_SCHEDULE",
}

// reservedDomains may not be used in labels that the EKS API sets: kubelets may not give themselves most of them, and
// a node that tries does not join.
var reservedDomains = []string{"kubernetes.io", "k8s.io", "eks.amazonaws.com"}

func labelProblems(labels map[string]string) problem.List {
	var out problem.List
	if len(labels) > maxLabels {
		out.Add("", "must have at most %d labels, got %d", maxLabels, len(labels))
	}
	for key, value := range labels {
		domain, _, _ := strings.Cut(key, "/")
		reserved := slices.IndexFunc(reservedDomains, func(d string) bool { return domain == d || strings.HasSuffix(domain, "."+d) })
		switch wrong := validation.IsQualifiedName(key); {
		case len(wrong) > 0:
			out.Add(key, "is not a valid label key: %s", strings.Join(wrong, "; "))
		case len(key) > maxLabelLength:
			out.Add(key, "must have at most %d characters, EKS's limit for label keys, got %d", maxLabelLength, len(key))
		case reserved >= 0 && strings.Contains(key, "/"):
			out.Add(key, "labels in %s are reserved: EKS refuses them, and a node that sets one itself cannot join",
				reservedDomains[reserved])
		}
		switch wrong := validation.IsValidLabelValue(value); {
		case value == "":
			out.Add(key, "must not be empty in EKS; use \"true\" if only the key matters")
		case len(wrong) > 0:
			out.Add(key, "%q is not a valid label value: %s", value, strings.Join(wrong, "; "))
		}
	}
	return out
}

func taintProblems(taints []Taint) problem.List {
	var out problem.List
	for i, t := range taints {
		first := slices.IndexFunc(taints, func(o Taint) bool { return o.Key == t.Key && o.Effect == t.Effect })
		if first < i {
			out.Relate(fmt.Sprintf("[%d]", i), []string{fmt.Sprintf("[%d]", i), fmt.Sprintf("[%d]", first)},
				"is a duplicate of the taint %s with the effect %s", t.Key, t.Effect)
		}
	}
	return out
}
