package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Load balancer controllers find the subnets for a load balancer by these tags
// (https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html).
const (
	internalLoadBalancerTag = "kubernetes.io/role/internal-elb"
	publicLoadBalancerTag   = "kubernetes.io/role/elb"
)

// createSubnets creates the VPC and its subnets, those of the control plane first: the cluster waits for them.
func (b *builder) createSubnets() error {
	protect := pulumi.Protect(*b.args.Protect)
	vpcArgs := &ec2.VpcArgs{
		CidrBlock: pulumi.String(b.out.VPCCIDR),
		// Private endpoints, of EKS and of every service, need both.
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true),
		Tags:               b.tags("vpc"),
	}
	if b.args.IPv6 {
		vpcArgs.AssignGeneratedIpv6CidrBlock = pulumi.Bool(true)
	}
	v, err := ec2.NewVpc(b.ctx, b.kids.ID("vpc"), vpcArgs, b.kids.Opts(protect)...)
	if err != nil {
		return fmt.Errorf("create VPC: %w", err)
	}
	b.out.VPCID = v.ID().ToStringOutput()

	podsVPC := b.out.VPCID
	if b.out.Plan.CustomNetworking() {
		secondary, err := ec2.NewVpcIpv4CidrBlockAssociation(b.ctx, b.kids.ID("secondary-cidr"), &ec2.VpcIpv4CidrBlockAssociationArgs{
			VpcId:     b.out.VPCID,
			CidrBlock: pulumi.String(b.out.Plan.Secondary.String()),
		}, b.kids.Opts(protect)...)
		if err != nil {
			return fmt.Errorf("add range %s to the VPC: %w", b.out.Plan.Secondary, err)
		}
		podsVPC = secondary.VpcId // the same VPC, but not before the range belongs to it
	}
	for _, tier := range []struct {
		name Tier
		vpc  pulumi.StringOutput
		tag  string
		ids  *pulumi.StringArray
	}{
		{TierControlPlane, b.out.VPCID, "", &b.out.ControlPlaneSubnetIDs},
		{TierPrivate, b.out.VPCID, internalLoadBalancerTag, &b.out.PrivateSubnetIDs},
		{TierPublic, b.out.VPCID, publicLoadBalancerTag, &b.out.PublicSubnetIDs},
		{TierPods, podsVPC, "", &b.out.PodSubnetIDs},
	} {
		for i, row := range b.out.Plan.Tier(tier.name) {
			tags := b.tags(string(tier.name), row.Zone)
			if tier.tag != "" {
				tags[tier.tag] = pulumi.String("1")
			}
			args := &ec2.SubnetArgs{
				VpcId:              tier.vpc,
				AvailabilityZoneId: pulumi.String(row.Zone),
				CidrBlock:          pulumi.String(row.CIDR.String()),
				// Nothing here needs it: load balancers and NAT gateways have their own addresses.
				MapPublicIpOnLaunch: pulumi.Bool(false),
				Tags:                tags,
			}
			b.addIPv6(args, v, tier.name, i)
			subnet, err := ec2.NewSubnet(b.ctx, b.kids.ID(string(tier.name), row.Zone), args, b.kids.Opts(protect)...)
			if err != nil {
				return fmt.Errorf("create %s subnet in %s: %w", tier.name, row.Zone, err)
			}
			b.subnets[tier.name] = append(b.subnets[tier.name], subnet)
			*tier.ids = append(*tier.ids, subnet.ID().ToStringOutput())
			if b.args.IPv6 {
				b.out.ipv6CIDRs[tier.name] = append(b.out.ipv6CIDRs[tier.name], subnet.Ipv6CidrBlock.Elem())
			}
			switch tier.name {
			case TierPrivate:
				b.out.PrivateSubnetIDByZone[row.Zone] = subnet.ID().ToStringOutput()
				b.out.ZoneNames[row.Zone] = subnet.AvailabilityZone
			case TierPods:
				b.out.PodSubnetIDByZone[row.Zone] = subnet.ID().ToStringOutput()
			case TierPublic, TierControlPlane:
			}
		}
	}
	return nil
}

// closeDefaultSecurityGroup removes every rule from the group that AWS uses for new interfaces by default. Deleting the
// resource leaves the group as it is.
func (b *builder) closeDefaultSecurityGroup() error {
	_, err := ec2.NewDefaultSecurityGroup(b.ctx, b.kids.ID("default"), &ec2.DefaultSecurityGroupArgs{
		VpcId: b.out.VPCID,
		// Empty, not absent: absent would keep rules that are added later.
		Ingress: ec2.DefaultSecurityGroupIngressArray{},
		Egress:  ec2.DefaultSecurityGroupEgressArray{},
		Tags:    b.tags("default"),
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("close the default security group: %w", err)
	}
	return nil
}
