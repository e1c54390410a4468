package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/components/addons"
	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/internal/arn"
	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/service"
	"github.com/eks-platform/eks-platform/internal/tags"
)

// Config is a stack file: everything that makes one environment different from another.
type Config struct {
	// Name of the environment, for example dev. It prefixes the names of what belongs to the environment alone, such as its
	// node groups, and must be unique on a cluster. In one account, no environment's or cluster's name may begin with
	// another's and a hyphen (dev and dev-eu), since deploy roles are limited by these prefixes. Changing it replaces what
	// bears it.
	Environment string `json:"environment" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,18}[a-z0-9]$"`
	// The AWS account and region that the stack runs in.
	AWS AWS `json:"aws" jsonschema:"required"`
	// Tags of every AWS resource of the stack, for example for cost allocation. Changing them updates the resources in
	// place; running nodes get them when they are replaced.
	Tags map[string]string `json:"tags,omitempty"`
	// The stack whose cluster this environment joins. A stack has either join, or network, cluster and addons.
	Join *Join `json:"join,omitempty"`
	// The VPC that the stack owns.
	Network *network.Settings `json:"network,omitempty"`
	// The EKS cluster that the stack owns.
	Cluster *cluster.Settings `json:"cluster,omitempty"`
	// The EKS add-ons of the cluster that the stack owns.
	Addons *addons.Settings `json:"addons,omitempty"`
	// The environment's managed node groups. The owner of a cluster needs at least one untainted on-demand group, which
	// runs the system add-ons.
	NodeGroups []nodegroup.Settings `json:"nodeGroups" jsonschema:"required,minItems=1"`
	// Registries that replace those of the platform's images, such as public.ecr.aws:
	// 111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public. For clusters without internet access. Only in a stack that
	// owns its cluster. Changing it replaces the pods.
	ImageRegistries image.Registries `json:"imageRegistries,omitempty"`
	// What deploys of the environment require. The program itself ignores it.
	Delivery Delivery `json:"delivery,omitempty"`

	// services are the services that the file turns on: the keys of the registry.
	services service.Set
}

// Service returns the settings of a service by their type, such as tenancy.Settings, or nil if the stack file does not set
// it.
func Service[S any](c *Config) *S { return service.Of[S](c.services) }

// Delivery is what deploys of an environment require.
type Delivery struct {
	// Refuse to deploy without a reference to an approval, such as a change number or a review's URL. It is recorded in the
	// deploy history.
	RequireApproval bool `json:"requireApproval,omitempty" jsonschema:"default=false"`
}

// AWS is the account and region of a stack.
type AWS struct {
	// The 12-digit ID of the AWS account, in quotes. The stack refuses to run with credentials for any other account. To
	// use another account, create a new stack instead of changing it.
	AccountID string `json:"accountId" jsonschema:"required,format=aws-account-id"`
	// The AWS region, for example eu-west-1. Changing it replaces everything.
	Region string `json:"region" jsonschema:"required,format=aws-region"`
	// A role to assume for every AWS call; by default the credentials found by the AWS SDK are used directly.
	AssumeRoleARN string `json:"assumeRoleArn,omitempty" jsonschema:"format=iam-role-arn"`
}

// Join names the stack that owns the cluster.
type Join struct {
	// Name of the owning stack, for example dev. Its outputs are read at every preview and update.
	Stack string `json:"stack" jsonschema:"required"`
}

// Owner reports whether the stack owns its cluster.
func (c *Config) Owner() bool { return c.Join == nil }

// problems returns what is wrong with the configuration beyond the schema, as far as this one file shows it.
func (c *Config) problems() problem.List {
	var out problem.List
	if wrong := c.place().Elsewhere(c.AWS.AssumeRoleARN); wrong != "" {
		out.Relate("aws.assumeRoleArn", []string{"aws.assumeRoleArn", "aws.region", "aws.accountId"}, "%s", wrong)
	}
	out = append(out, tagProblems(c.Tags).Under("tags")...)
	out = append(out, c.roleProblems()...)
	if c.Owner() {
		out = append(out, c.ownerProblems()...)
	}
	out = append(out, c.spotProblems()...)
	out = append(out, c.problemsOn(c.cluster())...)
	return out
}

// place is where the stack runs.
func (c *Config) place() arn.Place {
	return arn.Place{Region: c.AWS.Region, AccountID: c.AWS.AccountID}
}

// roleProblems checks that a stack either owns or joins.
func (c *Config) roleProblems() problem.List {
	var out problem.List
	type part struct {
		key           string
		set, required bool
	}
	parts := []part{
		{"network", c.Network != nil, true}, {"cluster", c.Cluster != nil, true}, {"addons", c.Addons != nil, true},
		{"imageRegistries", len(c.ImageRegistries) > 0, false},
	}
	for _, key := range c.services.Misplaced() {
		parts = append(parts, part{key, true, false})
	}
	for _, p := range parts {
		switch {
		case c.Join != nil && p.set:
			out.Relate(p.key, []string{p.key, "join"}, "cannot be combined with join: the stack %q owns the cluster and sets it", c.Join.Stack)
		case c.Join == nil && !p.set && p.required:
			out.Relate(p.key, []string{p.key, "join"}, "is required in a stack that owns its cluster; a stack that uses another's sets join instead")
		}
	}
	return out
}

