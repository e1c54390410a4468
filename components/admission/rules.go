package admission

import (
	admissionv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// written are the operations that write templates.
var written = []string{"CREATE", "UPDATE"}

// rulesOn match pods at some operations, and writes of objects with a pod template: all of them, or only DaemonSets.
func rulesOn(pods []string, everything bool) admissionv1.NamedRuleWithOperationsArray {
	if !everything {
		return admissionv1.NamedRuleWithOperationsArray{rule("", pods, "pods"), rule("apps", written, "daemonsets")}
	}
	return admissionv1.NamedRuleWithOperationsArray{
		rule("", pods, "pods"),
		rule("apps", written, "deployments", "statefulsets", "daemonsets", "replicasets"),
		rule("batch", written, "jobs", "cronjobs"),
	}
}

// rule matches operations on resources of an API group, not on their subresources: status and scale are never checked.
func rule(group string, operations []string, resources ...string) admissionv1.NamedRuleWithOperationsInput {
	return admissionv1.NamedRuleWithOperationsArgs{
		ApiGroups:   pulumi.ToStringArray([]string{group}),
		ApiVersions: pulumi.ToStringArray([]string{"v1"}),
		Operations:  pulumi.ToStringArray(operations),
		Resources:   pulumi.ToStringArray(resources),
		Scope:       pulumi.String("Namespaced"),
	}
}
