// Package pulumicli finds the Pulumi CLI, installs it if there is none, and runs it in a way that survives an interrupt.
//
// The Automation API drives the engine through the CLI; there is no way around it. If the machine has none, or one that is
// too old, the official one is downloaded or, if it cannot be reached, built from the version that tools/go.mod pins; both
// are cached for later runs.
package pulumicli
