package admission

import (
	"strings"

	admissionv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/convention"
)

// words are what expressions write in capitals.
var words = strings.NewReplacer(
	"SYSTEM", convention.System,
	"KEY", convention.SpotLabel, "VALUE", convention.SpotLabelValue,
	"TAINTED", convention.SpotTaintValue, "TAINT", convention.SpotTaint,
)

// conditions are what both policies never judge. They cannot see the namespace's labels: an API server gives them none.
var conditions = admissionv1.MatchConditionArray{
	// An object on its way out must be able to go.
	condition("not-being-deleted", "!has(object.metadata.deletionTimestamp)"),
	// The kubelet's mirror pods; the admission plugin NodeRestriction lets a node make no others.
	condition("not-a-node", "!('system:nodes' in request.userInfo.?groups.orValue([]))"),
}

func condition(name, expression string) admissionv1.MatchConditionArgs {
	return admissionv1.MatchConditionArgs{Name: pulumi.String(name), Expression: pulumi.String(expression)}
}

// spotTerm says of a node selector term t that it allows spot nodes only.
var spotTerm = words.Replace(`t.?matchExpressions.orValue([]).exists(e, e.key == 'KEY' && e.operator == 'In' && e.?values.orValue([]) == ['VALUE'])`)

// variables are what validations and mutations are made of. Pods and pod templates look the same through them.
func variables() admissionv1.VariableArray {
	var out admissionv1.VariableArray
	for _, v := range []struct{ name, expression string }{
		{"path", `request.kind.kind == 'Pod' ? 'spec' : request.kind.kind == 'CronJob' ? 'spec.jobTemplate.spec.template.spec' : 'spec.template.spec'`},
		{"podSpec", `request.kind.kind == 'Pod' ? object.spec : request.kind.kind == 'CronJob' ? object.spec.jobTemplate.spec.template.spec : object.spec.template.spec`},
		// What was there before the policies, and is only scaled, labelled or finished, is nobody's business. Of a pod that
		// exists tolerations alone can change for the worse.
		{"unchanged", `request.operation == 'UPDATE' && (` +
			`request.kind.kind == 'Pod' ? object.spec.?tolerations.orValue([]) == oldObject.spec.?tolerations.orValue([]) : ` +
			`request.kind.kind == 'CronJob' ? object.spec.jobTemplate.spec.template == oldObject.spec.jobTemplate.spec.template : ` +
			`object.spec.template == oldObject.spec.template)`},
		{"subject", `request.kind.kind + ' "' + object.metadata.?name.orValue(object.metadata.?generateName.orValue('')) + '" in namespace "' + request.namespace + '"'`},
		{"system", `request.namespace == 'kube-system' || namespaceObject.metadata.?labels[?'SYSTEM'].orValue('') == 'true'`},
		// Anybody can write an owner reference, and nobody else has the controller's name.
		{"daemonPod", `request.kind.kind == 'Pod' && request.userInfo.?username.orValue('') == 'system:serviceaccount:kube-system:daemon-set-controller'` +
			` && object.metadata.?ownerReferences.orValue([]).exists(o, o.kind == 'DaemonSet' && o.apiVersion.startsWith('apps/') && o.?controller.orValue(false))`},
		{"platformDaemon", `variables.system && (variables.daemonPod || request.kind.kind == 'DaemonSet')`},
		{"terms", `variables.podSpec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])`},
		// As the scheduler sees it: ToleratesTaint in k8s.io/api/core/v1/toleration.go.
		{"tolerates", `variables.podSpec.?tolerations.orValue([]).exists(t, t.?effect.orValue('') in ['', 'NoSchedule']` +
			` && t.?key.orValue('') in ['', 'TAINT']` +
			` && (t.?operator.orValue('') == 'Exists' || t.?operator.orValue('') in ['', 'Equal'] && t.?value.orValue('') == 'TAINTED'))`},
	} {
		out = append(out, admissionv1.VariableArgs{Name: pulumi.String(v.name), Expression: pulumi.String(words.Replace(v.expression))})
	}
	return out
}

// exempt, the last variable, says whom a policy leaves alone.
func exempt(expression string) admissionv1.VariableArgs {
	return admissionv1.VariableArgs{Name: pulumi.String("exempt"), Expression: pulumi.String(expression)}
}

var (
	exemptOnSpot    = exempt("variables.unchanged || variables.platformDaemon || variables.daemonPod")
	exemptElsewhere = exempt("variables.unchanged || variables.platformDaemon")
)

// scheduled refuses to pass the scheduler by: it alone honours taints and affinity. A pod gets its node by a binding,
// which is no update.
var scheduled = validation(
	"variables.exempt || (request.kind.kind == 'Pod' && request.operation == 'UPDATE') || variables.podSpec.?nodeName.orValue('') == ''",
	"only the scheduler may choose a pod's node",
	`variables.subject + ' may not choose its node, which is the work of the scheduler: remove ' + variables.path + '.nodeName'`,
)

// validation refuses what does not satisfy an expression, with a message made by another.
func validation(expression, message, messageExpression string) admissionv1.ValidationInput {
	return admissionv1.ValidationArgs{
		Expression: pulumi.String(expression), Message: pulumi.String(message), MessageExpression: pulumi.String(words.Replace(messageExpression)),
	}
}
