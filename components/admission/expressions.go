package admission

import (
	"strings"

	admissionv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/convention"
)

// words are the values of the capitalised placeholders in expressions.
var words = strings.NewReplacer(
	"SYSTEM", convention.System,
	"KEY", convention.SpotLabel, "VALUE", convention.SpotLabelValue,
	"TAINTED", convention.SpotTaintValue, "TAINT", convention.SpotTaint,
)

// conditions exempt requests from both policies. Match conditions cannot see the namespace's labels.
var conditions = admissionv1.MatchConditionArray{
	// An object that is being deleted must be able to go.
	condition("not-being-deleted", "!has(object.metadata.deletionTimestamp)"),
	// The kubelet's mirror pods; the admission plugin NodeRestriction lets a node make no others.
	condition("not-a-node", "!('system:nodes' in request.userInfo.?groups.orValue([]))"),
}

func condition(name, expression string) admissionv1.MatchConditionArgs {
	return admissionv1.MatchConditionArgs{Name: pulumi.String(name), Expression: pulumi.String(expression)}
}

// spotTerm is true if a node selector term t selects only spot nodes.
var spotTerm = words.Replace(`t.?matchExpressions.orValue([]).exists(e, e.key == 'KEY' && e.operator == 'In' && e.?values.orValue([]) == ['VALUE'])`)

// variables are shared by validations and mutations. They abstract from pods and pod templates.
func variables() admissionv1.VariableArray {
	var out admissionv1.VariableArray
	for _, v := range []struct{ name, expression string }{
		{"path", `request.kind.kind == 'Pod' ? 'spec' : request.kind.kind == 'CronJob' ? 'spec.jobTemplate.spec.template.spec' : 'spec.template.spec'`},
		{"podSpec", `request.kind.kind == 'Pod' ? object.spec : request.kind.kind == 'CronJob' ? object.spec.jobTemplate.spec.template.spec : object.spec.template.spec`},
		// Objects older than the policies may still be scaled, labelled or finished. Of an existing pod only tolerations
		// can change for the worse.
		{"unchanged", `request.operation == 'UPDATE' && (` +
			`request.kind.kind == 'Pod' ? object.spec.?tolerations.orValue([]) == oldObject.spec.?tolerations.orValue([]) : ` +
			`request.kind.kind == 'CronJob' ? object.spec.jobTemplate.spec.template == oldObject.spec.jobTemplate.spec.template : ` +
			`object.spec.template == oldObject.spec.template)`},
		{"subject", `request.kind.kind + ' "' + object.metadata.?name.orValue(object.metadata.?generateName.orValue('')) + '" in namespace "' + request.namespace + '"'`},
		{"system", `request.namespace == 'kube-system' || namespaceObject.metadata.?labels[?'SYSTEM'].orValue('') == 'true'`},
		// Anyone can write an owner reference, but only the controller has its user name.
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

// exempt, the last variable, says what a policy ignores.
func exempt(expression string) admissionv1.VariableArgs {
	return admissionv1.VariableArgs{Name: pulumi.String("exempt"), Expression: pulumi.String(expression)}
}

var (
	exemptOnSpot    = exempt("variables.unchanged || variables.platformDaemon || variables.daemonPod")
	exemptElsewhere = exempt("variables.unchanged || variables.platformDaemon")
)

// scheduled denies bypassing the scheduler: only it honours taints and affinity. The scheduler sets a pod's node by a
// binding, which is not an update.
var scheduled = validation(
	"variables.exempt || (request.kind.kind == 'Pod' && request.operation == 'UPDATE') || variables.podSpec.?nodeName.orValue('') == ''",
	"only the scheduler may choose a pod's node",
	`variables.subject + ' may not choose its node, which is the work of the scheduler: remove ' + variables.path + '.nodeName'`,
)

// validation denies what does not satisfy an expression, with a message from another one.
func validation(expression, message, messageExpression string) admissionv1.ValidationInput {
	return admissionv1.ValidationArgs{
		Expression: pulumi.String(expression), Message: pulumi.String(message), MessageExpression: pulumi.String(words.Replace(messageExpression)),
	}
}
