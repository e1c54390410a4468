// Package network builds the VPC of a cluster: subnets in two to four zones, routes, NAT, endpoints, flow
// logs, and the address plan behind them.
//
// # Two phases
//
// New registers the VPC and its subnets, which is all that a control plane needs. Connect registers everything else:
// gateways, routes, endpoints, flow logs. Between the two the program registers the control plane. An engine starts
// operations in the order in which they are registered, only so many at once, and a control plane takes nine minutes
// where a NAT gateway takes two: with one phase, gateways and endpoints would take the engine's slots first and the
// cluster, ready to start, would wait for them. For the same reason nothing here depends on anything it does not
// need. What nodes need before they can join, and must outlive them, is Egress.
//
// # Address plan
//
// NewPlan decides every range, from the settings alone. Private subnets grow from the low end of the VPC, public ones
// from its high end, and the control plane's /28 subnets, four of them, are the last 64 addresses. The position of
// zone number i in a tier depends only on i and on the tier's prefix length. So a zone that is appended to the list
// moves nothing, as long as the prefix lengths stay: they do in a VPC of /17 or larger, where room for four zones is
// kept, and in a smaller one from two zones to three. In a smaller VPC a fourth zone makes the private subnets smaller,
// which replaces them. Removing or reordering zones moves what stands behind, always: append only.
//
// Private subnets get as much as fits, but never less than a /26; in a VPC of /18 (up to three zones) or larger that
// is a /20 or more. Public subnets hold NAT gateways and load balancers only and are small.
//
// # IPv6
//
// The network of a cluster with IP family ipv6 is dual-stack: Amazon gives the VPC a /56, each subnet gets a /64 of it,
// and nodes a /80 for their pods. Nobody chooses the /56, so the plan cannot show these ranges: they are counted from
// the VPC's, eight to a tier (private, public, control plane), and stay where they are when a zone is appended. Private
// subnets get out through an egress-only internet gateway beside NAT. Interface endpoints stay on IPv4, as most AWS
// services are: pods reach IPv4 addresses through their node's. The IPv4 plan is the same as ever, but only nodes, load
// balancers and endpoints take addresses from it.
//
// # What replaces what
//
// Every range is fixed at creation. Changing cidr, secondaryCidr or a prefix length replaces subnets and all that
// stands in them, which protect refuses. Endpoints, NAT and flow logs can be changed at any time.
//
// # Not built here
//
// Peering, transit gateways and VPN. Tags that EKS and its controllers put on subnets are ignored by the
// provider (ignoreTags), not here.
package network
