package scheduling

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/eks-platform/eks-platform/internal/declared"
)

// component is one kind of pod of an add-on or a chart, whose pods the program does not declare itself.
type component struct {
	// name is the pods' own name; a chart's component without one is named after the release.
	name string
	// daemon tells whether it is a DaemonSet.
	daemon bool
	// at is where in the values nodeSelector, tolerations and affinity stand.
	at []string
	// condition is where a boolean stands that leaves the component out when it is false.
	condition []string
	// tolerateAll is where a boolean stands that adds a toleration of everything unless it is false.
	tolerateAll []string
	// nodeSelector is always there; what the values say comes on top.
	nodeSelector map[string]string
	// tolerations and affinity are the defaults, which values replace as a whole.
	tolerations []corev1.Toleration
	affinity    *corev1.Affinity
}

var (
	linux = map[string]string{corev1.LabelOSStable: "linux"}
	// everything tolerates every taint.
	everything = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	// critical goes onto nodes that their owner has reserved for what a cluster cannot do without.
	critical = corev1.Toleration{Key: "CriticalAddonsOnly", Operator: corev1.TolerationOpExists}

	onLinux   = requirement(corev1.LabelOSStable, corev1.NodeSelectorOpIn, "linux")
	onEither  = requirement(corev1.LabelArchStable, corev1.NodeSelectorOpIn, "amd64", "arm64")
	noFargate = requirement("eks.amazonaws.com/compute-type", corev1.NodeSelectorOpNotIn, "fargate", "hybrid", "auto")
)

func requirement(key string, operator corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorRequirement {
	return corev1.NodeSelectorRequirement{Key: key, Operator: operator, Values: values}
}

func required(all ...corev1.NodeSelectorRequirement) *corev1.Affinity {
	return withTerms(corev1.NodeSelectorTerm{MatchExpressions: all}).Spec.Affinity
}

// addons are the EKS add-ons, by their names. Not listed: the node monitoring agent's dcgm-server, which runs on
// NVIDIA instance types only. Their sources, at the versions that the stack files pin:
//
//   - vpc-cni: https://github.com/aws/amazon-vpc-cni-k8s/blob/v1.22.4/charts/aws-vpc-cni/values.yaml (affinity) and
//     config/master/aws-k8s-cni.yaml (tolerations);
//   - kube-proxy: as EKS installs it; its configuration has no keys for either
//     (https://github.com/aws/containers-roadmap/issues/2604, .../2340);
//   - eks-pod-identity-agent: https://github.com/aws/eks-pod-identity-agent/blob/main/charts/eks-pod-identity-agent/values.yaml;
//   - coredns: https://github.com/eksctl-io/eksctl/blob/main/pkg/addons/default/assets/coredns-1.36.json, which is what
//     EKS installs;
//   - aws-ebs-csi-driver: https://github.com/kubernetes-sigs/aws-ebs-csi-driver/tree/v1.66.0/charts/aws-ebs-csi-driver;
//   - aws-efs-csi-driver: https://github.com/kubernetes-sigs/aws-efs-csi-driver/tree/master/charts/aws-efs-csi-driver;
//   - metrics-server: https://github.com/kubernetes-sigs/metrics-server/blob/master/charts/metrics-server/values.yaml;
//   - eks-node-monitoring-agent:
//     https://github.com/aws/eks-node-monitoring-agent/blob/main/charts/eks-node-monitoring-agent/values.yaml.
var addons = map[string][]component{
	"vpc-cni":                {{name: "aws-node", daemon: true, tolerations: everything, affinity: required(onLinux, onEither, noFargate)}},
	"kube-proxy":             {{name: "kube-proxy", daemon: true, tolerations: everything, affinity: required(onLinux, onEither, noFargate)}},
	"eks-pod-identity-agent": {{name: "eks-pod-identity-agent", daemon: true, tolerations: everything, affinity: required(onLinux, onEither, noFargate)}},
	"coredns": {{
		name: "coredns", affinity: required(onLinux, onEither),
		tolerations: []corev1.Toleration{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}, critical},
	}},
	"metrics-server": {{name: "metrics-server"}},
	"aws-ebs-csi-driver": {
		{
			name: "ebs-csi-controller", at: []string{"controller"}, nodeSelector: linux,
			tolerations: []corev1.Toleration{critical, {
				Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(300)),
			}},
		},
		{
			name: "ebs-csi-node", daemon: true, at: []string{"node"}, tolerateAll: []string{"node", "tolerateAllTaints"}, nodeSelector: linux,
			affinity: required(noFargate, requirement(corev1.LabelInstanceTypeStable, corev1.NodeSelectorOpNotIn,
				"a1.medium", "a1.large", "a1.xlarge", "a1.2xlarge", "a1.4xlarge")),
		},
	},
	"aws-efs-csi-driver": {
		{
			name: "efs-csi-controller", at: []string{"controller"}, nodeSelector: linux,
			tolerations: []corev1.Toleration{critical, {Key: "efs.csi.aws.com/agent-not-ready", Operator: corev1.TolerationOpExists}},
		},
		{name: "efs-csi-node", daemon: true, at: []string{"node"}, nodeSelector: linux, tolerations: everything, affinity: required(noFargate)},
	},
	"eks-node-monitoring-agent": {{
		name: "eks-node-monitoring-agent", daemon: true, at: []string{"nodeAgent"}, nodeSelector: linux, tolerations: everything,
		affinity: required(noFargate, requirement("sagemaker.amazonaws.com/compute-type", corev1.NodeSelectorOpNotIn, "hyperpod"), onEither),
	}},
}

