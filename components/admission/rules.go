package admission

import (
	admissionv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// workloads are the resources with a pod template.
var workloads = []string{"deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs"}

// apiGroups are the groups of workloads, in the order in which rules name them.
var apiGroups = []struct {
	name      string
	resources []string
}{
	{"apps", []string{"deployments", "statefulsets", "daemonsets", "replicasets"}},
	{"batch", []string{"jobs", "cronjobs"}},
}

// templateRules match the writing of resources with a pod template.
func templateRules(resources []string) []admissionv1.NamedRuleWithOperationsInput {
	wanted := map[string]bool{}
	for _, r := range resources {
		wanted[r] = true
	}
	var out []admissionv1.NamedRuleWithOperationsInput
	for _, group := range apiGroups {
		var some []string
		for _, r := range group.resources {
			if wanted[r] {
				some = append(some, r)
			}
		}
		if len(some) > 0 {
			out = append(out, rule(group.name, []string{"CREATE", "UPDATE"}, some...))
		}
	}
	return out
}

// rule matches operations on resources of an API group, not on their subresources: a status or a scale is never judged.
func rule(group string, operations []string, resources ...string) admissionv1.NamedRuleWithOperationsInput {
	return admissionv1.NamedRuleWithOperationsArgs{
		ApiGroups:   pulumi.ToStringArray([]string{group}),
		ApiVersions: pulumi.ToStringArray([]string{"v1"}),
		Operations:  pulumi.ToStringArray(operations),
		Resources:   pulumi.ToStringArray(resources),
		Scope:       pulumi.String("Namespaced"),
	}
}
