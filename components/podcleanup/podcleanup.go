package podcleanup

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// Type is part of every child's URN. It never changes.
const Type = "eks-platform:podcleanup:PodCleanup"

const (
	namespace = "kube-system"
	// object is the name of all objects of the component in the cluster.
	object = "pod-cleanup"
)

// PodCleanup removes failed pods of a cluster, on a schedule.
type PodCleanup struct {
	pulumi.ResourceState
}

// builder registers the children of one component.
type builder struct {
	ctx  *pulumi.Context
	args *Args
	kids child.Of
	// serviceAccount is the pods' account, and binding what allows it to delete pods.
	serviceAccount pulumi.StringPtrOutput
	binding        pulumi.Resource
}

// New registers the CronJob and its permissions. It registers nothing if args are invalid. Nothing here depends on a node:
// a run that finds none times out, and the next one tries again.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*PodCleanup, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("pod cleanup %q: %w", name, err)
	}
	c := &PodCleanup{}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), c, opts...); err != nil {
		return nil, fmt.Errorf("pod cleanup %q: %w", name, err)
	}
	b := &builder{ctx: ctx, args: args, kids: child.Of{Parent: c, Name: name}}
	for _, step := range []func() error{b.createIdentity, b.createNetworkPolicy, b.createCronJob} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("pod cleanup %q: %w", name, err)
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

func labels() pulumi.StringMap {
	return pulumi.StringMap{
		"app.kubernetes.io/name":       pulumi.String(object),
		"app.kubernetes.io/managed-by": pulumi.String(convention.ManagedBy),
	}
}

// createIdentity creates a service account that may list and delete pods. kubectl deletes them one by one, so it needs no
// deletecollection, and does not wait until they are gone, so it needs neither get nor watch
// (https://github.com/kubernetes/kubectl/blob/v0.35.0/pkg/cmd/delete/delete.go).
func (b *builder) createIdentity() error {
	account, err := corev1.NewServiceAccount(b.ctx, b.kids.ID("service-account"), &corev1.ServiceAccountArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name: pulumi.String(object), Namespace: pulumi.String(namespace), Labels: labels(),
		},
		AutomountServiceAccountToken: pulumi.Bool(false), // the pod below asks for it
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create the service account: %w", err)
	}
	b.serviceAccount = account.Metadata.Name()
	role, err := rbacv1.NewClusterRole(b.ctx, b.kids.ID("cluster-role"), &rbacv1.ClusterRoleArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(object), Labels: labels()},
		Rules: rbacv1.PolicyRuleArray{rbacv1.PolicyRuleArgs{
			ApiGroups: pulumi.ToStringArray([]string{""}),
			Resources: pulumi.ToStringArray([]string{"pods"}),
			Verbs:     pulumi.ToStringArray([]string{"list", "delete"}),
		}},
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create the role: %w", err)
	}
	b.binding, err = rbacv1.NewClusterRoleBinding(b.ctx, b.kids.ID("cluster-role-binding"), &rbacv1.ClusterRoleBindingArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(object), Labels: labels()},
		RoleRef: rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("ClusterRole"),
			Name: role.Metadata.Name().Elem(),
		},
		Subjects: rbacv1.SubjectArray{rbacv1.SubjectArgs{
			Kind: pulumi.String("ServiceAccount"), Name: b.serviceAccount.Elem(), Namespace: pulumi.String(namespace),
		}},
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("bind the role: %w", err)
	}
	return nil
}

// createNetworkPolicy lets the pods connect only to the API server, and denies all ingress. It selects no other pod of
// kube-system. The API server's addresses are not known here, but its port is 443, as is that of its Service, whose address
// kubectl uses without DNS.
func (b *builder) createNetworkPolicy() error {
	_, err := networkingv1.NewNetworkPolicy(b.ctx, b.kids.ID("network-policy"), &networkingv1.NetworkPolicyArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name: pulumi.String(object), Namespace: pulumi.String(namespace), Labels: labels(),
		},
		Spec: networkingv1.NetworkPolicySpecArgs{
			PodSelector: metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"app.kubernetes.io/name": pulumi.String(object)}},
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Egress: networkingv1.NetworkPolicyEgressRuleArray{networkingv1.NetworkPolicyEgressRuleArgs{
				Ports: networkingv1.NetworkPolicyPortArray{networkingv1.NetworkPolicyPortArgs{
					Protocol: pulumi.String("TCP"), Port: pulumi.Int(443),
				}},
			}},
		},
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create the network policy: %w", err)
	}
	return nil
}
