package admission

import (
	admissionv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The lists of tolerations and of terms are atomic: a partial object would replace them whole, and the API server
// refuses it. So both mutations are JSON patches.

// What patches add, each within the next. They are maps because converting Object{...} literals in a list to JSON panics in
// k8s.io/apiserver v0.35.
const (
	spotExpression = "{'key': dyn('KEY'), 'operator': dyn('In'), 'values': dyn(['VALUE'])}"
	spotRequired   = "{'nodeSelectorTerms': [{'matchExpressions': [" + spotExpression + "]}]}"
	spotNode       = "{'requiredDuringSchedulingIgnoredDuringExecution': " + spotRequired + "}"
	spotAffinity   = "{'nodeAffinity': " + spotNode + "}"
	spotToleration = "{'key': 'TAINT', 'operator': 'Equal', 'value': 'TAINTED', 'effect': 'NoSchedule'}"
)

// at is the JSON patch path of a part of the pod's spec in the object.
func at(part string) string { return "'/' + variables.path.replace('.', '/') + '/" + part + "'" }

// addAffinity completes every required term, or adds one. Terms are alternatives: leaving one out would allow the rest of
// the cluster.
var addAffinity = `variables.exempt ? [] :
!has(variables.podSpec.affinity) ? [JSONPatch{op: 'add', path: ` + at("affinity") + `, value: ` + spotAffinity + `}] :
!has(variables.podSpec.affinity.nodeAffinity) ? [JSONPatch{op: 'add', path: ` + at("affinity/nodeAffinity") + `, value: ` + spotNode + `}] :
size(variables.terms) == 0 ? [JSONPatch{op: 'add', path: ` + at("affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution") + `, value: ` + spotRequired + `}] :
variables.terms.transformList(i, t, !` + spotTerm + `, JSONPatch{
  op: 'add',
  path: ` + at("affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/") + ` + string(i) + '/matchExpressions' + (has(t.matchExpressions) ? '/-' : ''),
  value: has(t.matchExpressions) ? dyn(` + spotExpression + `) : dyn([` + spotExpression + `])
})`

// addToleration adds the toleration if the taint is not tolerated yet.
var addToleration = `variables.exempt || variables.tolerates ? [] :
has(variables.podSpec.tolerations) ? [JSONPatch{op: 'add', path: ` + at("tolerations/-") + `, value: ` + spotToleration + `}] :
[JSONPatch{op: 'add', path: ` + at("tolerations") + `, value: [` + spotToleration + `]}]`

func jsonPatch(expression string) admissionv1.MutationInput {
	return admissionv1.MutationArgs{
		PatchType: pulumi.String("JSONPatch"), JsonPatch: admissionv1.JSONPatchArgs{Expression: pulumi.String(words.Replace(expression))},
	}
}
