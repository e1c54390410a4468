package logging

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/retention"
)

var (
	languages = []Language{Go, Java, Python, Ruby}
	levels    = []LogLevel{LevelError, LevelWarn, LevelInfo, LevelDebug}
)

// Problems returns everything that is wrong with the settings, with paths relative to them.
func (s Settings) Problems() problem.List {
	var out problem.List
	s = s.withDefaults()
	if text := retention.Problem(s.RetentionDays); text != "" {
		out.Add("retentionDays", "%s", text)
	}
	if s.FluentBit != nil {
		out = append(out, s.FluentBit.problems().Under("fluentBit")...)
	}
	return out
}

// Problems returns what is wrong with the settings by themselves, and with them in this stack.
func (a *Args) Problems() problem.List {
	out := a.Settings.Problems()
	if a.FluentBit != nil && !a.Owner {
		out.Add("fluentBit", "only the stack that owns the cluster runs Fluent Bit, for every environment: remove it here")
	}
	return out
}

func (f FluentBit) problems() problem.List {
	var out problem.List
	if text := image.Problem(f.Image); text != "" {
		out.Add("image", "%s", text)
	}
	if f.BufferMB < 50 || f.BufferMB > 20000 {
		out.Add("bufferMB", "must be 50 to 20000, got %d", f.BufferMB)
	}
	for i, l := range f.Multiline {
		path := fmt.Sprintf("multiline[%d]", i)
		if !slices.Contains(languages, l) {
			out.Add(path, "must be go, java, python or ruby, got %q", l)
		} else if slices.Contains(f.Multiline[:i], l) {
			out.Add(path, "%s is listed twice", l)
		}
	}
	for i, n := range f.ExcludeNamespaces {
		path := fmt.Sprintf("excludeNamespaces[%d]", i)
		if len(validation.IsDNS1123Label(n)) > 0 {
			out.Add(path, "%q is not the name of a namespace: lower-case letters, digits and hyphens, at most 63", n)
		} else if slices.Contains(f.ExcludeNamespaces[:i], n) {
			out.Add(path, "%s is listed twice", n)
		}
	}
	if !slices.Contains(levels, f.LogLevel) {
		out.Add("logLevel", "must be error, warn, info or debug, got %q", f.LogLevel)
	}
	return append(out, f.Resources.problems().Under("resources")...)
}

func (r Resources) problems() problem.List {
	var out problem.List
	quantity := func(path, text, like string) (resource.Quantity, bool) {
		q, err := resource.ParseQuantity(text)
		if err != nil || q.Sign() <= 0 {
			out.Add(path, "must be a quantity such as %s, got %q", like, text)
			return q, false
		}
		return q, true
	}
	quantity("cpu", r.CPU, "50m")
	request, requestOK := quantity("memory", r.Memory, "128Mi")
	limit, limitOK := quantity("memoryLimit", r.MemoryLimit, "512Mi")
	if limitOK && limit.Cmp(*leastMemory()) < 0 {
		out.Add("memoryLimit", "must be at least %s, which the buffers in memory can come to, got %s", leastMemory().String(), r.MemoryLimit)
	}
	if requestOK && limitOK && request.Cmp(limit) > 0 {
		out.Add("memory", "must not exceed memoryLimit (%s), got %s", r.MemoryLimit, r.Memory)
	}
	return out
}
