// Package storage gives a cluster's pods volumes: the storage classes gp3, on EBS, and efs, on EFS, and the EFS file
// system that the second one needs. The drivers are add-ons and not part of it.
//
// Registration has two steps. New registers what goes through the AWS API: the file system, a mount target per zone,
// and the security group that lets the cluster's nodes reach them. Install registers the classes, which need the
// Kubernetes API.
//
// A class applies only to new volumes: changing or deleting it leaves existing ones as they are. In Kubernetes only a
// class's annotations and allowVolumeExpansion can change, so most settings replace it, which takes a second, in which
// claims wait. Only another key replaces the file system; Protect refuses that, because its data would be lost.
package storage
