package kubernetes

import (
	"encoding/json"
	"sync"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/eks-platform/eks-platform/internal/policy"
)

// newestMinor is the newest Kubernetes minor on EKS. Where no cluster can be asked yet, expressions are compiled for
// it: what it refuses, every older one does.
const newestMinor = "1.36"

// compilation is the outcome of compiling one policy.
type compilation[T any] struct {
	policy *T
	errs   field.ErrorList
}

// compilations keeps outcomes by Kubernetes minor, name and specification of the policy: to compile one takes
// milliseconds, and every object asks for all of them.
type compilations[T, P any] struct {
	known   sync.Map
	compile func(*P, string) (*T, field.ErrorList)
}

// of compiles a policy, whose name and specification are given beside it, for a Kubernetes minor.
func (c *compilations[T, P]) of(p *P, name string, spec any, minor string) (*T, field.ErrorList) {
	text, err := json.Marshal([]any{minor, name, spec})
	if err != nil {
		return nil, field.ErrorList{field.InternalError(field.NewPath("spec"), err)}
	}
	if found, ok := c.known.Load(string(text)); ok {
		found := found.(compilation[T])
		return found.policy, found.errs
	}
	compiled, errs := c.compile(p, minor)
	c.known.Store(string(text), compilation[T]{compiled, errs})
	return compiled, errs
}

var (
	validatingCompilations = &compilations[policy.Validating, admissionv1.ValidatingAdmissionPolicy]{compile: policy.CompileValidating}
	mutatingCompilations   = &compilations[policy.Mutating, admissionv1beta1.MutatingAdmissionPolicy]{compile: policy.CompileMutating}
)

func compiledValidating(p *admissionv1.ValidatingAdmissionPolicy, minor string) (*policy.Validating, field.ErrorList) {
	return validatingCompilations.of(p, p.Name, p.Spec, minor)
}

func compiledMutating(p *admissionv1beta1.MutatingAdmissionPolicy, minor string) (*policy.Mutating, field.ErrorList) {
	return mutatingCompilations.of(p, p.Name, p.Spec, minor)
}

// compiles refuses an admission policy whose expressions the cluster's API server cannot compile, in its words.
func (c *cluster) compiles(k *kind, o object) error {
	var errs field.ErrorList
	switch p := o.(type) {
	case *admissionv1.ValidatingAdmissionPolicy:
		_, errs = compiledValidating(p, c.minor())
	case *admissionv1beta1.MutatingAdmissionPolicy:
		_, errs = compiledMutating(p, c.minor())
	}
	if len(errs) > 0 {
		return apierrors.NewInvalid(k.gvk().GroupKind(), o.GetName(), errs)
	}
	return nil
}

// minor is the cluster's Kubernetes minor.
func (c *cluster) minor() string {
	if v := text(c.object.Attributes, "version"); v != "" {
		return v
	}
	return newestMinor
}
