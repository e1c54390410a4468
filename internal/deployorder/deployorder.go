// Package deployorder holds the one order in which environments are deployed, and in which every list names them.
package deployorder

import (
	"cmp"
	"slices"
)

// Estate is what the order depends on.
type Estate interface {
	Names() []string
	Owner(stack string) string
	RequiresApproval(stack string) bool
}

// Of returns all environments in the order in which they are deployed: those that wait for no approval first, then
// cluster by cluster, and the owner of a cluster before those who join it. One whose owner needs an approval waits with
// its owner.
func Of(e Estate) []string {
	type place struct {
		name, cluster string
		late, joins   int
	}
	var all []place
	for _, name := range e.Names() {
		owner := e.Owner(name)
		p := place{name: name, cluster: cmp.Or(owner, name)}
		if owner != "" {
			p.joins = 1
		}
		if e.RequiresApproval(name) || owner != "" && e.RequiresApproval(owner) {
			p.late = 1
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.late, b.late), cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.joins, b.joins), cmp.Compare(a.name, b.name))
	})
	out := make([]string, len(all))
	for i, p := range all {
		out[i] = p.name
	}
	return out
}

// Sort returns names in an order. Those that the order does not have come last, as they were.
func Sort(order, names []string) []string {
	return slices.SortedStableFunc(slices.Values(names), func(a, b string) int { return Place(order, a) - Place(order, b) })
}

// Place is where a name stands in an order, or behind it.
func Place(order []string, name string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}
