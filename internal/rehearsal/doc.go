// Package rehearsal is a cloud inside the process: the providers that Pulumi's real engine talks to when a program is
// rehearsed, over one store on disk. It needs no plugin, no credentials and no network.
//
// Open a Cloud on a directory, Serve one set of listeners for each engine operation, and give the engine the
// Endpoint's environment (PULUMI_DEBUG_PROVIDERS). Operations that run at the same time take an Endpoint each, over
// the same Cloud. Latencies and faults are injected here, in front of every provider alike.
package rehearsal
