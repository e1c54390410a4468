// Package contract defines the cluster that an environment is on, as one value: the stack that owns the cluster makes it, a
// stack that joins it reads it, and everything that is registered on the cluster takes it.
//
// Its published members are the owner's contract with the stacks that join: Encode writes them as a stack output,
// Decode reads them. A fact that joining stacks need is one more member here, which the owner sets.
package contract

import (
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
)

// Version is the version of the contract. It changes when a member changes or is removed, but not when one is added. A
// joining stack refuses a contract of another version.
const Version = 1

// IPv6 is the IP family of a cluster whose pods have IPv6 addresses.
const IPv6 = "ipv6"

// Cluster is a cluster with its network.
//
// Plain members are known before anything is registered: they decide what is registered, and what is valid. Outputs are
// chosen by AWS; they are unset in a value that was made from a stack file alone.
type Cluster struct {
	// Version is the contract's version at the time of the owner's last update.
	Version int `json:"version"`
	// Environment is the owner's own environment.
	Environment string `json:"environment" contract:"required"`
	// AccountID and Region say where the cluster is.
	AccountID string `json:"accountId" contract:"required"`
	Region    string `json:"region" contract:"required"`
	// ControlPlane is the EKS cluster, with what its owner has turned on for all environments.
	ControlPlane ControlPlane `json:"cluster"`
	// Network is the VPC.
	Network Network `json:"network"`
	// Addons are the EKS add-ons that services build on.
	Addons Addons `json:"addons"`

	// Resource is the control plane as a resource, for arguments that take a whole cluster. The members from here on are
	// not published.
	Resource *awseks.Cluster `json:"-"`
	// BeforeNodes must exist before a node starts, and outlive it; BeforeAccess must exist before anyone can use the
	// Kubernetes API. Both are empty in a joining stack: the owner's update has created them.
	BeforeNodes, BeforeAccess []pulumi.Resource `json:"-"`
}

// ControlPlane is the EKS cluster.
type ControlPlane struct {
	// Name is the EKS cluster's name, known from the start; NameOutput is the same for what must wait for the cluster.
	Name       string              `json:"name" contract:"required"`
	NameOutput pulumi.StringOutput `json:"-"`
	// ARN identifies the cluster; the Kubernetes provider of every environment carries it as its identifier.
	ARN pulumi.StringOutput `json:"arn" contract:"required"`
	// KubernetesVersion is the minor version, for example 1.35; node groups follow it.
	KubernetesVersion string `json:"version" contract:"required"`
	// Kubeconfig reaches the cluster with the caller's own AWS credentials; it contains no secret.
	Kubeconfig pulumi.StringOutput `json:"kubeconfig"`
	// IPFamily is the address family of pods and services; empty, in contracts from before it was published, is ipv4.
	IPFamily string `json:"ipFamily"`
	// ServiceCIDR is the range of Kubernetes services, of that family; nodes with a custom AMI need it.
	ServiceCIDR pulumi.StringOutput `json:"serviceCidr"`
	// OIDCIssuer and OIDCProviderARN let a role trust service accounts (IRSA).
	OIDCIssuer      pulumi.StringOutput `json:"oidcIssuer"`
	OIDCProviderARN pulumi.StringOutput `json:"oidcProviderArn"`
	// PrefixDelegation reports whether the VPC CNI hands out /28 prefixes, which decides max pods.
	PrefixDelegation bool `json:"prefixDelegation"`
	// CustomNetworking reports whether pods have subnets of their own, and so no addresses on a node's first interface.
	// Nil, in contracts from before it was published, means that they have when the VPC has a second range.
	CustomNetworking *bool `json:"customNetworking"`
	// SecurityGroupID is the security group that EKS creates for the control plane and attaches to managed nodes.
	SecurityGroupID pulumi.StringOutput `json:"securityGroupId" contract:"required"`
	// NetworkPolicy reports whether the VPC CNI enforces network policies.
	NetworkPolicy bool `json:"networkPolicy"`
	// PodSecurityGroups reports whether pods can have their own security groups.
	PodSecurityGroups bool `json:"podSecurityGroups"`
	// SecretsDriver reports whether the Secrets Store CSI driver is installed, and with it the kind SecretProviderClass.
	SecretsDriver bool `json:"secretsDriver"`
	// FluentBit reports whether pods' logs are shipped.
	FluentBit bool `json:"fluentBit"`
	// Autoscaler reports whether the cluster has an autoscaler for node groups.
	Autoscaler bool `json:"autoscaler"`
	// LogGroupName is the control plane's log group.
	LogGroupName pulumi.StringOutput `json:"logGroupName"`
}

