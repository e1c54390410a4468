package placement

import (
	"fmt"
	"strings"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/declared"
)

// Placement is where one workload can run.
type Placement struct {
	Workload
	// Groups has one entry for each node group of the cluster, in their order.
	Groups []Fit `json:"groups"`
}

// Report is where the pods of one environment, and those of its cluster, can run.
type Report struct {
	// Environment is whose pods these are.
	Environment string `json:"environment"`
	// Owner is the environment whose cluster it joins; empty if it has its own.
	Owner string `json:"owner,omitempty"`
	// Groups are the node groups of all environments on the cluster.
	Groups []Group `json:"nodeGroups"`
	// Workloads are the pods, by class, namespace and name.
	Workloads []Placement `json:"workloads"`
	// Unjudged are declared resources that run pods of an unknown kind.
	Unjudged []Unjudged `json:"unjudged,omitempty"`
	// Problems say which pods have no node group to run on, or can run on one that they must not run on.
	Problems []string `json:"problems,omitempty"`
}

// place checks the pods of an environment, and those that its cluster runs for all, against the node groups of all
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

// problems checks a workload against the platform's guarantees. A DaemonSet may run anywhere, or nowhere.
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
			add("it can run on no on-demand node group without taints")
		}
		if len(spot) > 0 {
			add("can run on %s, whose spot nodes are reclaimed at two minutes' notice; select %s=%s", strings.Join(spot, ", "), labelCapacity, OnDemand)
		}
	case EnvironmentPod, TenantPod:
		switch {
		case len(home) == 0:
			add("it can run on no node group")
		case p.SpotBound && len(onDemand) > 0:
			add("its namespace is bound to spot nodes, but it can run on %s, whose nodes are on demand", strings.Join(onDemand, ", "))
		case !p.SpotBound && len(reserved) > 0:
			why := "it tolerates their taint"
			if p.Name == AnyPod {
				why = "the nodes lack the taint " + taintText(convention.Taint())
			}
			add("its namespace is not bound to spot nodes, but it can run on %s, which is for those that are: %s", strings.Join(reserved, ", "), why)
		}
	}
	return out
}
