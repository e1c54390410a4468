package cluster

import (
	"fmt"
	"slices"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/schema"
	"github.com/eks-platform/eks-platform/internal/tags"
)

// Type is part of every child's URN. It never changes.
const Type = "eks-platform:cluster:Cluster"

// Cluster is an EKS control plane.
type Cluster struct {
	pulumi.ResourceState

	// Name is the EKS cluster's name. Resources that use it wait for the control plane.
	Name pulumi.StringOutput
	// ARN identifies the cluster.
	ARN pulumi.StringOutput
	// Endpoint is the URL of the Kubernetes API.
	Endpoint pulumi.StringOutput
	// CertificateAuthority is the API's CA certificate, PEM in base64.
	CertificateAuthority pulumi.StringOutput
	// Version is the Kubernetes minor version.
	Version pulumi.StringOutput
	// ServiceCIDR is the range of Kubernetes services: known from the start with ipFamily ipv4, EKS's choice with ipv6.
	ServiceCIDR pulumi.StringOutput
	// SecurityGroupID is the security group that EKS creates for the control plane and attaches to managed nodes.
	SecurityGroupID pulumi.StringOutput
	// OIDCIssuer is the host and path of the issuer of service account tokens, without https://, as in the conditions of
	// trust policies.
	OIDCIssuer pulumi.StringOutput
	// OIDCProviderARN is the IAM OIDC provider that lets roles trust service accounts. Grant sets it.
	OIDCProviderARN pulumi.StringOutput
	// LogGroupName is the log group of the control plane.
	LogGroupName pulumi.StringOutput
	// Resource is the control plane itself, for arguments that take a whole cluster, such as pulumi-eks' CoreDataArgs.
	Resource *awseks.Cluster

	b *builder
}

// builder registers the children of one cluster.
type builder struct {
	ctx      *pulumi.Context
	args     *Args
	settings Settings
	kids     child.Of
	// before are resources that the control plane needs although none of its inputs refers to them.
	before []pulumi.Resource
	// inputs are what the control plane's registration waits for.
	inputs []pulumi.Output
	// access are the access entries and their policies.
	access []pulumi.Resource
}

// New registers the control plane, preceded by what it needs: its role, its keys, its log group. It registers nothing if
// args are invalid. Call Grant afterwards, once.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Cluster, error) {
	if err := schema.Prepare(args, (*Args).settings, (*Args).relations); err != nil {
		return nil, fmt.Errorf("cluster %q: %w", name, err)
	}
	c := &Cluster{}
	if err := ctx.RegisterComponentResourceV2(Type, name, args.summary(), c, opts...); err != nil {
		return nil, fmt.Errorf("cluster %q: %w", name, err)
	}
	c.b = &builder{ctx: ctx, args: args, settings: args.Settings, kids: child.Of{Parent: c, Name: name}}
	if err := c.b.createControlPlane(c); err != nil {
		return nil, fmt.Errorf("cluster %q: %w", name, err)
	}
	return c, nil
}

// Inputs returns what the control plane's registration waits for. Once all of them have resolved, its registration is sent
// to the engine, and later registrations queue behind it.
func (c *Cluster) Inputs() []pulumi.Output { return slices.Clone(c.b.inputs) }

// Access returns the access entries and their policies, once Grant has registered them. Resources that use the Kubernetes
// API are registered after them, because they need the access, but do not depend on them: access is revoked one entry at a
// time.
func (c *Cluster) Access() []pulumi.Resource { return slices.Clone(c.b.access) }

// Grant registers what the control plane does not need to start: access entries, ingress rules for its private endpoint,
// and the OIDC provider.
func (c *Cluster) Grant(ctx *pulumi.Context) error {
	for _, step := range []func(*Cluster) error{c.b.createAccess, c.b.createIngress, c.b.createOIDCProvider} {
		if err := step(c); err != nil {
			return fmt.Errorf("cluster %q: %w", c.b.kids.Name, err)
		}
	}
	return ctx.RegisterResourceOutputs(c, pulumi.Map{
		"name":                 c.Name,
		"arn":                  c.ARN,
		"endpoint":             c.Endpoint,
		"certificateAuthority": c.CertificateAuthority,
		"version":              c.Version,
		"securityGroupId":      c.SecurityGroupID,
		"oidcIssuer":           c.OIDCIssuer,
		"oidcProviderArn":      c.OIDCProviderARN,
		"logGroupName":         c.LogGroupName,
	})
}

