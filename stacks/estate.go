package stacks

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/components/tenancy"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// problems returns what is wrong between the files, by stack.
func (e *Estate) problems(broken map[string]bool) map[string]problem.List {
	out := lists{}
	names := e.Names()
	for i, name := range names {
		c := e.configs[name]
		for _, other := range names[:i] {
			if e.ownerOf(name) != e.ownerOf(other) { // those on one cluster are held against each other below
				accountProblems(name, c, other, e.configs[other], out)
			}
		}
		if c.Join != nil {
			if !broken[c.Join.Stack] {
				e.joinProblems(name, c, out)
			}
			continue
		}
		for _, other := range names[:i] {
			o := e.configs[other]
			if o.Join != nil {
				continue
			}
			ownerProblems(name, c, other, o, out)
		}
		e.sharedProblems(name, out)
	}
	return out
}

// lists are problems by stack.
type lists map[string]problem.List

// relate reports a problem between a stack's file and another. reads are paths in the file, or in the other if they begin
// at the root ($.).
func (l lists) relate(stack, path string, reads []string, format string, args ...any) {
	list := l[stack]
	list.Relate(path, reads, format, args...)
	l[stack] = list
}

// joinProblems checks a joining stack against the owner it names.
func (e *Estate) joinProblems(name string, c *Config, out lists) {
	owner := e.configs[c.Join.Stack]
	switch {
	case c.Join.Stack == name:
		out.relate(name, "join.stack", []string{"join.stack"}, "a stack cannot join itself")
		return
	case owner == nil:
		out.relate(name, "join.stack", []string{"join.stack"}, "there is no stack file Pulumi.%s.yaml", c.Join.Stack)
		return
	case owner.Join != nil:
		out.relate(name, "join.stack", []string{"join.stack"}, "%q owns no cluster: it joins %q; join that one", c.Join.Stack, owner.Join.Stack)
		return
	}
	if c.AWS.AccountID != owner.AWS.AccountID {
		out.relate(name, "aws.accountId", []string{"aws.accountId", "$.aws.accountId"}, "must be that of %q, whose cluster it joins (%s), got %s", c.Join.Stack, owner.AWS.AccountID, c.AWS.AccountID)
	}
	if c.AWS.Region != owner.AWS.Region {
		out.relate(name, "aws.region", []string{"aws.region", "$.aws.region"}, "must be that of %q, whose cluster it joins (%s), got %s", c.Join.Stack, owner.AWS.Region, c.AWS.Region)
	}
	if owner.Cluster == nil || owner.Network == nil || owner.Addons == nil {
		return // the owner's own problems say so
	}
	out[name] = append(out[name], c.problemsOn(owner.cluster())...)
	e.joinedLayerProblems(name, c, owner, out)
}

// joinedLayerProblems checks what a joining environment puts into the cluster against its owner's file.
func (e *Estate) joinedLayerProblems(name string, c, owner *Config, out lists) {
	out[name] = append(out[name], principalProblems(owner.Cluster, c.services.Claims(c.Environment).Principals)...)
	if !owner.autoscales() {
		out[name] = append(out[name], autoscaledProblems(c.NodeGroups)...)
	}
}

// ownerProblems checks two stacks that own a cluster each.
func ownerProblems(name string, c *Config, other string, o *Config, out lists) {
	if c.Cluster != nil && o.Cluster != nil && c.Cluster.Name == o.Cluster.Name &&
		c.AWS.AccountID == o.AWS.AccountID && c.AWS.Region == o.AWS.Region {
		out.relate(name, "cluster.name", []string{"cluster.name", "aws"}, "%q is already the name of the cluster of %q, in the same account and region", c.Cluster.Name, other)
	}
	if c.Network == nil || o.Network == nil {
		return
	}
	for _, own := range c.ranges() {
		for _, theirs := range o.ranges() {
			// The range for pods is not routed outside its VPC, and may be the same everywhere.
			if own.Prefix.Overlaps(theirs.Prefix) && !(own.pods && theirs.pods) {
				out.relate(name, own.path, []string{own.path}, "%s overlaps %s of %q (%s): the two could never be peered, or reached through one VPN",
					own.Prefix, theirs.Prefix, other, theirs.path)
			}
		}
	}
}

// ownerOf returns the stack that owns the cluster of a stack.
func (e *Estate) ownerOf(name string) string {
	if join := e.configs[name].Join; join != nil {
		return join.Stack
	}
	return name
}

// accountProblems checks two stacks on clusters of their own that share an account. The deploy role of each may touch what
// begins with the name of its environment or cluster, in IAM without regard to the region.
func accountProblems(name string, c *Config, other string, o *Config, out lists) {
	if c.AWS.AccountID != o.AWS.AccountID {
		return
	}
	for _, own := range c.beginnings() {
		for _, theirs := range o.beginnings() {
			if strings.HasPrefix(own.text, theirs.text+"-") || strings.HasPrefix(theirs.text, own.text+"-") {
				out.relate(name, own.path, []string{own.path, "aws.accountId", "$." + theirs.path, "$.aws.accountId"}, "%q and %q, the %s of stack %q, begin alike: "+
					"the deploy role of the shorter one could change the roles of the other, in the same account; choose another name",
					own.text, theirs.text, theirs.path, other)
			}
		}
	}
}

