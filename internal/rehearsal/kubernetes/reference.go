package kubernetes

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// Pulumi type tokens of the kinds that others refer to.
const (
	namespaceToken        = "kubernetes:core/v1:Namespace"
	serviceAccountToken   = "kubernetes:core/v1:ServiceAccount"
	configMapToken        = "kubernetes:core/v1:ConfigMap"
	secretToken           = "kubernetes:core/v1:Secret"
	serviceToken          = "kubernetes:core/v1:Service"
	claimToken            = "kubernetes:core/v1:PersistentVolumeClaim"
	storageClassToken     = "kubernetes:storage.k8s.io/v1:StorageClass"
	priorityClassToken    = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
	ingressClassToken     = "kubernetes:networking.k8s.io/v1:IngressClass"
	roleToken             = "kubernetes:rbac.authorization.k8s.io/v1:Role"
	clusterRoleToken      = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	validatingPolicyToken = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
	mutatingPolicyToken   = "kubernetes:admissionregistration.k8s.io/v1:MutatingAdmissionPolicy"
)

// reference is an object that another one names.
type reference struct {
	// at is the property that names it.
	at *field.Path
	// token is the Pulumi type token of its kind.
	token string
	// namespace is where it is; empty for kinds without one.
	namespace, name string
}

// dangling reports a reference to what does not exist.
type dangling struct {
	reference
	kind *kind
}

// Error says what is missing, where it is named, and what to do.
func (d dangling) Error() string {
	where := ""
	if d.namespace != "" {
		where = fmt.Sprintf(" in namespace %q", d.namespace)
	}
	return fmt.Sprintf("%s: %s %q not found%s; create it first and depend on it", d.at, strings.ToLower(d.kind.name), d.name, where)
}

// dangling returns the first reference of an object to what is not in the cluster.
func (c *cluster) dangling(k *kind, o object) error {
	if k.references == nil {
		return nil
	}
	for _, r := range k.references(o) {
		target := kinds[r.token]
		if target.namespaced && r.namespace == "" {
			r.namespace = o.GetNamespace()
		}
		if !c.exists(target, r.namespace, r.name) && !c.brought(target, r.namespace, r.name) {
			return dangling{reference: r, kind: target}
		}
	}
	return nil
}

// defaultPatience is how long an object waits for what it refers to. In a real cluster it waits for minutes, and what
// is created beside it comes in time.
const defaultPatience = 2 * time.Second

// eventually runs an update again while what an object refers to is missing.
func (s *Server) eventually(update func(cloud.Tx) error) error {
	deadline := time.Now().Add(s.patience)
	for {
		err := s.store.Update(update)
		if _, missing := err.(dangling); !missing || !time.Now().Before(deadline) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}
