package logging

import (
	"crypto/sha256"
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/convention"
)

// clusterRole is the name of Fluent Bit's cluster role and binding, which no namespace distinguishes from those of an
// add-on of the same name.
const clusterRole = "eks-platform-" + daemon

const configurationFile = "fluent-bit.yaml"

// fluentBit is the component of the objects in the cluster.
type fluentBit struct{ pulumi.ResourceState }

// installer registers its children.
type installer struct {
	*builder
	kids child.Of
	// configuration is the text of Fluent Bit's configuration.
	configuration string
	// namespace is what the objects in it depend on.
	namespace pulumi.Resource
	// before are the resources that its pods need.
	before []pulumi.Resource
}

// Install registers Fluent Bit if this stack runs it, and nothing otherwise. opts carries the parent, from which everything
// inherits the Kubernetes provider.
func (l *Logging) Install(ctx *pulumi.Context, opts ...pulumi.ResourceOption) error {
	b := l.b
	if !b.args.collects() {
		return nil
	}
	name := b.kids.Name
	text, err := b.configuration().text()
	if err != nil {
		return fmt.Errorf("logging %q: %w", name, err)
	}
	c := &fluentBit{}
	summary := pulumi.Map{"image": pulumi.String(b.settings.FluentBit.Image)}
	if err := ctx.RegisterComponentResourceV2(FluentBitType, name, summary, c, opts...); err != nil {
		return fmt.Errorf("logging %q: %w", name, err)
	}
	i := &installer{builder: b, kids: child.Of{Parent: c, Name: name}, configuration: text}
	// Its pods get their role only if the association exists before they start, and a missing group costs them a retry.
	i.before = append(i.before, l.groups...)
	i.before = append(i.before, b.role.Permissions()...)
	for _, step := range []func() error{i.createNamespace, i.createNetworkPolicy, i.createPermissions, i.createConfiguration, i.createDaemonSet} {
		if err := step(); err != nil {
			return fmt.Errorf("logging %q: %w", name, err)
		}
	}
	return ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

func labels() pulumi.StringMap {
	return pulumi.StringMap{
		"app.kubernetes.io/name":       pulumi.String(daemon),
		"app.kubernetes.io/managed-by": pulumi.String(convention.ManagedBy),
	}
}

// object is the metadata of an object in Fluent Bit's namespace.
func object() metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{Name: pulumi.String(daemon), Namespace: pulumi.String(namespace), Labels: labels()}
}

func (i *installer) createNamespace() error {
	all := labels()
	all[convention.System] = pulumi.String("true")
	// The baseline and restricted levels forbid host paths
	// (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
	all["pod-security.kubernetes.io/enforce"] = pulumi.String("privileged")
	ns, err := corev1.NewNamespace(i.ctx, i.kids.ID(daemon), &corev1.NamespaceArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(namespace), Labels: all},
	}, i.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create the namespace %s: %w", namespace, err)
	}
	i.namespace = ns
	return nil
}

// inNamespace returns the options of an object in Fluent Bit's namespace.
func (i *installer) inNamespace() []pulumi.ResourceOption {
	return i.kids.Opts(pulumi.DependsOn([]pulumi.Resource{i.namespace}))
}

// createPermissions lets Fluent Bit read the labels of namespaces, and the pods of a node from its kubelet. The latter is
// nodes/pods, which kubelets support since Kubernetes 1.33; nodes/proxy, which they used before, includes running commands
// in every container
// (https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/#fine-grained-authorization).
func (i *installer) createPermissions() error {
	account, err := corev1.NewServiceAccount(i.ctx, i.kids.ID(daemon), &corev1.ServiceAccountArgs{
		Metadata: object(),
	}, i.inNamespace()...)
	if err != nil {
		return fmt.Errorf("create the service account %s: %w", daemon, err)
	}
	meta := metav1.ObjectMetaArgs{Name: pulumi.String(clusterRole), Labels: labels()}
	rule := func(resource string) rbacv1.PolicyRuleArgs {
		return rbacv1.PolicyRuleArgs{
			ApiGroups: pulumi.ToStringArray([]string{""}),
			Resources: pulumi.ToStringArray([]string{resource}),
			Verbs:     pulumi.ToStringArray([]string{"get"}),
		}
	}
	role, err := rbacv1.NewClusterRole(i.ctx, i.kids.ID(daemon), &rbacv1.ClusterRoleArgs{
		Metadata: meta,
		Rules:    rbacv1.PolicyRuleArray{rule("namespaces"), rule("nodes/pods")},
	}, i.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create the cluster role %s: %w", clusterRole, err)
	}
	binding, err := rbacv1.NewClusterRoleBinding(i.ctx, i.kids.ID(daemon), &rbacv1.ClusterRoleBindingArgs{
		Metadata: meta,
		RoleRef: rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("ClusterRole"), Name: pulumi.String(clusterRole),
		},
		Subjects: rbacv1.SubjectArray{rbacv1.SubjectArgs{
			Kind: pulumi.String("ServiceAccount"), Name: pulumi.String(daemon), Namespace: pulumi.String(namespace),
		}},
	}, i.kids.Opts(pulumi.DependsOn([]pulumi.Resource{role, account}))...)
	if err != nil {
		return fmt.Errorf("bind the cluster role %s: %w", clusterRole, err)
	}
	i.before = append(i.before, account, binding)
	return nil
}

func (i *installer) createConfiguration() error {
	file, err := corev1.NewConfigMap(i.ctx, i.kids.ID(daemon), &corev1.ConfigMapArgs{
		Metadata: object(),
		Data:     pulumi.StringMap{configurationFile: pulumi.String(i.configuration)},
	}, i.inNamespace()...)
	if err != nil {
		return fmt.Errorf("create the configuration of Fluent Bit: %w", err)
	}
	i.before = append(i.before, file)
	return nil
}

// createDaemonSet runs Fluent Bit on every node, whatever its taints.
//
// Nothing waits for it, not even the update: a rollout takes a minute per tenth of the nodes and never completes while one
// node is broken, which is when logs are needed. A configuration with which pods do not start stops at the first tenth.
func (i *installer) createDaemonSet() error {
	selector := pulumi.StringMap{"app.kubernetes.io/name": pulumi.String(daemon)}
	meta := object()
	meta.Annotations = pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")}
	_, err := appsv1.NewDaemonSet(i.ctx, i.kids.ID(daemon), &appsv1.DaemonSetArgs{
		Metadata: meta,
		Spec: appsv1.DaemonSetSpecArgs{
			Selector: metav1.LabelSelectorArgs{MatchLabels: selector},
			UpdateStrategy: appsv1.DaemonSetUpdateStrategyArgs{
				Type:          pulumi.String("RollingUpdate"),
				RollingUpdate: appsv1.RollingUpdateDaemonSetArgs{MaxUnavailable: pulumi.String("10%")},
			},
			Template: corev1.PodTemplateSpecArgs{
				Metadata: metav1.ObjectMetaArgs{
					Labels: labels(),
					// Pods read their configuration when they start.
					Annotations: pulumi.StringMap{
						"eks-platform/configuration": pulumi.String(fmt.Sprintf("%x", sha256.Sum256([]byte(i.configuration)))),
					},
				},
				Spec: i.podSpec(),
			},
		},
	}, i.kids.Opts(pulumi.DependsOn(i.before))...)
	if err != nil {
		return fmt.Errorf("create the DaemonSet of Fluent Bit: %w", err)
	}
	return nil
}
