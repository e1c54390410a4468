// Package engine holds tests that run the platform's program with the real Pulumi engine, through the automation
// package, on the rehearsal cloud. They need no network, no credentials and no plugins; the Pulumi CLI is found on PATH
// or built once from tools/, and a test without one fails.
//
// Each top-level test has a rehearsal directory of its own, and stack files that it copies from the frozen estate and
// edits. An engine run takes seconds: a test that begins with environments that are up copies the directory in which they
// were brought up once for all tests, and subtests share what their test has brought up, and say when they change it.
//
// Its benchmarks measure what the program, the engine and the rehearsal cloud cost together. Their results and method are
// in docs/performance.md. They are here, and not in a package of their own, because every package of tests that has the
// whole program in it costs go test ten seconds of linking.
package engine
