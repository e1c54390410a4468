package cluster

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// createIngress lets the VPC, and the ranges that the settings list, reach the private endpoint. The security group that
// EKS creates admits only nodes: without a rule a shell in the VPC, or a laptop on the VPN, resolves the endpoint's name
// but cannot connect (https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html#private-access).
func (b *builder) createIngress(c *Cluster) error {
	e := b.settings.Endpoint
	if e.Access == Public {
		return nil
	}
	for i, cidr := range slices.Concat(b.args.VPCCIDRs, e.PrivateCIDRs) {
		id := b.kids.ID("api-ingress", cidr)
		if i == 0 && len(b.args.VPCCIDRs) > 0 { // keeps its name when the VPC is replaced
			id = b.kids.ID("api-ingress", "vpc")
		}
		_, err := vpc.NewSecurityGroupIngressRule(b.ctx, id, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: c.SecurityGroupID,
			Description:     pulumi.String("Kubernetes API from " + cidr),
			IpProtocol:      pulumi.String("tcp"),
			FromPort:        pulumi.Int(443),
			ToPort:          pulumi.Int(443),
			CidrIpv4:        pulumi.String(cidr),
			Tags:            b.tags(id),
		}, b.kids.Opts()...)
		if err != nil {
			return fmt.Errorf("admit %s to the private endpoint: %w", cidr, err)
		}
	}
	return nil
}
