// Package autoscaling installs the Cluster Autoscaler, which adds nodes when pods find no room, and takes them away when
// their pods fit elsewhere.
//
// New makes what goes through the AWS API: the autoscaler's IAM role, allowed to size the Auto Scaling groups of this
// cluster that are marked as its own, and the association that gives it to the autoscaler's pod. Install adds the
// autoscaler itself, a Helm release, which needs the Kubernetes API.
//
// Which groups it sizes is said where they are made: a node group with scaling.autoscaled carries
// convention.AutoscaledTag, and no other does. Its tags also tell the labels, taints and ephemeral storage of a node, so
// that the autoscaler can count with a group that has none.
package autoscaling
