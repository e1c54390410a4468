package nodegroup

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// mimeBoundary separates the parts of AL2023's user data. It is fixed: a random one would roll the nodes on every run.
const mimeBoundary = "==EKS-PLATFORM=="

// nodeConfig is nodeadm's configuration (https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/).
type nodeConfig struct {
	metav1.TypeMeta `json:",inline"`

	Spec nodeConfigSpec `json:"spec"`
}

type nodeConfigSpec struct {
	Cluster *clusterDetails `json:"cluster,omitempty"`
	Kubelet kubeletOptions  `json:"kubelet"`
}

type clusterDetails struct {
	Name                 string `json:"name"`
	APIServerEndpoint    string `json:"apiServerEndpoint"`
	CertificateAuthority string `json:"certificateAuthority"`
	CIDR                 string `json:"cidr"`
}

type kubeletOptions struct {
	// Config has only the members of KubeletConfiguration that are set; they are merged over the image's own.
	Config map[string]any `json:"config,omitempty"`
	// Flags are added to the kubelet's command line, where they win over every configuration.
	Flags []string `json:"flags,omitempty"`
}

func (a *Args) al2023UserData(c coordinates) (string, error) {
	n := nodeConfig{TypeMeta: metav1.TypeMeta{APIVersion: "node.eks.aws/v1alpha1", Kind: "NodeConfig"}}
	n.Spec.Kubelet.Config = a.kubeletConfig()
	switch {
	case a.AMI.custom():
		n.Spec.Cluster = &clusterDetails{
			Name: c.name, APIServerEndpoint: c.endpoint, CertificateAuthority: c.authority, CIDR: c.serviceCIDR,
		}
		if labels := a.labelFlag(); labels != "" {
			n.Spec.Kubelet.Flags = []string{"--node-labels=" + labels}
		}
	case a.fewerPods():
		// EKS writes its own maxPods into the configuration, and in nodeadm the last part wins. Flags from all parts are
		// kept, so a flag allows fewer pods than EKS recommends without a custom AMI.
		n.Spec.Kubelet.Flags = []string{fmt.Sprintf("--max-pods=%d", a.MaxPods(a.Networking))}
	}
	text, err := yaml.Marshal(n)
	if err != nil {
		return "", fmt.Errorf("write NodeConfig: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=%q\n\n", mimeBoundary)
	if a.PreBootstrap != "" {
		fmt.Fprintf(&b, "--%s\nContent-Type: text/x-shellscript; charset=\"us-ascii\"\n\n%s\n", mimeBoundary,
			strings.TrimRight(a.PreBootstrap, "\n"))
	}
	if mark := a.mark(); mark != "" {
		text = fmt.Appendf(text, "# vpc-cni: %s\n", mark)
	}
	fmt.Fprintf(&b, "--%s\nContent-Type: application/node.eks.aws\n\n---\n%s\n--%s--\n", mimeBoundary, text, mimeBoundary)
	return b.String(), nil
}

// kubeletConfig returns only the members of KubeletConfiguration that the group sets: a zero would overwrite the image's
// own value.
func (a *Args) kubeletConfig() map[string]any {
	k := a.Kubelet
	out := map[string]any{}
	for key, n := range map[string]int{
		"maxPods":                     a.MaxPods(a.Networking),
		"evictionMaxPodGracePeriod":   k.EvictionMaxPodGracePeriod,
		"imageGCHighThresholdPercent": k.ImageGCHighThresholdPercent,
		"imageGCLowThresholdPercent":  k.ImageGCLowThresholdPercent,
		"registryPullQPS":             k.RegistryPullQPS,
		"registryBurst":               k.RegistryBurst,
		"containerLogMaxFiles":        k.ContainerLogMaxFiles,
		"podPidsLimit":                k.PodPIDsLimit,
	} {
		if n != 0 {
			out[key] = n
		}
	}
	for key, text := range map[string]string{
		"shutdownGracePeriod":             k.ShutdownGracePeriod,
		"shutdownGracePeriodCriticalPods": k.ShutdownGracePeriodCriticalPods,
		"containerLogMaxSize":             k.ContainerLogMaxSize,
	} {
		if text != "" {
			out[key] = text
		}
	}
	for key, m := range map[string]map[string]string{
		"systemReserved":          k.SystemReserved,
		"kubeReserved":            k.KubeReserved,
		"evictionHard":            k.EvictionHard,
		"evictionSoft":            k.EvictionSoft,
		"evictionSoftGracePeriod": k.EvictionSoftGracePeriod,
	} {
		if len(m) > 0 {
			out[key] = m
		}
	}
	if a.AMI.custom() && len(a.Taints) > 0 {
		// EKS taints the nodes of a custom AMI only after they have joined; pods could be scheduled before.
		out["registerWithTaints"] = a.Taints
	}
	return out
}

// labelFlag returns the labels as the kubelet's flag takes them.
func (a *Args) labelFlag() string {
	labels := a.nodeLabels()
	pairs := make([]string, 0, len(labels))
	for _, key := range sortedKeys(labels) {
		pairs = append(pairs, key+"="+labels[key])
	}
	return strings.Join(pairs, ",")
}
