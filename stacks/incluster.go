package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/order"
)

// InClusterType is the type of the one component that is the parent of all objects in the Kubernetes API. It is part of
// every descendant's URN, which is how a run excludes them: --exclude '**eks-platform:stacks:InCluster$**'. It never
// changes.
const InClusterType = "eks-platform:stacks:InCluster"

// inCluster is that component.
type inCluster struct {
	pulumi.ResourceState

	provider *kubernetes.Provider
}

// newInCluster registers the component and, under it, the provider of everything inside the cluster.
// The cluster's ARN is the provider's identifier: a kubeconfig that changes, or is unknown in a preview, updates the
// provider and replaces nothing.
//
// An owner's objects are deleted with the cluster, not one by one through an API that is being deleted. A joining stack's
// are deleted one by one: the cluster stays.
//
// The provider is registered after the access entries and does not depend on them: a run that excludes the component keeps
// whatever it depends on, but access that is removed from the stack file must be revoked in such a run as well.
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

// opts returns the options of a component inside it.
func (c *inCluster) opts() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(c), pulumi.Providers(c.provider)}
}
