// Package plan describes what an operation does, or would do: the engine's events, turned into a Result of Steps with
// readable PropertyChanges, and a Plan, a preview that can be approved and that a deploy must match by its digest.
//
// Property values are always text that is safe to show: the engine's secrets are replaced, and what looks like a credential
// is masked.
//
//	preview, err := platform.Preview(ctx, "prod", automation.PreviewOptions{})
//	for _, step := range preview.Steps {
//		fmt.Println(step) // update aws:eks/nodeGroup:NodeGroup system (labels.team: "a" -> "b")
//	}
//	approvable, err := platform.Plan(ctx, preview, "")
//	err = approvable.Write("prod.plan.json")
//
// Nothing here starts an engine or reads a cloud.
package plan
