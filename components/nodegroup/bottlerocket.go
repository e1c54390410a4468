package nodegroup

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// bottlerocketSettings are the settings in a node's user data, with Bottlerocket's names
// (https://bottlerocket.dev/en/os/latest/#/api/settings/kubernetes/).
type bottlerocketSettings struct {
	Settings struct {
		Kubernetes bottlerocketKubernetes `toml:"kubernetes"`
	} `toml:"settings"`
}

type bottlerocketKubernetes struct {
	ClusterName                 string              `toml:"cluster-name,omitempty"`
	APIServer                   string              `toml:"api-server,omitempty"`
	ClusterCertificate          string              `toml:"cluster-certificate,omitempty"`
	ClusterDNSIP                string              `toml:"cluster-dns-ip,omitempty"`
	MaxPods                     int                 `toml:"max-pods,omitempty"`
	EvictionMaxPodGracePeriod   int                 `toml:"eviction-max-pod-grace-period,omitempty"`
	ImageGCHighThresholdPercent int                 `toml:"image-gc-high-threshold-percent,omitempty"`
	ImageGCLowThresholdPercent  int                 `toml:"image-gc-low-threshold-percent,omitempty"`
	ShutdownGracePeriod         string              `toml:"shutdown-grace-period,omitempty"`
	ShutdownGracePeriodCritical string              `toml:"shutdown-grace-period-for-critical-pods,omitempty"`
	RegistryQPS                 int                 `toml:"registry-qps,omitempty"`
	RegistryBurst               int                 `toml:"registry-burst,omitempty"`
	ContainerLogMaxSize         string              `toml:"container-log-max-size,omitempty"`
	ContainerLogMaxFiles        int                 `toml:"container-log-max-files,omitempty"`
	PodPIDsLimit                int                 `toml:"pod-pids-limit,omitempty"`
	SystemReserved              map[string]string   `toml:"system-reserved,omitempty"`
	KubeReserved                map[string]string   `toml:"kube-reserved,omitempty"`
	EvictionHard                map[string]string   `toml:"eviction-hard,omitempty"`
	EvictionSoft                map[string]string   `toml:"eviction-soft,omitempty"`
	EvictionSoftGracePeriod     map[string]string   `toml:"eviction-soft-grace-period,omitempty"`
	NodeLabels                  map[string]string   `toml:"node-labels,omitempty"`
	NodeTaints                  map[string][]string `toml:"node-taints,omitempty"`
}

func (a *Args) bottlerocketUserData(c coordinates) (string, error) {
	k := a.Kubelet
	var out bottlerocketSettings
	out.Settings.Kubernetes = bottlerocketKubernetes{
		MaxPods:                     a.MaxPods(a.Networking),
		EvictionMaxPodGracePeriod:   k.EvictionMaxPodGracePeriod,
		ImageGCHighThresholdPercent: k.ImageGCHighThresholdPercent,
		ImageGCLowThresholdPercent:  k.ImageGCLowThresholdPercent,
		ShutdownGracePeriod:         k.ShutdownGracePeriod,
		ShutdownGracePeriodCritical: k.ShutdownGracePeriodCriticalPods,
		RegistryQPS:                 k.RegistryPullQPS,
		RegistryBurst:               k.RegistryBurst,
		ContainerLogMaxSize:         k.ContainerLogMaxSize,
		ContainerLogMaxFiles:        k.ContainerLogMaxFiles,
		PodPIDsLimit:                k.PodPIDsLimit,
		SystemReserved:              k.SystemReserved,
		KubeReserved:                k.KubeReserved,
		EvictionHard:                k.EvictionHard,
		EvictionSoft:                k.EvictionSoft,
		EvictionSoftGracePeriod:     k.EvictionSoftGracePeriod,
	}
	if a.AMI.custom() {
		dns, err := clusterDNS(c.serviceCIDR)
		if err != nil {
			return "", err
		}
		kubernetes := &out.Settings.Kubernetes
		kubernetes.ClusterName, kubernetes.APIServer = c.name, c.endpoint
		kubernetes.ClusterCertificate, kubernetes.ClusterDNSIP = c.authority, dns
		// EKS labels and taints the nodes of a custom AMI only after they have joined; pods could be scheduled before.
		kubernetes.NodeLabels = a.nodeLabels()
		for _, t := range a.Taints {
			if kubernetes.NodeTaints == nil {
				kubernetes.NodeTaints = map[string][]string{}
			}
			kubernetes.NodeTaints[t.Key] = append(kubernetes.NodeTaints[t.Key], t.Value+":"+t.Effect)
		}
	}
	text, err := toml.Marshal(out)
	if err != nil {
		return "", fmt.Errorf("write Bottlerocket settings: %w", err)
	}
	if mark := a.mark(); mark != "" {
		text = fmt.Appendf(text, "# vpc-cni: %s\n", mark)
	}
	// EKS merges only a subset of TOML, which its documentation shows with double quotes throughout. No value here can
	// contain a quote or a backslash: they are quantities, labels, names, an address and base64.
	return strings.ReplaceAll(string(text), "'", `"`), nil
}

// clusterDNS returns the address of the cluster's DNS service: the tenth of the service range, which EKS assigns to
// kube-dns.
func clusterDNS(serviceCIDR string) (string, error) {
	prefix, err := netip.ParsePrefix(serviceCIDR)
	if err != nil {
		return "", fmt.Errorf("read the cluster's service CIDR: %w", err)
	}
	addr := prefix.Masked().Addr()
	for range 10 {
		addr = addr.Next()
	}
	return addr.String(), nil
}
