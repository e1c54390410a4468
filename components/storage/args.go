package storage

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings are the storage's part of a stack file.
type Settings struct {
	// The storage class gp3: an encrypted EBS volume for one pod, in the zone where the pod is.
	GP3 GP3 `json:"gp3,omitempty"`
	// The storage class efs: a directory of an EFS file system, for any number of pods in all zones. Left out, there is
	// none. Needs addons.efsCsi.
	EFS *EFS `json:"efs,omitempty"`
}

// ReclaimPolicy is what happens to a volume's data when its claim is deleted.
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
	// Use the class for claims that name none. A cluster has one such class: not together with
	// addons.ebsCsi.defaultStorageClass.
	Default *bool `json:"default,omitempty" jsonschema:"default=true"`
	// What happens to a volume when its claim is deleted: Delete takes it along, Retain leaves it, and its bill, in EBS.
	// Changing it replaces the class, and concerns new volumes only.
	ReclaimPolicy ReclaimPolicy `json:"reclaimPolicy,omitempty" jsonschema:"enum=Delete,enum=Retain,default=Delete"`
	// I/O operations per second of every volume, 3000 to 80000; gp3's own 3000 when left out. EBS refuses more than 500
	// for each GiB of a volume, so small claims fail with high values. Changing it replaces the class, and concerns new
	// volumes only.
	IOPS int `json:"iops,omitempty" jsonschema:"minimum=3000,maximum=80000"`
	// Throughput of every volume in MiB/s, 125 to 2000, at most a quarter of the IOPS; gp3's own 125 when left out.
	// Changing it replaces the class, and concerns new volumes only.
	Throughput int `json:"throughput,omitempty" jsonschema:"minimum=125,maximum=2000"`
}

// EFS configures the class efs. The file system is either created or already there.
type EFS struct {
	// Create a file system, encrypted and over all zones of the cluster. Not together with fileSystemId.
	Create *FileSystem `json:"create,omitempty"`
	// Id of a file system that somebody else looks after: its mount targets must be in the cluster's VPC, or one peered
	// with it, and admit the cluster's security group on port 2049. Changing it replaces the class; volumes on the former
	// file system stay there.
	FileSystemID string `json:"fileSystemId,omitempty" jsonschema:"pattern=^fs-[0-9a-f]{8\\,40}$,example=fs-0123456789abcdef0"`
	// What happens to a volume when its claim is deleted: Delete removes its access point, Retain leaves it. The files
	// stay in both cases. Changing it replaces the class.
	ReclaimPolicy ReclaimPolicy `json:"reclaimPolicy,omitempty" jsonschema:"enum=Delete,enum=Retain,default=Delete"`
	// Permissions of a volume's directory. All pods of a volume act as its owner, whatever user they run as. Changing it
	// replaces the class.
	DirectoryPermissions string `json:"directoryPermissions,omitempty" jsonschema:"pattern=^[0-7]{3\\,4}$,default=700"`
	// Numbers from which each volume gets the user and group that own its files, one for each volume; the driver's 50000
	// to 7000000 when left out. Changing it replaces the class.
	GIDRange *GIDRange `json:"gidRange,omitempty"`
}

// GIDRange is a range of POSIX group ids.
type GIDRange struct {
	// First id.
	Start int `json:"start" jsonschema:"required,minimum=1,maximum=4294967295"`
	// Last id.
	End int `json:"end" jsonschema:"required,minimum=1,maximum=4294967295"`
}

// Throughput is how an EFS file system is paid for speed.
type Throughput string

const (
	// Elastic scales with the load, and costs by what is read and written.
	Elastic Throughput = "elastic"
	// Bursting gives speed by what is stored, at no price of its own.
	Bursting Throughput = "bursting"
)

// FileSystem configures the file system that is created.
type FileSystem struct {
	// ARN of the KMS key that encrypts the files; the account's key for EFS when left out. Changing it replaces the file
	// system, and loses what is in it.
	KMSKeyARN string `json:"kmsKeyArn,omitempty" jsonschema:"format=kms-key-arn"`
	// How fast it is: elastic scales with the load, and costs by what is read and written; bursting gives speed by what
	// is stored. AWS lets it change once a day.
	Throughput Throughput `json:"throughput,omitempty" jsonschema:"enum=elastic,enum=bursting,default=elastic"`
	// Days without access after which a file moves to the cheaper Infrequent Access, where reading costs extra; 0 for
	// never.
	InfrequentAccessDays *int `json:"infrequentAccessDays,omitempty" jsonschema:"enum=0,enum=1,enum=7,enum=14,enum=30,enum=60,enum=90,enum=180,enum=270,enum=365,default=30"`
	// Days without access after which a file moves to Archive, cheaper still, and slower; 0 for never. Later than
	// infrequentAccessDays, and only with elastic throughput.
	ArchiveDays *int `json:"archiveDays,omitempty" jsonschema:"enum=0,enum=1,enum=7,enum=14,enum=30,enum=60,enum=90,enum=180,enum=270,enum=365,default=90"`
	// Back the file system up every day, by AWS Backup, which keeps each backup for 35 days.
	Backup *bool `json:"backup,omitempty" jsonschema:"default=true"`
	// Refuse to delete or replace the file system. To give it up, turn this off, update, and remove efs then.
	Protect *bool `json:"protect,omitempty" jsonschema:"default=true"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Region is the AWS region, for example eu-west-1. Required.
	Region string `args:"required" format:"aws-region"`
	// EBSDriver and EFSDriver say that the drivers' add-ons are installed: a class without its driver makes no volume.
	EBSDriver, EFSDriver bool
	// DefaultClassElsewhere says that another class is the default already (addons.ebsCsi.defaultStorageClass).
	DefaultClassElsewhere bool
	// VolumeKeyARN is the KMS key of the class gp3, which the EBS driver must be allowed to use
	// (addons.ebsCsi.volumeKeyArn); "" encrypts under the account's default key for EBS. Changing it replaces the class.
	VolumeKeyARN string
	// VPCID is the VPC of the file system. Required to create one.
	VPCID pulumi.StringInput
	// PrivateSubnetIDs are the nodes' subnets by zone id, one of each zone. Each gets a mount target. Required to create
	// a file system.
	PrivateSubnetIDs map[string]pulumi.StringInput
	// ClusterSecurityGroupID is the security group of the cluster's nodes, which may reach the file system. Required to
	// create one.
	ClusterSecurityGroupID pulumi.StringInput
	// Tags go onto every resource that can carry tags, together with a Name.
	Tags map[string]string
}

// summary is what a preview shows of the component itself.
func (a *Args) summary() pulumi.Map {
	return pulumi.Map{"gp3": pulumi.Bool(*a.GP3.Enabled), "efs": pulumi.Bool(a.EFS != nil)}
}
