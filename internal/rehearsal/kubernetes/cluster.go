package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// clusterType is the type of the objects that are Kubernetes clusters.
const clusterType = "aws:eks/cluster:Cluster"

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

// serves reports whether the cluster's API server knows a kind, with the error of one that does not.
func (c *cluster) serves(k *kind) error {
	missing := &meta.NoKindMatchError{GroupKind: k.gvk().GroupKind(), SearchedVersions: []string{k.gvk().Version}}
	if k.custom {
		if c.definition(k) == nil {
			return fmt.Errorf("%w; its CustomResourceDefinition must exist first", missing)
		}
		return nil
	}
	if k.servedFrom == "" {
		return nil
	}
	if k.servedFrom == never {
		return fmt.Errorf("%w; EKS does not enable this beta API", missing)
	}
	has, err := version.ParseGeneric(text(c.object.Attributes, "version"))
	if err == nil && has.LessThan(version.MustParseGeneric(k.servedFrom)) {
		return fmt.Errorf("%w; it comes with Kubernetes %s, and the cluster has %s", missing, k.servedFrom, has)
	}
	return nil
}

// id returns the store's ID of an object in the cluster. The cluster's own ID makes it unique among the clusters of
// an account and region.
func (c *cluster) id(namespace, name string) string {
	return c.object.ID + "/" + qualified(namespace, name)
}

// get returns an object that somebody made.
func (c *cluster) get(k *kind, namespace, name string) (*cloud.Object, bool) {
	return c.tx.Get(c.object.Scope, k.storeType(), c.id(namespace, name))
}

// list returns the objects of a kind that somebody made, of every namespace.
func (c *cluster) list(k *kind) []*cloud.Object {
	prefix := c.object.ID + "/"
	return slices.DeleteFunc(c.tx.List(c.object.Scope, k.storeType()), func(o *cloud.Object) bool {
		return !strings.HasPrefix(o.ID, prefix)
	})
}

// put writes an object. Its owner is its namespace, or the cluster where the namespace is a built-in one or the kind
// has none.
func (c *cluster) put(k *kind, namespace, name string, object cloud.Attributes) error {
	owner := c.object.Key()
	if namespace != "" {
		if ns, ok := c.get(namespaceKind, "", namespace); ok {
			owner = ns.Key()
		}
	}
	return c.tx.Put(&cloud.Object{
		Scope: c.object.Scope, Type: k.storeType(), ID: c.id(namespace, name), Owner: owner, Attributes: object,
	})
}

// exists reports whether an object is there, counting what every cluster has by itself.
func (c *cluster) exists(k *kind, namespace, name string) bool {
	if _, ok := c.get(k, namespace, name); ok {
		return true
	}
	return c.automatic(k, namespace, name)
}

// delete removes an object with everything in it; one that is not there is gone already.
func (c *cluster) delete(k *kind, namespace, name string) error {
	if k.token() == crdToken {
		if err := c.deleteDefined(name); err != nil {
			return err
		}
	}
	return c.tx.Delete(c.object.Scope, k.storeType(), c.id(namespace, name))
}

// qualified is the provider's ID of an object.
func qualified(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

// parted is the reverse of qualified.
func parted(id string) (namespace, name string) {
	namespace, name, found := strings.Cut(id, "/")
	if !found {
		return "", id
	}
	return namespace, name
}
