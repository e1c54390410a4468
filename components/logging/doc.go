// Package logging brings the logs of pods, nodes and the data plane to CloudWatch Logs.
//
// Every environment has a log group of its own, also where several share a cluster. The cluster's owner adds the
// groups of what belongs to no environment, and Fluent Bit on every node. The program makes every group, with its
// retention and encryption; Fluent Bit may write to groups, and can neither make one nor change one.
//
// Registration has two steps. New uses only the AWS API: groups, key, role, saved queries. Install uses the Kubernetes API:
// the DaemonSet and what it needs. In a stack that joins a cluster Install does nothing.
//
// How a record gets to its group: namespaces have the label eks-platform/environment. On each node one filter adds the
// namespace's labels to a record, a few lines of Lua turn the label into the name of a group below
// /eks-platform/<cluster>/, and the output puts that name into its template. The owner's configuration names no
// environment, so one that joins changes nothing there.
//
// Alternatives were rejected. A template that reads the label directly logs a warning for every record without the label,
// which is every record of the platform's own pods (https://docs.fluentbit.io/manual/5.0/data-pipeline/outputs/cloudwatch).
// The rewrite_tag filter sends records through a second input that loses its records when it pauses or stops
// (https://github.com/fluent/fluent-bit/issues/12026).
package logging
