package addons

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// coreDNSConfiguration is the configuration of coredns.
type coreDNSConfiguration struct {
	NodeSelector map[string]string   `json:"nodeSelector"`
	ReplicaCount int                 `json:"replicaCount,omitempty"`
	AutoScaling  *coreDNSAutoScaling `json:"autoScaling,omitempty"`
}

type coreDNSAutoScaling struct {
	Enabled     bool `json:"enabled"`
	MinReplicas int  `json:"minReplicas"`
	MaxReplicas int  `json:"maxReplicas"`
}

func (b *builder) createCoreDNS(_ *Addons, after []pulumi.Resource) error {
	s := b.args.CoreDNS
	configuration := coreDNSConfiguration{NodeSelector: onDemand, ReplicaCount: s.Replicas}
	if s.AutoScaling != nil {
		configuration.AutoScaling = &coreDNSAutoScaling{
			Enabled: true, MinReplicas: s.AutoScaling.Min, MaxReplicas: s.AutoScaling.Max,
		}
	}
	return b.configured(addon{name: "coredns", version: s.Version, after: after}, configuration)
}
