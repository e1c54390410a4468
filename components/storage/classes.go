package storage

import (
	"fmt"
	"strconv"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	storagev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/convention"
)

// ClassesType is part of every class's URN. It never changes.
const ClassesType = "eks-platform:storage:Classes"

// GP3Class and EFSClass are the names of the classes, which claims refer to.
const (
	GP3Class = "gp3"
	EFSClass = "efs"
)

// defaultClass is the annotation of the class for claims that name none
// (https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass).
const defaultClass = "storageclass.kubernetes.io/is-default-class"

// classes are the storage classes of one cluster.
type classes struct {
	pulumi.ResourceState

	ctx  *pulumi.Context
	args *Args
	kids child.Of
}

// Install registers the storage classes. They depend on nothing in the cluster: claims wait for their driver.
func (s *Storage) Install(ctx *pulumi.Context, opts ...pulumi.ResourceOption) error {
	name := s.b.kids.Name
	c := &classes{ctx: ctx, args: s.b.args}
	if err := ctx.RegisterComponentResourceV2(ClassesType, name, c.args.summary(), c, opts...); err != nil {
		return fmt.Errorf("storage classes %q: %w", name, err)
	}
	c.kids = child.Of{Parent: c, Name: name}
	if *c.args.GP3.Enabled {
		if err := c.createGP3(); err != nil {
			return fmt.Errorf("storage classes %q: %w", name, err)
		}
	}
	if c.args.EFS != nil {
		if err := c.createEFS(s.FileSystemID); err != nil {
			return fmt.Errorf("storage classes %q: %w", name, err)
		}
	}
	return ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

// createGP3 creates the class of EBS volumes
// (https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md). A volume is in one zone, so it is
// created only once the scheduler has placed the pod.
func (c *classes) createGP3() error {
	s := c.args.GP3
	parameters := pulumi.StringMap{"type": pulumi.String("gp3"), "encrypted": pulumi.String("true")}
	if c.args.VolumeKeyARN != "" {
		parameters["kmsKeyId"] = pulumi.String(c.args.VolumeKeyARN)
	}
	if s.IOPS > 0 {
		parameters["iops"] = pulumi.String(strconv.Itoa(s.IOPS))
	}
	if s.Throughput > 0 {
		parameters["throughput"] = pulumi.String(strconv.Itoa(s.Throughput))
	}
	return c.create(GP3Class, *s.Default, &storagev1.StorageClassArgs{
		Provisioner:          pulumi.String("ebs.csi.aws.com"),
		Parameters:           parameters,
		ReclaimPolicy:        pulumi.String(s.ReclaimPolicy),
		VolumeBindingMode:    pulumi.String("WaitForFirstConsumer"),
		AllowVolumeExpansion: pulumi.Bool(true),
	})
}

// createEFS creates the class of directories on the file system, each with its own access point
// (https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/master/docs/README.md). They have no size and no zone. Their
// names are the driver's, those of the volumes: names from namespace and claim can exceed the 100 characters that EFS
// allows.
func (c *classes) createEFS(fileSystemID pulumi.StringOutput) error {
	s := c.args.EFS
	parameters := pulumi.StringMap{
		"provisioningMode": pulumi.String("efs-ap"),
		"fileSystemId":     fileSystemID,
		"directoryPerms":   pulumi.String(s.DirectoryPermissions),
	}
	if r := s.GIDRange; r != nil {
		parameters["gidRangeStart"] = pulumi.String(strconv.Itoa(r.Start))
		parameters["gidRangeEnd"] = pulumi.String(strconv.Itoa(r.End))
	}
	return c.create(EFSClass, false, &storagev1.StorageClassArgs{
		Provisioner:       pulumi.String("efs.csi.aws.com"),
		Parameters:        parameters,
		ReclaimPolicy:     pulumi.String(s.ReclaimPolicy),
		VolumeBindingMode: pulumi.String("Immediate"),
	})
}

func (c *classes) create(name string, isDefault bool, args *storagev1.StorageClassArgs) error {
	args.Metadata = metav1.ObjectMetaArgs{
		Name: pulumi.String(name),
		Labels: pulumi.StringMap{
			"app.kubernetes.io/name":       pulumi.String(name),
			"app.kubernetes.io/managed-by": pulumi.String(convention.ManagedBy),
		},
		Annotations: pulumi.StringMap{defaultClass: pulumi.String(strconv.FormatBool(isDefault))},
	}
	if _, err := storagev1.NewStorageClass(c.ctx, c.kids.ID("class", name), args, c.kids.Opts(
		// The provider replaces a class for its parameters and its provisioner; changes of these two the API server would
		// refuse (https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/storage/validation/validation.go).
		pulumi.ReplaceOnChanges([]string{"reclaimPolicy", "volumeBindingMode"}),
		pulumi.DeleteBeforeReplace(true), // its name is taken until it is gone
	)...); err != nil {
		return fmt.Errorf("create the class %s: %w", name, err)
	}
	return nil
}
