package nodegroup

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// gp3IOPS is the default IOPS of a gp3 volume.
const gp3IOPS = 3000

// The device names of EKS's images
// (https://bottlerocket.dev/en/os/latest/#/install/quickstart/aws/ for the data volume of Bottlerocket).
const (
	rootDevice = "/dev/xvda"
	dataDevice = "/dev/xvdb"
)

// createLaunchTemplate registers the launch template. It has what EKS wants in a template, nothing that belongs in the node
// group (instance types, subnets, role), and no security group, because any would keep EKS from adding the cluster's own
// (https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html).
func (b *builder) createLaunchTemplate() error {
	userData, err := b.args.encodedUserData()
	if err != nil {
		return err
	}
	name := b.kids.ID("template")
	args := &ec2.LaunchTemplateArgs{
		Description:          pulumi.String("Nodes of " + b.args.ec2Name(b.kids.Name)),
		UpdateDefaultVersion: pulumi.Bool(true),
		UserData:             userData,
		BlockDeviceMappings:  b.volumes(),
		// Pods get their credentials from Pod Identity or IRSA. One hop ends at the node's own network namespace, so
		// that no pod reaches the node's role.
		MetadataOptions: ec2.LaunchTemplateMetadataOptionsArgs{
			HttpEndpoint:            pulumi.String("enabled"),
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: pulumi.Int(1),
		},
		TagSpecifications: b.tagSpecifications(),
		Tags:              b.args.named(name),
	}
	if b.args.AMI.custom() {
		args.ImageId = pulumi.String(b.args.AMI.ID)
	}
	// The user data is base64, so its diff is unreadable. The component's own inputs say what changed.
	b.template, err = ec2.NewLaunchTemplate(b.ctx, name, args, b.kids.Opts(pulumi.HideDiffs([]string{"userData"}))...)
	if err != nil {
		return fmt.Errorf("create launch template: %w", err)
	}
	return nil
}

// volumes returns the node's volumes. Bottlerocket has its system on one, whose size the image decides, and everything else
// on another.
func (b *builder) volumes() ec2.LaunchTemplateBlockDeviceMappingArray {
	v := b.args.Volume
	work := b.ebs()
	work.VolumeSize = pulumi.Int(v.SizeGiB)
	if v.IOPS > 0 {
		work.Iops = pulumi.Int(v.IOPS)
	}
	if v.Throughput > 0 {
		work.Throughput = pulumi.Int(v.Throughput)
	}
	root := ec2.LaunchTemplateBlockDeviceMappingArgs{DeviceName: pulumi.String(rootDevice)}
	if b.args.AMI.family() != familyBottlerocket {
		root.Ebs = work
		return ec2.LaunchTemplateBlockDeviceMappingArray{root}
	}
	root.Ebs = b.ebs()
	return ec2.LaunchTemplateBlockDeviceMappingArray{
		root, ec2.LaunchTemplateBlockDeviceMappingArgs{DeviceName: pulumi.String(dataDevice), Ebs: work},
	}
}

func (b *builder) ebs() ec2.LaunchTemplateBlockDeviceMappingEbsArgs {
	args := ec2.LaunchTemplateBlockDeviceMappingEbsArgs{
		Encrypted: pulumi.String("true"), DeleteOnTermination: pulumi.String("true"), VolumeType: pulumi.String("gp3"),
	}
	if key := b.args.Volume.KMSKeyARN; key != "" {
		args.KmsKeyId = pulumi.String(key)
	}
	return args
}

// tagSpecifications set the tags of what EC2 creates from the template: neither the node group's tags nor the provider's
// default tags reach it.
func (b *builder) tagSpecifications() ec2.LaunchTemplateTagSpecificationArray {
	var out ec2.LaunchTemplateTagSpecificationArray
	for _, made := range []string{"instance", "volume", "network-interface"} {
		out = append(out, ec2.LaunchTemplateTagSpecificationArgs{
			ResourceType: pulumi.String(made),
			Tags:         b.args.named(b.args.ec2Name(b.kids.Name)),
		})
	}
	return out
}
