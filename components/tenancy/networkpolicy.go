package tenancy

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// Where the EKS Pod Identity agent listens on every node
// (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html).
const (
	agentIPv4 = "169.254.170.23/32"
	agentIPv6 = "fd00:ec2::23/128"
	agentPort = 80
)

// httpsAnywhere is the default egress.
func httpsAnywhere(ipv6 bool) []Egress {
	if ipv6 {
		return []Egress{{CIDRs: []string{"::/0"}, Ports: []int{443}}}
	}
	return []Egress{{CIDRs: []string{"0.0.0.0/0"}, Ports: []int{443}}}
}

// policyProblems checks a network policy on this cluster: ranges of the wrong address family, load balancers without
// subnets.
func (a *Args) policyProblems(p NetworkPolicy) problem.List {
	var out problem.List
	for i, e := range p.Egress {
		for j, text := range e.CIDRs {
			cidr, err := netip.ParsePrefix(text)
			at := fmt.Sprintf("networkPolicy.egress[%d].cidrs[%d]", i, j)
			switch {
			case err != nil:
			case a.IPv6 && cidr.Addr().Is4():
				out.Relate(at, []string{at, "$.cluster.ipFamily"}, "%s has no effect: network policies of an IPv6 cluster apply to IPv6 addresses; list the IPv6 range", cidr)
			case !a.IPv6 && !cidr.Addr().Is4():
				out.Relate(at, []string{at, "$.cluster.ipFamily"}, "%s has no effect: pods of an IPv4 cluster have no IPv6 addresses", cidr)
			}
		}
	}
	standing := []string{"networkPolicy.loadBalancer", "$.network"}
	public := p.LoadBalancer == PublicLoadBalancer || p.LoadBalancer == AllLoadBalancers
	internal := p.LoadBalancer == InternalLoadBalancer || p.LoadBalancer == AllLoadBalancers
	if public && len(a.PublicSubnetCIDRs) == 0 {
		out.Relate("networkPolicy.loadBalancer", standing, "must not be %s: the network has no public subnets for load balancers", p.LoadBalancer)
	}
	if internal && len(a.PrivateSubnetCIDRs) == 0 {
		out.Relate("networkPolicy.loadBalancer", standing, "must not be %s: the network has no private subnets for load balancers", p.LoadBalancer)
	}
	return out
}

// policy is one network policy: the ingress and egress of one allowance.
type policy struct {
	name    string
	ingress networkingv1.NetworkPolicyIngressRuleArray
	egress  networkingv1.NetworkPolicyEgressRuleArray
}

