package aws

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// ipv6Cluster reports whether the pods of a cluster have IPv6 addresses.
func ipv6Cluster(a attrs) bool { return a.block("kubernetesNetworkConfig").text("ipFamily") == "ipv6" }

// clusterDomain is what the host names of a region's clusters end in
// (https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html).
func clusterDomain(c *Call) string {
	switch {
	case !ipv6Cluster(c.attrs()):
		return "eks." + c.dnsSuffix()
	case c.Partition == "aws-cn":
		return "api.amazonwebservices.com.cn"
	default:
		return "api.aws"
	}
}

// dualStackSubnets checks that subnets can hold an IPv6 cluster
// (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html).
func dualStackSubnets(c *Call, subnets []*cloud.Object) error {
	if !ipv6Cluster(c.attrs()) {
		return nil
	}
	var without []string
	for _, s := range subnets {
		if attrs(s.Attributes).text("ipv6CidrBlock") == "" {
			without = append(without, s.ID)
		}
	}
	if len(without) > 0 {
		return refuse("InvalidParameterException", "Subnets specified must have IPv6 CIDR blocks for a cluster with ipFamily ipv6 (without: %s)",
			strings.Join(without, ", "))
	}
	return nil
}

// serviceIPv6Range is a range of unique local addresses (RFC 4193), which EKS chooses for the services of an IPv6
// cluster.
func serviceIPv6Range() string {
	h := randomHex(10)
	return fmt.Sprintf("fd%s:%s:%s::/108", h[:2], h[2:6], h[6:])
}

// assignsIPv6 checks that a group's instances get an IPv6 address where the cluster needs one.
func assignsIPv6(c *Call, cluster, subnet *cloud.Object) error {
	if !ipv6Cluster(cluster.Attributes) || attrs(subnet.Attributes).flag("assignIpv6AddressOnCreation") {
		return nil
	}
	return c.notStable("EKS Node Group", "CREATE_FAILED", "%s: Ec2SubnetMissingIpv6Assignment: One or more Amazon EC2 Subnets of [%s] for node group %s "+
		"does not automatically assign IPv6 addresses to instances launched into it.", subnet.ID, subnet.ID, c.attrs().text("nodeGroupName"))
}

// servesIPv6 checks what the network plugin checks when it starts on a node of an IPv6 cluster
// (https://github.com/aws/amazon-vpc-cni-k8s/blob/master/pkg/ipamd/ipamd.go). Without settings of the add-on EKS's own
// hold, which are right.
func servesIPv6(c *Call, cluster, cni *cloud.Object, template attrs) error {
	if !ipv6Cluster(cluster.Attributes) {
		return nil
	}
	var values struct {
		Env struct {
			Prefixes string `json:"ENABLE_PREFIX_DELEGATION"`
			Custom   string `json:"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"`
		} `json:"env"`
	}
	if cni != nil {
		if err := yaml.Unmarshal([]byte(attrs(cni.Attributes).text("configurationValues")), &values); err != nil {
			return err
		}
	}
	if values.Env.Prefixes == "false" || values.Env.Custom == "true" {
		return notReady(c, "vpc-cni: IPv6 is supported only in Prefix Delegation mode. Custom Networking is not supported in IPv6 mode")
	}
	types := c.attrs().texts("instanceTypes")
	if t := template.text("instanceType"); t != "" {
		types = []string{t}
	}
	slow := slices.IndexFunc(types, func(name string) bool {
		t, known := instancetype.Lookup(name)
		return known && !t.Nitro
	})
	if slow >= 0 {
		return notReady(c, "vpc-cni: Prefix Delegation is not supported on non-nitro instance "+types[slow]+", and IPv6 needs it")
	}
	return nil
}
