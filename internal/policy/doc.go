// Package policy evaluates admission policies without an API server, by the API server's own code (k8s.io/apiserver):
// the same compiler of CEL, the same matching, the same patches and the same words of refusal.
//
// What an API server has and this has not: policies with parameters (spec.paramKind), which Compile refuses; the
// authorizer in expressions, which ends in an error and so in the policy's failurePolicy; and other versions of an API
// under matchPolicy Equivalent, because k8s.io/api has no conversions: a request counts in the version that it is
// made in.
package policy
