package nodegroup

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// ClusterDNS is the DNS address that a custom Bottlerocket node is told.
var ClusterDNS = clusterDNS

// Transformed gives the tests the transform, which does not run without an engine.
func Transformed(s Settings, typ string, props pulumi.Map, opts pulumi.ResourceOptions) (pulumi.Map, pulumi.ResourceOptions) {
	return s.transformed(typ, props, opts)
}
