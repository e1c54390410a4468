package admission

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Args are what the admission policies depend on. They have no settings in a stack file.
type Args struct {
	// ClusterVersion is the cluster's Kubernetes minor, for example 1.35. Required. From 1.36 on, pods of spot-bound
	// namespaces are mutated instead of denied; upgrading to it adds the mutating policy and updates one in place.
	ClusterVersion string
}

// summary is what a preview shows of the component itself.
func (a *Args) summary() pulumi.Map {
	return pulumi.Map{"clusterVersion": pulumi.String(a.ClusterVersion), "completesPods": pulumi.Bool(Completes(a.ClusterVersion))}
}
