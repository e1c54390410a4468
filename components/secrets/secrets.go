package secrets

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/helm"
	"github.com/eks-platform/eks-platform/internal/order"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// Type is part of every child's URN. It never changes.
const Type = "eks-platform:secrets:Secrets"

const (
	chart      = "secrets-store-csi-driver-provider-aws"
	repository = "https://aws.github.io/secrets-store-csi-driver-provider-aws"
	namespace  = "kube-system"
	// release must not contain the name of either chart: otherwise both would name their DaemonSet after the release, and
	// collide.
	release = "secrets-provider-aws"
)

// Secrets is the driver that lets pods read secrets from AWS.
type Secrets struct {
	pulumi.ResourceState

	ready []pulumi.Resource
}

// New registers the chart. It registers nothing if args are invalid.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Secrets, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("secrets %q: %w", name, err)
	}
	s := &Secrets{}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), s, opts...); err != nil {
		return nil, fmt.Errorf("secrets %q: %w", name, err)
	}
	kids := child.Of{Parent: s, Name: name}
	r, err := helm.New(ctx, kids.ID("driver"), helm.Release{
		Name: release, Namespace: namespace, Chart: chart, Repository: repository, Version: args.ChartVersion,
		Values: args.values(),
	}, kids.Opts(order.After(ctx, args.After...))...)
	if err != nil {
		return nil, fmt.Errorf("secrets %q: %w", name, err)
	}
	s.ready = []pulumi.Resource{r}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{})
}

// Ready returns what a SecretProviderClass depends on: until then its CRD does not exist, and pods that mount it would not
// start.
func (s *Secrets) Ready() []pulumi.Resource { return slices.Clone(s.ready) }
