package addons

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// metricsServerConfiguration is the configuration of metrics-server.
type metricsServerConfiguration struct {
	NodeSelector map[string]string `json:"nodeSelector"`
	Replicas     int               `json:"replicas,omitempty"`
}

func (b *builder) createMetricsServer(_ *Addons, after []pulumi.Resource) error {
	s := b.args.MetricsServer
	return b.configured(addon{name: "metrics-server", version: s.Version, after: after},
		metricsServerConfiguration{NodeSelector: onDemand, Replicas: s.Replicas})
}
