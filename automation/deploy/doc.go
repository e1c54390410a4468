// Package deploy deploys what was approved, one deploy per environment at a time, repairs what killed runs left, and
// detects drift.
//
//	done, err := deploy.Run(ctx, platform, "prod", deploy.Options{ApprovedPlan: approved, Approval: "CHG-4711"})
//	var gate *deploy.GateError
//	if errors.As(err, &gate) {
//		ask(gate.Allowances, gate.Approval)
//	}
//
// Run, Repair and Drift share one session: it opens the store beside the state, reports its stages to the observer, takes
// the lease, does the work, writes its record and releases the lease, however the work ended. Drift takes no lease: it only
// reads, and reports a deploy that runs at the same time.
package deploy
