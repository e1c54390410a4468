package kubernetes

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/sets"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var networkKinds = []*kind{
	{
		apiVersion: "v1", name: "Service", plural: "services", namespaced: true,
		legalName: validation.NameIsDNS1035Label,
		validate:  typed(validateService),
		defaults:  typedDefaults(defaultService),
		complete:  giveClusterIP,
		replaceOn: []string{"spec.clusterIP"},
	},
	{
		apiVersion: "networking.k8s.io/v1", name: "NetworkPolicy", plural: "networkpolicies", namespaced: true,
		validate: typed(validateNetworkPolicy),
		defaults: typedDefaults(defaultNetworkPolicy),
	},
	{
		apiVersion: "networking.k8s.io/v1", name: "Ingress", plural: "ingresses", namespaced: true,
		validate:   typed(validateIngress),
		references: typed(ingressReferences),
	},
	{
		apiVersion: "networking.k8s.io/v1", name: "IngressClass", plural: "ingressclasses",
		validate: typed(func(c *networkingv1.IngressClass) field.ErrorList {
			at := field.NewPath("spec", "controller")
			if c.Spec.Controller == "" {
				return field.ErrorList{field.Required(at, "")}
			}
			return utilvalidation.IsDomainPrefixedPath(at, c.Spec.Controller)
		}),
		frozen: []string{"spec.controller"},
	},
}

func validateService(s *corev1.Service) field.ErrorList {
	at := field.NewPath("spec")
	errs := oneOfOrNone(at.Child("type"), s.Spec.Type, corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName,
		corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort)
	errs = append(errs, metavalidation.ValidateLabels(s.Spec.Selector, at.Child("selector"))...)
	external := s.Spec.Type == corev1.ServiceTypeExternalName
	headless := s.Spec.ClusterIP == corev1.ClusterIPNone
	if len(s.Spec.Ports) == 0 && !headless && !external {
		errs = append(errs, field.Required(at.Child("ports"), ""))
	}
	if external {
		errs = append(errs, legalName(at.Child("externalName"), strings.TrimSuffix(s.Spec.ExternalName, "."), validation.NameIsDNSSubdomain)...)
	}
	if s.Spec.Type == corev1.ServiceTypeLoadBalancer && headless {
		errs = append(errs, field.Invalid(at.Child("clusterIP"), s.Spec.ClusterIP, "may not be set to 'None' for LoadBalancer services"))
	}
	if ip := s.Spec.ClusterIP; ip != "" && !headless {
		errs = append(errs, utilvalidation.IsValidIP(at.Child("clusterIP"), ip)...)
	}
	if s.Spec.LoadBalancerClass != nil && s.Spec.Type != corev1.ServiceTypeLoadBalancer {
		errs = append(errs, field.Forbidden(at.Child("loadBalancerClass"), "may only be used when `type` is 'LoadBalancer'"))
	}
	names, numbers := sets.New[string](), sets.New[string]()
	for i, p := range s.Spec.Ports {
		at := at.Child("ports").Index(i)
		if p.Name == "" && len(s.Spec.Ports) > 1 {
			errs = append(errs, field.Required(at.Child("name"), ""))
		} else if p.Name != "" {
			errs = append(errs, uniqueLabel(at.Child("name"), p.Name, names)...)
		}
		errs = append(errs, portNumber(at.Child("port"), p.Port)...)
		errs = append(errs, validateProtocol(at.Child("protocol"), p.Protocol)...)
		key := fmt.Sprintf("%s/%d", protocolOf(p.Protocol), p.Port)
		if numbers.Has(key) {
			errs = append(errs, field.Duplicate(at, key))
		}
		numbers.Insert(key)
		switch {
		case p.TargetPort.Type == intstr.Int && p.TargetPort.IntVal != 0:
			errs = append(errs, portNumber(at.Child("targetPort"), p.TargetPort.IntVal)...)
		case p.TargetPort.Type == intstr.String:
			for _, msg := range utilvalidation.IsValidPortName(p.TargetPort.StrVal) {
				errs = append(errs, field.Invalid(at.Child("targetPort"), p.TargetPort.StrVal, msg))
			}
		}
		if p.NodePort != 0 {
			if t := s.Spec.Type; t != corev1.ServiceTypeNodePort && t != corev1.ServiceTypeLoadBalancer {
				errs = append(errs, field.Forbidden(at.Child("nodePort"), "may not be used when `type` is 'ClusterIP'"))
			}
			if p.NodePort < 30000 || p.NodePort > 32767 {
				errs = append(errs, field.Invalid(at.Child("nodePort"), p.NodePort, "provided port is not in the valid range. The range of valid ports is 30000-32767"))
			}
		}
	}
	errs = append(errs, oneOfOrNone(at.Child("sessionAffinity"), s.Spec.SessionAffinity, corev1.ServiceAffinityClientIP, corev1.ServiceAffinityNone)...)
	return append(errs, oneOfOrNone(at.Child("externalTrafficPolicy"), s.Spec.ExternalTrafficPolicy,
		corev1.ServiceExternalTrafficPolicyCluster, corev1.ServiceExternalTrafficPolicyLocal)...)
}

