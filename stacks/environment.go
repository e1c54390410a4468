package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"

	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/components/logging"
	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/components/tenancy"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/identity"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// host is the cluster that an environment's namespaces are on, the stack's own or another's, as far as it is known
// without the cloud.
type host struct {
	name, version                         string
	ipv6                                  bool
	networkPolicy                         bool
	podSecurityGroups                     bool
	secretsDriver                         bool
	publicSubnetCIDRs, privateSubnetCIDRs []string
}

// host returns the cluster that the stack owns.
func (c *Config) host() host {
	plan, _ := network.NewPlan(*c.Network) // its problems are reported with the network's
	return host{
		name: c.Cluster.Name, version: c.Cluster.Version, ipv6: c.ipv6(),
		networkPolicy: *c.Addons.VPCCNI.NetworkPolicy, podSecurityGroups: c.Addons.VPCCNI.PodSecurityGroups,
		secretsDriver:     c.Secrets != nil,
		publicSubnetCIDRs: subnetCIDRs(plan, network.TierPublic), privateSubnetCIDRs: subnetCIDRs(plan, network.TierPrivate),
	}
}

func subnetCIDRs(plan network.Plan, tier network.Tier) []string {
	var out []string
	for _, row := range plan.Tier(tier) {
		out = append(out, row.CIDR.String())
	}
	return out
}

// host returns the cluster that a contract tells of.
func (c *Contract) host() host {
	return host{
		name: c.Cluster.Name, version: c.Cluster.Version, ipv6: c.Cluster.IPFamily == cluster.IPv6,
		networkPolicy: c.Cluster.NetworkPolicy, podSecurityGroups: c.Cluster.PodSecurityGroups,
		secretsDriver:     c.Cluster.SecretsDriver,
		publicSubnetCIDRs: c.Network.PublicSubnetCIDRs, privateSubnetCIDRs: c.Network.PrivateSubnetCIDRs,
	}
}

// ground is what an environment's components need of the cluster that only the cloud knows.
type ground struct {
	clusterName            pulumi.StringInput
	vpcID                  pulumi.StringInput
	clusterSecurityGroupID pulumi.StringInput
	oidc                   *identity.OIDC
	publicSubnetIPv6CIDRs  pulumi.StringArrayInput
	privateSubnetIPv6CIDRs pulumi.StringArrayInput
	// controlPlaneLogGroup is the control plane's log group.
	controlPlaneLogGroup pulumi.StringInput
}

// environment is what belongs to one environment: its logs, and its namespaces with all that is in them; nil where the
// stack file leaves them out.
type environment struct {
	logging     *logging.Logging
	tenancy     *tenancy.Tenancy
	tenancyArgs *tenancy.Args
}

