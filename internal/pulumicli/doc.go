// Package pulumicli finds the Pulumi CLI, builds it when there is none, and runs it in a way that survives an
// interrupt.
//
// The Automation API drives the engine through the CLI; there is no way around it. On a machine that has none, or one
// that is too old, it is built once from the version that tools/go.mod pins, and cached for every later run.
package pulumicli
