// Package automation previews, updates, refreshes and destroys environments. People (cmd/platform), continuous
// integration and deploy bots all drive the same code, with the same program, against AWS or against a rehearsal.
//
// A Platform is a project directory and a cloud. Every operation checks all stack files together first, passes its
// gates (an environment is not updated before the owner of its cluster, an owner is not destroyed before those who
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
//   - state: what is kept beside a stack's state (statestore, lease, history), and what is wrong with it;
//   - report: comments, pages and texts of results; github puts them on GitHub;
//   - placement: where pods may run; bootstrap: what an account needs first;
//   - rehearsal: the cloud on this machine, which only those link who import it.
//
// An error is an *Error whose kind errors.Is finds: ErrLocked, ErrRefused and so on. Its messages say what is wrong; what can
// be done about it is in its cause as data, which errors.As finds: deploy.GateError, lease.HeldError, state.BlockedError,
// ProtectedError. How that is spelled, as flags or as buttons, is the caller's.
//
// Nothing here prints. Values of properties leave the library only as text that can be shown: the engine's secrets are
// blinded, what looks like a credential is masked.
package automation
