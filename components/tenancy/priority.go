package tenancy

import (
	"fmt"
	"math"
	"strings"

	schedulingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/scheduling/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// maxPriority is the highest priority that Kubernetes lets users have, below that of its own pods
// (https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/).
const maxPriority = 1_000_000_000

// maxPriorityName is the longest name of a priority class.
const maxPriorityName = 40

func (s Settings) priorityProblems(environment string) problem.List {
	var out problem.List
	names := map[string]int{}
	for i, p := range s.PriorityClasses {
		at := fmt.Sprintf("priorityClasses[%d]", i)
		if !dnsLabel.MatchString(p.Name) || len(p.Name) > maxPriorityName {
			out.Add(at+".name", "must be 1 to %d lower-case letters, digits and hyphens, the first and last no hyphen, got %q",
				maxPriorityName, p.Name)
		} else if first, twice := names[p.Name]; twice {
			out.Add(at+".name", "%q is priorityClasses[%d] already", p.Name, first)
		} else {
			names[p.Name] = i
		}
		if full := environment + "-" + p.Name; strings.HasPrefix(full, "system-") {
			out.Add(at+".name", "would be called %s, and names that begin with system- are reserved for Kubernetes", full)
		}
		if p.Value < math.MinInt32 || p.Value > maxPriority {
			out.Add(at+".value", "must be %d to %d, got %d", math.MinInt32, maxPriority, p.Value)
		}
	}
	return out
}

// createPriorityClasses registers the priority classes. None is the cluster's default: that would reach into other
// environments.
func (b *builder) createPriorityClasses() error {
	for _, p := range b.args.PriorityClasses {
		policy := "PreemptLowerPriority"
		if p.Preemption != nil && !*p.Preemption {
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
			// Kubernetes changes neither in place, which the provider does not know, and a name is there once.
			pulumi.ReplaceOnChanges([]string{"value", "preemptionPolicy"}), pulumi.DeleteBeforeReplace(true),
		)...)
		if err != nil {
			return fmt.Errorf("create the priority class %s: %w", p.Name, err)
		}
	}
	return nil
}
