package placement

import (
	"fmt"
	"strings"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/declared"
)

// Placement is where one workload may run.
type Placement struct {
	Workload
	// Groups has one entry for each node group of the cluster, in their order.
	Groups []Fit `json:"groups"`
}

// Report is where the pods of one environment, and those of its cluster, may run.
type Report struct {
	// Environment is whose pods these are.
	Environment string `json:"environment"`
	// Owner is the environment whose cluster it joins; empty when it has its own.
	Owner string `json:"owner,omitempty"`
	// Groups are the node groups of all environments on the cluster.
	Groups []Group `json:"nodeGroups"`
	// Workloads are the pods, by class, namespace and name.
	Workloads []Placement `json:"workloads"`
	// Unjudged is what runs pods that are not known here.
	Unjudged []Unjudged `json:"unjudged,omitempty"`
	// Problems say which pods have no node group to run on, or one that they must not run on.
	Problems []string `json:"problems,omitempty"`
}

// place holds the pods of an environment, and those that its cluster runs for all, against the node groups of all
// environments on the cluster.
func place(stacks []declared.Stack, environment string) (*Report, error) {
	all, err := groups(stacks)
	if err != nil {
		return nil, err
	}
	found, unjudged, err := collect(stacks)
	if err != nil {
		return nil, err
	}
	out := &Report{Groups: all, Workloads: []Placement{}, Unjudged: unjudged}
	for _, w := range found {
		if w.Environment != "" && w.Environment != environment {
			continue
		}
		p := Placement{Workload: w}
		for _, g := range all {
			p.Groups = append(p.Groups, fit(w.pod, g))
		}
		out.Workloads = append(out.Workloads, p)
		out.Problems = append(out.Problems, out.problems(p)...)
	}
	return out, nil
}

// problems holds a workload against what the platform promises. A DaemonSet may run anywhere, or nowhere.
func (r *Report) problems(p Placement) []string {
	var home, spot, onDemand, reserved []string
	homely := false
	for i, f := range p.Groups {
		g := r.Groups[i]
		if !f.Fits {
			continue
		}
		home = append(home, g.String())
		if g.Capacity == Spot {
			spot = append(spot, g.String())
		} else {
			onDemand = append(onDemand, g.String())
			homely = homely || !g.tainted()
		}
		if g.forSpot() {
			reserved = append(reserved, g.String())
		}
	}
	var out []string
	add := func(format string, args ...any) {
		out = append(out, fmt.Sprintf("%s %s: ", p.Class, p.Workload)+fmt.Sprintf(format, args...))
	}
	switch p.Class {
	case SystemAddon:
		if !homely {
			add("no on-demand node group without taints can carry it")
		}
		if len(spot) > 0 {
			add("may run on %s, whose nodes are taken away at two minutes' notice; select %s=%s", strings.Join(spot, ", "), labelCapacity, OnDemand)
		}
	case EnvironmentPod, TenantPod:
		switch {
		case len(home) == 0:
			add("no node group can carry it")
		case p.SpotBound && len(onDemand) > 0:
			add("its namespace is bound to spot nodes, and it may run on %s, whose nodes are bought on demand", strings.Join(onDemand, ", "))
		case !p.SpotBound && len(reserved) > 0:
			why := "it tolerates their taint"
			if p.Name == AnyPod {
				why = "the nodes lack the taint " + taintText(convention.Taint())
			}
			add("its namespace is not bound to spot nodes, and it may run on %s, which is for those that are: %s", strings.Join(reserved, ", "), why)
		}
	}
	return out
}
