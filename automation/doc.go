// Package automation previews, updates, refreshes and destroys environments. People (cmd/platform), continuous
// integration and deploy bots all drive the same code, with the same program, against AWS or against a rehearsal.
//
// A Platform is a project directory and a cloud. Every operation checks all stack files together first, passes its
// gates (an environment is not updated before the owner of its cluster, an owner is not destroyed before those who
// joined it), runs the real engine, and returns a Result made of the engine's events. An error is an *Error whose kind
// errors.Is finds: ErrLocked, ErrRefused and so on.
//
// Nothing here prints. Values of properties leave the package only as text that can be shown: the engine's secrets are
// blinded, what looks like a credential is masked. Package report makes comments, pages and texts of results.
package automation
