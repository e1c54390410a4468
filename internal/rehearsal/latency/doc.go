// Package latency models how long AWS takes, and judges a run by it: how long it took, how long it had to take, and
// what it waited for.
//
// All results are in AWS's time: a run on a scaled-down cloud is scaled up again. Everything here is a pure function
// of its arguments.
package latency
