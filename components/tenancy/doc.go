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
// Every namespace is called like the environment, or begins with its name and a hyphen, and so do priority classes and
// Kubernetes groups: environments that share a cluster never meet. Logical names are made of the names of tenants,
// namespaces and service accounts, never of their place in a list: a new tenant is new objects and no other change. Keys
// of several parts are joined by dots, which no part contains, so that two different keys are never one name.
//
// # Network policies
//
// Each namespace denies everything, and then has one policy per thing that it allows: policies add up. Teams with the
// role edit or admin may write policies of their own and so open their namespace further; they cannot open the other
// side. The network policy agent of vpc-cni enforces the address family of the cluster alone: on an IPv6 cluster what
// pods send to IPv4 addresses through their node is not held back
// (https://github.com/aws/aws-network-policy-agent/issues/55).
//
// # What is not here
//
// What binds pods to spot nodes is the admission policies of the cluster's owner, which read the labels that this
// package puts on namespaces. What spans stack files, such as a principal in two environments of one cluster, is for the
// caller to check, with Principals and NamespaceNames.
package tenancy
