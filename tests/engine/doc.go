// Package engine holds tests that run the platform's program with the real Pulumi engine, through the automation
// package, on the rehearsal cloud. They need no network, no credentials and no plugins; the Pulumi CLI is found on PATH
// or built once from tools/, and a test without one fails.
//
// Each top-level test has a rehearsal directory and stack files of its own, copied from the repository and edited. An
// engine run costs seconds: subtests share what their test has brought up, and say when they change it.
package engine
