package logging

import (
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// Problems returns everything that is wrong with the settings, and with them in this stack. Paths are those of the
// settings.
func (a *Args) Problems() problem.List {
	_, problems := schema.Args(a, (*Args).settings, (*Args).relations)
	return problems
}

func (a *Args) settings() *Settings { return &a.Settings }

// relations returns what is wrong beyond the struct tags.
func (a *Args) relations() problem.List {
	var out problem.List
	f := a.FluentBit
	if f == nil {
		return out
	}
	if !a.Owner {
		out.Relate("fluentBit", []string{"$.join"}, "only the stack that owns the cluster runs Fluent Bit, for every environment: remove it here")
	}
	const memory, limit = "fluentBit.resources.memory", "fluentBit.resources.memoryLimit"
	request, err := resource.ParseQuantity(f.Resources.Memory)
	most, wrong := resource.ParseQuantity(f.Resources.limit())
	if wrong == nil && most.Cmp(*leastMemory()) < 0 {
		out.Add(limit, "must be at least %s, the most that the buffers in memory can use, got %s", leastMemory().String(), f.Resources.MemoryLimit)
	}
	if err == nil && wrong == nil && request.Cmp(most) > 0 {
		out.Relate(memory, []string{memory, limit}, "must not exceed memoryLimit (%s), got %s", f.Resources.limit(), f.Resources.Memory)
	}
	return out
}
