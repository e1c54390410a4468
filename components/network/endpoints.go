package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/region"
)

// baseServices are what nodes and the first add-ons call
// (https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html).
var baseServices = []string{"ec2", "ecr.api", "ecr.dkr", "sts", "logs", "eks", "eks-auth"}

// chinaPrefixed are the services in use here whose endpoint names begin with cn. in China's regions; the others' do
// not. `aws ec2 describe-vpc-endpoint-services` there lists them.
var chinaPrefixed = []string{
	"autoscaling", "cloudformation", "ec2", "ecr.api", "ecr.dkr", "eks", "elasticfilesystem", "lambda", "monitoring", "rds",
	"sqs", "states", "sts", "xray",
}

// services returns the interface endpoints to create, each by the key that names it, in a stable order.
func (a *Args) services() []string {
	var out []string
	if a.Endpoints.Preset == PresetBase {
		out = append(out, baseServices...)
		out = append(out, a.Services...)
	}
	out = append(out, a.Endpoints.Additional...)
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(key string) bool {
		full := endpointService(key, a.Region)
		again := seen[full]
		seen[full] = true
		return again
	})
}

func isFullServiceName(name string) bool {
	return strings.HasPrefix(name, "com.amazonaws.") || strings.HasPrefix(name, "cn.com.amazonaws.")
}

// endpointService returns the full name of an endpoint service.
func endpointService(key, inRegion string) string {
	if isFullServiceName(key) {
		return key
	}
	name := fmt.Sprintf("com.amazonaws.%s.%s", inRegion, key)
	if region.Partition(inRegion) == "aws-cn" && slices.Contains(chinaPrefixed, key) {
		return "cn." + name
	}
	return name
}

// createGatewayEndpoint routes S3, and with it ECR's image layers, past NAT. It costs nothing.
func (b *builder) createGatewayEndpoint() error {
	tables := make(pulumi.StringArray, 0, len(b.privateTables))
	for _, t := range b.privateTables {
		tables = append(tables, t.ID())
	}
	endpoint, err := ec2.NewVpcEndpoint(b.ctx, b.kids.ID("endpoint", "s3"), &ec2.VpcEndpointArgs{
		VpcId:           b.out.VPCID,
		ServiceName:     pulumi.String(endpointService("s3", b.args.Region)),
		VpcEndpointType: pulumi.String("Gateway"),
		RouteTableIds:   tables,
		Tags:            b.tags("endpoint", "s3"),
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create gateway endpoint for S3: %w", err)
	}
	b.out.egress = append(b.out.egress, endpoint)
	return nil
}

// createInterfaceEndpoints puts one interface of each service into every private subnet.
func (b *builder) createInterfaceEndpoints() error {
	services := b.args.services()
	if len(services) == 0 {
		return nil
	}
	group, err := ec2.NewSecurityGroup(b.ctx, b.kids.ID("endpoints"), &ec2.SecurityGroupArgs{
		Description: pulumi.String("Interface endpoints: HTTPS from the VPC"),
		VpcId:       b.out.VPCID,
		Tags:        b.tags("endpoints"),
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create security group of the endpoints: %w", err)
	}
	sources := []struct{ key, cidr string }{{"vpc", b.out.Plan.VPC.String()}}
	if b.out.Plan.CustomNetworking() {
		sources = append(sources, struct{ key, cidr string }{"pods", b.out.Plan.Secondary.String()})
	}
	for _, s := range sources {
		rule, err := vpc.NewSecurityGroupIngressRule(b.ctx, b.kids.ID("endpoints-ingress", s.key), &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: group.ID(),
			Description:     pulumi.Sprintf("HTTPS from %s", s.cidr),
			IpProtocol:      pulumi.String("tcp"),
			FromPort:        pulumi.Int(443),
			ToPort:          pulumi.Int(443),
			CidrIpv4:        pulumi.String(s.cidr),
			Tags:            b.tags("endpoints-ingress", s.key),
		}, b.kids.Opts()...)
		if err != nil {
			return fmt.Errorf("admit HTTPS from %s to the endpoints: %w", s.cidr, err)
		}
		b.out.egress = append(b.out.egress, rule)
	}
	for _, service := range services {
		endpoint, err := ec2.NewVpcEndpoint(b.ctx, b.kids.ID("endpoint", service), &ec2.VpcEndpointArgs{
			VpcId:             b.out.VPCID,
			ServiceName:       pulumi.String(endpointService(service, b.args.Region)),
			VpcEndpointType:   pulumi.String("Interface"),
			PrivateDnsEnabled: pulumi.Bool(true),
			SubnetIds:         b.out.PrivateSubnetIDs,
			SecurityGroupIds:  pulumi.StringArray{group.ID()},
			Tags:              b.tags("endpoint", service),
		}, b.kids.Opts()...)
		if err != nil {
			return fmt.Errorf("create endpoint for %s: %w", service, err)
		}
		b.out.egress = append(b.out.egress, endpoint)
	}
	return nil
}
