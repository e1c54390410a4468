// Package podcleanup removes failed pods that are not removed otherwise: those that kubelet evicted or rejected, that a
// shutdown of their node terminated, and bare pods that crashed. Kubernetes itself keeps them until the cluster has 12500
// (--terminated-pod-gc-threshold of the controller manager, which cannot be set on EKS); until then they clutter every
// list, and count as failures in every dashboard.
//
// A CronJob in kube-system runs kubectl, with a service account that may list and delete pods and nothing else, and
// without an IAM role. Pods of Jobs are kept by default: people read them, and the Job's own limits
// (ttlSecondsAfterFinished, the CronJob's history) remove them. Pods that succeeded are always kept. kubectl cannot select
// pods by age, so a pod that failed a second before a run is removed as well; its logs and events are in CloudWatch.
//
// Everything here needs the Kubernetes API. Every change is an update in place.
package podcleanup