// IPv6 reports whether pods have IPv6 addresses.
func (c ControlPlane) IPv6() bool { return c.IPFamily == IPv6 }

// Networking returns what the VPC CNI does with the interfaces of nodes, the owner's and those of environments that join.
func (c *Cluster) Networking() instancetype.Networking {
	p := c.ControlPlane
	custom := len(c.Network.VPCCIDRs) > 1
	if p.CustomNetworking != nil {
		custom = *p.CustomNetworking
	}
	return instancetype.Networking{
		PrefixDelegation: p.PrefixDelegation, CustomNetworking: custom, PodSecurityGroups: p.PodSecurityGroups, IPv6: p.IPv6(),
	}
}

// Addons are the EKS add-ons that services build on.
type Addons struct {
	// EBS and EFS report whether the drivers of these volumes are installed.
	EBS bool `json:"ebsCsi"`
	EFS bool `json:"efsCsi"`
	// DefaultStorageClass reports whether the EBS driver's add-on creates the default storage class.
	DefaultStorageClass bool `json:"defaultStorageClass"`
	// VolumeKeyARN is the KMS key that the EBS driver may use; empty for the account's default key.
	VolumeKeyARN string `json:"volumeKeyArn"`
}

// Network is the VPC.
type Network struct {
	// VPCID is the VPC that the cluster is in.
	VPCID pulumi.StringOutput `json:"vpcId" contract:"required"`
	// ZoneIDs lists the zones in the owner's order.
	ZoneIDs []string `json:"zoneIds"`
	// ZoneNames maps zone ids to the account's zone names, as nodes are labelled with them.
	ZoneNames map[string]pulumi.StringOutput `json:"zoneNames"`
	// PrivateSubnetIDs maps zone ids to the subnets that nodes are in.
	PrivateSubnetIDs map[string]pulumi.StringOutput `json:"privateSubnetIds" contract:"required"`
	// Isolated reports whether the network has no internet access.
	Isolated bool `json:"isolated"`
	// VPCCIDRs are the VPC's ranges.
	VPCCIDRs []string `json:"vpcCidrs"`
	// PublicSubnetCIDRs and PrivateSubnetCIDRs are the ranges that load balancers reach pods from.
	PublicSubnetCIDRs  []string `json:"publicSubnetCidrs"`
	PrivateSubnetCIDRs []string `json:"privateSubnetCidrs"`
	// PublicSubnetIPv6CIDRs and PrivateSubnetIPv6CIDRs are the same in a network with IPv6.
	PublicSubnetIPv6CIDRs  pulumi.StringArrayOutput `json:"publicSubnetIpv6Cidrs"`
	PrivateSubnetIPv6CIDRs pulumi.StringArrayOutput `json:"privateSubnetIpv6Cidrs"`
}

// Environment is what one environment has on the cluster, for others to use: an output of every stack, whether it owns the
// cluster or joins it.
type Environment struct {
	// Version is EnvironmentVersion at the time of the last update.
	Version int `json:"version"`
	// Name is the environment's name, and Cluster the EKS cluster's that it is on.
	Name    string `json:"name"`
	Cluster string `json:"cluster"`
	// NodeRoleARN is the IAM role of the environment's nodes.
	NodeRoleARN pulumi.StringOutput `json:"nodeRoleArn"`
	// LogGroupName is the log group of the environment's pods; left out if it has none.
	LogGroupName pulumi.StringOutput `json:"logGroupName"`
	// Namespaces are the environment's namespaces, in the order of the stack file.
	Namespaces []string `json:"namespaces"`
	// ServiceAccountRoleARNs are the IAM roles of service accounts, by <namespace>.<service account>.
	ServiceAccountRoleARNs map[string]pulumi.StringOutput `json:"serviceAccountRoleArns"`
	// PodSecurityGroupIDs are the security groups of tenants' pods, by tenant, for example for a database to admit.
	PodSecurityGroupIDs map[string]pulumi.StringOutput `json:"podSecurityGroupIds"`
}

// EnvironmentVersion is the version of Environment, which changes as Version does.
const EnvironmentVersion = 1
