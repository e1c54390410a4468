package addons

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// kubeProxyConfiguration is the configuration of kube-proxy.
type kubeProxyConfiguration struct {
	Mode ProxyMode `json:"mode,omitempty"`
}

func (b *builder) createKubeProxy(a *Addons) error {
	var configuration kubeProxyConfiguration
	if b.args.KubeProxy.Mode != ProxyIPTables {
		configuration.Mode = b.args.KubeProxy.Mode
	}
	text, err := encode("kube-proxy", configuration)
	if err != nil {
		return err
	}
	res, err := b.create(addon{
		name: "kube-proxy", version: b.args.KubeProxy.Version, configuration: pulumi.String(text),
	})
	if err != nil {
		return err
	}
	a.beforeNodes = append(a.beforeNodes, res)
	return nil
}

func (b *builder) createPodIdentityAgent(a *Addons) error {
	res, err := b.create(addon{name: "eks-pod-identity-agent", version: b.args.PodIdentityAgent.Version})
	if err != nil {
		return err
	}
	a.beforeNodes = append(a.beforeNodes, res)
	return nil
}

// createNodeMonitoringAgent installs the agent, which tolerates every taint by default and runs on every node.
func (b *builder) createNodeMonitoringAgent(_ *Addons, after []pulumi.Resource) error {
	if !*b.args.NodeMonitoringAgent.Enabled {
		return nil
	}
	_, err := b.create(addon{
		name: "eks-node-monitoring-agent", version: b.args.NodeMonitoringAgent.Version, after: after,
	})
	return err
}
