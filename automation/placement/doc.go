// Package placement computes on which node groups of a cluster its pods can run, and why not on the others, from the
// objects that the program declares. The predicates are the scheduler's own (k8s.io/component-helpers): taints and
// tolerations, node selectors and required node affinity; and the nodes have the trunk interfaces and GPUs, or not, that
// pods ask for.
//
//	where, err := placement.Of(ctx, platform, "dev")
//	err = where.Err() // pods without a node group, or allowed on one that is not for them
//
// It does not say where a pod will run: free resources, volumes, spread constraints, affinity between pods and preferences
// decide among the nodes that pass these predicates. Nor does it consider how many nodes a group has.
package placement
