package cluster

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/retention"
)

// EndpointAccess is where the Kubernetes API can be reached from.
type EndpointAccess string

const (
	// Private makes the API reachable only from the VPC and what is connected to it.
	Private EndpointAccess = "private"
	// PrivateAndPublic adds an endpoint on the internet for listed ranges; nodes still use the private one.
	PrivateAndPublic EndpointAccess = "privateAndPublic"
	// Public has only an endpoint on the internet; nodes reach it through their NAT gateways.
	Public EndpointAccess = "public"
)

// IPFamily is the address family of pods and services.
type IPFamily string

const (
	// IPv4 gives pods and services IPv4 addresses.
	IPv4 IPFamily = "ipv4"
	// IPv6 gives pods and services IPv6 addresses; the subnets of control plane and nodes need IPv6 ranges.
	IPv6 IPFamily = "ipv6"
)

// SupportType is what EKS does when standard support for a Kubernetes version ends.
type SupportType string

const (
	// StandardSupport lets EKS upgrade the control plane to the next minor automatically when standard support ends.
	StandardSupport SupportType = "STANDARD"
	// ExtendedSupport keeps the version for twelve more months, at a higher price per cluster hour.
	ExtendedSupport SupportType = "EXTENDED"
)

// LogType is a log of the control plane.
type LogType string

// The logs of the control plane
// (https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html).
const (
	LogAPI               LogType = "api"
	LogAudit             LogType = "audit"
	LogAuthenticator     LogType = "authenticator"
	LogControllerManager LogType = "controllerManager"
	LogScheduler         LogType = "scheduler"
)

// Settings are the cluster's part of a stack file.
type Settings struct {
	// Name of the EKS cluster, unique in its account and region: up to 40 letters, digits, hyphens and underscores.
	// IAM roles are named after it, so it may not begin with the name of another cluster or environment in the account and a
	// hyphen. Changing it replaces the cluster and everything in it.
	Name string `json:"name" jsonschema:"required,format=eks-cluster-name,maxLength=40"`
	// Kubernetes minor version, in quotes, for example "1.35". EKS upgrades one minor at a time, in about ten minutes; the
	// API stays up. Change the add-ons' versions with it.
	Version string `json:"version" jsonschema:"required,pattern=^1[.][0-9]{2}$,example=1.35"`
	// Where the Kubernetes API can be reached from. Changing it takes minutes and interrupts nothing inside the VPC.
	Endpoint Endpoint `json:"endpoint,omitempty"`
	// Zone ids that the control plane has network interfaces in, at least two of network.zones; by default all of them.
	// EKS keeps a cluster in the zones in which it was created: before appending a zone to network.zones, list the current
	// ones here. Nodes in other zones reach the control plane across zones. Changing it to other zones replaces the
	// cluster.
	Zones []string `json:"zones,omitempty" jsonschema:"minItems=2,maxItems=4,uniqueItems=true"`
	// The control plane's own logs.
	Logs Logs `json:"logs,omitempty"`
	// Address range of Kubernetes services: private (RFC 1918), /12 to /24, not overlapping the VPC's ranges or anything
	// that pods talk to. Not used with ipFamily ipv6, where EKS chooses it. Changing it replaces the cluster.
	ServiceCIDR string `json:"serviceCidr,omitempty" jsonschema:"format=ipv4-network,default=172.20.0.0/16"`
	// Address family of pods and services. With ipv6 the network also gets IPv6 ranges, pods take no IPv4 addresses and
	// reach IPv4 through their node, and all instance types must be Nitro-based. Changing it replaces the cluster.
	IPFamily IPFamily `json:"ipFamily,omitempty" jsonschema:"enum=ipv4,enum=ipv6,default=ipv4"`
	// What EKS does when standard support for the version ends: STANDARD upgrades the control plane automatically, EXTENDED
	// keeps the version for twelve more months at a higher price. Changing it takes effect immediately.
	SupportType SupportType `json:"supportType,omitempty" jsonschema:"enum=STANDARD,enum=EXTENDED,default=STANDARD"`
	// Let Amazon Application Recovery Controller move the cluster's traffic out of an impaired zone.
	ZonalShift bool `json:"zonalShift,omitempty" jsonschema:"default=false"`
	// ARN of an existing KMS key, in the cluster's region, that encrypts Kubernetes secrets. By default the cluster gets
	// its own key. The identity that runs an update needs kms:DescribeKey and kms:CreateGrant on it. Changing it replaces
	// the cluster.
	SecretsKeyARN string `json:"secretsKeyArn,omitempty" jsonschema:"format=kms-key-arn"`
	// Waiting period, in days, before the cluster's own KMS keys are finally deleted. After that, secrets encrypted with
	// them can never be read again.
	KeyDeletionWindowDays int `json:"keyDeletionWindowDays,omitempty" jsonschema:"minimum=7,maximum=30,default=30"`
	// Who may use the Kubernetes API. At least one entry must be an administrator of the whole cluster: the identity that
	// creates the cluster does not get access by creating it.
	Access []Access `json:"access" jsonschema:"required,minItems=1"`
	// Refuse to delete or replace the control plane, its role, its keys and its log group. Turn it off, and update once,
	// before destroying the environment.
	Protect *bool `json:"protect,omitempty" jsonschema:"default=true"`
}

