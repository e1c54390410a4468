package stacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// ContractVersion is the version of Contract's meaning. It moves when a member changes or goes; members may be added
// without it. A joining stack refuses a contract of another version.
const ContractVersion = 1

// contractOutput is the stack output that holds the contract.
const contractOutput = "contract"

// Contract is what the owner of a cluster promises to the stacks that join it. The owner writes it as a stack
// output, a joining stack reads it through a StackReference: the same struct at both ends.
type Contract struct {
	// Version is ContractVersion at the time the owner was last updated.
	Version int `json:"version"`
	// Environment is the owner's own environment.
	Environment string `json:"environment"`
	// AccountID and Region say where the cluster is.
	AccountID string `json:"accountId"`
	Region    string `json:"region"`
	// Cluster is the control plane.
	Cluster ClusterContract `json:"cluster"`
	// Network is the VPC.
	Network NetworkContract `json:"network"`
}

// ClusterContract is what a joining stack needs to know of the control plane.
type ClusterContract struct {
	// Name is the EKS cluster's name.
	Name string `json:"name"`
	// ARN identifies the cluster; the Kubernetes provider of every environment carries it as its identifier.
	ARN string `json:"arn"`
	// Version is the Kubernetes minor version, for example 1.35; node groups follow it.
	Version string `json:"version"`
	// Kubeconfig reaches the cluster with the caller's own AWS credentials; it holds no secret.
	Kubeconfig string `json:"kubeconfig"`
	// IPFamily is the address family of pods and services; empty, in contracts from before it was published, is ipv4.
	IPFamily cluster.IPFamily `json:"ipFamily"`
	// ServiceCIDR is the range of Kubernetes services, of that family; nodes with a custom AMI need it.
	ServiceCIDR string `json:"serviceCidr"`
	// OIDCIssuer and OIDCProviderARN let a role trust service accounts (IRSA).
	OIDCIssuer      string `json:"oidcIssuer"`
	OIDCProviderARN string `json:"oidcProviderArn"`
	// PrefixDelegation tells whether the VPC CNI hands out /28 prefixes, which decides max pods.
	PrefixDelegation bool `json:"prefixDelegation"`
	// SecurityGroupID is the security group that EKS makes for the control plane and gives to managed nodes.
	SecurityGroupID string `json:"securityGroupId"`
	// NetworkPolicy tells whether the VPC CNI enforces network policies.
	NetworkPolicy bool `json:"networkPolicy"`
	// PodSecurityGroups tells whether pods can have security groups of their own.
	PodSecurityGroups bool `json:"podSecurityGroups"`
	// SecretsDriver tells whether the Secrets Store CSI driver is installed, and with it the kind
	// SecretProviderClass.
	SecretsDriver bool `json:"secretsDriver"`
	// FluentBit tells whether pods' logs are shipped.
	FluentBit bool `json:"fluentBit"`
	// LogGroupName is the control plane's log group.
	LogGroupName string `json:"logGroupName"`
}

// NetworkContract is what a joining stack needs to know of the VPC.
type NetworkContract struct {
	// VPCID is the VPC that the cluster is in.
	VPCID string `json:"vpcId"`
	// ZoneIDs lists the zones in the owner's order.
	ZoneIDs []string `json:"zoneIds"`
	// ZoneNames maps zone ids to the account's zone names, as nodes are labelled with them.
	ZoneNames map[string]string `json:"zoneNames"`
	// PrivateSubnetIDs maps zone ids to the subnets that nodes stand in.
	PrivateSubnetIDs map[string]string `json:"privateSubnetIds"`
	// VPCCIDRs are the VPC's ranges.
	VPCCIDRs []string `json:"vpcCidrs"`
	// PublicSubnetCIDRs and PrivateSubnetCIDRs are the ranges that load balancers reach pods from.
	PublicSubnetCIDRs  []string `json:"publicSubnetCidrs"`
	PrivateSubnetCIDRs []string `json:"privateSubnetCidrs"`
	// PublicSubnetIPv6CIDRs and PrivateSubnetIPv6CIDRs are the same in a network with IPv6.
	PublicSubnetIPv6CIDRs  []string `json:"publicSubnetIpv6Cidrs"`
	PrivateSubnetIPv6CIDRs []string `json:"privateSubnetIpv6Cidrs"`
}

// validate tells why a contract that was read cannot be used.
func (c *Contract) validate() error {
	if c.Version != ContractVersion {
		return fmt.Errorf("the owner publishes version %d of the contract and this program reads version %d: "+
			"run both stacks with the same program, the owner first", c.Version, ContractVersion)
	}
	var missing []string
	for name, value := range map[string]string{
		"cluster.name": c.Cluster.Name, "cluster.arn": c.Cluster.ARN, "cluster.version": c.Cluster.Version,
		"network.vpcId": c.Network.VPCID, "accountId": c.AccountID, "region": c.Region,
	} {
		if value == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 || len(c.Network.PrivateSubnetIDs) == 0 {
		return errors.New("the owner's contract is incomplete: its last update did not finish; run it again")
	}
	return nil
}

// readContract reads the contract of the stack that a configuration joins.
func readContract(ctx *pulumi.Context, cfg *Config) (*Contract, error) {
	owner := cfg.Join.Stack
	name := fmt.Sprintf("%s/%s/%s", ctx.Organization(), ctx.Project(), owner)
	absent := fmt.Errorf("join.stack: stack %q has no cluster to join: bring it up first (pulumi up -s %s)", owner, owner)
	if unknownStack(ctx, name) {
		return nil, absent
	}
	ref, err := pulumi.NewStackReference(ctx, owner, &pulumi.StackReferenceArgs{Name: pulumi.String(name)})
	if err != nil {
		return nil, absent
	}
	details, err := ref.GetOutputDetails(contractOutput)
	if err != nil || details == nil || details.Value == nil {
		return nil, absent
	}
	raw, err := json.Marshal(details.Value)
	if err != nil {
		return nil, fmt.Errorf("join.stack: read the contract of %q: %w", owner, err)
	}
	c := &Contract{}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, fmt.Errorf("join.stack: the contract of %q has another form than this program reads: "+
			"run both stacks with the same program, the owner first", owner)
	}
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("join.stack: %q: %w", owner, err)
	}
	return c, joinable(cfg, c)
}

