package admission

import (
	"fmt"
	"slices"

	admissionv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/convention"
)

// Type is part of every child's URN. It never changes.
const Type = "eks-platform:admission:Admission"

// Names of the policies and of their bindings. They appear in the API server's denials.
const (
	// SpotRequired is the policy for namespaces that are bound to spot nodes.
	SpotRequired = "eks-platform-spot-required"
	// SpotRefused is the policy for all other namespaces.
	SpotRefused = "eks-platform-spot-refused"
	// SpotPlacement is the mutating policy, which adds affinity and toleration to pods of namespaces that are bound to spot
	// nodes.
	SpotPlacement = "eks-platform-spot-placement"
)

// Admission is the admission policies of one cluster.
type Admission struct {
	pulumi.ResourceState

	policies []pulumi.Resource
}

// Policies returns the validating policies. Objects that they must check depend on them.
func (a *Admission) Policies() []pulumi.Resource { return slices.Clone(a.policies) }

// builder registers the children of one component.
type builder struct {
	ctx  *pulumi.Context
	args *Args
	kids child.Of
	out  *Admission
}

// New registers the policies and their bindings, or nothing if args are invalid. opts carries the kubernetes provider.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Admission, error) {
	if err := args.Problems().Err(); err != nil {
		return nil, fmt.Errorf("admission %q: %w", name, err)
	}
	a := &Admission{}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), a, opts...); err != nil {
		return nil, fmt.Errorf("admission %q: %w", name, err)
	}
	b := &builder{ctx: ctx, args: args, kids: child.Of{Parent: a, Name: name}, out: a}
	for _, step := range []func() error{b.createSpotRequired, b.createSpotRefused, b.createSpotPlacement} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("admission %q: %w", name, err)
		}
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{})
}

// createSpotRequired registers the policy of namespaces that are bound to spot nodes.
func (b *builder) createSpotRequired() error {
	// A pod cannot lose its affinity or a toleration later. If pods are completed at creation, only a DaemonSet's template
	// must be right: the controller chooses nodes by it.
	rules := rulesOn([]string{"CREATE"}, !Completes(b.args.ClusterVersion))
	return b.createValidating("spot-required", SpotRequired, rules, &metav1.LabelSelectorArgs{
		MatchLabels: pulumi.StringMap{convention.Capacity: pulumi.String(convention.Spot)},
	}, exemptOnSpot, validation(
		"variables.exempt || (size(variables.terms) > 0 && variables.terms.all(t, "+spotTerm+"))",
		"pods of this namespace must run on spot nodes: their required node affinity must select them",
		`variables.subject + ' may only run on spot nodes: write the matchExpression {key: KEY, operator: In, values: [VALUE]} into every term of '`+
			` + variables.path + '.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'`,
	), validation(
		"variables.exempt || variables.tolerates",
		"pods of this namespace must run on spot nodes: they must tolerate their taint",
		`variables.subject + ' may only run on spot nodes: write the toleration {key: TAINT, operator: Equal, value: "TAINTED", effect: NoSchedule} into '`+
			` + variables.path + '.tolerations'`,
	), scheduled)
}

// createSpotRefused registers the policy of all other namespaces.
func (b *builder) createSpotRefused() error {
	rules := rulesOn(written, true) // a toleration can be added to an existing pod
	return b.createValidating("spot-refused", SpotRefused, rules, &metav1.LabelSelectorArgs{
		MatchExpressions: metav1.LabelSelectorRequirementArray{metav1.LabelSelectorRequirementArgs{
			Key: pulumi.String(convention.Capacity), Operator: pulumi.String("NotIn"), Values: pulumi.ToStringArray([]string{convention.Spot}),
		}},
	}, exemptElsewhere, validation(
		"variables.exempt || !variables.tolerates",
		"pods of this namespace must not run on spot nodes or tolerate their taint",
		`variables.subject + ' may not run on spot nodes: take every toleration that covers TAINT=TAINTED:NoSchedule out of '`+
			` + variables.path + '.tolerations, one with operator Exists and no key too'`,
	), scheduled)
}

