package kubernetes

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// clusterType is the type of the objects that are Kubernetes clusters.
const clusterType = "aws:eks/cluster:Cluster"

// builtInNamespaces exist in every cluster.
var builtInNamespaces = []string{"default", "kube-node-lease", "kube-public", "kube-system"}

// unreachable says why a cluster does not answer.
type unreachable string

// Error returns the reason with the genuine provider's lead-in.
func (u unreachable) Error() string {
	return "configured Kubernetes cluster is unreachable: " + string(u)
}

// cluster is a Kubernetes cluster inside a transaction.
type cluster struct {
	tx     cloud.Tx
	object *cloud.Object
}

// cluster finds the cluster that a provider instance talks to, or says why it is unreachable.
func (s *session) cluster(tx cloud.Tx) (*cluster, error) {
	if s.config == nil {
		return nil, unreachable(s.broken)
	}
	endpoint := s.config.cluster.Server
	for _, o := range tx.Mentions(endpoint) {
		if o.Type == clusterType && o.Attributes["endpoint"] == endpoint {
			return &cluster{tx: tx, object: o}, nil
		}
	}
	return nil, unreachable(fmt.Sprintf("unable to load schema information from the API server: "+
		"the rehearsal cloud has no EKS cluster at %s", endpoint))
}

// id returns the store's ID of an object in the cluster. The cluster's own ID makes it unique among the clusters of
// an account and region.
func (c *cluster) id(namespace, name string) string {
	return c.object.ID + "/" + qualified(namespace, name)
}

// get returns an object.
func (c *cluster) get(k *kind, namespace, name string) (*cloud.Object, bool) {
	return c.tx.Get(c.object.Scope, k.storeType(), c.id(namespace, name))
}

// put writes an object. Its owner is its namespace, or the cluster where the namespace is a built-in one or the kind
// has none.
func (c *cluster) put(k *kind, namespace, name string, object cloud.Attributes) error {
	owner := c.object.Key()
	if namespace != "" {
		if ns, ok := c.get(namespaceKind, "", namespace); ok {
			owner = ns.Key()
		} else if !slices.Contains(builtInNamespaces, namespace) {
			return errors.NewNotFound(schema.GroupResource{Resource: namespaceKind.plural}, namespace)
		}
	}
	return c.tx.Put(&cloud.Object{
		Scope: c.object.Scope, Type: k.storeType(), ID: c.id(namespace, name), Owner: owner, Attributes: object,
	})
}

// exists says whether an object is there, counting what every cluster has from the start.
func (c *cluster) exists(k *kind, namespace, name string) bool {
	if k == namespaceKind && slices.Contains(builtInNamespaces, name) {
		return true
	}
	_, ok := c.get(k, namespace, name)
	return ok
}

// delete removes an object with everything in it; one that is not there is gone already.
func (c *cluster) delete(k *kind, namespace, name string) error {
	return c.tx.Delete(c.object.Scope, k.storeType(), c.id(namespace, name))
}

// qualified is the provider's ID of an object.
func qualified(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}
