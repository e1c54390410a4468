package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/plural"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// Demand is what one node group needs from the network at full scale.
type Demand struct {
	// Name is the group's name, for messages.
	Name string `json:"name"`
	// Nodes is the most nodes the group has at once, those of an update included.
	Nodes int `json:"nodes"`
	// MaxPods is the most pods on one node, for messages.
	MaxPods int `json:"maxPods"`
	// PerNode is what one full node holds.
	PerNode instancetype.Holding `json:"perNode"`
	// Zones are the ids of the zones that the nodes are spread over; empty for all zones of the plan.
	Zones []string `json:"zones,omitempty"`
}

// sharedAddresses is kept free in every private subnet for interface endpoints, one address each, and for load
// balancers, which want eight.
const sharedAddresses = 32

// BudgetRow compares what one subnet can hold with what the nodes of its zone need at full scale.
type BudgetRow struct {
	Row
	// Addresses and AddressesNeeded count single addresses. With prefix delegation only those outside the reserved
	// ranges count.
	Addresses       int `json:"addresses"`
	AddressesNeeded int `json:"addressesNeeded"`
	// Prefixes and PrefixesNeeded count /28 prefixes; both are zero without prefix delegation.
	Prefixes       int `json:"prefixes"`
	PrefixesNeeded int `json:"prefixesNeeded"`
}

// Fits reports whether the subnet can hold all of it.
func (r BudgetRow) Fits() bool {
	return r.AddressesNeeded <= r.Addresses && r.PrefixesNeeded <= r.Prefixes
}

// Budget compares node groups at full scale with the plan, for every subnet from which nodes or pods take addresses.
//
// The model: a group spreads evenly, the zone with most gets nodes divided by zones, rounded up. What a node takes is
// the demand's own business, see instancetype.Hold: with custom networking part of it comes from the private subnet and
// the rest from the pods'. In a private subnet 32 addresses stay free for endpoints and load balancers.
//
// Problems are reported at cidr or secondaryCidr, one per tier, for the subnet that lacks most.
func Budget(plan Plan, demands []Demand) ([]BudgetRow, problem.List) {
	var out problem.List
	tiers := []Tier{TierPrivate}
	if plan.CustomNetworking() {
		tiers = append(tiers, TierPods)
	}
	var rows []BudgetRow
	for _, tier := range tiers {
		var worst BudgetRow
		for _, row := range plan.Tier(tier) {
			r := budgetRow(plan, row, demands)
			rows = append(rows, r)
			if !r.Fits() && (worst.Tier == "" || r.lacks() > worst.lacks()) {
				worst = r
			}
		}
		if worst.Tier == "" {
			continue
		}
		path := map[Tier]string{TierPrivate: "cidr", TierPods: "secondaryCidr"}[tier]
		out.Relate(path, []string{
			"cidr", "secondaryCidr", "zones", "privatePrefix", "publicPrefix", "podPrefix",
			"$.nodeGroups", "$.addons.vpcCni", "$.cluster.ipFamily",
		}, "%s", worst.explain(demands, plan.CustomNetworking()))
	}
	return rows, out
}

func budgetRow(plan Plan, row Row, demands []Demand) BudgetRow {
	r := BudgetRow{Row: row, Addresses: row.Usable}
	if row.Tier == TierPrivate {
		r.Addresses -= sharedAddresses
	}
	if slices.ContainsFunc(demands, func(d Demand) bool { return d.PerNode.Prefixes > 0 && d.podTier(plan) == row.Tier }) {
		ranges, _ := reservedFor(row.CIDR)
		for _, reserved := range ranges {
			r.Addresses -= 1 << (32 - reserved.Bits())
			r.Prefixes += 1 << (delegatedPrefix - reserved.Bits())
		}
		if len(ranges) > 0 {
			// AWS keeps the subnet's last address: the last prefix is lost, and that address is not a single one.
			r.Prefixes--
			r.Addresses++
		}
	}
	for _, d := range demands {
		nodes := d.nodesIn(row.Zone, plan)
		if row.Tier == TierPrivate {
			r.AddressesNeeded += nodes * d.PerNode.NodeAddresses
		}
		if row.Tier == d.podTier(plan) {
			r.AddressesNeeded += nodes * d.PerNode.PodAddresses
			r.PrefixesNeeded += nodes * d.PerNode.Prefixes
		}
	}
	return r
}

// podTier returns the tier that the group's pods take their addresses from.
func (d Demand) podTier(plan Plan) Tier {
	if plan.CustomNetworking() && d.PerNode.NodeAddresses > 0 {
		return TierPods
	}
	return TierPrivate
}

// nodesIn returns how many of the group's nodes a zone has to hold.
func (d Demand) nodesIn(zone string, plan Plan) int {
	zones := d.Zones
	if len(zones) == 0 {
		for _, r := range plan.Tier(TierPrivate) {
			zones = append(zones, r.Zone)
		}
	}
	if !slices.Contains(zones, zone) {
		return 0
	}
	return (d.Nodes + len(zones) - 1) / len(zones)
}

// lacks returns how many addresses are missing.
func (r BudgetRow) lacks() int {
	return max(0, r.AddressesNeeded-r.Addresses) + max(0, r.PrefixesNeeded-r.Prefixes)<<(32-delegatedPrefix)
}

func (r BudgetRow) explain(demands []Demand, custom bool) string {
	var groups []string
	pods := false // whether any take addresses here
	for _, d := range demands {
		group := d.Name + " " + plural.Of(d.Nodes, "node")
		switch h := d.PerNode; {
		case h.Prefixes > 0:
			group += fmt.Sprintf(" x %s, %s", plural.Of(d.MaxPods, "pod"), plural.Of(h.Prefixes, "prefix", "prefixes"))
			pods = true
		case h.PodAddresses > 0:
			group += fmt.Sprintf(" x %s, %s", plural.Of(d.MaxPods, "pod"), plural.Of(h.PodAddresses, "address", "addresses"))
			pods = true
		}
		groups = append(groups, group)
	}
	var lacks []string
	if r.PrefixesNeeded > r.Prefixes {
		lacks = append(lacks, fmt.Sprintf("%s of /%d where %s", plural.Of(r.PrefixesNeeded, "prefix", "prefixes"), delegatedPrefix, plural.Of(r.Prefixes, "fits", "fit")))
	}
	if r.AddressesNeeded > r.Addresses {
		lacks = append(lacks, fmt.Sprintf("%s where %s free", plural.Of(r.AddressesNeeded, "address", "addresses"), plural.Of(max(0, r.Addresses), "is", "are")))
	}
	remedy := "lower the groups' max or max pods, or use a larger range"
	switch {
	case !pods:
		remedy = "lower the groups' max, or use a larger range"
	case !custom:
		remedy += " or a secondaryCidr for pods"
	}
	return fmt.Sprintf("the %s subnet %s in %s is too small for its share of the node groups at full scale (%s): they need %s; %s",
		r.Tier, r.CIDR, r.Zone, strings.Join(groups, "; "), strings.Join(lacks, " and "), remedy)
}
