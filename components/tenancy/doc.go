// Package tenancy separates and serves the teams of one environment, on a cluster that may be shared with other
// environments.
//
// New registers what goes through the AWS API: an IAM role per service account with its Pod Identity association, one
// EKS access entry per principal, and a security group per tenant that asks for one. Install registers what goes through
// the Kubernetes API: namespaces with their Pod Security level, quota, limit range and network policies, service
// accounts, role bindings, SecretProviderClasses, SecurityGroupPolicies and priority classes.
//
// # Names
//
// Every namespace has the environment's name, or begins with it and a hyphen, and so do priority classes and Kubernetes
// groups: environments that share a cluster never collide. Logical names come from the names of tenants, namespaces and
// service accounts, never from positions in a list: a new tenant only adds objects. Parts of keys are joined by dots, which
// no part contains, so that different keys always give different names.
//
// # Network policies
//
// Each namespace denies everything, and has one policy for each thing that it allows: policies are additive. Teams with the
// role edit or admin may write their own policies and so open their namespace further, but not the other side. The network
// policy agent of vpc-cni enforces only the cluster's address family: on an IPv6 cluster traffic of pods to IPv4 addresses
// through their node is not restricted (https://github.com/aws/aws-network-policy-agent/issues/55).
//
// # What is not here
//
// Pods are bound to spot nodes by the admission policies of the cluster's owner, which read the labels that this package
// sets on namespaces. Checks across stack files, such as a principal in two environments of one cluster, are the caller's,
// with Principals and NamespaceNames.
package tenancy
