package tenancy

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/identity"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/service"
)

// Service is the tenancy's entry in the registry.
var Service = service.Define(service.Definition[Settings]{
	Name: "tenancy", By: service.Every, Package: "components/tenancy",
	Doc: "Isolation and services for the teams of the environment: namespaces, quotas, network policies, roles, access. Without " +
		"it, the environment has no namespaces.",
	Uses: []string{"secrets"}, // whose chart installs the kind SecretProviderClass
	Problems: func(s service.Stack, settings *Settings) problem.List {
		if s.Cluster == nil {
			return settings.Problems(s.Environment)
		}
		return arguments(s, settings).Problems()
	},
	Claims: func(environment string, settings *Settings) service.Claims {
		out := service.Claims{Principals: settings.Principals()}
		for _, name := range settings.NamespaceNames(environment) {
			out.Namespaces = append(out.Namespaces, service.Claim{Name: name, Reads: []string{"namespaces", "tenants"}})
		}
		return out
	},
	New: func(ctx *pulumi.Context, name string, s service.Stack, settings *Settings, aws pulumi.ResourceOption) (service.Install, error) {
		args := arguments(s, settings)
		c, n := s.Cluster.ControlPlane, s.Cluster.Network
		args.ClusterNameOutput, args.ClusterSecurityGroupID, args.VPCID = c.NameOutput, c.SecurityGroupID, n.VPCID
		args.OIDC = &identity.OIDC{Issuer: c.OIDCIssuer, ProviderARN: c.OIDCProviderARN}
		args.PublicSubnetIPv6CIDRs, args.PrivateSubnetIPv6CIDRs = n.PublicSubnetIPv6CIDRs, n.PrivateSubnetIPv6CIDRs
		t, err := New(ctx, name, args, aws)
		if err != nil {
			return nil, err
		}
		s.Publishes.Namespaces = settings.NamespaceNames(s.Environment)
		s.Publishes.ServiceAccountRoleARNs = map[string]pulumi.StringOutput{}
		for account, role := range t.roles {
			s.Publishes.ServiceAccountRoleARNs[account] = role.ARN
		}
		s.Publishes.PodSecurityGroupIDs = map[string]pulumi.StringOutput{}
		for tenant, group := range t.groups {
			s.Publishes.PodSecurityGroupIDs[tenant] = group.ID().ToStringOutput()
		}
		return func(ctx *pulumi.Context, in service.Inside) ([]pulumi.Resource, error) {
			args.SecretsDriver = in.Ready("secrets")
			return nil, t.Install(ctx, in.Options...)
		}, nil
	},
})

func arguments(s service.Stack, settings *Settings) *Args {
	c, n := s.Cluster.ControlPlane, s.Cluster.Network
	return &Args{
		Settings: *settings, Environment: s.Environment, Region: s.Region, AccountID: s.AccountID,
		ClusterName: c.Name, ClusterVersion: c.KubernetesVersion, IPv6: c.IPv6(),
		PublicSubnetCIDRs: n.PublicSubnetCIDRs, PrivateSubnetCIDRs: n.PrivateSubnetCIDRs,
		NetworkPolicy: c.NetworkPolicy, PodSecurityGroups: c.PodSecurityGroups, SecretsDriverInstalled: c.SecretsDriver,
		Tags: s.Tags,
	}
}