// unknownStack tells whether the backend has no such stack. Reading a StackReference to one fails in the engine, which
// then ends the run and never shows what the program has to say; a function call that fails leaves it to the program.
// Whatever else goes wrong with the call, the StackReference reports better.
func unknownStack(ctx *pulumi.Context, name string) bool {
	var ignored struct{}
	err := ctx.Invoke("pulumi:pulumi:readStackOutputs", map[string]any{"name": name}, &ignored)
	return err != nil && strings.Contains(err.Error(), "unknown stack")
}

// joinable holds a joining configuration against the contract it joins.
func joinable(cfg *Config, c *Contract) error {
	switch {
	case c.Environment == cfg.Environment:
		return fmt.Errorf("environment: %q is the owner's environment already, on the same cluster", cfg.Environment)
	case c.AccountID != cfg.AWS.AccountID:
		return fmt.Errorf("aws.accountId: must be that of %q, whose cluster it joins (%s), got %s",
			cfg.Join.Stack, c.AccountID, cfg.AWS.AccountID)
	case c.Region != cfg.AWS.Region:
		return fmt.Errorf("aws.region: must be that of %q, whose cluster it joins (%s), got %s",
			cfg.Join.Stack, c.Region, cfg.AWS.Region)
	case c.Cluster.SecurityGroupID == "":
		return fmt.Errorf("join.stack: %q was last updated by an older program, which did not tell all that this one needs: "+
			"update it first (pulumi up -s %s)", cfg.Join.Stack, cfg.Join.Stack)
	}
	if err := cfg.contractProblems(c).Err(); err != nil {
		return fmt.Errorf("the stack file does not fit the cluster of %q:\n%w", cfg.Join.Stack, err)
	}
	return nil
}

// contractProblems returns what components would refuse on the cluster that is joined: before anything registers, and
// all of it at once.
func (c *Config) contractProblems(joined *Contract) problem.List {
	var out problem.List
	for i, g := range c.NodeGroups {
		args := nodegroup.Args{
			Settings: g, ClusterVersion: joined.Cluster.Version, Region: c.AWS.Region, ZoneIDs: joined.Network.ZoneIDs,
			PrefixDelegation: joined.Cluster.PrefixDelegation, IPv6: joined.Cluster.IPFamily == cluster.IPv6, Tags: c.tags(),
		}
		out = append(out, args.Problems().Under(fmt.Sprintf("nodeGroups[%d]", i))...)
	}
	if c.Tenancy != nil {
		out = append(out, c.tenancyArgs(joined.host()).Problems().Under("tenancy")...)
	}
	return out
}

// publish exports the owner's contract, the stack's only output.
func publish(ctx *pulumi.Context, cfg *Config, control *cluster.Cluster, net *network.Network, kubeconfig pulumi.StringOutput) {
	ctx.Export(contractOutput, pulumi.Map{
		"version":     pulumi.Int(ContractVersion),
		"environment": pulumi.String(cfg.Environment),
		"accountId":   pulumi.String(cfg.AWS.AccountID),
		"region":      pulumi.String(cfg.AWS.Region),
		"cluster": pulumi.Map{
			"name":              control.Name,
			"arn":               control.ARN,
			"version":           pulumi.String(cfg.Cluster.Version),
			"kubeconfig":        kubeconfig,
			"ipFamily":          pulumi.String(cfg.Cluster.IPFamily),
			"serviceCidr":       control.ServiceCIDR,
			"oidcIssuer":        control.OIDCIssuer,
			"oidcProviderArn":   control.OIDCProviderARN,
			"prefixDelegation":  pulumi.Bool(*cfg.Addons.VPCCNI.PrefixDelegation),
			"securityGroupId":   control.SecurityGroupID,
			"networkPolicy":     pulumi.Bool(*cfg.Addons.VPCCNI.NetworkPolicy),
			"podSecurityGroups": pulumi.Bool(cfg.Addons.VPCCNI.PodSecurityGroups),
			"secretsDriver":     pulumi.Bool(cfg.Secrets != nil),
			"fluentBit":         pulumi.Bool(cfg.collectsLogs()),
			"logGroupName":      control.LogGroupName,
		},
		"network": pulumi.Map{
			"vpcId":                  net.VPCID,
			"zoneIds":                pulumi.ToStringArray(cfg.Network.Zones),
			"zoneNames":              pulumi.StringMap(inputs(net.ZoneNames)),
			"privateSubnetIds":       pulumi.StringMap(inputs(net.PrivateSubnetIDByZone)),
			"vpcCidrs":               pulumi.ToStringArray(cfg.vpcCIDRs()),
			"publicSubnetCidrs":      pulumi.ToStringArray(subnetCIDRs(net.Plan, network.TierPublic)),
			"privateSubnetCidrs":     pulumi.ToStringArray(subnetCIDRs(net.Plan, network.TierPrivate)),
			"publicSubnetIpv6Cidrs":  net.IPv6CIDRs(network.TierPublic),
			"privateSubnetIpv6Cidrs": net.IPv6CIDRs(network.TierPrivate),
		},
	})
}
