// Package policy evaluates admission policies without an API server, as an API server does: by its compiler and its
// evaluation of CEL, its rule matching and its words of refusal (k8s.io/apiserver). What lies around them there needs
// clients, informers and metrics, about 300 packages; here it is written anew, and the tests put every policy and
// request also to the genuine admission plugins, which only they link.
//
// What an API server has and this has not: policies with parameters (spec.paramKind), which Compile refuses; the
// authorizer in expressions, which ends in an error and so in the policy's failurePolicy; and other versions of an API
// under matchPolicy Equivalent, because k8s.io/api has no conversions: a request counts in the version that it is
// made in.
package policy
