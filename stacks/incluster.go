package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/order"
)

// InClusterType is the type of the one component that everything under the Kubernetes API hangs under. It is part of
// every descendant's URN, which is how a run leaves them out: --exclude '**eks-platform:stacks:InCluster$**'. It never
// changes.
const InClusterType = "eks-platform:stacks:InCluster"

// inCluster is that component.
type inCluster struct {
	pulumi.ResourceState

	provider *kubernetes.Provider
}

// newInCluster registers the component and, under it, the provider through which everything inside the cluster goes.
// The cluster's ARN is the provider's identifier: a kubeconfig that changes, or is unknown in a preview, updates the
// provider and replaces nothing.
//
// An owner's objects are deleted with the cluster: when it goes, nobody asks an API that is on its way out to delete
// them one by one. A joining stack's are not: the cluster stays when they go.
//
// The provider comes after the access entries and does not depend on them: a run without the inside keeps whatever the
// inside depends on, and access that leaves the stack file must be revoked in such a run, too.
func newInCluster(ctx *pulumi.Context, cfg *Config, on *contract.Cluster) (*inCluster, error) {
	c := &inCluster{}
	var opts []pulumi.ResourceOption
	if cfg.Owner() {
		opts = append(opts, pulumi.DeletedWith(on.Resource))
	}
	if err := ctx.RegisterComponentResourceV2(InClusterType, cfg.Environment+"-in-cluster", pulumi.Map{}, c, opts...); err != nil {
		return nil, fmt.Errorf("register the in-cluster component: %w", err)
	}
	p, err := kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{
		Kubeconfig:            on.ControlPlane.Kubeconfig.ToStringPtrOutput(),
		ClusterIdentifier:     on.ControlPlane.ARN.ToStringPtrOutput(),
		EnableServerSideApply: pulumi.Bool(true),
	}, pulumi.Parent(c), order.After(ctx, on.BeforeAccess...))
	if err != nil {
		return nil, fmt.Errorf("create the kubernetes provider: %w", err)
	}
	c.provider = p
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

// opts returns the options of a component that goes inside.
func (c *inCluster) opts() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(c), pulumi.Providers(c.provider)}
}
