// Package cluster builds an EKS control plane and what belongs to it alone: its role, the KMS keys for secrets and
// logs, the log group of the control plane, access entries and the OIDC provider.
//
// It builds no network, nodes or add-ons, and it uses only the AWS API: nothing here needs the Kubernetes API, so it also
// works from outside a cluster with a private endpoint.
//
// Registration has two steps. New registers what the control plane needs, and the control plane; Inputs lets the caller
// wait until it is being registered; Grant registers the rest. A program that registers everything else in between gives
// the control plane, the longest operation of a first update, the engine's first free slot.
//
// What a change does to a running cluster: the name, the role, the VPC, the service CIDR, the IP family and the key
// of its secrets replace it; Protect refuses that. EKS refuses to move it to other zones. Everything else is an update in
// place, one at a time, of minutes.
//
// EKS's own deletion protection is not set: the provider has no such argument. Protect stands in for it.
package cluster
