// Package kubernetes stands in for the pulumi-kubernetes 4.30.0 provider and, behind it, for the API servers of the
// rehearsal cloud's EKS clusters.
//
// A provider finds its cluster by the server endpoint in its kubeconfig: a cluster that the rehearsal cloud does not
// have, or no longer has, is unreachable, and answers as the genuine provider does about an unreachable cluster.
// Objects are decoded strictly against the API types of k8s.io/api, live in the cloud's store as
// "kubernetes:<apiVersion>/<kind>", and belong to their namespace or their cluster, so that they go when it goes.
//
// The provider's rules (when a provider or an object is replaced, names, defaults, messages) come from the source of
// pulumi-kubernetes, provider/pkg/provider. One file of this package is one concern; kinds.go is the list of
// what can be made, and a kind that is not in it is refused by name.
package kubernetes
