package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// Demand is what one node group asks of the network when it has grown as far as it may.
type Demand struct {
	// Name is the group's name, for messages.
	Name string `json:"name"`
	// Nodes is the most nodes the group has at once.
	Nodes int `json:"nodes"`
	// MaxPods is the most pods on one node.
	MaxPods int `json:"maxPods"`
	// PrefixDelegation says that pods take addresses out of /28 prefixes instead of single ones.
	PrefixDelegation bool `json:"prefixDelegation"`
	// IPv6 says that pods have IPv6 addresses, of which there are enough: only nodes are counted, whatever MaxPods and
	// PrefixDelegation say.
	IPv6 bool `json:"ipv6,omitempty"`
	// Zones are the ids of the zones that the nodes are spread over; empty for all zones of the plan.
	Zones []string `json:"zones,omitempty"`
}

// The model behind a budget. Each number is what one node holds when it is full.
const (
	// interfacesSingle is the network interfaces of a node whose pods have single addresses. Each takes one address
	// beside those of pods. Node types of common sizes carry three or four.
	interfacesSingle = 4
	// interfacesPrefix is the same with prefix delegation, where one interface carries 9 prefixes or more, except on
	// the smallest types.
	interfacesPrefix = 2
	// interfacesIPv6 is the same with IPv6, where one /80 prefix on the first interface is more than a node can use.
	interfacesIPv6 = 1
	// warmPrefixes is WARM_PREFIX_TARGET, the prefixes that the CNI keeps ready beyond those in use.
	warmPrefixes = 1
	// sharedAddresses is kept free in every private subnet for interface endpoints, one address each, and for load
	// balancers, which want eight.
	sharedAddresses = 32
)

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

// Budget holds node groups at full scale against the plan, for every subnet that nodes or pods take addresses from.
//
// The model: a group spreads evenly, the zone with most gets nodes divided by zones, rounded up. A node takes one
// address for each network interface (four, or two with prefix delegation), and for its pods either max-pods single
// addresses or max-pods/16 prefixes, rounded up, plus one kept warm. With custom networking the first interface's
// address, one per node, comes from the private subnet, the rest from the pods' subnet. With IPv6 a node takes one
// address and its pods none. In a private subnet 32 addresses stay free for endpoints and load balancers. The model
// counts pods of the host network as if they had addresses, and keeps no room for nodes beyond Nodes, such as those of
// a rolling update: add them to Nodes.
//
// Problems are reported at cidr or secondaryCidr, one per tier, for the subnet that lacks most.
func Budget(plan Plan, demands []Demand) ([]BudgetRow, problem.List) {
	var out problem.List
	prefixes := slices.ContainsFunc(demands, func(d Demand) bool { return d.PrefixDelegation && !d.IPv6 })
	tiers := []Tier{TierPrivate}
	if plan.CustomNetworking() {
		tiers = append(tiers, TierPods)
	}
	var rows []BudgetRow
	for _, tier := range tiers {
		var worst BudgetRow
		for _, row := range plan.Tier(tier) {
			r := budgetRow(plan, row, prefixes, demands)
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

func budgetRow(plan Plan, row Row, prefixes bool, demands []Demand) BudgetRow {
	r := BudgetRow{Row: row, Addresses: row.Usable}
	if row.Tier == TierPrivate {
		r.Addresses -= sharedAddresses
	}
	if prefixes && row.Tier == podTier(plan) {
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
		if plan.CustomNetworking() && row.Tier == TierPrivate {
			r.AddressesNeeded += nodes
			continue
		}
		addresses, blocks := d.perNode()
		r.AddressesNeeded += nodes * addresses
		r.PrefixesNeeded += nodes * blocks
	}
	return r
}

// perNode returns the single addresses and the prefixes that one full node takes.
func (d Demand) perNode() (addresses, prefixes int) {
	switch {
	case d.IPv6:
		return interfacesIPv6, 0
	case d.PrefixDelegation:
		size := 1 << (32 - delegatedPrefix)
		return interfacesPrefix, (d.MaxPods+size-1)/size + warmPrefixes
	default:
		return interfacesSingle + d.MaxPods, 0
	}
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
		group := fmt.Sprintf("%s %d nodes", d.Name, d.Nodes)
		if !d.IPv6 {
			group += fmt.Sprintf(" x %d pods", d.MaxPods)
			pods = true
		}
		groups = append(groups, group)
	}
	var lacks []string
	if r.PrefixesNeeded > r.Prefixes {
		lacks = append(lacks, fmt.Sprintf("%d prefixes of /%d where %d fit", r.PrefixesNeeded, delegatedPrefix, r.Prefixes))
	}
	if r.AddressesNeeded > r.Addresses {
		lacks = append(lacks, fmt.Sprintf("%d addresses where %d are free", r.AddressesNeeded, max(0, r.Addresses)))
	}
	remedy := "lower the groups' max or max pods, or use a larger range"
	switch {
	case !pods:
		remedy = "lower the groups' max, or use a larger range"
	case !custom:
		remedy += " or a secondaryCidr for pods"
	}
	return fmt.Sprintf("the %s subnet %s in %s cannot hold its share of the node groups at full scale (%s): they need %s; %s",
		r.Tier, r.CIDR, r.Zone, strings.Join(groups, ", "), strings.Join(lacks, " and "), remedy)
}
