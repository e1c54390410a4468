package tenancy

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/identity"
)

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Environment is the environment's name, unique on the cluster. Required. Changing it replaces everything.
	Environment string `args:"required"`
	// Region is the AWS region, for example eu-west-1. Required.
	Region string `args:"required" format:"aws-region"`
	// AccountID is the AWS account, twelve digits. Required.
	AccountID string `args:"required" format:"aws-account-id"`
	// ClusterName is the EKS cluster's name. Required. Roles use it without waiting for the cluster.
	ClusterName string `args:"required"`
	// ClusterNameOutput is the same as an output of the cluster, for what must wait for the cluster. Required.
	ClusterNameOutput pulumi.StringInput `args:"required"`
	// ClusterVersion is the cluster's Kubernetes minor, for example 1.35. Required. Pod Security levels are those of this
	// version.
	ClusterVersion string `args:"required"`
	// OIDC is the cluster's OIDC issuer. Required by service accounts with identity irsa.
	OIDC *identity.OIDC
	// VPCID is the cluster's VPC. Required by tenants with a podSecurityGroup. Changing it replaces their groups.
	VPCID pulumi.StringInput
	// ClusterSecurityGroupID is the security group that EKS created for the cluster. Required by the same.
	ClusterSecurityGroupID pulumi.StringInput
	// PublicSubnetCIDRs and PrivateSubnetCIDRs are the IPv4 ranges that load balancers connect from.
	PublicSubnetCIDRs, PrivateSubnetCIDRs []string
	// PublicSubnetIPv6CIDRs and PrivateSubnetIPv6CIDRs are the IPv6 ranges that they connect from to the pods of a cluster
	// with IPv6. Required there by namespaces with a loadBalancer.
	PublicSubnetIPv6CIDRs, PrivateSubnetIPv6CIDRs pulumi.StringArrayInput
	// IPv6 says that the cluster's IP family is ipv6: network policies then consist of IPv6 ranges.
	IPv6 bool
	// NetworkPolicy says that the cluster enforces network policies. Required: otherwise namespaces are open.
	NetworkPolicy bool
	// PodSecurityGroups says that pods can have their own security groups.
	PodSecurityGroups bool
	// SecretsDriverInstalled says that the cluster has the Secrets Store CSI driver with the AWS provider.
	SecretsDriverInstalled bool
	// SecretsDriver is what installs the kind SecretProviderClass, if this stack does.
	SecretsDriver []pulumi.Resource
	// Tags are added to every taggable AWS resource, together with a Name.
	Tags map[string]string
}

// summary is what a preview shows of the component itself.
func (a *Args) summary() pulumi.Map {
	tenants := make([]string, 0, len(a.Tenants))
	for _, t := range a.Tenants {
		tenants = append(tenants, t.Name)
	}
	return pulumi.Map{
		"environment": pulumi.String(a.Environment),
		"namespaces":  pulumi.ToStringArray(a.NamespaceNames(a.Environment)),
		"tenants":     pulumi.ToStringArray(tenants),
	}
}