// defaultServiceCIDR is where cluster IPs come from in a cluster that does not say.
const defaultServiceCIDR = "172.20.0.0/16"

// giveClusterIP gives a service its address. It depends on the service alone, so that a service that is made again
// has the same one; the API server chooses at random.
func giveClusterIP(c *cluster, live map[string]any) {
	spec := child(live, "spec")
	if text(spec, "type") == string(corev1.ServiceTypeExternalName) {
		return
	}
	if text(spec, "clusterIP") == "" {
		network, _ := c.object.Attributes["kubernetesNetworkConfig"].(map[string]any)
		cidr := text(network, "serviceIpv4Cidr")
		if text(network, "ipFamily") == "ipv6" {
			cidr = text(network, "serviceIpv6Cidr")
		}
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			prefix = netip.MustParsePrefix(defaultServiceCIDR)
		}
		meta := child(live, "metadata")
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(text(meta, "namespace") + "/" + text(meta, "name")))
		raw := prefix.Masked().Addr().AsSlice()
		sum := hash.Sum32() % (1 << min(prefix.Addr().BitLen()-prefix.Bits(), 30))
		for i := len(raw) - 1; sum > 0; i-- {
			raw[i] |= byte(sum)
			sum >>= 8
		}
		addr, _ := netip.AddrFromSlice(raw)
		spec["clusterIP"] = addr.String()
	}
	spec["clusterIPs"] = []any{spec["clusterIP"]}
}

func validateNetworkPolicy(p *networkingv1.NetworkPolicy) field.ErrorList {
	at := field.NewPath("spec")
	errs := validateSelector(&p.Spec.PodSelector, at.Child("podSelector"))
	for i, t := range p.Spec.PolicyTypes {
		errs = append(errs, oneOf(at.Child("policyTypes").Index(i), t, networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)...)
	}
	for i, rule := range p.Spec.Ingress {
		at := at.Child("ingress").Index(i)
		errs = append(errs, validatePolicyPorts(rule.Ports, at.Child("ports"))...)
		errs = append(errs, validatePeers(rule.From, at.Child("from"))...)
	}
	for i, rule := range p.Spec.Egress {
		at := at.Child("egress").Index(i)
		errs = append(errs, validatePolicyPorts(rule.Ports, at.Child("ports"))...)
		errs = append(errs, validatePeers(rule.To, at.Child("to"))...)
	}
	return errs
}

func validatePolicyPorts(ports []networkingv1.NetworkPolicyPort, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, p := range ports {
		at := at.Index(i)
		if p.Protocol != nil {
			errs = append(errs, oneOf(at.Child("protocol"), *p.Protocol, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP)...)
		}
		switch {
		case p.Port == nil:
			if p.EndPort != nil {
				errs = append(errs, field.Required(at.Child("port"), "must be specified when `endPort` is"))
			}
		case p.Port.Type == intstr.Int:
			errs = append(errs, portNumber(at.Child("port"), p.Port.IntVal)...)
			if p.EndPort != nil && *p.EndPort < p.Port.IntVal {
				errs = append(errs, field.Invalid(at.Child("endPort"), *p.EndPort, "must be greater than or equal to `port`"))
			}
		default:
			for _, msg := range utilvalidation.IsValidPortName(p.Port.StrVal) {
				errs = append(errs, field.Invalid(at.Child("port"), p.Port.StrVal, msg))
			}
			if p.EndPort != nil {
				errs = append(errs, field.Invalid(at.Child("endPort"), *p.EndPort, "may not be specified when `port` is non-numeric"))
			}
		}
	}
	return errs
}

// validatePeers applies the API server's rules on the peers of a network policy: addresses, or pods and namespaces.
func validatePeers(peers []networkingv1.NetworkPolicyPeer, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, p := range peers {
		at := at.Index(i)
		selects := p.PodSelector != nil || p.NamespaceSelector != nil
		switch {
		case p.IPBlock == nil && !selects:
			errs = append(errs, field.Required(at, "must specify a peer"))
		case p.IPBlock != nil && selects:
			errs = append(errs, field.Forbidden(at, "may not specify both ipBlock and another peer"))
		case p.IPBlock != nil:
			errs = append(errs, validateBlock(p.IPBlock, at.Child("ipBlock"))...)
		}
		errs = append(errs, validateSelector(p.PodSelector, at.Child("podSelector"))...)
		errs = append(errs, validateSelector(p.NamespaceSelector, at.Child("namespaceSelector"))...)
	}
	return errs
}