func (b *builder) createControlPlane(c *Cluster) error {
	roleARN, err := b.createRole()
	if err != nil {
		return err
	}
	secretsKeyARN, err := b.createSecretsKey()
	if err != nil {
		return err
	}
	if err := b.createLogGroup(c); err != nil {
		return err
	}
	subnetIDs := b.args.SubnetIDs.ToStringArrayOutput()
	b.inputs = append(b.inputs, roleARN, secretsKeyARN, subnetIDs)

	id := b.kids.ID("cluster")
	raw, err := awseks.NewCluster(b.ctx, id, &awseks.ClusterArgs{
		Name:    pulumi.String(b.settings.Name),
		Version: pulumi.String(b.settings.Version),
		RoleArn: roleARN,
		AccessConfig: awseks.ClusterAccessConfigArgs{
			AuthenticationMode:                      pulumi.String("API"),
			BootstrapClusterCreatorAdminPermissions: pulumi.Bool(false),
		},
		// The add-ons are installed through the EKS API, with versions; EKS must not also install unmanaged ones.
		BootstrapSelfManagedAddons: pulumi.Bool(false),
		VpcConfig:                  b.vpcConfig(subnetIDs),
		KubernetesNetworkConfig:    b.networkConfig(),
		EncryptionConfig: awseks.ClusterEncryptionConfigArgs{
			Provider:  awseks.ClusterEncryptionConfigProviderArgs{KeyArn: secretsKeyARN},
			Resources: pulumi.StringArray{pulumi.String("secrets")},
		},
		EnabledClusterLogTypes: b.logTypes(),
		UpgradePolicy:          awseks.ClusterUpgradePolicyArgs{SupportType: pulumi.String(b.settings.SupportType)},
		ZonalShiftConfig:       awseks.ClusterZonalShiftConfigArgs{Enabled: pulumi.Bool(b.settings.ZonalShift)},
		Tags:                   b.tags(b.settings.Name),
	}, b.kids.Opts(
		pulumi.Protect(*b.settings.Protect),
		pulumi.DependsOn(b.before),
		// EKS reads both flags when it creates a cluster and never reports them afterwards. A cluster that was imported, or
		// created before the provider knew them, would otherwise be replaced.
		pulumi.IgnoreChanges([]string{"bootstrapSelfManagedAddons", "accessConfig.bootstrapClusterCreatorAdminPermissions"}),
		// A cluster can never change its key. The provider plans another key as an update, which does nothing: the old key
		// would be deleted in the same run, and every secret lost. It keeps its zones, too: the provider plans other
		// subnets as an update, which EKS refuses in the middle of a run.
		pulumi.ReplaceOnChanges([]string{"encryptionConfig.provider.keyArn", "vpcConfig.subnetIds"}),
		pulumi.ReplacementTrigger(b.args.VPCID),
		pulumi.DeleteBeforeReplace(true), // its name is taken until it is gone
	)...)
	if err != nil {
		return fmt.Errorf("create the control plane: %w", err)
	}
	c.Resource = raw
	c.Name = raw.Name
	c.ARN = raw.Arn
	c.Endpoint = raw.Endpoint
	c.CertificateAuthority = raw.CertificateAuthority.Data().Elem()
	c.Version = raw.Version
	c.ServiceCIDR = pulumi.String(b.settings.ServiceCIDR).ToStringOutput()
	if b.settings.IPFamily == IPv6 {
		c.ServiceCIDR = raw.KubernetesNetworkConfig.ServiceIpv6Cidr().Elem()
	}
	c.SecurityGroupID = raw.VpcConfig.ClusterSecurityGroupId().Elem()
	c.OIDCIssuer = issuer(raw)
	return nil
}

func (b *builder) vpcConfig(subnetIDs pulumi.StringArrayOutput) awseks.ClusterVpcConfigArgs {
	e := b.settings.Endpoint
	out := awseks.ClusterVpcConfigArgs{
		SubnetIds:             subnetIDs,
		EndpointPrivateAccess: pulumi.Bool(e.Access != Public),
		EndpointPublicAccess:  pulumi.Bool(e.Access != Private),
	}
	switch {
	case len(e.PublicCIDRs) > 0:
		out.PublicAccessCidrs = pulumi.ToStringArray(e.PublicCIDRs)
	case e.Access == Public:
		// Set explicitly, because leaving it out would keep the old ranges.
		out.PublicAccessCidrs = pulumi.StringArray{pulumi.String("0.0.0.0/0")}
		if b.settings.IPFamily == IPv6 { // its endpoint has addresses of both families
			out.PublicAccessCidrs = pulumi.ToStringArray([]string{"0.0.0.0/0", "::/0"})
		}
	}
	return out
}

func (b *builder) networkConfig() awseks.ClusterKubernetesNetworkConfigArgs {
	out := awseks.ClusterKubernetesNetworkConfigArgs{IpFamily: pulumi.String(b.settings.IPFamily)}
	if b.settings.IPFamily == IPv4 { // EKS assigns the range of IPv6 services and refuses an IPv4 one beside it
		out.ServiceIpv4Cidr = pulumi.String(b.settings.ServiceCIDR)
	}
	return out
}

// tags returns the tags of a resource.
func (b *builder) tags(name string) pulumi.StringMap {
	return tags.Named(b.args.Tags, name)
}
