// Package convention defines the names that the parts of the platform share inside a cluster: labels of
// namespaces, and the label and taint of spot nodes. They are API: pods, policies and people select by them.
package convention

import corev1 "k8s.io/api/core/v1"

// Labels of namespaces. Only cluster administrators may change them: the access policies and roles that the platform gives
// to teams do not allow updating a namespace.
const (
	// Environment is the environment that a namespace belongs to, for example dev. Logs are routed by it.
	Environment = "eks-platform/environment"
	// Tenant is the tenant that a namespace belongs to, if any.
	Tenant = "eks-platform/tenant"
	// Capacity is Spot on the namespaces of an environment that is bound to spot nodes.
	Capacity = "eks-platform/capacity"
	// System is "true" on namespaces with the platform's own pods; kube-system counts without it.
	System = "eks-platform/system"
)

// Spot is the value of Capacity that binds a namespace to spot nodes.
const Spot = "spot"

// ManagedBy is the value of the label app.kubernetes.io/managed-by on everything that the program creates in a cluster.
const ManagedBy = "eks-platform"

// The label and the taint of spot nodes.
const (
	SpotLabel      = "lifecycle"
	SpotLabelValue = "Ec2Spot"
	SpotTaint      = "spotInstance"
	SpotTaintValue = "true"
)

// Taint is the taint of spot nodes.
func Taint() corev1.Taint {
	return corev1.Taint{Key: SpotTaint, Value: SpotTaintValue, Effect: corev1.TaintEffectNoSchedule}
}

// Toleration lets a pod run on spot nodes.
func Toleration() corev1.Toleration {
	return corev1.Toleration{
		Key: SpotTaint, Operator: corev1.TolerationOpEqual, Value: SpotTaintValue, Effect: corev1.TaintEffectNoSchedule,
	}
}

// Affinity binds a pod to spot nodes: the toleration alone merely allows them.
func Affinity() *corev1.Affinity {
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{
				Key: SpotLabel, Operator: corev1.NodeSelectorOpIn, Values: []string{SpotLabelValue},
			}},
		}}},
	}}
}

// OnDemand selects on-demand nodes, by the label that EKS sets on every managed node, for pods that must not be interrupted
// at two minutes' notice.
func OnDemand() map[string]string {
	return map[string]string{"eks.amazonaws.com/capacityType": "ON_DEMAND"}
}
