// Package addons builds the EKS add-ons that every cluster of the platform has, with their IAM roles.
//
// They come in two tiers. New registers the first: what a node needs to become ready (vpc-cni, kube-proxy,
// eks-pod-identity-agent); every node group depends on it. AfterNodes registers the second: what needs a node to run
// on (coredns, metrics-server, aws-ebs-csi-driver, aws-efs-csi-driver, eks-node-monitoring-agent); it depends on
// untainted on-demand groups. Dependencies order the two, never a delay; on destroy the same dependencies remove the nodes
// while the network plugin still works.
//
// Everything goes through the EKS API, so nothing here needs to reach the Kubernetes API. Permissions come through
// EKS Pod Identity, whose associations belong to the add-on.
//
// Versions are pinned: nothing here moves by itself. A change of version or configuration is an update in place, and
// what the stack file says wins over what somebody changed in the cluster by hand.
package addons