func (c *Config) ownerProblems() problem.List {
	var out problem.List
	if c.Network != nil {
		out = append(out, c.networkArgs().Problems().Under("network")...)
	}
	if c.Cluster != nil {
		out = append(out, c.clusterArgs().Problems().Under("cluster")...)
	}
	if c.Addons != nil && c.Cluster != nil {
		out = append(out, c.addonsArgs().Problems().Under("addons")...)
	}
	if c.Addons != nil && c.Network != nil && c.Network.SecondaryCIDR == "" && c.Addons.VPCCNI.CustomNetworking != nil && *c.Addons.VPCCNI.CustomNetworking {
		out.Relate("addons.vpcCni.customNetworking", []string{"addons.vpcCni.customNetworking", "network.secondaryCidr"},
			"needs network.secondaryCidr, which the pods' subnets are cut from")
	}
	if !slices.ContainsFunc(c.NodeGroups, carriesSystemAddons) && len(c.NodeGroups) > 0 {
		out.Relate("nodeGroups", c.groupPaths("capacity", "taints", "scaling", "schedules"), "every group is tainted, spot or at times empty: coredns and the other system add-ons need one "+
			"untainted onDemand group with scaling.min, and min of all its schedules, of at least 1")
	}
	if c.Network != nil {
		_, over := IPBudget(map[string]*Config{c.Environment: c})
		out = append(out, over...)
	}
	return append(out, c.ImageRegistries.Problems().Under("imageRegistries")...)
}

// problemsOn returns what is wrong with what the stack puts on a cluster: its own as far as its file says, the one that it
// joins, or nil if that is not known.
func (c *Config) problemsOn(on *contract.Cluster) problem.List {
	out := c.nodeGroupProblems(on)
	out = append(out, c.services.Problems(c.service(on))...)
	if c.Owner() && c.Cluster != nil {
		out = append(out, principalProblems(c.Cluster, c.services.Claims(c.Environment).Principals)...)
	}
	if c.Owner() && !c.autoscales() {
		out = append(out, autoscaledProblems(c.NodeGroups)...)
	}
	return append(out, c.trunkProblems(on)...)
}

// carriesSystemAddons reports whether the system add-ons can always run on a group: it must not be spot, tainted, or scaled
// to zero by a schedule.
func carriesSystemAddons(g nodegroup.Settings) bool {
	empties := func(s nodegroup.Schedule) bool { return s.Min == 0 }
	return g.OnDemand() && !g.Tainted() && g.Scaling.Min > 0 && !slices.ContainsFunc(g.Schedules, empties)
}

func (c *Config) nodeGroupProblems(on *contract.Cluster) problem.List {
	var out problem.List
	seen := map[string]int{}
	for i, g := range c.NodeGroups {
		at := fmt.Sprintf("nodeGroups[%d]", i)
		if first, twice := seen[g.Name]; twice {
			out.Relate(at+".name", []string{at + ".name", fmt.Sprintf("nodeGroups[%d].name", first)}, "%q is already the name of nodeGroups[%d]", g.Name, first)
		} else {
			seen[g.Name] = i
		}
		out = append(out, c.nodeGroupArgs(g, on).Problems().Under(at)...)
	}
	return out
}

// groupPaths returns the paths of keys of every node group.
func (c *Config) groupPaths(keys ...string) []string {
	if len(c.NodeGroups) == 0 {
		return []string{"nodeGroups"}
	}
	var out []string
	for i := range c.NodeGroups {
		for _, key := range keys {
			out = append(out, fmt.Sprintf("nodeGroups[%d].%s", i, key))
		}
	}
	return out
}

// tagProblems checks the stack's tags against AWS's rules, each other and the platform's own tags, which may be repeated
// with the same spelling.
func tagProblems(own map[string]string) problem.List {
	out := tags.Problems(own)
	known := map[string]string{"environment": "environment", "managed-by": "managed-by"}
	for _, key := range slices.Sorted(maps.Keys(own)) {
		lower := strings.ToLower(key)
		if other, twice := known[lower]; twice && other != key {
			out.Relate(key, []string{key, other}, "it differs from %s only in case, which IAM ignores in keys: IAM refuses roles with both", other)
		}
		known[lower] = key
		if strings.HasPrefix(key, "kubernetes.io/cluster/") || strings.HasPrefix(key, "karpenter.sh/") {
			out.Add(key, "this tag is reserved for the cluster's controllers: on a security group of the platform it would break load balancers")
		}
	}
	if len(own) > 40 {
		out.Add("", "must have at most 40 tags, got %d: AWS allows 50 on a resource, and the platform adds its own", len(own))
	}
	return out
}
