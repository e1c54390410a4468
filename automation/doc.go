// Package automation previews, updates, refreshes and destroys environments. People (cmd/platform), continuous
// integration and deploy bots all drive the same code, with the same program, against AWS or against a rehearsal.
//
// A Platform is a project directory and a cloud. Every operation first checks all stack files together, passes its gates
// (an environment is not updated before the owner of its cluster, an owner is not destroyed before the environments that
// joined it), runs the real engine, and returns a plan.Result made of the engine's events.
//
//	platform, err := automation.New(automation.Options{ProjectDir: "."})
//	previews, err := platform.Previews(ctx, []string{"dev", "prod"}, automation.PreviewsOptions{})
//	result, err := platform.Up(ctx, "dev", automation.UpOptions{})
//
// This package is the front door. Below it are
//
//   - plan: steps, properties, results, events, and plans that can be approved;
//   - deploy: deploys with lease, approval, gates and a record, repairs, and drift;
//   - state: the store beside a stack's state (statestore, lease, history), and what is wrong with a state;
//   - report: comments, pages and texts of results; github puts them on GitHub;
//   - placement: where pods can run; bootstrap: what an account needs first;
//   - rehearsal: the cloud on this machine, linked only into programs that import it.
//
// An error is an *Error whose kind errors.Is finds: ErrLocked, ErrRefused and so on. Its messages say what is wrong; its
// cause says as data what can be done about it, which errors.As finds: deploy.GateError, lease.HeldError,
// state.BlockedError, ProtectedError. Presenting that, as flags or as buttons, is up to the caller.
//
// Nothing here prints. Property values leave the library only as text that is safe to show: the engine's secrets are
// replaced, and what looks like a credential is masked.
package automation
