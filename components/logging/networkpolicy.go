package logging

import (
	"fmt"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Where the EKS Pod Identity agent gives out credentials on every node, over IPv4 and over IPv6
// (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html).
var podIdentityAgent = []string{"169.254.170.23/32", "fd00:ec2::23/128"}

// kubeletPort is where a node's kubelet answers.
const kubeletPort = 10250

// createNetworkPolicy lets Fluent Bit reach what it needs and nobody reach it, in its whole namespace: names, the API
// server and CloudWatch by HTTPS, the node's kubelet, and the agent that gives it its role. Where CloudWatch and the API
// server are is not known here, on the internet or in the network. The kubelet's probes come from the pod's own node, which
// no policy keeps out (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
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
