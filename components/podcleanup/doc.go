// Package podcleanup removes the pods that failed and that nobody will remove otherwise: those that kubelet evicted or
// refused, that a shutdown of their node terminated, and bare pods that crashed. Kubernetes itself keeps them until the
// cluster has 12500 (--terminated-pod-gc-threshold of the controller manager, which EKS does not let one set); until
// then they clutter every list, and count as failures in every dashboard.
//
// A CronJob in kube-system runs kubectl, with a service account that may list and delete pods and nothing else, and
// without an IAM role. Pods of Jobs stay unless the settings say otherwise: people read them, and the Job's own limits
// (ttlSecondsAfterFinished, the CronJob's history) remove them. Pods that ended with success stay always: they are
// somebody's result, never a node's failure. kubectl cannot tell how old a pod is, so a pod that failed a second before
// the clock strikes goes, too; its logs and events are in CloudWatch.
//
// Everything here needs the Kubernetes API. Every change is an update in place.
package podcleanup
