package tenancy

import (
	"fmt"

	"github.com/eks-platform/eks-platform/internal/service"
)

// space is a namespace with everything that it inherits.
type space struct {
	Namespace
	// own is the namespace as the file lists it.
	own Namespace
	// tenant is the tenant that it belongs to; empty for the environment's own.
	tenant string
	// at is the namespace's config path, or its tenant's if the file does not list it, or empty.
	at string
	// listed reports whether the file lists the namespace.
	listed bool
}

// spaces returns all namespaces: the environment's own, then each tenant's, in the order of the file.
func (s Settings) spaces(environment string) []space {
	var out []space
	if s.Namespaces == nil {
		out = append(out, s.inherit(space{Namespace: Namespace{Name: environment}}))
	}
	for i, n := range s.Namespaces {
		out = append(out, s.inherit(space{
			Namespace: n, own: n, at: fmt.Sprintf("namespaces[%d]", i), listed: true,
		}))
	}
	for i, t := range s.Tenants {
		at := fmt.Sprintf("tenants[%d]", i)
		if len(t.Namespaces) == 0 {
			out = append(out, s.inherit(space{Namespace: Namespace{Name: environment + "-" + t.Name}, tenant: t.Name, at: at}))
		}
		for j, n := range t.Namespaces {
			out = append(out, s.inherit(space{
				Namespace: n, own: n, tenant: t.Name, at: fmt.Sprintf("%s.namespaces[%d]", at, j), listed: true,
			}))
		}
	}
	return out
}

// inherit fills in what the namespace does not set.
func (s Settings) inherit(n space) space {
	if n.PodSecurity == "" {
		n.PodSecurity = s.PodSecurity
	}
	if n.Quota == nil {
		n.Quota = s.Quota
	}
	n.Limits = n.Limits.over(s.Limits)
	n.NetworkPolicy = n.NetworkPolicy.over(s.NetworkPolicy)
	return n
}

// over returns the parts of l, and those of base where l has none.
func (l Limits) over(base Limits) Limits {
	for _, part := range []struct{ own, base *map[string]string }{
		{&l.Default, &base.Default}, {&l.DefaultRequest, &base.DefaultRequest}, {&l.Max, &base.Max}, {&l.Min, &base.Min},
	} {
		if *part.own == nil {
			*part.own = *part.base
		}
	}
	return l
}

// over returns the parts of p, those of base where p has none, and the defaults where neither has.
func (p NetworkPolicy) over(base NetworkPolicy) NetworkPolicy {
	if p.Peers == "" {
		p.Peers = base.Peers
	}
	if p.Peers == "" {
		p.Peers = TenantPeers
	}
	if p.LoadBalancer == "" {
		p.LoadBalancer = base.LoadBalancer
	}
	if p.LoadBalancer == "" {
		p.LoadBalancer = NoLoadBalancer
	}
	if p.Egress == nil {
		p.Egress = base.Egress
	}
	return p
}

// NamespaceNames returns the names of all namespaces: the environment's own, then each tenant's, in the order of the
// file.
func (s Settings) NamespaceNames(environment string) []string {
	var out []string
	for _, n := range s.spaces(environment) {
		out = append(out, n.Name)
	}
	return out
}

// Principals returns every principal in the settings, in the order of the file, with duplicates. An EKS
// cluster has one access entry per principal, so no other stack of the cluster may list one of them.
func (s Settings) Principals() []service.Claim {
	var out []service.Claim
	for _, g := range s.grants("") {
		out = append(out, service.Claim{Path: g.at + ".principalArn", Name: g.PrincipalARN})
	}
	return out
}

// grant is an access of the environment or a tenant.
type grant struct {
	Access
	// tenant is empty for an access to the whole environment.
	tenant string
	// group is its Kubernetes group.
	group string
	// at is its config path.
	at string
}

// grants returns every access: the environment's, then each tenant's.
func (s Settings) grants(environment string) []grant {
	var out []grant
	for i, a := range s.Access {
		out = append(out, grant{Access: a, group: environment + ":" + a.Name, at: fmt.Sprintf("access[%d]", i)})
	}
	for i, t := range s.Tenants {
		for j, a := range t.Access {
			out = append(out, grant{
				Access: a, tenant: t.Name, group: environment + ":" + t.Name + ":" + a.Name,
				at: fmt.Sprintf("tenants[%d].access[%d]", i, j),
			})
		}
	}
	return out
}
