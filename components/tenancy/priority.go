package tenancy

import (
	"fmt"
	"strings"

	schedulingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/scheduling/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
)

func (s Settings) priorityProblems(environment string) problem.List {
	var out problem.List
	names := map[string]int{}
	for i, p := range s.PriorityClasses {
		at := fmt.Sprintf("priorityClasses[%d]", i)
		duplicate(&out, names, "priorityClasses", i, p.Name)
		if full := environment + "-" + p.Name; strings.HasPrefix(full, "system-") {
			out.Relate(at+".name", []string{at + ".name", "$.environment"}, "would be called %s, but names that begin with system- are reserved for Kubernetes", full)
		}
	}
	return out
}

// createPriorityClasses registers the priority classes. None is the cluster's default: that would affect other
// environments.
func (b *builder) createPriorityClasses() error {
	for _, p := range b.args.PriorityClasses {
		policy := "PreemptLowerPriority"
		if !*p.Preemption {
			policy = "Never"
		}
		args := &schedulingv1.PriorityClassArgs{
			Metadata:         b.meta(b.args.Environment+"-"+p.Name, ""),
			Value:            pulumi.Int(p.Value),
			GlobalDefault:    pulumi.Bool(false),
			PreemptionPolicy: pulumi.String(policy),
		}
		if p.Description != "" {
			args.Description = pulumi.String(p.Description)
		}
		_, err := schedulingv1.NewPriorityClass(b.ctx, b.inside.ID("priority", p.Name), args, b.inside.Opts(
			// Kubernetes changes neither in place, which the provider does not know, and names are unique.
			pulumi.ReplaceOnChanges([]string{"value", "preemptionPolicy"}), pulumi.DeleteBeforeReplace(true),
		)...)
		if err != nil {
			return fmt.Errorf("create the priority class %s: %w", p.Name, err)
		}
	}
	return nil
}
