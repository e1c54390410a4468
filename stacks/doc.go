// Package stacks is the Pulumi program: one stack per environment, each described by its own Pulumi.<stack>.yaml and
// by nothing else.
//
// It is the only package that reads configuration (config.go, file.go), makes providers (providers.go), and names
// stack outputs (contract.go). Components take typed values from it and know nothing of stacks.
//
// A stack either owns a cluster and its network, or joins the cluster that another stack owns. The owner
// publishes a Contract as its stack output; a joining stack reads it through a StackReference.
package stacks

// ProjectName is the Pulumi project's name: the prefix of every configuration key and part of every URN.
const ProjectName = "eks-platform"
