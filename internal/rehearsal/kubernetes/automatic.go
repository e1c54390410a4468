package kubernetes

import (
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// builtInNamespaces exist in every cluster.
var builtInNamespaces = []string{"default", "kube-node-lease", "kube-public", "kube-system"}

// perNamespace are the objects that the controllers put into every namespace, by token and name.
var perNamespace = map[string][]string{
	serviceAccountToken: {"default"},
	configMapToken:      {"kube-root-ca.crt"},
}

// perCluster are the cluster-wide objects of every EKS cluster that programs refer to, by token and name: Kubernetes'
// own priority classes and user-facing roles (https://kubernetes.io/docs/reference/access-authn-authz/rbac/), and the
// storage class gp2, which EKS makes and since 1.30 no longer marks as the default.
var perCluster = map[string][]string{
	priorityClassToken: {"system-cluster-critical", "system-node-critical"},
	clusterRoleToken:   {"admin", "cluster-admin", "edit", "view"},
	storageClassToken:  {"gp2"},
}

// automatic reports whether a cluster has an object without anybody making it.
func (c *cluster) automatic(k *kind, namespace, name string) bool {
	switch token := k.token(); {
	case k == namespaceKind:
		return slices.Contains(builtInNamespaces, name)
	case k.namespaced:
		if slices.Contains(perNamespace[token], name) {
			return c.exists(namespaceKind, "", namespace)
		}
		if token == serviceToken {
			return namespace == "default" && name == "kubernetes"
		}
		return token == serviceAccountToken && c.addonBrings(namespace, name)
	case token == clusterRoleToken && strings.HasPrefix(name, "system:"):
		return true
	default:
		return slices.Contains(perCluster[token], name)
	}
}

// addonType is the type of EKS add-ons in the store.
const addonType = "aws:eks/addon:Addon"

// addons returns the EKS add-ons of the cluster.
func (c *cluster) addons() []*cloud.Object {
	return slices.DeleteFunc(c.tx.List(c.object.Scope, addonType), func(o *cloud.Object) bool {
		return o.Attributes["clusterName"] != c.object.Attributes["name"]
	})
}

// addonBrings reports whether an EKS add-on of the cluster brings a service account.
func (c *cluster) addonBrings(namespace, serviceAccount string) bool {
	return slices.ContainsFunc(c.addons(), func(o *cloud.Object) bool {
		a := facts.Addons()[text(o.Attributes, "addonName")]
		return a.Namespace == namespace && a.HasAccount(serviceAccount)
	})
}

// minimal returns an object as it can be told without anything being stored of it.
func (k *kind) minimal(namespace, name string) map[string]any {
	meta := map[string]any{"name": name}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	return map[string]any{"apiVersion": k.apiVersion, "kind": k.name, "metadata": meta}
}
