package autoscaling

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/helm"
)

// values are the chart's values
// (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/charts/cluster-autoscaler/values.yaml). The
// chart has no schema: unknown keys are silently ignored.
type values struct {
	CloudProvider     string                    `json:"cloudProvider"`
	AWSRegion         string                    `json:"awsRegion"`
	AutoDiscovery     autoDiscovery             `json:"autoDiscovery"`
	FullnameOverride  string                    `json:"fullnameOverride"`
	Image             helm.Image                `json:"image"`
	ReplicaCount      int                       `json:"replicaCount"`
	Resources         helm.Resources            `json:"resources"`
	RBAC              rbac                      `json:"rbac"`
	NodeSelector      map[string]string         `json:"nodeSelector"`
	PriorityClassName string                    `json:"priorityClassName"`
	PDB               podDisruptionBudget       `json:"podDisruptionBudget"`
	SecurityContext   corev1.PodSecurityContext `json:"securityContext"`
	ContainerSecurity corev1.SecurityContext    `json:"containerSecurityContext"`
	ExtraArgs         extraArgs                 `json:"extraArgs"`
	Priorities        map[string][]string       `json:"expanderPriorities,omitempty"`
}

type autoDiscovery struct {
	ClusterName string   `json:"clusterName"`
	Tags        []string `json:"tags"`
}

type rbac struct {
	Create         bool           `json:"create"`
	ServiceAccount serviceAccount `json:"serviceAccount"`
}

type serviceAccount struct {
	Create bool   `json:"create"`
	Name   string `json:"name"`
}

type podDisruptionBudget struct {
	MaxUnavailable int `json:"maxUnavailable"`
}

// extraArgs are flags of the autoscaler
// (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md#what-are-the-parameters-to-ca), by name
// without dashes.
type extraArgs struct {
	AWSUseStaticInstanceList      bool   `json:"aws-use-static-instance-list"`
	BalanceSimilarNodeGroups      bool   `json:"balance-similar-node-groups"`
	Expander                      string `json:"expander"`
	MaxNodeProvisionTime          string `json:"max-node-provision-time"`
	ScaleDownDelayAfterAdd        string `json:"scale-down-delay-after-add"`
	ScaleDownUnneededTime         string `json:"scale-down-unneeded-time"`
	ScaleDownUtilizationThreshold string `json:"scale-down-utilization-threshold"`
	SkipNodesWithLocalStorage     bool   `json:"skip-nodes-with-local-storage"`
	SkipNodesWithSystemPods       bool   `json:"skip-nodes-with-system-pods"`
}

func (a *Args) values() values {
	user, yes, no := int64(65534), true, false
	out := values{
		CloudProvider: "aws",
		// Pods cannot read the region from the instance metadata.
		AWSRegion: a.Region,
		AutoDiscovery: autoDiscovery{
			// Without it the chart discovers nothing, whatever the tags.
			ClusterName: a.ClusterName,
			Tags:        []string{convention.ClusterAutoscalerTag(a.ClusterName), convention.AutoscaledTag},
		},
		FullnameOverride: account,
		Image:            helm.ImageOf(a.Registries.Resolve(a.Image)),
		// A second replica would only wait for the first to die; without any, nodes stay as they are.
		ReplicaCount: 1,
		Resources:    helm.ResourcesOf(a.Resources.CPU, a.Resources.Memory),
		// The name in the Pod Identity association.
		RBAC:              rbac{Create: true, ServiceAccount: serviceAccount{Create: true, Name: account}},
		NodeSelector:      convention.OnDemand(),
		PriorityClassName: "system-cluster-critical",
		// Allows its own node to be removed as well.
		PDB: podDisruptionBudget{MaxUnavailable: 1},
		SecurityContext: corev1.PodSecurityContext{
			RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &user,
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		ContainerSecurity: corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes,
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		ExtraArgs: extraArgs{
			AWSUseStaticInstanceList: a.Isolated,
			// Groups that differ only in their zone grow evenly.
			BalanceSimilarNodeGroups:      true,
			Expander:                      string(a.Expander),
			MaxNodeProvisionTime:          a.MaxNodeProvisionTime,
			ScaleDownDelayAfterAdd:        a.ScaleDown.DelayAfterAdd,
			ScaleDownUnneededTime:         a.ScaleDown.UnneededTime,
			ScaleDownUtilizationThreshold: strconv.FormatFloat(float64(a.ScaleDown.UtilizationPercent)/100, 'f', -1, 64),
			// Otherwise every pod with an emptyDir would keep its node forever. Pods that must not move have the annotation
			// cluster-autoscaler.kubernetes.io/safe-to-evict: "false".
			SkipNodesWithLocalStorage: false,
			SkipNodesWithSystemPods:   *a.ScaleDown.KeepNodesWithSystemPods,
		},
	}
	if a.Expander == ByPriority {
		out.ExtraArgs.Expander = string(ByPriority) + "," + string(LeastWaste)
		out.Priorities = map[string][]string{}
		for _, p := range a.ExpanderPriorities {
			out.Priorities[strconv.Itoa(p.Priority)] = p.Groups
		}
	}
	return out
}
