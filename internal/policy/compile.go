package policy

import (
	"fmt"
	"strings"
	"sync"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// Validating is a compiled ValidatingAdmissionPolicy. It can be used from several goroutines.
type Validating struct {
	policy  *admissionv1.ValidatingAdmissionPolicy
	matcher matchconditions.Matcher // nil without match conditions
	// validations, their messages and audit annotations, each in the policy's order.
	validations, messages, audits cel.ConditionEvaluator
}

// Mutating is a compiled MutatingAdmissionPolicy. It can be used from several goroutines.
type Mutating struct {
	policy  *admissionv1beta1.MutatingAdmissionPolicy
	matcher matchconditions.Matcher // nil without match conditions
	patches []patch
	env     *cel.CompositionEnv
}

// CompileValidating compiles a policy as an API server of a Kubernetes minor, such as "1.35", does when the policy is
// created, or returns every expression that it would refuse. Other rules on policies are not looked at.
func CompileValidating(p *admissionv1.ValidatingAdmissionPolicy, kubernetes string) (*Validating, field.ErrorList) {
	p = p.DeepCopy()
	c, errs := newCompiler(kubernetes, p.Spec.ParamKind != nil)
	if len(errs) > 0 {
		return nil, errs
	}
	matcher := c.conditions(p.Spec.MatchConditions, p.Spec.FailurePolicy, "validate", p.Name)
	for i, v := range p.Spec.Variables {
		c.variable(i, v.Name, v.Expression)
	}
	var expressions, messages, audits []cel.CompilationResult
	for i, v := range p.Spec.Validations {
		at := field.NewPath("spec", "validations").Index(i)
		expressions = append(expressions, c.compile(at.Child("expression"), &expression{v.Expression, condition}, authorized))
		text := cel.CompilationResult{}
		if v.MessageExpression != "" {
			text = c.compile(at.Child("messageExpression"), &expression{v.MessageExpression, message}, cel.OptionalVariableDeclarations{})
		}
		messages = append(messages, text)
	}
	for i, a := range p.Spec.AuditAnnotations {
		at := field.NewPath("spec", "auditAnnotations").Index(i).Child("valueExpression")
		audits = append(audits, c.compile(at, &expression{a.ValueExpression, auditAnnotation}, authorized))
	}
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	return &Validating{
		policy: p, matcher: matcher,
		validations: c.composed(expressions), messages: c.composed(messages), audits: c.composed(audits),
	}, nil
}

// CompileMutating is CompileValidating for policies that change objects. The type is that of v1beta1, whose fields
// v1, which comes with Kubernetes 1.36, has too.
func CompileMutating(p *admissionv1beta1.MutatingAdmissionPolicy, kubernetes string) (*Mutating, field.ErrorList) {
	p = p.DeepCopy()
	c, errs := newCompiler(kubernetes, p.Spec.ParamKind != nil)
	if len(errs) > 0 {
		return nil, errs
	}
	matcher := c.conditions(stableConditions(p), (*admissionv1.FailurePolicyType)(p.Spec.FailurePolicy), "validate", p.Name)
	for i, v := range p.Spec.Variables {
		c.variable(i, v.Name, v.Expression)
	}
	patching := cel.OptionalVariableDeclarations{HasAuthorizer: true, HasPatchTypes: true}
	var patches []patch
	for i, m := range p.Spec.Mutations {
		at := field.NewPath("spec", "mutations").Index(i)
		switch {
		case m.JSONPatch != nil:
			patches = append(patches, jsonPatch(c.compile(at.Child("jsonPatch", "expression"), &expression{m.JSONPatch.Expression, patchOperations}, patching)))
		case m.ApplyConfiguration != nil:
			patches = append(patches, applyConfiguration(c.compile(at.Child("applyConfiguration", "expression"), &expression{m.ApplyConfiguration.Expression, partialObject}, patching)))
		default:
			c.errs = append(c.errs, field.Required(at, "must have jsonPatch or applyConfiguration"))
		}
	}
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	return &Mutating{policy: p, matcher: matcher, patches: patches, env: c.composition.CompositionEnv}, nil
}

func stableConditions(p *admissionv1beta1.MutatingAdmissionPolicy) []admissionv1.MatchCondition {
	out := make([]admissionv1.MatchCondition, len(p.Spec.MatchConditions))
	for i, c := range p.Spec.MatchConditions {
		out[i] = admissionv1.MatchCondition(c)
	}
	return out
}

// authorized is what expressions can use beside the request: the authorizer.
var authorized = cel.OptionalVariableDeclarations{HasAuthorizer: true}

// compiler compiles the expressions of one policy and gathers what is wrong with them.
type compiler struct {
	// plain knows no variables: match conditions are decided before there are any.
	plain       cel.Compiler
	composition *cel.CompositedCompiler
	errs        field.ErrorList
}

// plainCompilers are the compilers without variables, by Kubernetes minor. They keep nothing of what they compile.
var plainCompilers sync.Map

func newCompiler(kubernetes string, parameters bool) (*compiler, field.ErrorList) {
	if parameters {
		return nil, field.ErrorList{field.Forbidden(field.NewPath("spec", "paramKind"), "a policy with parameters cannot be evaluated outside an API server")}
	}
	minor, err := version.ParseMajorMinor(kubernetes)
	if err != nil || minor.Major() != 1 || minor.Minor() < 30 {
		return nil, field.ErrorList{field.InternalError(field.NewPath("spec"), fmt.Errorf("%q is not a Kubernetes minor with admission policies, such as 1.35", kubernetes))}
	}
	// An API server takes only expressions that its predecessor understands, so that it can be rolled back.
	base := environment.MustBaseEnvSet(version.MajorMinor(1, minor.Minor()-1))
	composition, err := cel.NewCompositedCompiler(base)
	if err != nil {
		return nil, field.ErrorList{field.InternalError(field.NewPath("spec"), err)}
	}
	plain, ok := plainCompilers.Load(kubernetes)
	if !ok {
		plain, _ = plainCompilers.LoadOrStore(kubernetes, cel.NewCompiler(base))
	}
	return &compiler{plain: plain.(cel.Compiler), composition: composition}, nil
}

// compile compiles one expression that may use variables.
func (c *compiler) compile(at *field.Path, accessor cel.ExpressionAccessor, options cel.OptionalVariableDeclarations) cel.CompilationResult {
	result := c.composition.CompileCELExpression(accessor, options, environment.NewExpressions)
	c.report(at, accessor, result.Error)
	return result
}

// variable compiles a variable for the expressions after it.
func (c *compiler) variable(i int, name, text string) {
	v := &variable{expression{text, anything}, name}
	result := c.composition.CompileAndStoreVariable(v, authorized, environment.NewExpressions)
	c.report(field.NewPath("spec", "variables").Index(i).Child("expression"), v, result.Error)
}

// conditions compiles match conditions, or returns nil where there are none.
func (c *compiler) conditions(list []admissionv1.MatchCondition, failure *admissionv1.FailurePolicyType, kind, name string) matchconditions.Matcher {
	if len(list) == 0 {
		return nil
	}
	results := make([]cel.CompilationResult, len(list))
	for i := range list {
		accessor := (*matchconditions.MatchCondition)(&list[i])
		results[i] = c.plain.CompileCELExpression(accessor, authorized, environment.NewExpressions)
		c.report(field.NewPath("spec", "matchConditions").Index(i).Child("expression"), accessor, results[i].Error)
	}
	return matchconditions.NewMatcher(cel.NewCondition(results), failure, "policy", kind, name)
}

// report turns what the compiler says of an expression into the API server's error.
func (c *compiler) report(at *field.Path, accessor cel.ExpressionAccessor, err *apiservercel.Error) {
	text := accessor.GetExpression()
	switch {
	case err == nil:
	case strings.TrimSpace(text) == "":
		c.errs = append(c.errs, field.Required(at, "expression is not specified"))
	case err.Type == apiservercel.ErrorTypeInvalid:
		c.errs = append(c.errs, field.Invalid(at, text, err.Detail))
	default:
		c.errs = append(c.errs, field.InternalError(at, err))
	}
}

// composed lets compiled conditions find the policy's variables.
func (c *compiler) composed(results []cel.CompilationResult) cel.ConditionEvaluator {
	return &composed{ConditionEvaluator: cel.NewCondition(results), env: c.composition.CompositionEnv}
}
