package ingress

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/helm"
)

// values are the chart's values
// (https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/helm/aws-load-balancer-controller/values.yaml).
// The chart has no schema: unknown keys are silently ignored. vpcId comes on top, computed.
type values struct {
	ClusterName               string                            `json:"clusterName"`
	Region                    string                            `json:"region"`
	Image                     helm.Image                        `json:"image"`
	ReplicaCount              int                               `json:"replicaCount"`
	Resources                 helm.Resources                    `json:"resources"`
	ServiceAccount            serviceAccount                    `json:"serviceAccount"`
	NodeSelector              map[string]string                 `json:"nodeSelector"`
	TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints"`
	PriorityClassName         string                            `json:"priorityClassName"`
	PodDisruptionBudget       podDisruptionBudget               `json:"podDisruptionBudget"`

	CreateIngressClassResource  bool               `json:"createIngressClassResource"`
	IngressClass                string             `json:"ingressClass"`
	IngressClassConfig          ingressClassConfig `json:"ingressClassConfig"`
	EnableServiceMutatorWebhook bool               `json:"enableServiceMutatorWebhook"`
	KeepTLSSecret               bool               `json:"keepTLSSecret"`
	DefaultTargetType           string             `json:"defaultTargetType"`
	DefaultTags                 map[string]string  `json:"defaultTags,omitempty"`
	EnableBackendSecurityGroup  bool               `json:"enableBackendSecurityGroup"`
	EnableShield                bool               `json:"enableShield"`
	EnableWAF                   bool               `json:"enableWaf"`
	EnableWAFv2                 bool               `json:"enableWafv2"`
	ControllerConfig            *controllerConfig  `json:"controllerConfig,omitempty"`
}

type serviceAccount struct {
	Create bool   `json:"create"`
	Name   string `json:"name"`
}

type podDisruptionBudget struct {
	MaxUnavailable int `json:"maxUnavailable"`
}

type ingressClassConfig struct {
	Default bool `json:"default"`
}

type controllerConfig struct {
	FeatureGates map[string]bool `json:"featureGates"`
}

func (a *Args) values() values {
	out := values{
		ClusterName: a.ClusterName, Region: a.Region,
		Image:        helm.ImageOf(a.Registries.Resolve(a.Image)),
		ReplicaCount: a.Replicas,
		Resources:    helm.ResourcesOf(a.Resources.CPU, a.Resources.Memory),
		// The name in the Pod Identity association.
		ServiceAccount: serviceAccount{Create: true, Name: account},
		NodeSelector:   convention.OnDemand(),
		// Spread over the zones if possible; the chart itself spreads the pods over nodes.
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.ScheduleAnyway,
			LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": chart}},
		}},
		PriorityClassName:   "system-cluster-critical",
		PodDisruptionBudget: podDisruptionBudget{MaxUnavailable: 1},

		CreateIngressClassResource: true, IngressClass: "alb",
		IngressClassConfig: ingressClassConfig{Default: a.DefaultIngressClass},
		// The webhook would block every new Service in the cluster: while no controller answers it, as during the first
		// installation, none could be created
		// (https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/4140). Services that want a network load
		// balancer set loadBalancerClass.
		EnableServiceMutatorWebhook: false,
		// Otherwise each upgrade creates a new certificate, which the running pods do not have yet.
		KeepTLSSecret: true,
		// Pods have addresses of the VPC: load balancers reach them directly, not through node ports.
		DefaultTargetType: "ip",
		DefaultTags:       a.Tags,
		// One security group, which the controller creates with the first load balancer and deletes with the last, is the
		// source in the rules of nodes and pods.
		EnableBackendSecurityGroup: true,
		// They are on by default, and call services that a network without NAT cannot reach.
		EnableShield: a.Shield,
		EnableWAF:    false, // WAF Classic, which AWS ended in September 2025
		EnableWAFv2:  a.WAF,
	}
	if !a.GatewayAPI {
		// All three must be set, or the controller looks for the CRDs itself and behaves according to what it found at its
		// start (https://github.com/kubernetes-sigs/aws-load-balancer-controller/pull/4721).
		out.ControllerConfig = &controllerConfig{FeatureGates: map[string]bool{
			"ALBGatewayAPI": false, "NLBGatewayAPI": false, "GatewayListenerSet": false,
		}}
	}
	return out
}
