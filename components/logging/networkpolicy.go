package logging

import (
	"fmt"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The addresses of the EKS Pod Identity agent on every node, for IPv4 and IPv6
// (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html).
var podIdentityAgent = []string{"169.254.170.23/32", "fd00:ec2::23/128"}

// kubeletPort is the port of a node's kubelet.
const kubeletPort = 10250

// createNetworkPolicy denies all ingress to Fluent Bit's namespace and limits its egress to what it needs: DNS, the API
// server and CloudWatch by HTTPS, the node's kubelet, and the Pod Identity agent. The addresses of CloudWatch and the API
// server are not known here. The kubelet's probes come from the pod's own node, which no policy can block
// (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
func (i *installer) createNetworkPolicy() error {
	var agent networkingv1.NetworkPolicyPeerArray
	for _, cidr := range podIdentityAgent {
		agent = append(agent, networkingv1.NetworkPolicyPeerArgs{IpBlock: networkingv1.IPBlockArgs{Cidr: pulumi.String(cidr)}})
	}
	dns := networkingv1.NetworkPolicyPeerArgs{
		NamespaceSelector: metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String("kube-system")}},
		PodSelector:       metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"k8s-app": pulumi.String("kube-dns")}},
	}
	_, err := networkingv1.NewNetworkPolicy(i.ctx, i.kids.ID(daemon), &networkingv1.NetworkPolicyArgs{
		Metadata: object(),
		Spec: networkingv1.NetworkPolicySpecArgs{
			PodSelector: metav1.LabelSelectorArgs{},
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Egress: networkingv1.NetworkPolicyEgressRuleArray{
				networkingv1.NetworkPolicyEgressRuleArgs{
					To:    networkingv1.NetworkPolicyPeerArray{dns},
					Ports: networkingv1.NetworkPolicyPortArray{openPort("UDP", 53), openPort("TCP", 53)},
				},
				networkingv1.NetworkPolicyEgressRuleArgs{
					Ports: networkingv1.NetworkPolicyPortArray{openPort("TCP", 443), openPort("TCP", kubeletPort)},
				},
				networkingv1.NetworkPolicyEgressRuleArgs{
					To:    agent,
					Ports: networkingv1.NetworkPolicyPortArray{openPort("TCP", 80)},
				},
			},
		},
	}, i.inNamespace()...)
	if err != nil {
		return fmt.Errorf("create the network policy of Fluent Bit: %w", err)
	}
	return nil
}

func openPort(protocol string, number int) networkingv1.NetworkPolicyPortInput {
	return networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String(protocol), Port: pulumi.Int(number)}
}
