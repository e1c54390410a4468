package tenancy

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// containerResources are the resources of the containers' limit range.
var containerResources = []string{"cpu", "ephemeral-storage", "memory"}

// The default limits and requests of containers. Kubernetes rejects containers without a value that a quota counts, so
// values that only some quotas count are added for these.
var (
	builtinLimit        = map[string]string{"memory": "512Mi"}
	builtinLimitCounted = map[string]string{"cpu": "1", "ephemeral-storage": "1Gi"}

	builtinRequest        = map[string]string{"cpu": "100m", "memory": "128Mi"}
	builtinRequestCounted = map[string]string{"ephemeral-storage": "128Mi"}
)

// complete returns the limit range of a namespace: the settings, the built-in defaults, and what the API server would add
// to it (https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/core/v1/defaults.go, SetDefaults_LimitRangeItem).
func (l Limits) complete(quota map[string]string) Limits {
	out := Limits{
		Default: maps.Clone(l.Default), DefaultRequest: maps.Clone(l.DefaultRequest),
		Max: maps.Clone(l.Max), Min: maps.Clone(l.Min),
	}
	if l.Default == nil {
		out.Default = maps.Clone(builtinLimit)
		addCounted(out.Default, builtinLimitCounted, quota, limitsOf)
	}
	if l.DefaultRequest == nil {
		out.DefaultRequest = maps.Clone(builtinRequest)
		addCounted(out.DefaultRequest, builtinRequestCounted, quota, requestsOf)
	}
	addAbsent(out.Default, out.Max)
	addAbsent(out.DefaultRequest, out.Default)
	addAbsent(out.DefaultRequest, out.Min)
	return out
}

// limitsOf and requestsOf return the names by which a quota counts limits and requests of a resource.
func limitsOf(name string) []string   { return []string{"limits." + name} }
func requestsOf(name string) []string { return []string{"requests." + name, name} }

// counted returns the name by which a quota counts a resource, or "".
func counted(quota map[string]string, names []string) string {
	for _, n := range names {
		if _, has := quota[n]; has {
			return n
		}
	}
	return ""
}

func addCounted(to, from, quota map[string]string, names func(string) []string) {
	for name, value := range from {
		if counted(quota, names(name)) != "" {
			to[name] = value
		}
	}
}

func addAbsent(to, from map[string]string) {
	for name, value := range from {
		if _, has := to[name]; !has {
			to[name] = value
		}
	}
}

// problems checks the limits in the settings on their own.
func (l Limits) problems() problem.List {
	var out problem.List
	for _, part := range []struct {
		name   string
		values map[string]string
	}{{"default", l.Default}, {"defaultRequest", l.DefaultRequest}, {"max", l.Max}, {"min", l.Min}} {
		for _, name := range slices.Sorted(maps.Keys(part.values)) {
			at := "limits." + part.name + "." + name
			if !slices.Contains(containerResources, name) {
				out.Add(at, "must be cpu, memory or ephemeral-storage")
				continue
			}
			if q, ok := quantity(&out, at, part.values[name]); ok && q.IsZero() {
				out.Add(at, "must be more than 0, got %q", part.values[name])
			}
		}
	}
	return out
}

// conflicts checks complete limits: min <= defaultRequest <= default <= max, and whether the quota admits a container
// without its own values. Invalid quantities are reported elsewhere.
func (l Limits) conflicts(quota map[string]string) problem.List {
	var out problem.List
	for _, name := range containerResources {
		atMost(&out, name, "min", l.Min, "defaultRequest", l.DefaultRequest)
		atMost(&out, name, "defaultRequest", l.DefaultRequest, "default", l.Default)
		atMost(&out, name, "default", l.Default, "max", l.Max)
		atMost(&out, name, "min", l.Min, "max", l.Max)
		fits(&out, "default", name, l.Default, quota, limitsOf(name))
		fits(&out, "defaultRequest", name, l.DefaultRequest, quota, requestsOf(name))
	}
	return out
}

func atMost(out *problem.List, name, low string, lows map[string]string, high string, highs map[string]string) {
	a, okA := read(lows, name)
	b, okB := read(highs, name)
	if okA && okB && a.Cmp(b) > 0 {
		var reads []string
		for _, part := range []string{"default", "defaultRequest", "max", "min"} { // any of them may come from another
			reads = append(reads, "limits."+part+"."+name, "$.tenancy.limits."+part+"."+name)
		}
		out.Relate("limits."+low+"."+name, reads, "must be at most limits.%s.%s, which is %s, got %s", high, name, &b, &a)
	}
}

func fits(out *problem.List, part, name string, values, quota map[string]string, names []string) {
	key := counted(quota, names)
	if key == "" {
		return
	}
	value, has := read(values, name)
	whole, ok := read(quota, key)
	switch at := "limits." + part + "." + name; {
	case !has:
		out.Relate(at, []string{"limits." + part, "quota." + key, "$.tenancy.quota." + key}, "is required, because the quota counts %s: containers without a value would be rejected or not counted", key)
	case ok && value.Cmp(whole) > 0:
		out.Relate(at, []string{at, "quota." + key, "$.tenancy.quota." + key}, "must be at most quota.%s, which is %s, got %s: otherwise no pod with default values would be admitted", key, &whole, &value)
	}
}

func read(values map[string]string, name string) (resource.Quantity, bool) {
	text, has := values[name]
	q, err := resource.ParseQuantity(text)
	return q, has && err == nil
}