// Endpoint is where the Kubernetes API can be reached from.
type Endpoint struct {
	// private: from the VPC and the ranges in privateCidrs. privateAndPublic: also from the ranges in publicCidrs. public:
	// only from the internet; nodes then use their NAT gateways, whose addresses must be in publicCidrs if it is set.
	Access EndpointAccess `json:"access,omitempty" jsonschema:"enum=private,enum=privateAndPublic,enum=public,default=private"`
	// Public ranges that may reach the endpoint on the internet, at most 40. Required with privateAndPublic; with public it
	// defaults to everywhere; not allowed with private.
	PublicCIDRs []string `json:"publicCidrs,omitempty" jsonschema:"minItems=1,maxItems=40,uniqueItems=true,format=network"`
	// Ranges outside the VPC that may reach the private endpoint, at most 40: of a VPN, of peers, of an office. Their
	// routes, including the route back from the control plane's subnets, are not managed here. The VPC's own ranges always
	// have access.
	PrivateCIDRs []string `json:"privateCidrs,omitempty" jsonschema:"maxItems=40,uniqueItems=true,format=ipv4-network"`
}

// Logs configures the control plane's logs.
type Logs struct {
	// Which logs the control plane writes; by default all five. An empty list turns them off.
	Types []LogType `json:"types,omitempty" jsonschema:"uniqueItems=true,enum=api,enum=audit,enum=authenticator,enum=controllerManager,enum=scheduler,default=api,default=audit,default=authenticator,default=controllerManager,default=scheduler"`
	// Days after which CloudWatch Logs deletes a record. Shortening it deletes older records soon after.
	RetentionDays retention.Days `json:"retentionDays,omitempty" jsonschema:"default=90"`
	// Encrypt the logs with the cluster's own KMS key instead of CloudWatch's. Records stay encrypted with the key that
	// they were written with: while protect is on, turning this off is refused, because it would delete the key.
	KMS bool `json:"kms,omitempty" jsonschema:"default=false"`
}

// Access gives one IAM principal access to the Kubernetes API.
type Access struct {
	// Name of the entry in this file, for example platform-admins; lower-case letters, digits and hyphens. To change it,
	// remove the entry, update, and add it again: EKS has one entry per principal, and refuses the new one while the old
	// one exists.
	Name string `json:"name" jsonschema:"required,format=dns-label,maxLength=60"`
	// ARN of the IAM role or user, with its path. An assumed-role session, a group, the account's root and service-linked
	// roles cannot have access. Changing it replaces the entry.
	PrincipalARN string `json:"principalArn" jsonschema:"required,format=iam-principal-arn"`
	// The principal's user name in Kubernetes, for example in audit logs. By default EKS derives it from the ARN; removing
	// the setting keeps the current name.
	Username string `json:"username,omitempty"`
	// Kubernetes groups that the principal is in, for role bindings inside the cluster. Names that begin with system: are
	// reserved for Kubernetes.
	KubernetesGroups []string `json:"kubernetesGroups,omitempty" jsonschema:"uniqueItems=true,minLength=1"`
	// EKS access policies: permissions without a role binding in the cluster.
	Policies []AccessPolicy `json:"policies,omitempty"`
}

// AccessPolicy is an EKS access policy, for the whole cluster or for namespaces.
type AccessPolicy struct {
	// The policy. AmazonEKSClusterAdminPolicy allows everything; AmazonEKSAdminPolicy everything in a namespace but its
	// quota; AmazonEKSEditPolicy writing workloads, AmazonEKSViewPolicy reading them, but not secrets;
	// AmazonEKSAdminViewPolicy reading everything, including secrets; AmazonEKSSecretReaderPolicy reading secrets.
	Policy string `json:"policy" jsonschema:"required,enum=AmazonEKSAdminPolicy,enum=AmazonEKSAdminViewPolicy,enum=AmazonEKSClusterAdminPolicy,enum=AmazonEKSEditPolicy,enum=AmazonEKSSecretReaderPolicy,enum=AmazonEKSViewPolicy"`
	// Namespaces that the policy is limited to, with * as a wildcard at the end: team-a-*. By default the whole cluster.
	// Changing it removes the policy for a moment.
	Namespaces []string `json:"namespaces,omitempty" jsonschema:"uniqueItems=true,format=namespaces"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Region is the AWS region, for example eu-west-1. Required.
	Region string `args:"required" format:"aws-region"`
	// AccountID is the AWS account, twelve digits. Required.
	AccountID string `args:"required" format:"aws-account-id"`
	// SubnetIDs are the subnets, in at least two zones, in which EKS puts the control plane's network interfaces.
	// Required. EKS keeps a cluster in its zones: other subnets replace it.
	SubnetIDs pulumi.StringArrayInput `args:"required"`
	// VPCID is the VPC of the subnets. Required. A cluster cannot move to another VPC: changing it replaces the cluster.
	VPCID pulumi.StringInput `args:"required"`
	// VPCCIDRs are the VPC's ranges. They may reach the private endpoint, and the service range must not overlap them.
	VPCCIDRs []string
	// ZoneIDs lists the network's zones, for checks: Zones must be among them.
	ZoneIDs []string
	// PodSecurityGroups lets the control plane manage the branch network interfaces that security groups for pods need.
	PodSecurityGroups bool
	// Tags are added to every taggable resource, together with a Name.
	Tags map[string]string
}

// summary is what a preview shows for the component itself: the main settings of the cluster.
func (a *Args) summary() pulumi.Map {
	return pulumi.Map{
		"name":     pulumi.String(a.Name),
		"version":  pulumi.String(a.Version),
		"endpoint": pulumi.String(a.Endpoint.Access),
	}
}
