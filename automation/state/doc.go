// Package state knows what is kept of a stack beside what the engine does with it: its lease and its history of deploys
// (packages lease and history, in the store of package statestore), Pulumi's own locks, damaged files, and the operations
// that a killed run left.
//
//	beside, err := platform.Beside(ctx, "prod")
//	locks, err := beside.Locks(ctx, nil, time.Now())
//	found, err := platform.Inspect(ctx, "prod") // everything at once
//	for _, line := range found.Lines() {
//		fmt.Println(line)
//	}
package state
