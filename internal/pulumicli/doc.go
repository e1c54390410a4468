// Package pulumicli finds the Pulumi CLI, installs it when there is none, and runs it in a way that survives an
// interrupt.
//
// The Automation API drives the engine through the CLI; there is no way around it. On a machine that has none, or one
// that is too old, the official one is downloaded once or, where the network does not have it, built from the version
// that tools/go.mod pins; either is cached for every later run.
package pulumicli