// beginning is a name that the names of a stack's resources begin with.
type beginning struct{ path, text string }

// beginnings returns the names that the names of the stack's own resources begin with.
func (c *Config) beginnings() []beginning {
	out := []beginning{{"environment", c.Environment}}
	if c.Cluster != nil && c.Cluster.Name != c.Environment {
		out = append(out, beginning{"cluster.name", c.Cluster.Name})
	}
	return out
}

// vpcRange is a range of a stack's VPC.
type vpcRange struct {
	netip.Prefix
	path string
	pods bool
}

// ranges returns the ranges of the stack's VPC that are valid.
func (c *Config) ranges() []vpcRange {
	var out []vpcRange
	for _, r := range []struct {
		path, text string
		pods       bool
	}{{"network.cidr", c.Network.CIDR, false}, {"network.secondaryCidr", c.Network.SecondaryCIDR, true}} {
		if p, err := netip.ParsePrefix(r.text); err == nil {
			out = append(out, vpcRange{p, r.path, r.pods})
		}
	}
	return out
}

// sharedProblems checks the environments on one cluster together.
func (e *Estate) sharedProblems(owner string, out lists) {
	members := e.members(owner)
	byEnvironment := map[string]string{e.configs[owner].Environment: owner}
	for _, name := range e.Joined(owner) {
		c := e.configs[name]
		if first, twice := byEnvironment[c.Environment]; twice {
			out.relate(name, "environment", []string{"environment", "$.environment"}, "%q is already the environment of stack %q, on the same cluster", c.Environment, first)
			continue
		}
		for other, stack := range byEnvironment {
			if strings.HasPrefix(c.Environment, other+"-") || strings.HasPrefix(other, c.Environment+"-") {
				out.relate(name, "environment", []string{"environment", "$.environment"}, "one of %q and %q of stack %q is a prefix of the other: a name <environment>-<name> of one could be the "+
					"other's, on the same cluster; choose another name", c.Environment, other, stack)
			}
		}
		byEnvironment[c.Environment] = name
	}
	e.claimProblems(owner, out)
	if a := e.configs[owner].Addons; a != nil && a.VPCCNI.PodSecurityGroups && !anyTrunk(members) {
		out.relate(owner, "addons.vpcCni.podSecurityGroups", []string{"addons.vpcCni.podSecurityGroups", "nodeGroups", "$.nodeGroups"},
			"no node group on the cluster is of instance types that can have a trunk interface, which security groups of pods need: "+
				"most of the Nitro system can, none of the t family")
	}
	if len(members) == 1 || e.configs[owner].Network == nil {
		return
	}
	_, over := IPBudget(members)
	for _, p := range over {
		p.Message += fmt.Sprintf(" (environments on the cluster: %d)", len(members))
		out[owner] = append(out[owner], p)
	}
}

// anyTrunk reports whether any group of the environments on a cluster can serve pods with security groups of their own,
// or a tenant has such pods, whose own problem says so then.
func anyTrunk(members map[string]*Config) bool {
	for _, c := range members {
		if t := Service[tenancy.Settings](c); t != nil && slices.ContainsFunc(t.Tenants, func(t tenancy.Tenant) bool { return t.PodSecurityGroup != nil }) {
			return true
		}
		if slices.ContainsFunc(c.NodeGroups, nodegroup.Settings.Trunks) {
			return true
		}
	}
	return false
}

// claimProblems checks that no two environments of a cluster want the same namespace or principal.
func (e *Estate) claimProblems(owner string, out lists) {
	type claimed struct{ stack, path string }
	namespaces, principals := map[string]claimed{}, map[string]claimed{}
	for _, name := range append([]string{owner}, e.Joined(owner)...) {
		c := e.configs[name]
		claims := c.services.Claims(c.Environment)
		for _, n := range claims.Namespaces {
			if first, twice := namespaces[n.Name]; twice && first.stack != name {
				out.relate(name, n.Path, append([]string{"environment", "$.environment", root(first.path)}, n.Reads...), "the namespace %s already belongs to stack %q, on the same cluster", n.Name, first.stack)
			}
			namespaces[n.Name] = claimed{name, n.Path}
		}
		for _, p := range claims.Principals {
			first, twice := principals[p.Name]
			if twice && first.stack != name {
				out.relate(name, p.Path, append([]string{root(first.path)}, p.Reads...), "already has access by %s of stack %q, and an EKS cluster has one entry per "+
					"principal: use a role for each environment, or list it in cluster.access with the groups of both", first.path, first.stack)
				continue
			}
			principals[p.Name] = claimed{name, p.Path}
		}
	}
}

// root is the path of the key that a path begins with, in the file of another stack.
func root(path string) string {
	key, _, _ := strings.Cut(path, ".")
	return "$." + key
}