func validateBlock(b *networkingv1.IPBlock, at *field.Path) field.ErrorList {
	errs := utilvalidation.IsValidCIDR(at.Child("cidr"), b.CIDR)
	outer, err := netip.ParsePrefix(b.CIDR)
	if err != nil {
		return errs
	}
	for i, except := range b.Except {
		at := at.Child("except").Index(i)
		errs = append(errs, utilvalidation.IsValidCIDR(at, except)...)
		inner, err := netip.ParsePrefix(except)
		if err == nil && (inner.Bits() <= outer.Bits() || !outer.Contains(inner.Addr())) {
			errs = append(errs, field.Invalid(at, except, "must be a strict subset of `cidr`"))
		}
	}
	return errs
}

func validateIngress(i *networkingv1.Ingress) field.ErrorList {
	at := field.NewPath("spec")
	var errs field.ErrorList
	if len(i.Spec.Rules) == 0 && i.Spec.DefaultBackend == nil {
		errs = append(errs, field.Invalid(at, i.Spec.Rules, "either `defaultBackend` or `rules` must be specified"))
	}
	if i.Spec.DefaultBackend != nil {
		errs = append(errs, validateBackend(i.Spec.DefaultBackend, at.Child("defaultBackend"))...)
	}
	for r, rule := range i.Spec.Rules {
		at := at.Child("rules").Index(r)
		if host := rule.Host; strings.Contains(host, "*") {
			for _, msg := range utilvalidation.IsWildcardDNS1123Subdomain(host) {
				errs = append(errs, field.Invalid(at.Child("host"), host, msg))
			}
		} else if host != "" {
			errs = append(errs, legalName(at.Child("host"), host, validation.NameIsDNSSubdomain)...)
		}
		if rule.HTTP == nil {
			continue
		}
		if len(rule.HTTP.Paths) == 0 {
			errs = append(errs, field.Required(at.Child("http", "paths"), ""))
		}
		for p, path := range rule.HTTP.Paths {
			at := at.Child("http", "paths").Index(p)
			if path.PathType == nil {
				errs = append(errs, field.Required(at.Child("pathType"), "pathType must be specified"))
			} else {
				errs = append(errs, oneOf(at.Child("pathType"), *path.PathType, networkingv1.PathTypeExact, networkingv1.PathTypePrefix, networkingv1.PathTypeImplementationSpecific)...)
				if *path.PathType != networkingv1.PathTypeImplementationSpecific && !strings.HasPrefix(path.Path, "/") {
					errs = append(errs, field.Invalid(at.Child("path"), path.Path, "must be an absolute path"))
				}
			}
			errs = append(errs, validateBackend(&path.Backend, at.Child("backend"))...)
		}
	}
	return errs
}

func validateBackend(b *networkingv1.IngressBackend, at *field.Path) field.ErrorList {
	switch {
	case b.Service == nil && b.Resource == nil:
		return field.ErrorList{field.Required(at, "resource or service backend is required")}
	case b.Service != nil && b.Resource != nil:
		return field.ErrorList{field.Invalid(at, "", "cannot set both resource and service backends")}
	case b.Resource != nil:
		return nil
	}
	at = at.Child("service")
	var errs field.ErrorList
	if b.Service.Name == "" {
		errs = append(errs, field.Required(at.Child("name"), ""))
	}
	if port := b.Service.Port; (port.Name == "") == (port.Number == 0) {
		errs = append(errs, field.Required(at.Child("port"), "port name or number is required, and not both"))
	} else if port.Number != 0 {
		errs = append(errs, portNumber(at.Child("port", "number"), port.Number)...)
	}
	return errs
}

// ingressReferences returns the class and the services of an Ingress. A service named "use-annotation" is a word of
// the AWS Load Balancer Controller's for an action in the annotations.
func ingressReferences(i *networkingv1.Ingress) []reference {
	at := field.NewPath("spec")
	var out []reference
	if name := i.Spec.IngressClassName; name != nil && *name != "" {
		out = append(out, reference{at: at.Child("ingressClassName"), token: ingressClassToken, name: *name})
	}
	add := func(b *networkingv1.IngressBackend, at *field.Path) {
		if b != nil && b.Service != nil && b.Service.Port.Name != "use-annotation" {
			out = append(out, reference{at: at.Child("service", "name"), token: serviceToken, name: b.Service.Name})
		}
	}
	add(i.Spec.DefaultBackend, at.Child("defaultBackend"))
	for r, rule := range i.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for p := range rule.HTTP.Paths {
			add(&rule.HTTP.Paths[p].Backend, at.Child("rules").Index(r).Child("http", "paths").Index(p).Child("backend"))
		}
	}
	return out
}
