// Package facts is what is known about AWS, EKS and the charts that the platform uses: only data, and the code that reads
// it. Every fact is here exactly once; the rehearsal cloud, the scheduling checks, the model of AWS's durations, the repair
// of interrupted operations and the reports read it here.
//
// The facts about the AWS provider are in the package aws below this one, the instance types in instancetype.
package facts
