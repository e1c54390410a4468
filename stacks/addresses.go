package stacks

import (
	"maps"
	"slices"

	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// NetworkPlan is how a stack's VPC is divided, and how many addresses its node groups need.
type NetworkPlan struct {
	// Plan is the division of the VPC into subnets.
	Plan network.Plan `json:"plan"`
	// Budget compares the addresses of each subnet with the need of all environments on the cluster.
	Budget []network.BudgetRow `json:"budget"`
	// Environments are the stacks whose node groups the budget counts.
	Environments []string `json:"environments"`
}

// NetworkPlan returns the plan of the network that a stack owns or, if it joins another's cluster, uses.
func (e *Estate) NetworkPlan(stack string) (NetworkPlan, error) {
	owner := stack
	if o := e.Owner(stack); o != "" {
		owner = o
	}
	members := e.members(owner)
	plan, problems := network.NewPlan(*e.configs[owner].Network)
	rows, over := IPBudget(members)
	return NetworkPlan{Plan: plan, Budget: rows, Environments: slices.Sorted(maps.Keys(members))}, append(problems, over...).Err()
}

// members returns the configurations of all environments on the cluster of an owner, by stack.
func (e *Estate) members(owner string) map[string]*Config {
	out := map[string]*Config{owner: e.configs[owner]}
	for _, name := range e.Joined(owner) {
		out[name] = e.configs[name]
	}
	return out
}

// IPBudget compares the need of the node groups of all environments on one cluster, at full scale and during an update,
// with the addresses of its subnets. One of the configurations must own the network. Problems have the owner's config
// paths.
//
// An update adds nodes temporarily: a rolling one its surge, and one that replaces the group (blue/green) the desired nodes
// of the new group, which are created before the old ones are deleted.
func IPBudget(members map[string]*Config) ([]network.BudgetRow, problem.List) {
	var owner *Config
	for _, c := range members {
		if c.Owner() {
			owner = c
		}
	}
	if owner == nil || owner.cluster() == nil {
		return nil, nil // the owner's own problems say what is missing
	}
	plan, problems := network.NewPlan(*owner.Network)
	if len(problems) > 0 {
		return nil, nil // there is no plan to compare with; its problems are reported with the network's
	}
	networking := owner.cluster().Networking()
	networking.WarmPrefixes = owner.Addons.VPCCNI.WarmPrefixTarget
	var demands []network.Demand
	for _, name := range slices.Sorted(maps.Keys(members)) {
		c := members[name]
		for _, g := range c.NodeGroups {
			demands = append(demands, network.Demand{
				Name:    c.Environment + "-" + g.Name,
				Nodes:   g.Scaling.Max + max(surge(g, len(owner.Network.Zones)), g.Scaling.Desired),
				MaxPods: g.MaxPods(networking),
				PerNode: g.Holds(networking),
				Zones:   g.Zones,
			})
		}
	}
	rows, over := network.Budget(plan, demands)
	return rows, over.Under("network")
}

// surge is how many nodes a rolling update adds temporarily: the larger of twice the zones and maxUnavailable
// (https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html).
func surge(g nodegroup.Settings, zones int) int {
	if len(g.Zones) > 0 {
		zones = len(g.Zones)
	}
	share := (g.Scaling.Max*g.Update.MaxUnavailablePercentage + 99) / 100
	return max(2*zones, g.Update.MaxUnavailable, share)
}