// charts are the Helm charts, by their names. Pods of hooks, which live for seconds, are not listed. Their sources:
//
//   - https://github.com/aws/eks-charts/tree/master/stable/aws-load-balancer-controller;
//   - https://github.com/kubernetes/autoscaler/tree/master/charts/cluster-autoscaler;
//   - https://github.com/aws/secrets-store-csi-driver-provider-aws/tree/main/charts/secrets-store-csi-driver-provider-aws,
//     and the driver in it,
//     https://github.com/kubernetes-sigs/secrets-store-csi-driver/tree/v1.6.0/charts/secrets-store-csi-driver.
var charts = map[string][]component{
	"aws-load-balancer-controller": {{}},
	"cluster-autoscaler":           {{}},
	"secrets-store-csi-driver-provider-aws": {
		{daemon: true, nodeSelector: linux},
		driverIn("secrets-store-csi-driver"),
	},
	"secrets-store-csi-driver": {driverIn()},
}

// driverIn is the DaemonSet of the secrets store driver, whose chart has its values at a path.
func driverIn(path ...string) component {
	c := component{
		name: "secrets-store-csi-driver", daemon: true, at: append(slices.Clone(path), "linux"), nodeSelector: linux, tolerations: everything,
		affinity: required(requirement("type", corev1.NodeSelectorOpNotIn, "virtual-kubelet")),
	}
	if len(path) > 0 {
		c.condition = append(slices.Clone(path), "install")
	}
	return c
}

// addAddon adds the pods of an EKS add-on, all of which are in kube-system.
func (a *workloads) addAddon(from string, r declared.Registration) error {
	name, _ := r.Input("addonName").(string)
	parts, known := addons[name]
	if !known {
		a.unjudged = append(a.unjudged, Unjudged{Declared: from, Why: fmt.Sprintf("it is not known what pods the add-on %q has", name)})
		return nil
	}
	values := map[string]any{}
	if text, _ := r.Input("configurationValues").(string); text != "" {
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			return fmt.Errorf("configurationValues is not JSON: %w", err)
		}
	}
	return a.addComponents(from, "kube-system", name, parts, values)
}

// addRelease adds the pods of a Helm release.
func (a *workloads) addRelease(from string, r declared.Registration) error {
	chart, _ := r.Input("chart").(string)
	name := chart[strings.LastIndex(chart, "/")+1:]
	parts, known := charts[name]
	switch files, _ := r.Input("valueYamlFiles").([]any); {
	case !known:
		a.unjudged = append(a.unjudged, Unjudged{Declared: from, Why: fmt.Sprintf("it is not known what pods the chart %q has", name)})
		return nil
	case len(files) > 0:
		a.unjudged = append(a.unjudged, Unjudged{Declared: from, Why: "its values are in files"})
		return nil
	}
	values, _ := r.Input("values").(map[string]any)
	namespace, _ := r.Input("namespace").(string)
	release, _ := r.Input("name").(string)
	return a.addComponents(from, cmp.Or(namespace, corev1.NamespaceDefault), cmp.Or(release, r.Name), parts, values)
}

func (a *workloads) addComponents(from, namespace, name string, parts []component, values map[string]any) error {
	for _, c := range parts {
		if len(c.condition) > 0 && value(values, c.condition) == false {
			continue
		}
		spec, err := c.spec(values)
		if err != nil {
			return err
		}
		a.found = append(a.found, a.workload(from, namespace, cmp.Or(c.name, name), spec, c.daemon))
	}
	return nil
}

// spec returns what decides where a component's pods may run: its defaults, and what values say.
func (c component) spec(values map[string]any) (corev1.PodSpec, error) {
	out := corev1.PodSpec{NodeSelector: maps.Clone(c.nodeSelector), Tolerations: c.tolerations, Affinity: c.affinity}
	var set struct {
		NodeSelector map[string]string   `json:"nodeSelector"`
		Tolerations  []corev1.Toleration `json:"tolerations"`
		Affinity     *corev1.Affinity    `json:"affinity"`
	}
	if err := as(value(values, c.at), &set); err != nil {
		return out, fmt.Errorf("the values at %q: %w", strings.Join(c.at, "."), err)
	}
	for key, v := range set.NodeSelector {
		if out.NodeSelector == nil {
			out.NodeSelector = map[string]string{}
		}
		out.NodeSelector[key] = v
	}
	if set.Tolerations != nil {
		out.Tolerations = set.Tolerations
	}
	if len(c.tolerateAll) > 0 && value(values, c.tolerateAll) != false {
		out.Tolerations = slices.Concat(out.Tolerations, everything)
	}
	if set.Affinity != nil {
		out.Affinity = set.Affinity
	}
	return out, nil
}

// value returns what stands at a path, or nil.
func value(values map[string]any, path []string) any {
	var at any = values
	for _, key := range path {
		inner, _ := at.(map[string]any)
		at = inner[key]
	}
	return at
}
