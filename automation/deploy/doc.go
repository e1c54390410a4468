// Package deploy brings environments to what was approved, one deploy of each at a time, and repairs what killed ones left.
//
//	done, err := deploy.Run(ctx, platform, "prod", deploy.Options{ApprovedPlan: approved, Approval: "CHG-4711"})
//	var gate *deploy.GateError
//	if errors.As(err, &gate) {
//		ask(gate.Allowances, gate.Approval)
//	}
//
// Run, Repair and Drift share one session: it opens what is kept beside the state, tells the observer of its stages, takes
// the lease, does the work, writes its record and releases the lease, whatever the work ended with. Drift takes none: it
// only reads, and says when somebody deploys meanwhile.
package deploy
