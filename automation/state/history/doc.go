// Package history keeps one record of every deploy beside the state: who did what, on whose approval, what changed, and how
// it ended. Pulumi keeps a history of its own for successful and failed updates; it knows nothing of deploys that a gate
// refused, of approvals, or of CI runs.
//
// Records are objects that are written once, .eks-platform/history/<project>/<stack>/<time>-<id>.json. Their names sort by
// the time when the deploy started, so the newest are found from the list of names alone, and only those are read.
// Nothing is ever removed here: a lifecycle rule of the bucket can.
//
// A record holds no values. A failure is kept as its kind and the resources that failed; what the cloud answered is
// in the log of the run, behind the run's own access rules.
package history
