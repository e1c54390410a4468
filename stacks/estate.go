package stacks

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// problems returns what is wrong between the files, by stack.
func (e *Estate) problems() map[string]problem.List {
	out := map[string]problem.List{}
	add := func(stack, path, format string, args ...any) {
		list := out[stack]
		list.Add(path, format, args...)
		out[stack] = list
	}
	names := e.Names()
	for i, name := range names {
		c := e.configs[name]
		if c.Join != nil {
			e.joinProblems(name, c, add)
			continue
		}
		for _, other := range names[:i] {
			o := e.configs[other]
			if o.Join != nil {
				continue
			}
			ownerProblems(name, c, other, o, add)
		}
		e.sharedProblems(name, add)
	}
	return out
}

type adder func(stack, path, format string, args ...any)

// joinProblems checks a joining stack against the owner it names.
func (e *Estate) joinProblems(name string, c *Config, add adder) {
	owner := e.configs[c.Join.Stack]
	switch {
	case c.Join.Stack == name:
		add(name, "join.stack", "a stack cannot join itself")
		return
	case owner == nil:
		add(name, "join.stack", "there is no stack file Pulumi.%s.yaml", c.Join.Stack)
		return
	case owner.Join != nil:
		add(name, "join.stack", "%q owns no cluster: it joins %q; join that one", c.Join.Stack, owner.Join.Stack)
		return
	}
	if c.AWS.AccountID != owner.AWS.AccountID {
		add(name, "aws.accountId", "must be that of %q, whose cluster it joins (%s), got %s", c.Join.Stack, owner.AWS.AccountID, c.AWS.AccountID)
	}
	if c.AWS.Region != owner.AWS.Region {
		add(name, "aws.region", "must be that of %q, whose cluster it joins (%s), got %s", c.Join.Stack, owner.AWS.Region, c.AWS.Region)
	}
	if owner.Cluster == nil || owner.Network == nil || owner.Addons == nil {
		return // the owner's own problems say so
	}
	for i, g := range c.NodeGroups {
		for _, p := range owner.nodeGroupArgs(g).Problems().Under(fmt.Sprintf("nodeGroups[%d]", i)) {
			add(name, p.Path, "%s", p.Message)
		}
	}
	e.joinedLayerProblems(name, c, owner, add)
}

// joinedLayerProblems holds what a joining environment puts into the cluster against what the owner's file says of it.
func (e *Estate) joinedLayerProblems(name string, c, owner *Config, add adder) {
	if c.Tenancy != nil {
		for _, p := range c.tenancyArgs(owner.host()).Problems().Under("tenancy") {
			add(name, p.Path, "%s", p.Message)
		}
		for _, p := range principalProblems(owner.Cluster, c.Tenancy) {
			add(name, p.Path, "%s (of stack %q)", p.Message, c.Join.Stack)
		}
	}
	if c.Logging != nil && !owner.collectsLogs() {
		add(name, "logging", "nothing would write to the log group: Fluent Bit is not configured in the file of %q, logging.fluentBit", c.Join.Stack)
	}
	if owner.Autoscaling == nil {
		for _, p := range autoscaledProblems(c.NodeGroups) {
			add(name, p.Path, "%s", p.Message)
		}
	}
}

// ownerProblems checks two stacks that own a cluster each.
func ownerProblems(name string, c *Config, other string, o *Config, add adder) {
	if c.Cluster != nil && o.Cluster != nil && c.Cluster.Name == o.Cluster.Name &&
		c.AWS.AccountID == o.AWS.AccountID && c.AWS.Region == o.AWS.Region {
		add(name, "cluster.name", "%q is the name of the cluster of %q already, in the same account and region", c.Cluster.Name, other)
	}
	if c.Network == nil || o.Network == nil {
		return
	}
	a, errA := netip.ParsePrefix(c.Network.CIDR)
	b, errB := netip.ParsePrefix(o.Network.CIDR)
	if errA == nil && errB == nil && a.Overlaps(b) {
		add(name, "network.cidr", "%s overlaps %s of %q: the two could never be peered, or reached through one VPN", a, b, other)
	}
}

// sharedProblems checks the environments on one cluster together.
func (e *Estate) sharedProblems(owner string, add adder) {
	members := e.members(owner)
	byEnvironment := map[string]string{e.configs[owner].Environment: owner}
	for _, name := range e.Joined(owner) {
		c := e.configs[name]
		if first, twice := byEnvironment[c.Environment]; twice {
			add(name, "environment", "%q is the environment of stack %q already, on the same cluster", c.Environment, first)
			continue
		}
		for other, stack := range byEnvironment {
			if strings.HasPrefix(c.Environment, other+"-") || strings.HasPrefix(other, c.Environment+"-") {
				add(name, "environment", "%q and %q of stack %q begin alike: what one calls <environment>-<name> could be the "+
					"other's, on the same cluster; choose another name", c.Environment, other, stack)
			}
		}
		byEnvironment[c.Environment] = name
	}
	e.sharedTenancyProblems(owner, add)
	if len(members) == 1 || e.configs[owner].Network == nil {
		return
	}
	_, over := IPBudget(members)
	for _, p := range over {
		add(owner, p.Path, "%s (environments on the cluster: %d)", p.Message, len(members))
	}
}

// sharedTenancyProblems checks that no two environments of a cluster want the same namespace or principal.
func (e *Estate) sharedTenancyProblems(owner string, add adder) {
	type place struct{ stack, path string }
	namespaces, principals := map[string]place{}, map[string]place{}
	for _, name := range append([]string{owner}, e.Joined(owner)...) {
		c := e.configs[name]
		if c.Tenancy == nil {
			continue
		}
		for _, n := range c.Tenancy.NamespaceNames(c.Environment) {
			if first, twice := namespaces[n]; twice && first.stack != name {
				add(name, "tenancy", "the namespace %s is one of stack %q already, on the same cluster", n, first.stack)
			}
			namespaces[n] = place{stack: name}
		}
		for _, p := range c.Tenancy.Principals() {
			first, twice := principals[p.ARN]
			if twice && first.stack != name {
				add(name, "tenancy."+p.Path, "has access by tenancy.%s of stack %q already, and an EKS cluster has one entry per "+
					"principal: use a role for each environment, or list it in cluster.access with the groups of both", first.path, first.stack)
				continue
			}
			principals[p.ARN] = place{name, p.Path}
		}
	}
}