// newEnvironment registers its AWS side.
func newEnvironment(ctx *pulumi.Context, cfg *Config, h host, g ground, providers pulumi.ResourceOption) (*environment, error) {
	e := &environment{}
	var err error
	if cfg.Logging != nil {
		args := cfg.loggingArgs(h)
		args.ClusterNameOutput, args.ControlPlaneLogGroup = g.clusterName, g.controlPlaneLogGroup
		if e.logging, err = logging.New(ctx, cfg.Environment, args, providers); err != nil {
			return nil, err
		}
	}
	if cfg.Tenancy != nil {
		args := cfg.tenancyArgs(h)
		args.ClusterNameOutput = g.clusterName
		args.VPCID, args.ClusterSecurityGroupID, args.OIDC = g.vpcID, g.clusterSecurityGroupID, g.oidc
		args.PublicSubnetIPv6CIDRs, args.PrivateSubnetIPv6CIDRs = g.publicSubnetIPv6CIDRs, g.privateSubnetIPv6CIDRs
		e.tenancyArgs = args
		if e.tenancy, err = tenancy.New(ctx, cfg.Environment, args, providers); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// install registers what the environment has inside the cluster. secretsDriver brings the kind SecretProviderClass,
// where this stack does.
func (e *environment) install(ctx *pulumi.Context, inside *inCluster, secretsDriver []pulumi.Resource) error {
	if e.logging != nil {
		if err := e.logging.Install(ctx, inside.opts()...); err != nil {
			return err
		}
	}
	if e.tenancy == nil {
		return nil
	}
	e.tenancyArgs.SecretsDriver = secretsDriver
	return e.tenancy.Install(ctx, inside.opts()...)
}

func (c *Config) loggingArgs(h host) *logging.Args {
	return &logging.Args{
		Settings: *c.Logging, Environment: c.Environment, ClusterName: h.name, Region: c.AWS.Region, AccountID: c.AWS.AccountID,
		Owner: c.Owner(), IPv6: h.ipv6, Registries: c.ImageRegistries, Tags: c.tags(),
	}
}

func (c *Config) tenancyArgs(h host) *tenancy.Args {
	return &tenancy.Args{
		Settings: *c.Tenancy, Environment: c.Environment, Region: c.AWS.Region, AccountID: c.AWS.AccountID,
		ClusterName: h.name, ClusterVersion: h.version, IPv6: h.ipv6,
		PublicSubnetCIDRs: h.publicSubnetCIDRs, PrivateSubnetCIDRs: h.privateSubnetCIDRs,
		NetworkPolicy: h.networkPolicy, PodSecurityGroups: h.podSecurityGroups, SecretsDriverInstalled: h.secretsDriver,
		Tags: c.tags(),
	}
}

// collectsLogs tells whether the stack runs Fluent Bit on its cluster.
func (c *Config) collectsLogs() bool { return c.Logging != nil && c.Logging.FluentBit != nil }

// environmentProblems checks what belongs to the environment, in a joining stack without what its owner says.
func (c *Config) environmentProblems() problem.List {
	var out problem.List
	known := c.Owner() && c.Cluster != nil && c.Network != nil && c.Addons != nil
	if c.Logging != nil {
		args := logging.Args{Settings: *c.Logging, Owner: c.Owner()}
		out = append(out, args.Problems().Under("logging")...)
	}
	switch {
	case c.Tenancy == nil:
	case known:
		out = append(out, c.tenancyArgs(c.host()).Problems().Under("tenancy")...)
		out = append(out, principalProblems(c.Cluster, c.Tenancy)...)
	default:
		out = append(out, c.Tenancy.Problems(c.Environment).Under("tenancy")...)
	}
	if c.Owner() && c.Autoscaling == nil {
		out = append(out, autoscaledProblems(c.NodeGroups)...)
	}
	return out
}

// autoscaledProblems reports node groups that nobody would scale.
func autoscaledProblems(groups []nodegroup.Settings) problem.List {
	var out problem.List
	for i, g := range groups {
		if g.Scaling.Autoscaled {
			at := fmt.Sprintf("nodeGroups[%d].scaling.autoscaled", i)
			out.Relate(at, []string{at, "$.autoscaling"}, "the cluster has no Cluster Autoscaler: its owner's stack file needs autoscaling")
		}
	}
	return out
}

// principalProblems reports principals of the tenancy that the cluster gives access to already.
func principalProblems(c *cluster.Settings, t *tenancy.Settings) problem.List {
	var out problem.List
	for _, p := range t.Principals() {
		for i, a := range c.Access {
			if a.PrincipalARN == p.ARN {
				at := "tenancy." + p.Path
				out.Relate(at, []string{at, fmt.Sprintf("$.cluster.access[%d].principalArn", i)}, "has access by cluster.access[%d] already, and an EKS cluster has one entry per principal: "+
					"give that entry kubernetesGroups, or use another role", i)
			}
		}
	}
	return out
}

// spotProblems holds the node groups against the rule that keeps environments apart on a cluster: spot nodes, and no
// others, have the label that pods of a spot-bound environment require and the taint that only they tolerate.
func (c *Config) spotProblems() problem.List {
	var out problem.List
	label, taint := convention.SpotLabel+"="+convention.SpotLabelValue, convention.Taint()
	spot := 0
	for i, g := range c.NodeGroups {
		at := fmt.Sprintf("nodeGroups[%d]", i)
		labelled := g.Labels[convention.SpotLabel] == convention.SpotLabelValue
		tainted, closed := false, false
		for _, t := range g.Taints {
			if t.Key == taint.Key && t.Value == taint.Value && t.Effect == string(taint.Effect) {
				tainted = true
			} else {
				closed = closed || t.Effect != string(corev1.TaintEffectPreferNoSchedule)
			}
		}
		switch {
		case g.OnDemand() && labelled:
			out.Relate(at+".labels", []string{at + ".labels", at + ".capacity"}, "%s marks spot nodes: pods that are bound to spot nodes would run on this group, which is on demand", label)
		case g.OnDemand():
		case !labelled:
			out.Relate(at+".labels", []string{at + ".labels", at + ".capacity"}, "a spot group needs %s: pods that are bound to spot nodes require it", label)
		case !tainted:
			out.Relate(at+".taints", []string{at + ".taints", at + ".capacity"}, "a spot group needs %s: without it pods that must not be interrupted would run there",
				fmt.Sprintf("{key: %s, value: %q, effect: %s}", taint.Key, taint.Value, taint.Effect))
		case !closed: // pods of a spot-bound environment tolerate no other taint by themselves
			spot++
		}
	}
	if c.Tenancy != nil && c.Tenancy.Capacity == tenancy.Spot && spot == 0 && len(out) == 0 {
		out.Relate("tenancy.capacity", append(c.groupPaths("capacity", "labels", "taints"), "tenancy.capacity"), "the environment is bound to spot nodes and has no spot node group without further taints: no pod could run")
	}
	return out
}
