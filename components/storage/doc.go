// Package storage gives a cluster's pods volumes: the storage classes gp3, on EBS, and efs, on EFS, and the EFS file
// system that the second one needs. The drivers are add-ons and not part of it.
//
// Registration has two steps. New registers what goes through the AWS API: the file system, a mount target per zone,
// and the security group that lets the cluster's nodes reach them. Install registers the classes, which need the
// Kubernetes API.
//
// A class is a recipe for volumes to come: changing or deleting it leaves those that exist as they are. Kubernetes lets
// nothing about a class change but its annotations and whether volumes may grow, so most settings replace it, which
// takes a second, and claims made in that second wait. The file system is replaced by another key only; Protect refuses
// that, because its data would go.
package storage
