// Package ptest runs Pulumi programs in a test without an engine and records what they register: types, names,
// parents, providers, options and inputs.
//
// It does not show what an engine does: checks, defaults, diffs, replacements, resolution of aliases,
// transforms. Those need a test with the real engine. What pulumi.WithMocks lets pass although the engine would
// refuse it, a URN registered twice, fails here.
//
// Only tests import it.
package ptest
