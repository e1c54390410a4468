package stacks

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/components/tenancy"
	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/service"
)

// autoscales reports whether the stack's cluster has the Cluster Autoscaler.
func (c *Config) autoscales() bool {
	on := c.cluster()
	return on == nil || on.ControlPlane.Autoscaler
}

// autoscaledProblems reports autoscaled node groups on a cluster without the Cluster Autoscaler.
func autoscaledProblems(groups []nodegroup.Settings) problem.List {
	var out problem.List
	for i, g := range groups {
		if g.Scaling.Autoscaled {
			at := fmt.Sprintf("nodeGroups[%d].scaling.autoscaled", i)
			out.Relate(at, []string{at, "$.autoscaling"}, "the cluster has no Cluster Autoscaler: set autoscaling in its owner's stack file")
		}
	}
	return out
}

// principalProblems reports principals to which a service gives access, and that already have access to the cluster.
func principalProblems(c *cluster.Settings, principals []service.Claim) problem.List {
	var out problem.List
	for _, p := range principals {
		for i, a := range c.Access {
			if a.PrincipalARN == p.Name {
				out.Relate(p.Path, append([]string{fmt.Sprintf("$.cluster.access[%d].principalArn", i)}, p.Reads...), "already has access by cluster.access[%d], and an EKS cluster has one entry per principal: "+
					"set kubernetesGroups in that entry, or use another role", i)
			}
		}
	}
	return out
}

// trunkProblems reports tenants whose pods have security groups of their own and no node group to run on: one that takes
// their pods, and whose instance types can all have the trunk interface.
func (c *Config) trunkProblems(on *contract.Cluster) problem.List {
	var out problem.List
	t := Service[tenancy.Settings](c)
	if t == nil || on == nil || !on.ControlPlane.PodSecurityGroups { // the tenancy's own problems say what is missing
		return nil
	}
	home := func(g nodegroup.Settings) bool {
		if t.Capacity == tenancy.Spot {
			return !g.OnDemand()
		}
		return g.OnDemand() && !g.Tainted()
	}
	if !slices.ContainsFunc(c.NodeGroups, home) { // said elsewhere
		return nil
	}
	for i, tenant := range t.Tenants {
		if tenant.PodSecurityGroup == nil || slices.ContainsFunc(c.NodeGroups, func(g nodegroup.Settings) bool { return home(g) && g.Trunks() }) {
			continue
		}
		at := fmt.Sprintf("tenancy.tenants[%d].podSecurityGroup", i)
		out.Relate(at, append(c.groupPaths("instanceTypes", "capacity", "taints"), at), "no node group that takes the tenant's pods is of instance types that can "+
			"have a trunk interface, which security groups of pods need: most of the Nitro system can, none of the t family")
	}
	return out
}

// spotProblems checks the node groups against the rule that separates environments on a cluster: only spot nodes have the
// label that pods of a spot-bound environment require and the taint that only these pods tolerate.
func (c *Config) spotProblems() problem.List {
	var out problem.List
	label, taint := convention.SpotLabel+"="+convention.SpotLabelValue, convention.Taint()
	spot := 0
	t := Service[tenancy.Settings](c)
	bound := t != nil && t.Capacity == tenancy.Spot
	housed := !c.Owner() || slices.ContainsFunc(c.NodeGroups, carriesSystemAddons)
	for i, g := range c.NodeGroups {
		at := fmt.Sprintf("nodeGroups[%d]", i)
		labelled := g.Labels[convention.SpotLabel] == convention.SpotLabelValue
		tainted, closed := false, false
		for _, t := range g.Taints {
			if t.Key == taint.Key && t.Value == taint.Value && t.Effect == string(taint.Effect) {
				tainted = true
			} else {
				closed = closed || t.Effect != string(corev1.TaintEffectPreferNoSchedule)
			}
		}
		switch {
		case g.OnDemand() && labelled:
			out.Relate(at+".labels", []string{at + ".labels", at + ".capacity"}, "%s is only for spot nodes: pods that are bound to spot nodes would run on this group, which is on demand", label)
		case g.OnDemand() && bound && g.Tainted() && housed:
			out.Relate(at+".taints", []string{at + ".taints", at + ".capacity", "tenancy.capacity"}, "no pod would run on this group: those of the environment are bound to spot "+
				"nodes (tenancy.capacity), and the system add-ons tolerate no taint; remove the taints, make it a spot group, or take the group out")
		case g.OnDemand():
		case !labelled:
			out.Relate(at+".labels", []string{at + ".labels", at + ".capacity"}, "a spot group needs %s: pods that are bound to spot nodes require it", label)
		case !tainted:
			out.Relate(at+".taints", []string{at + ".taints", at + ".capacity"}, "a spot group needs %s: without it pods that must not be interrupted would run there",
				fmt.Sprintf("{key: %s, value: %q, effect: %s}", taint.Key, taint.Value, taint.Effect))
		case !closed: // pods of a spot-bound environment tolerate no other taint by default
			spot++
		}
	}
	if bound && spot == 0 && len(out) == 0 {
		out.Relate("tenancy.capacity", append(c.groupPaths("capacity", "labels", "taints"), "tenancy.capacity"), "the environment is bound to spot nodes but has no spot node group without further taints: no pod could run")
	}
	return out
}
