// Package nodegroup creates EKS managed node groups, and the IAM role of their nodes.
//
// A Group is a launch template of its own (IMDSv2 only, encrypted gp3 volumes, names and cost tags that reach
// instances, volumes and network interfaces, kubelet settings), the managed node group of pulumi-eks on top of it, and
// on the Auto Scaling group that EKS makes for it, the tags that the Cluster Autoscaler reads and the scheduled
// actions. AL2023 and Bottlerocket, x86 and Arm, NVIDIA GPUs, and custom AMIs of both families.
//
// What it does not make: security groups (nodes carry the one that EKS makes for the cluster; any in the launch
// template would stop EKS from adding it), SSH keys (use Session Manager), the CNI's permissions (Pod Identity has
// them), an access entry for the role (EKS makes it for managed groups).
//
// What replaces a node group: its instance types, their order included, AMI type, capacity, zones, role, and moving
// between a custom AMI and another. EKS makes the new group before the old one goes, because no cloud name is fixed.
// Everything else updates in place; what stands in the launch template or moves the AMI release rolls the nodes, as
// Settings.Update paces it. Each field of Settings says which.
package nodegroup
