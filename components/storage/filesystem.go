package storage

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/efs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

// nfsPort is the port of NFS.
const nfsPort = 2049

// createFileSystem creates the file system, with a mount target in every zone.
func (b *builder) createFileSystem(s *Storage) error {
	id, settings := b.kids.ID("efs"), b.args.EFS.Create
	args := &efs.FileSystemArgs{
		Encrypted:         pulumi.Bool(true),
		ThroughputMode:    pulumi.String(settings.Throughput),
		LifecyclePolicies: settings.lifecycle(),
		Tags:              b.tags(id),
	}
	if settings.KMSKeyARN != "" {
		args.KmsKeyId = pulumi.String(settings.KMSKeyARN)
	}
	fs, err := efs.NewFileSystem(b.ctx, id, args, b.kids.Opts(pulumi.Protect(*settings.Protect))...)
	if err != nil {
		return fmt.Errorf("create the file system: %w", err)
	}
	s.FileSystemID = fs.ID().ToStringOutput()
	if _, err := efs.NewFileSystemPolicy(b.ctx, id, &efs.FileSystemPolicyArgs{
		FileSystemId: fs.ID(),
		Policy:       fs.Arn.ApplyT(func(arn string) string { return accessPolicy(arn).JSON() }).(pulumi.StringOutput),
	}, b.kids.Opts()...); err != nil {
		return fmt.Errorf("write the policy of the file system: %w", err)
	}
	status := "DISABLED" // explicit, because without the resource a backup policy that was once on would stay on
	if *settings.Backup {
		status = "ENABLED"
	}
	if _, err := efs.NewBackupPolicy(b.ctx, id, &efs.BackupPolicyArgs{
		FileSystemId: fs.ID(),
		BackupPolicy: efs.BackupPolicyBackupPolicyArgs{Status: pulumi.String(status)},
	}, b.kids.Opts()...); err != nil {
		return fmt.Errorf("set the backups of the file system: %w", err)
	}
	return b.createMountTargets(fs)
}

// accessPolicy is what clients may do with the file system: mount it through its mount targets, with TLS, and not as root.
// The security group decides who can reach a mount target. Pods act as the user that owns their directory, which their
// access point enforces, so none needs root. The condition on mount targets keeps the policy from counting as a public one,
// which EFS would block (https://docs.aws.amazon.com/efs/latest/ug/access-control-block-public-access.html).
func accessPolicy(arn string) iamdoc.Document {
	return iamdoc.Document{Statements: []iamdoc.Statement{
		{
			Sid:        "MountAndWrite",
			Principals: map[string][]string{"AWS": {"*"}},
			Actions:    []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"},
			Resources:  []string{arn},
			Conditions: map[string]map[string][]string{"Bool": {"elasticfilesystem:AccessedViaMountTarget": {"true"}}},
		},
		{
			Sid: "RefusePlainText", Deny: true,
			Principals: map[string][]string{"AWS": {"*"}},
			Actions:    []string{"*"},
			Resources:  []string{arn},
			Conditions: map[string]map[string][]string{"Bool": {"aws:SecureTransport": {"false"}}},
		},
	}}
}

// lifecycle moves files that are not read. EFS takes one transition per policy.
func (f *FileSystem) lifecycle() efs.FileSystemLifecyclePolicyArray {
	out := efs.FileSystemLifecyclePolicyArray{}
	if d := *f.InfrequentAccessDays; d > 0 {
		out = append(out, efs.FileSystemLifecyclePolicyArgs{TransitionToIa: pulumi.String(after(d))})
	}
	if d := *f.ArchiveDays; d > 0 {
		out = append(out, efs.FileSystemLifecyclePolicyArgs{TransitionToArchive: pulumi.String(after(d))})
	}
	return out
}

// after formats a number of days for EFS.
func after(days int) string {
	if days == 1 {
		return "AFTER_1_DAY"
	}
	return fmt.Sprintf("AFTER_%d_DAYS", days)
}

// createMountTargets creates a mount target in each zone, which only the cluster's nodes may reach: the driver mounts on
// the node, even for pods with their own security group. The group does not have the tag kubernetes.io/cluster/<name>:
// controllers take groups with it for those of nodes.
func (b *builder) createMountTargets(fs *efs.FileSystem) error {
	id := b.kids.ID("efs")
	group, err := ec2.NewSecurityGroup(b.ctx, id, &ec2.SecurityGroupArgs{
		Description: pulumi.String("EFS mount targets: NFS from the nodes of the EKS cluster"),
		VpcId:       b.args.VPCID.ToStringOutput().ToStringPtrOutput(),
		Tags:        b.tags(id),
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create the security group of the mount targets: %w", err)
	}
	ingress := b.kids.ID("efs-ingress")
	if _, err := vpc.NewSecurityGroupIngressRule(b.ctx, ingress, &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId:           group.ID(),
		Description:               pulumi.String("NFS from the nodes of the cluster"),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(nfsPort),
		ToPort:                    pulumi.Int(nfsPort),
		ReferencedSecurityGroupId: b.args.ClusterSecurityGroupID.ToStringOutput().ToStringPtrOutput(),
		Tags:                      b.tags(ingress),
	}, b.kids.Opts()...); err != nil {
		return fmt.Errorf("admit the cluster's nodes to the mount targets: %w", err)
	}
	for _, zone := range slices.Sorted(maps.Keys(b.args.PrivateSubnetIDs)) {
		if _, err := efs.NewMountTarget(b.ctx, b.kids.ID("efs", zone), &efs.MountTargetArgs{
			FileSystemId:   fs.ID(),
			SubnetId:       b.args.PrivateSubnetIDs[zone],
			SecurityGroups: pulumi.StringArray{group.ID()},
		}, b.kids.Opts()...); err != nil {
			return fmt.Errorf("create the mount target in %s: %w", zone, err)
		}
	}
	return nil
}