// createValidating registers one policy with its binding.
func (b *builder) createValidating(role, name string, rules admissionv1.NamedRuleWithOperationsArray, namespaces metav1.LabelSelectorPtrInput,
	exempted admissionv1.VariableArgs, validations ...admissionv1.ValidationInput,
) error {
	policy, err := admissionv1.NewValidatingAdmissionPolicy(b.ctx, b.kids.ID(role), &admissionv1.ValidatingAdmissionPolicyArgs{
		Metadata: metadata(name),
		Spec: admissionv1.ValidatingAdmissionPolicySpecArgs{
			FailurePolicy:    pulumi.String("Fail"),
			MatchConstraints: admissionv1.MatchResourcesArgs{MatchPolicy: pulumi.String("Equivalent"), ResourceRules: rules},
			MatchConditions:  conditions,
			Variables:        append(variables(), exempted),
			Validations:      admissionv1.ValidationArray(validations),
		},
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create admission policy %s: %w", name, err)
	}
	b.out.policies = append(b.out.policies, policy)
	_, err = admissionv1.NewValidatingAdmissionPolicyBinding(b.ctx, b.kids.ID(role, "binding"), &admissionv1.ValidatingAdmissionPolicyBindingArgs{
		Metadata: metadata(name),
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpecArgs{
			PolicyName:        policy.Metadata.Name().Elem(),
			MatchResources:    admissionv1.MatchResourcesArgs{NamespaceSelector: namespaces},
			ValidationActions: pulumi.ToStringArray([]string{"Deny"}),
		},
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create binding of admission policy %s: %w", name, err)
	}
	return nil
}

// createSpotPlacement registers the mutating policy, if the cluster supports it. DaemonSets are mutated as well, because
// they choose nodes by their template; other workloads are left as written.
func (b *builder) createSpotPlacement() error {
	if !Completes(b.args.ClusterVersion) {
		return nil
	}
	policy, err := admissionv1.NewMutatingAdmissionPolicy(b.ctx, b.kids.ID("spot-placement"), &admissionv1.MutatingAdmissionPolicyArgs{
		Metadata: metadata(SpotPlacement),
		Spec: admissionv1.MutatingAdmissionPolicySpecArgs{
			FailurePolicy: pulumi.String("Fail"),
			// Terms that another policy or webhook adds after this one are completed as well.
			ReinvocationPolicy: pulumi.String("IfNeeded"),
			MatchConstraints: admissionv1.MatchResourcesArgs{
				MatchPolicy:   pulumi.String("Equivalent"),
				ResourceRules: rulesOn([]string{"CREATE"}, false),
			},
			MatchConditions: conditions,
			Variables:       append(variables(), exemptOnSpot),
			Mutations:       admissionv1.MutationArray{jsonPatch(addAffinity), jsonPatch(addToleration)},
		},
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create admission policy %s: %w", SpotPlacement, err)
	}
	_, err = admissionv1.NewMutatingAdmissionPolicyBinding(b.ctx, b.kids.ID("spot-placement", "binding"), &admissionv1.MutatingAdmissionPolicyBindingArgs{
		Metadata: metadata(SpotPlacement),
		Spec: admissionv1.MutatingAdmissionPolicyBindingSpecArgs{
			PolicyName: policy.Metadata.Name(),
			MatchResources: admissionv1.MatchResourcesArgs{NamespaceSelector: metav1.LabelSelectorArgs{
				MatchLabels: pulumi.StringMap{convention.Capacity: pulumi.String(convention.Spot)},
			}},
		},
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create binding of admission policy %s: %w", SpotPlacement, err)
	}
	return nil
}

func metadata(name string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{Name: pulumi.String(name), Labels: pulumi.StringMap{
		"app.kubernetes.io/name":       pulumi.String("admission"),
		"app.kubernetes.io/managed-by": pulumi.String(convention.ManagedBy),
	}}
}
