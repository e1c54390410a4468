package storage

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings are the storage part of a stack file.
type Settings struct {
	// The storage class gp3: an encrypted EBS volume for one pod, in the zone where the pod is.
	GP3 GP3 `json:"gp3,omitempty"`
	// The storage class efs: a directory of an EFS file system, for any number of pods in all zones. By default there is
	// none. Needs addons.efsCsi.
	EFS *EFS `json:"efs,omitempty"`
}

// ReclaimPolicy is what happens to a volume when its claim is deleted.
type ReclaimPolicy string

const (
	// Delete deletes the volume with its claim.
	Delete ReclaimPolicy = "Delete"
	// Retain keeps it until a person deletes it.
	Retain ReclaimPolicy = "Retain"
)

// GP3 configures the class gp3.
type GP3 struct {
	// Whether the class exists. Needs addons.ebsCsi.
	Enabled *bool `json:"enabled,omitempty" jsonschema:"default=true"`
	// Make it the default class, for claims that name none. Cannot be combined with addons.ebsCsi.defaultStorageClass.
	Default *bool `json:"default,omitempty" jsonschema:"default=true"`
	// What happens to a volume when its claim is deleted: Delete deletes it, Retain keeps it, and its cost. Changing it
	// replaces the class, and affects only new volumes.
	ReclaimPolicy ReclaimPolicy `json:"reclaimPolicy,omitempty" jsonschema:"enum=Delete,enum=Retain,default=Delete"`
	// IOPS of every volume, 3000 to 80000; by default gp3's 3000. EBS refuses more than 500 per GiB, so small claims fail
	// with high values. Changing it replaces the class, and affects only new volumes.
	IOPS int `json:"iops,omitempty" jsonschema:"minimum=3000,maximum=80000"`
	// Throughput of every volume in MiB/s, 125 to 2000, at most a quarter of the IOPS; by default gp3's 125. Changing it
	// replaces the class, and affects only new volumes.
	Throughput int `json:"throughput,omitempty" jsonschema:"minimum=125,maximum=2000"`
}

// EFS configures the class efs. The file system is either created or an existing one.
type EFS struct {
	// Create a file system, encrypted and in all zones of the cluster. Cannot be combined with fileSystemId.
	Create *FileSystem `json:"create,omitempty"`
	// ID of an existing file system, managed elsewhere: its mount targets must be in the cluster's VPC, or one peered with
	// it, and admit the cluster's security group on port 2049. Changing it replaces the class; existing volumes stay on the
	// old file system.
	FileSystemID string `json:"fileSystemId,omitempty" jsonschema:"pattern=^fs-[0-9a-f]{8\\,40}$,example=fs-0123456789abcdef0"`
	// What happens to a volume when its claim is deleted: Delete removes its access point, Retain keeps it. The files stay
	// in both cases. Changing it replaces the class.
	ReclaimPolicy ReclaimPolicy `json:"reclaimPolicy,omitempty" jsonschema:"enum=Delete,enum=Retain,default=Delete"`
	// Permissions of a volume's directory. All pods of a volume act as its owner, whatever user they run as. Changing it
	// replaces the class.
	DirectoryPermissions string `json:"directoryPermissions,omitempty" jsonschema:"pattern=^[0-7]{3\\,4}$,default=700"`
	// Range of the user and group IDs that own the volumes' files, one per volume; by default the driver's 50000 to
	// 7000000. Changing it replaces the class.
	GIDRange *GIDRange `json:"gidRange,omitempty"`
}

// GIDRange is a range of POSIX group ids.
type GIDRange struct {
	// First id.
	Start int `json:"start" jsonschema:"required,minimum=1,maximum=4294967295"`
	// Last id.
	End int `json:"end" jsonschema:"required,minimum=1,maximum=4294967295"`
}

// Throughput is the throughput mode of an EFS file system.
type Throughput string

const (
	// Elastic scales with the load, and is billed by bytes read and written.
	Elastic Throughput = "elastic"
	// Bursting scales with the amount stored, at no extra cost.
	Bursting Throughput = "bursting"
)

// FileSystem configures the file system that is created.
type FileSystem struct {
	// ARN of the KMS key that encrypts the files; by default the account's key for EFS. Changing it replaces the file
	// system and loses its contents.
	KMSKeyARN string `json:"kmsKeyArn,omitempty" jsonschema:"format=kms-key-arn"`
	// Throughput mode: elastic scales with the load and is billed by bytes read and written; bursting scales with the
	// amount stored. It can be changed once a day.
	Throughput Throughput `json:"throughput,omitempty" jsonschema:"enum=elastic,enum=bursting,default=elastic"`
	// Days without access after which a file moves to Infrequent Access, which is cheaper but charges for reads; 0 for
	// never.
	InfrequentAccessDays *int `json:"infrequentAccessDays,omitempty" jsonschema:"enum=0,enum=1,enum=7,enum=14,enum=30,enum=60,enum=90,enum=180,enum=270,enum=365,default=30"`
	// Days without access after which a file moves to Archive, which is even cheaper, and slower; 0 for never. More than
	// infrequentAccessDays, and only with elastic throughput.
	ArchiveDays *int `json:"archiveDays,omitempty" jsonschema:"enum=0,enum=1,enum=7,enum=14,enum=30,enum=60,enum=90,enum=180,enum=270,enum=365,default=90"`
	// Back the file system up every day, by AWS Backup, which keeps each backup for 35 days.
	Backup *bool `json:"backup,omitempty" jsonschema:"default=true"`
	// Refuse to delete or replace the file system. To delete it, turn this off, update, and then remove efs.
	Protect *bool `json:"protect,omitempty" jsonschema:"default=true"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Region is the AWS region, for example eu-west-1. Required.
	Region string `args:"required" format:"aws-region"`
	// EBSDriver and EFSDriver say that the drivers' add-ons are installed: without its driver a class creates no volumes.
	EBSDriver, EFSDriver bool
	// DefaultClassElsewhere says that another class is already the default (addons.ebsCsi.defaultStorageClass).
	DefaultClassElsewhere bool
	// VolumeKeyARN is the KMS key of the class gp3, which the EBS driver must be allowed to use
	// (addons.ebsCsi.volumeKeyArn); "" means the account's default key for EBS. Changing it replaces the class.
	VolumeKeyARN string
	// VPCID is the VPC of the file system. Required to create one.
	VPCID pulumi.StringInput
	// PrivateSubnetIDs are the nodes' subnets by zone id, one per zone. Each gets a mount target. Required to create
	// a file system.
	PrivateSubnetIDs map[string]pulumi.StringInput
	// ClusterSecurityGroupID is the security group of the cluster's nodes, which may reach the file system. Required to
	// create one.
	ClusterSecurityGroupID pulumi.StringInput
	// Tags are added to every taggable resource, together with a Name.
	Tags map[string]string
}

// summary is what a preview shows of the component itself.
func (a *Args) summary() pulumi.Map {
	return pulumi.Map{"gp3": pulumi.Bool(*a.GP3.Enabled), "efs": pulumi.Bool(a.EFS != nil)}
}
