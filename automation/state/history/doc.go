// Package history keeps one record of every deploy beside the state: who did what, with which approval, what changed, and
// how it ended. Pulumi has its own history of successful and failed updates, but without deploys that a gate refused,
// approvals, or CI runs.
//
// Records are write-once objects, .eks-platform/history/<project>/<stack>/<time>-<id>.json. Their names sort by
// the time when the deploy started, so the newest are found from the list of names alone, and only those are read. Nothing
// is ever removed here: use a lifecycle rule of the bucket.
//
// A record contains no values. A failure is recorded as its kind and the resources that failed; the cloud's answer is in
// the log of the run, under the run's own access rules.
package history
