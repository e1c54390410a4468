package tenancy

import (
	"fmt"

	kubecore "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/convention"
)

// NamespacesType is part of the URN of every child in the cluster. It never changes.
const NamespacesType = "eks-platform:tenancy:Namespaces"

// Labels of all objects in the cluster.
const (
	nameLabel      = "app.kubernetes.io/name"
	managedByLabel = "app.kubernetes.io/managed-by"
)

// podSecurityLabel begins the labels that Pod Security admission reads
// (https://kubernetes.io/docs/concepts/security/pod-security-admission/).
const podSecurityLabel = "pod-security.kubernetes.io/"

// Namespaces is the in-cluster side of an environment's tenancy.
type Namespaces struct{ pulumi.ResourceState }

// Install registers what goes through the Kubernetes API, below the parent in opts, whose provider reaches the cluster.
func (t *Tenancy) Install(ctx *pulumi.Context, opts ...pulumi.ResourceOption) error {
	b := t.b
	name := b.kids.Name
	c := &Namespaces{}
	if err := ctx.RegisterComponentResourceV2(NamespacesType, name, b.args.summary(), c, opts...); err != nil {
		return fmt.Errorf("namespaces %q: %w", name, err)
	}
	b.inside = child.Of{Parent: c, Name: name}
	if err := b.createPriorityClasses(); err != nil {
		return fmt.Errorf("namespaces %q: %w", name, err)
	}
	for _, n := range b.spaces {
		if err := b.createSpace(t, n); err != nil {
			return fmt.Errorf("namespaces %q: %w", name, err)
		}
	}
	return ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

// createSpace registers a namespace and everything in it.
func (b *builder) createSpace(t *Tenancy, n space) error {
	namespace, err := b.createNamespace(t, n)
	if err != nil {
		return fmt.Errorf("create the namespace %s: %w", n.Name, err)
	}
	// Objects refer to their namespace by a plain string, which a preview knows, and depend on it through this.
	in := pulumi.DependsOn([]pulumi.Resource{namespace})
	if err := b.createQuota(n, in); err != nil {
		return err
	}
	if err := b.createLimits(n, in); err != nil {
		return err
	}
	if err := b.createNetworkPolicies(n, in); err != nil {
		return err
	}
	if err := b.createRoleBindings(n, in); err != nil {
		return err
	}
	if err := b.createServiceAccounts(t, n, in); err != nil {
		return err
	}
	return b.createSecurityGroupPolicy(t, n, in)
}

func (b *builder) createNamespace(t *Tenancy, n space) (*kubecore.Namespace, error) {
	version := "v" + b.args.ClusterVersion
	labels := map[string]string{
		convention.Environment:               b.args.Environment,
		podSecurityLabel + "enforce":         string(n.PodSecurity),
		podSecurityLabel + "enforce-version": version,
		podSecurityLabel + "audit":           string(Restricted),
		podSecurityLabel + "audit-version":   version,
		podSecurityLabel + "warn":            string(Restricted),
		podSecurityLabel + "warn-version":    version,
	}
	if n.tenant != "" {
		labels[convention.Tenant] = n.tenant
	}
	if b.args.Capacity == Spot {
		labels[convention.Capacity] = convention.Spot
	}
	meta := b.meta(n.Name, "")
	meta.Labels = b.labels(labels)
	var after []pulumi.Resource
	if group := t.groups[n.tenant]; group != nil {
		after = append(after, group) // which EC2 deletes only once the last pod in it is gone
	}
	return kubecore.NewNamespace(b.ctx, b.inside.ID("namespace", n.Name), &kubecore.NamespaceArgs{Metadata: meta},
		b.inside.Opts(pulumi.DependsOn(after))...)
}

func (b *builder) createQuota(n space, in pulumi.ResourceOption) error {
	if len(n.Quota) == 0 {
		return nil
	}
	_, err := kubecore.NewResourceQuota(b.ctx, b.inside.ID("quota", n.Name), &kubecore.ResourceQuotaArgs{
		Metadata: b.meta("quota", n.Name),
		Spec:     kubecore.ResourceQuotaSpecArgs{Hard: pulumi.ToStringMap(canonical(n.Quota))},
	}, b.inside.Opts(in)...)
	if err != nil {
		return fmt.Errorf("create the quota of namespace %s: %w", n.Name, err)
	}
	return nil
}

func (b *builder) createLimits(n space, in pulumi.ResourceOption) error {
	l := n.Limits.complete(n.Quota)
	item := kubecore.LimitRangeItemArgs{
		Type:           pulumi.String("Container"),
		Default:        pulumi.ToStringMap(canonical(l.Default)),
		DefaultRequest: pulumi.ToStringMap(canonical(l.DefaultRequest)),
	}
	if len(l.Max) > 0 {
		item.Max = pulumi.ToStringMap(canonical(l.Max))
	}
	if len(l.Min) > 0 {
		item.Min = pulumi.ToStringMap(canonical(l.Min))
	}
	_, err := kubecore.NewLimitRange(b.ctx, b.inside.ID("limits", n.Name), &kubecore.LimitRangeArgs{
		Metadata: b.meta("limits", n.Name),
		Spec:     kubecore.LimitRangeSpecArgs{Limits: kubecore.LimitRangeItemArray{item}},
	}, b.inside.Opts(in)...)
	if err != nil {
		return fmt.Errorf("create the limit range of namespace %s: %w", n.Name, err)
	}
	return nil
}

// meta returns the metadata of an object; without a namespace, of a cluster-wide one.
func (b *builder) meta(name, namespace string) metav1.ObjectMetaArgs {
	out := metav1.ObjectMetaArgs{Name: pulumi.String(name), Labels: b.labels(nil)}
	if namespace != "" {
		out.Namespace = pulumi.String(namespace)
	}
	return out
}

// labels returns the labels of every object, and more.
func (b *builder) labels(more map[string]string) pulumi.StringMap {
	out := pulumi.StringMap{
		nameLabel: pulumi.String("tenancy"), managedByLabel: pulumi.String(convention.ManagedBy),
	}
	for key, value := range more {
		out[key] = pulumi.String(value)
	}
	return out
}
