package cluster

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/retention"
)

// EndpointAccess says from where the Kubernetes API can be reached.
type EndpointAccess string

const (
	// Private makes the API reachable from inside the VPC, and what is connected to it, alone.
	Private EndpointAccess = "private"
	// PrivateAndPublic adds an endpoint on the internet for listed ranges; nodes still use the private one.
	PrivateAndPublic EndpointAccess = "privateAndPublic"
	// Public has an endpoint on the internet alone; nodes reach it through their NAT gateways.
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

// SupportType is what EKS does when a Kubernetes version leaves standard support.
type SupportType string

const (
	// StandardSupport has EKS upgrade the control plane to the next minor by itself when standard support ends.
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
	// IAM roles are named after it. Changing it replaces the cluster and everything in it.
	Name string `json:"name" jsonschema:"required,format=eks-cluster-name,maxLength=40"`
	// Kubernetes minor version, in quotes, for example "1.35". EKS upgrades one minor at a time and takes about ten
	// minutes; the API stays up. The add-ons' versions go with it.
	Version string `json:"version" jsonschema:"required,pattern=^1[.][0-9]{2}$,example=1.35"`
	// From where the Kubernetes API can be reached. Changing it takes minutes and interrupts nothing inside the VPC.
	Endpoint Endpoint `json:"endpoint,omitempty"`
	// Zone ids that the control plane has network interfaces in, at least two of network.zones; by default all of them.
	// EKS keeps a cluster in the zones that it was made in: before a zone is appended to network.zones, list the present
	// ones here. Nodes in other zones reach the control plane across zones. Changing it to other zones replaces the cluster.
	Zones []string `json:"zones,omitempty" jsonschema:"minItems=2,maxItems=4,uniqueItems=true"`
	// The control plane's own logs.
	Logs Logs `json:"logs,omitempty"`
	// Range of the addresses of Kubernetes services: private (RFC 1918), /12 to /24, apart from the VPC's ranges and
	// from everything that pods talk to. Not used with ipFamily ipv6, where EKS chooses. Changing it replaces the
	// cluster.
	ServiceCIDR string `json:"serviceCidr,omitempty" jsonschema:"format=ipv4-network,default=172.20.0.0/16"`
	// Address family of pods and services. With ipv6 the network gets IPv6 ranges beside its IPv4 ones, pods take no
	// IPv4 addresses and reach IPv4 through their node, and all instance types must be of the Nitro system. Changing it
	// replaces the cluster.
	IPFamily IPFamily `json:"ipFamily,omitempty" jsonschema:"enum=ipv4,enum=ipv6,default=ipv4"`
	// What EKS does when the version leaves standard support: STANDARD upgrades the control plane by itself, EXTENDED
	// keeps the version for twelve more months at a higher price. Changing it takes effect at once.
	SupportType SupportType `json:"supportType,omitempty" jsonschema:"enum=STANDARD,enum=EXTENDED,default=STANDARD"`
	// Let Amazon Application Recovery Controller move the cluster's traffic out of an impaired zone.
	ZonalShift bool `json:"zonalShift,omitempty" jsonschema:"default=false"`
	// ARN of an existing KMS key, in the cluster's region, that encrypts Kubernetes secrets. By default the cluster gets
	// a key of its own. Whoever runs an update needs kms:DescribeKey and kms:CreateGrant on it. Changing it replaces the
	// cluster.
	SecretsKeyARN string `json:"secretsKeyArn,omitempty" jsonschema:"format=kms-key-arn"`
	// Days between the deletion of the cluster's own KMS keys and their end. A secret encrypted by a key that has ended
	// cannot be read by anyone any more.
	KeyDeletionWindowDays int `json:"keyDeletionWindowDays,omitempty" jsonschema:"minimum=7,maximum=30,default=30"`
	// Who may use the Kubernetes API. At least one entry must be an administrator of the whole cluster: the identity
	// that creates the cluster gets no access by that.
	Access []Access `json:"access" jsonschema:"required,minItems=1"`
	// Refuse to delete or replace the control plane, its role, its keys and its log group. Turn it off, and update once,
	// before the environment is destroyed.
	Protect *bool `json:"protect,omitempty" jsonschema:"default=true"`
}

// Endpoint says from where the Kubernetes API can be reached.
type Endpoint struct {
	// private: from the VPC and the ranges in privateCidrs. privateAndPublic: from the ranges in publicCidrs, too. public:
	// from the internet alone; nodes then use their NAT gateways, whose addresses publicCidrs must hold if it is set.
	Access EndpointAccess `json:"access,omitempty" jsonschema:"enum=private,enum=privateAndPublic,enum=public,default=private"`
	// Public ranges that may reach the endpoint on the internet, at most 40. privateAndPublic requires it; with public it
	// defaults to everywhere; with private it has no meaning.
	PublicCIDRs []string `json:"publicCidrs,omitempty" jsonschema:"minItems=1,maxItems=40,uniqueItems=true,format=network"`
	// Ranges outside the VPC that may reach the private endpoint, at most 40: of a VPN, of peers, of an office. Their
	// routes, the way back from the control plane's subnets among them, are made outside. The VPC's own ranges may always.
	PrivateCIDRs []string `json:"privateCidrs,omitempty" jsonschema:"maxItems=40,uniqueItems=true,format=ipv4-network"`
}

// Logs configures the control plane's logs.
type Logs struct {
	// Which logs the control plane writes; by default all five. An empty list turns them off.
	Types []LogType `json:"types,omitempty" jsonschema:"uniqueItems=true,enum=api,enum=audit,enum=authenticator,enum=controllerManager,enum=scheduler,default=api,default=audit,default=authenticator,default=controllerManager,default=scheduler"`
	// Days until CloudWatch Logs deletes a record. Shortening it deletes older records soon after.
	RetentionDays retention.Days `json:"retentionDays,omitempty" jsonschema:"default=90"`
	// Encrypt the logs with a KMS key of the cluster's own instead of CloudWatch's. Records keep the key that they were
	// written with: while protect holds, turning it off is refused, because it would delete the key.
	KMS bool `json:"kms,omitempty" jsonschema:"default=false"`
}

// Access gives one IAM principal access to the Kubernetes API.
type Access struct {
	// Name of the entry in this file, for example platform-admins; lower-case letters, digits and hyphens. To change it,
	// take the entry out, update, and add it again: EKS has one entry per principal, and refuses the new one while the
	// old one is there.
	Name string `json:"name" jsonschema:"required,format=dns-label,maxLength=60"`
	// ARN of the IAM role or user, with its path. An assumed-role session, a group, the account's root and service-linked
	// roles cannot have access. Changing it replaces the entry.
	PrincipalARN string `json:"principalArn" jsonschema:"required,format=iam-principal-arn"`
	// Name that Kubernetes knows the principal by, in audit logs for example. By default EKS derives it from the ARN;
	// taking it away keeps the present name.
	Username string `json:"username,omitempty"`
	// Kubernetes groups that the principal is in, for role bindings inside the cluster. Names that begin with system:
	// belong to Kubernetes.
	KubernetesGroups []string `json:"kubernetesGroups,omitempty" jsonschema:"uniqueItems=true,minLength=1"`
	// EKS access policies: permissions without any role binding in the cluster.
	Policies []AccessPolicy `json:"policies,omitempty"`
}

// AccessPolicy is an EKS access policy, for the whole cluster or for namespaces.
type AccessPolicy struct {
	// The policy. AmazonEKSClusterAdminPolicy is everything; AmazonEKSAdminPolicy is everything in a namespace but its
	// quota; AmazonEKSEditPolicy writes and AmazonEKSViewPolicy reads workloads, the latter no secrets;
	// AmazonEKSAdminViewPolicy reads everything, secrets too; AmazonEKSSecretReaderPolicy reads secrets.
	Policy string `json:"policy" jsonschema:"required,enum=AmazonEKSAdminPolicy,enum=AmazonEKSAdminViewPolicy,enum=AmazonEKSClusterAdminPolicy,enum=AmazonEKSEditPolicy,enum=AmazonEKSSecretReaderPolicy,enum=AmazonEKSViewPolicy"`
	// Namespaces that the policy is limited to, where a star at the end stands for anything: team-a-*. By default the
	// whole cluster. Changing it takes the policy away for a moment.
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
	// VPCID is the VPC that the subnets belong to. Required. No cluster moves to another VPC: another id replaces it.
	VPCID pulumi.StringInput `args:"required"`
	// VPCCIDRs are the VPC's ranges. They may reach the private endpoint, and the service range must not overlap them.
	VPCCIDRs []string
	// ZoneIDs lists the network's zones, for checks: Zones must be among them.
	ZoneIDs []string
	// PodSecurityGroups lets the control plane manage the branch network interfaces that security groups for pods need.
	PodSecurityGroups bool
	// Tags go onto every resource that can carry tags, together with a Name.
	Tags map[string]string
}

// summary is what a preview shows of the component itself: what a person decides about the cluster as a whole.
func (a *Args) summary() pulumi.Map {
	return pulumi.Map{
		"name":     pulumi.String(a.Name),
		"version":  pulumi.String(a.Version),
		"endpoint": pulumi.String(a.Endpoint.Access),
	}
}
