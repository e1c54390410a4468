// Package state reads what is stored about a stack besides its resources: its lease and its deploy history (packages lease
// and history, in the store of package statestore), Pulumi's own locks, damaged files, and the operations that a killed run
// left.
//
//	backend, err := platform.StateBackend(ctx, "prod")
//	locks, err := backend.Locks(ctx, nil, time.Now())
//	found, err := platform.Inspect(ctx, "prod") // everything at once
//	for _, line := range found.Lines() {
//		fmt.Println(line)
//	}
package state
