package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/eks-platform/eks-platform/internal/policy"
)

// Who asks, as far as policies can see: the rehearsal cloud knows no users.
const applicant = "rehearsal"

var applicantGroups = []string{"system:authenticated"}

// review is one object on its way through a cluster's admission policies.
type review struct {
	cluster  *cluster
	kind     *kind
	policies *policy.Set
	old      object
}

// review prepares to put a change of a live object to the cluster's admission policies. It is nil where none apply:
// the API server never puts policies to policies.
func (c *cluster) review(k *kind, live map[string]any) (*review, error) {
	if strings.HasPrefix(k.apiVersion, admissionGroup) && strings.Contains(k.name, "AdmissionPolicy") {
		return nil, nil
	}
	set, err := c.policies()
	if err != nil || set == nil {
		return nil, err
	}
	r := &review{cluster: c, kind: k, policies: set}
	if len(live) > 0 {
		if r.old, err = k.admissible(live); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// admit lets the policies change a live object, and returns the API server's refusal if one of them has any.
func (r *review) admit(live map[string]any) error {
	if r == nil {
		return nil
	}
	o, err := r.kind.admissible(live)
	if err != nil {
		return err
	}
	request := policy.Request{
		Operation: admissionv1.Create, Object: o, Resource: r.cluster.plural(r.kind), User: applicant, Groups: applicantGroups,
	}
	if r.old != nil {
		request.Operation, request.OldObject = admissionv1.Update, r.old
	}
	if name := o.GetNamespace(); name != "" {
		if request.Namespace, err = r.cluster.namespace(name); err != nil {
			return err
		}
	}
	answer, err := r.policies.Admit(context.Background(), request)
	if err != nil {
		return err
	}
	if answer.Denied != nil {
		return answer.Denied
	}
	before, err := asMap(o)
	if err != nil {
		return err
	}
	after, err := asMap(answer.Object)
	if err != nil {
		return err
	}
	carryOver(live, before, after)
	return nil
}

// admissible returns a live object as admission sees it: of its API type, or without one where it has none.
func (k *kind) admissible(live map[string]any) (object, error) {
	o, err := k.empty()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(live)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, o); err != nil {
		return nil, fmt.Errorf("read %s for its admission: %w", k.name, err)
	}
	o.SetManagedFields(nil) // not in the API server's form
	o.GetObjectKind().SetGroupVersionKind(k.gvk())
	return o, nil
}

// plural returns the resource that objects of a kind are addressed by.
func (c *cluster) plural(k *kind) schema.GroupVersionResource {
	plural := k.plural
	if k.custom {
		for _, o := range c.list(kinds[crdToken]) {
			spec := child(o.Attributes, "spec")
			if names := child(spec, "names"); text(spec, "group") == k.gvk().Group && text(names, "kind") == k.name {
				plural = text(names, "plural")
			}
		}
	}
	return k.gvk().GroupVersion().WithResource(plural)
}

// namespace returns a namespace of the cluster with its labels.
func (c *cluster) namespace(name string) (*corev1.Namespace, error) {
	live := namespaceKind.minimal("", name)
	if o, ok := c.get(namespaceKind, "", name); ok {
		live = o.Attributes
	} else {
		namespaceKind.complete(c, live)
	}
	o, err := namespaceKind.admissible(live)
	if err != nil {
		return nil, err
	}
	return o.(*corev1.Namespace), nil
}

// policies returns the admission policies of the cluster with their bindings, or nil where nothing is bound. Policies
// of a kind act in the order of their names.
func (c *cluster) policies() (*policy.Set, error) {
	validating, err := bound(c, kinds[validatingPolicyToken+"Binding"], func(b *admissionv1.ValidatingAdmissionPolicyBinding) string { return b.Spec.PolicyName })
	if err != nil {
		return nil, err
	}
	mutating, err := bound(c, kinds[mutatingPolicyToken+"Binding"], func(b *admissionv1beta1.MutatingAdmissionPolicyBinding) string { return b.Spec.PolicyName })
	if err != nil || len(validating)+len(mutating) == 0 {
		return nil, err
	}
	set := &policy.Set{}
	for _, o := range c.list(kinds[validatingPolicyToken]) {
		p, err := kinds[validatingPolicyToken].admissible(o.Attributes)
		if err != nil {
			return nil, err
		}
		if bindings := validating[p.GetName()]; len(bindings) > 0 {
			compiled, errs := compiledValidating(p.(*admissionv1.ValidatingAdmissionPolicy), c.minor())
			if len(errs) > 0 {
				return nil, notCompiled(p, errs)
			}
			set.Validate(compiled, bindings...)
		}
	}
	for _, o := range c.list(kinds[mutatingPolicyToken]) {
		p, err := kinds[mutatingPolicyToken].admissible(o.Attributes)
		if err != nil {
			return nil, err
		}
		if bindings := mutating[p.GetName()]; len(bindings) > 0 {
			compiled, errs := compiledMutating(p.(*admissionv1beta1.MutatingAdmissionPolicy), c.minor())
			if len(errs) > 0 {
				return nil, notCompiled(p, errs)
			}
			set.Mutate(compiled, bindings...)
		}
	}
	return set, nil
}

// notCompiled reports a policy that stands in the cluster and does not compile for the version that it has now.
func notCompiled(p object, errs field.ErrorList) error {
	return fmt.Errorf("admission policy %s of the cluster does not compile: %w", p.GetName(), errs.ToAggregate())
}

// bound returns the bindings of a kind by the policy that they put to work.
func bound[B object](c *cluster, k *kind, policyOf func(B) string) (map[string][]B, error) {
	out := map[string][]B{}
	for _, o := range c.list(k) {
		b, err := k.admissible(o.Attributes)
		if err != nil {
			return nil, err
		}
		name := policyOf(b.(B))
		out[name] = append(out[name], b.(B))
	}
	return out, nil
}

func asMap(o any) (map[string]any, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, json.Unmarshal(text, &out)
}

// carryOver makes the changes between two forms of an object on a live one, which is spelt as its author spelt it.
func carryOver(live, before, after map[string]any) {
	for key, value := range after {
		if reflect.DeepEqual(before[key], value) {
			continue
		}
		from, hadMap := before[key].(map[string]any)
		to, hasMap := value.(map[string]any)
		at, isMap := live[key].(map[string]any)
		if hadMap && hasMap && isMap {
			carryOver(at, from, to)
		} else {
			live[key] = value
		}
	}
	for key := range before {
		if _, kept := after[key]; !kept {
			delete(live, key)
		}
	}
}
