package policy

import (
	"errors"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
)

// match decides which requests a policy or a binding is for. A nil match is for all.
type match struct {
	resources, excluded []admissionv1.NamedRuleWithOperations
	namespace, object   selector
}

// selector is a label selector, or what is wrong with it.
type selector struct {
	labels.Selector
	err error
}

func newMatch(m *admissionv1.MatchResources) *match {
	if m == nil {
		return nil
	}
	m = m.DeepCopy()
	return &match{
		resources: m.ResourceRules, excluded: m.ExcludeResourceRules,
		namespace: newSelector(m.NamespaceSelector), object: newSelector(m.ObjectSelector),
	}
}

// newSelector reads a selector. The API server's default selects everything.
func newSelector(s *metav1.LabelSelector) selector {
	if s == nil {
		return selector{Selector: labels.Everything()}
	}
	parsed, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		err = apierrors.NewInternalError(err)
	}
	return selector{parsed, err}
}

// errNoConstraints is what the API server says of a policy without matchConstraints.
var errNoConstraints = errors.New("policy contained no match constraints, a required field")

// selects reports whether a request is one of those. A selector that cannot be read is an error only of requests that
// everything else selects.
func (m *match) selects(a admission.Attributes, namespace *corev1.Namespace) (bool, error) {
	if m == nil {
		return true, nil
	}
	inNamespace, namespaceErr := m.selectsNamespace(a, namespace)
	if !inNamespace && namespaceErr == nil {
		return false, nil
	}
	object := m.object.err != nil || m.object.Empty() || labelled(a.GetObject(), m.object) || labelled(a.GetOldObject(), m.object)
	if !object || anyRule(m.excluded, a) || len(m.resources) > 0 && !anyRule(m.resources, a) {
		return false, nil
	}
	if namespaceErr != nil {
		return false, namespaceErr
	}
	return m.object.err == nil, m.object.err
}

// selectsNamespace applies the namespace selector to the object's namespace or, where that is what is asked for, to the
// namespace itself. It never leaves out other objects without a namespace.
func (m *match) selectsNamespace(a admission.Attributes, namespace *corev1.Namespace) (bool, error) {
	self := a.GetResource().Resource == "namespaces"
	switch {
	case namespace == nil && !self:
		return true, nil
	case m.namespace.err != nil:
		return false, m.namespace.err
	case m.namespace.Empty():
		return true, nil
	case namespace != nil:
		return m.namespace.Matches(labels.Set(namespace.Labels)), nil
	case a.GetOperation() == admission.Delete:
		return labelled(a.GetOldObject(), m.namespace), nil
	}
	return labelled(a.GetObject(), m.namespace), nil
}

// labelled reports whether an object's labels are selected.
func labelled(o runtime.Object, s selector) bool {
	if o == nil {
		return false
	}
	m, err := meta.Accessor(o)
	return err == nil && s.Matches(labels.Set(m.GetLabels()))
}

// anyRule reports whether one of the rules is for a request.
func anyRule(list []admissionv1.NamedRuleWithOperations, a admission.Attributes) bool {
	return slices.ContainsFunc(list, func(r admissionv1.NamedRuleWithOperations) bool {
		matcher := rules.Matcher{Rule: r.RuleWithOperations, Attr: a}
		return matcher.Matches() && (len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, a.GetName()))
	})
}
