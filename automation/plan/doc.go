// Package plan holds what an operation does, or would do: the engine's events, made into a Result of Steps with the
// PropertyChanges that people read, and a Plan, which is a preview that somebody can approve and a deploy is held to by its
// digest.
//
// Values of properties are only ever text that can be shown: the engine's secrets are blinded, what looks like a
// credential is masked.
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
