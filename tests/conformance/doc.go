// Package conformance compares the rehearsal cloud's implementation of pulumi-eks with the published component.
//
// The test runs one program through the real engine twice: once with the published component (npm @pulumi/eks 2.8.1,
// on node, with the packages its release was built with, pinned in genuine/package-lock.json), once with
// internal/rehearsal/eks. A recorder between each provider and the engine notes every request that a construction
// makes, and the notes must be equal: children, names, parents, inputs, dependencies, options, invokes, outputs,
// errors. The cloud below is the same tiny echo, which keeps the comparison independent of the rehearsal cloud.
//
// It needs node and npm, and the npm registry once per lock file. Without node it is skipped, except where CI is set.
package conformance