// createNetworkPolicies registers the policies of a namespace: one that denies everything, and one per allowance.
func (b *builder) createNetworkPolicies(n space, in pulumi.ResourceOption) error {
	policies := []policy{{name: "default-deny"}, dns()}
	if peers := b.peers(n); peers != nil {
		policies = append(policies, policy{
			name:    "peers",
			ingress: networkingv1.NetworkPolicyIngressRuleArray{networkingv1.NetworkPolicyIngressRuleArgs{From: peers}},
			egress:  networkingv1.NetworkPolicyEgressRuleArray{networkingv1.NetworkPolicyEgressRuleArgs{To: peers}},
		})
	}
	if slices.ContainsFunc(n.ServiceAccounts, func(sa ServiceAccount) bool { return sa.Identity == PodIdentity }) {
		policies = append(policies, b.podIdentityAgent())
	}
	if n.NetworkPolicy.LoadBalancer != NoLoadBalancer {
		balancers, err := b.loadBalancers(n.NetworkPolicy.LoadBalancer)
		if err != nil {
			return fmt.Errorf("let load balancers into namespace %s: %w", n.Name, err)
		}
		policies = append(policies, balancers)
	}
	egress := n.NetworkPolicy.Egress
	if egress == nil {
		egress = httpsAnywhere(b.args.IPv6)
	}
	if len(egress) > 0 {
		policies = append(policies, policy{name: "egress", egress: egressRules(egress)})
	}
	for _, p := range policies {
		if err := b.createNetworkPolicy(n, p, in); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) createNetworkPolicy(n space, p policy, in pulumi.ResourceOption) error {
	var types pulumi.StringArray
	if p.ingress != nil || p.egress == nil {
		types = append(types, pulumi.String("Ingress"))
	}
	if p.egress != nil || p.ingress == nil {
		types = append(types, pulumi.String("Egress"))
	}
	spec := networkingv1.NetworkPolicySpecArgs{PodSelector: metav1.LabelSelectorArgs{}, PolicyTypes: types}
	if p.ingress != nil {
		spec.Ingress = p.ingress
	}
	if p.egress != nil {
		spec.Egress = p.egress
	}
	_, err := networkingv1.NewNetworkPolicy(b.ctx, b.inside.ID("policy", n.Name+"."+p.name), &networkingv1.NetworkPolicyArgs{
		Metadata: b.meta(p.name, n.Name), Spec: spec,
	}, b.inside.Opts(in)...)
	if err != nil {
		return fmt.Errorf("create the network policy %s of namespace %s: %w", p.name, n.Name, err)
	}
	return nil
}

// dns lets pods resolve names. CoreDNS also has this label on EKS.
func dns() policy {
	return policy{name: "dns", egress: networkingv1.NetworkPolicyEgressRuleArray{networkingv1.NetworkPolicyEgressRuleArgs{
		To: networkingv1.NetworkPolicyPeerArray{networkingv1.NetworkPolicyPeerArgs{
			NamespaceSelector: selects(map[string]string{corev1.LabelMetadataName: "kube-system"}),
			PodSelector:       selects(map[string]string{"k8s-app": "kube-dns"}),
		}},
		Ports: networkingv1.NetworkPolicyPortArray{port("udp", 53), port("tcp", 53)},
	}}}
}

// peers returns the pods of the cluster that a namespace's pods may talk to.
func (b *builder) peers(n space) networkingv1.NetworkPolicyPeerArray {
	environment := map[string]string{convention.Environment: b.args.Environment}
	switch {
	case n.NetworkPolicy.Peers == NoPeers:
		return nil
	case n.NetworkPolicy.Peers == EnvironmentPeers:
		return networkingv1.NetworkPolicyPeerArray{networkingv1.NetworkPolicyPeerArgs{NamespaceSelector: selects(environment)}}
	case n.NetworkPolicy.Peers == TenantPeers && n.tenant != "":
		environment[convention.Tenant] = n.tenant
		return networkingv1.NetworkPolicyPeerArray{networkingv1.NetworkPolicyPeerArgs{NamespaceSelector: selects(environment)}}
	default:
		return networkingv1.NetworkPolicyPeerArray{networkingv1.NetworkPolicyPeerArgs{PodSelector: metav1.LabelSelectorArgs{}}}
	}
}

// podIdentityAgent lets pods fetch the credentials of their role.
func (b *builder) podIdentityAgent() policy {
	address := agentIPv4
	if b.args.IPv6 {
		address = agentIPv6
	}
	return policy{name: "pod-identity", egress: networkingv1.NetworkPolicyEgressRuleArray{networkingv1.NetworkPolicyEgressRuleArgs{
		To: blocks([]string{address}), Ports: networkingv1.NetworkPolicyPortArray{port("tcp", agentPort)},
	}}}
}

// loadBalancers allows connections from the subnets of load balancers, to every port, because the pods' ports are not known
// here.
func (b *builder) loadBalancers(which LoadBalancer) (policy, error) {
	out := policy{name: "load-balancers"}
	add := func(cidrs []string, ipv6 pulumi.StringArrayInput) error {
		var from networkingv1.NetworkPolicyPeerArrayInput = blocks(cidrs)
		if b.args.IPv6 {
			if ipv6 == nil {
				return errors.New("the IPv6 ranges of the subnets are required on an IPv6 cluster")
			}
			from = blocksOf(ipv6)
		}
		out.ingress = append(out.ingress, networkingv1.NetworkPolicyIngressRuleArgs{
			From: from, Ports: networkingv1.NetworkPolicyPortArray{networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String("TCP")}},
		})
		return nil
	}
	if which != InternalLoadBalancer {
		if err := add(b.args.PublicSubnetCIDRs, b.args.PublicSubnetIPv6CIDRs); err != nil {
			return out, err
		}
	}
	if which != PublicLoadBalancer {
		if err := add(b.args.PrivateSubnetCIDRs, b.args.PrivateSubnetIPv6CIDRs); err != nil {
			return out, err
		}
	}
	return out, nil
}

func egressRules(egress []Egress) networkingv1.NetworkPolicyEgressRuleArray {
	var out networkingv1.NetworkPolicyEgressRuleArray
	for _, e := range egress {
		rule := networkingv1.NetworkPolicyEgressRuleArgs{To: blocks(e.CIDRs)}
		var ports networkingv1.NetworkPolicyPortArray
		for _, number := range e.Ports {
			ports = append(ports, port(e.Protocol, number))
		}
		if ports != nil {
			rule.Ports = ports
		}
		out = append(out, rule)
	}
	return out
}

func port(protocol string, number int) networkingv1.NetworkPolicyPortInput {
	name := strings.ToUpper(protocol)
	if name == "" {
		name = "TCP"
	}
	return networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String(name), Port: pulumi.Int(number)}
}

func blocks(cidrs []string) networkingv1.NetworkPolicyPeerArray {
	var out networkingv1.NetworkPolicyPeerArray
	for _, c := range cidrs {
		out = append(out, networkingv1.NetworkPolicyPeerArgs{IpBlock: networkingv1.IPBlockArgs{Cidr: pulumi.String(c)}})
	}
	return out
}

// blocksOf is blocks for ranges that are known only once the network exists.
func blocksOf(cidrs pulumi.StringArrayInput) networkingv1.NetworkPolicyPeerArrayOutput {
	return cidrs.ToStringArrayOutput().ApplyT(func(cidrs []string) []networkingv1.NetworkPolicyPeer {
		var out []networkingv1.NetworkPolicyPeer
		for _, c := range cidrs {
			out = append(out, networkingv1.NetworkPolicyPeer{IpBlock: &networkingv1.IPBlock{Cidr: c}})
		}
		return out
	}).(networkingv1.NetworkPolicyPeerArrayOutput)
}

func selects(labels map[string]string) metav1.LabelSelectorArgs {
	return metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(labels)}
}
