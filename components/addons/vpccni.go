package addons

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
)

// vpcCNIConfiguration is the configuration of vpc-cni. Its schema rejects unknown keys, and takes every setting but those
// of eniConfig as a string (aws eks describe-addon-configuration --addon-name vpc-cni).
type vpcCNIConfiguration struct {
	EnableNetworkPolicy string     `json:"enableNetworkPolicy,omitempty"`
	Env                 *vpcCNIEnv `json:"env,omitempty"`
	ENIConfig           *eniConfig `json:"eniConfig,omitempty"`
}

// vpcCNIEnv are environment variables of the plugin
// (https://github.com/aws/amazon-vpc-cni-k8s/blob/master/README.md).
type vpcCNIEnv struct {
	EnablePrefixDelegation        string `json:"ENABLE_PREFIX_DELEGATION,omitempty"`
	WarmPrefixTarget              string `json:"WARM_PREFIX_TARGET,omitempty"`
	EnablePodENI                  string `json:"ENABLE_POD_ENI,omitempty"`
	PodSecurityGroupEnforcingMode string `json:"POD_SECURITY_GROUP_ENFORCING_MODE,omitempty"`
	CustomNetworkConfig           string `json:"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG,omitempty"`
	ENIConfigLabel                string `json:"ENI_CONFIG_LABEL_DEF,omitempty"`
}

// eniConfig creates an ENIConfig object per zone, named after it.
type eniConfig struct {
	Create  bool                 `json:"create"`
	Region  string               `json:"region"`
	Subnets map[string]eniSubnet `json:"subnets"`
}

type eniSubnet struct {
	ID             string   `json:"id"`
	SecurityGroups []string `json:"securityGroups,omitempty"`
}

func (b *builder) createVPCCNI(a *Addons) error {
	who, err := b.newIdentity("vpc-cni", "aws-node", "Network plugin of the EKS cluster's nodes")
	if err != nil {
		return err
	}
	if b.args.IPv6 {
		err = who.allow("ipv6", b.ipv6Policy())
	} else {
		err = who.attach("AmazonEKS_CNI_Policy")
	}
	if err != nil {
		return err
	}
	configuration, err := b.vpcCNIConfiguration()
	if err != nil {
		return err
	}
	res, err := b.create(addon{
		name: "vpc-cni", version: b.args.VPCCNI.Version, configuration: configuration, identity: who,
	})
	if err != nil {
		return err
	}
	a.beforeNodes = append(a.beforeNodes, res)
	return nil
}

// ipv6Policy is what the plugin needs in an IPv6 cluster; there is no AWS managed policy for it
// (https://docs.aws.amazon.com/eks/latest/userguide/cni-iam-role.html).
func (b *builder) ipv6Policy() iamdoc.Document {
	return iamdoc.Document{Statements: []iamdoc.Statement{
		{
			Sid: "AssignAddresses",
			Actions: []string{
				"ec2:AssignIpv6Addresses", "ec2:DescribeInstances", "ec2:DescribeTags", "ec2:DescribeNetworkInterfaces",
				"ec2:DescribeInstanceTypes",
			},
			Resources: []string{"*"},
		},
		{
			Sid:       "TagInterfaces",
			Actions:   []string{"ec2:CreateTags"},
			Resources: []string{fmt.Sprintf("arn:%s:ec2:*:*:network-interface/*", region.Partition(b.args.Region))},
		},
	}}
}

// vpcCNIConfiguration returns the configuration; with custom networking it is known once zones and subnets are.
func (b *builder) vpcCNIConfiguration() (pulumi.StringPtrInput, error) {
	base := b.vpcCNIBase()
	if len(b.args.PodNetworks) == 0 {
		text, err := encode("vpc-cni", base)
		return pulumi.String(text), err
	}
	groups := b.args.PodSecurityGroupIDs
	if groups == nil {
		groups = pulumi.StringArray{}
	}
	values := []any{groups}
	for _, n := range b.args.PodNetworks {
		values = append(values, n.ZoneName, n.SubnetID)
	}
	return pulumi.All(values...).ApplyT(func(v []any) (*string, error) {
		groups, _ := v[0].([]string)
		subnets := map[string]eniSubnet{}
		for i := 1; i+1 < len(v); i += 2 {
			zone, _ := v[i].(string)
			id, _ := v[i+1].(string)
			subnets[zone] = eniSubnet{ID: id, SecurityGroups: groups}
		}
		whole := base
		whole.ENIConfig = &eniConfig{Create: true, Region: b.args.Region, Subnets: subnets}
		text, err := encode("vpc-cni", whole)
		return &text, err
	}).(pulumi.StringPtrOutput), nil
}

// vpcCNIBase is the configuration without custom networking's subnets.
func (b *builder) vpcCNIBase() vpcCNIConfiguration {
	var out vpcCNIConfiguration
	var env vpcCNIEnv
	s := b.args.VPCCNI
	if *s.NetworkPolicy {
		out.EnableNetworkPolicy = "true"
	}
	if *s.PrefixDelegation {
		env.EnablePrefixDelegation = "true"
		if !b.args.IPv6 { // a node's one /80 is never used up
			env.WarmPrefixTarget = strconv.Itoa(max(s.WarmPrefixTarget, 1))
		}
	}
	if s.PodSecurityGroups {
		env.EnablePodENI = "true"
		// In mode strict such pods bypass the node: its network policies and its DNS cache, and kubelet's probes unless TCP
		// early demux is off (https://docs.aws.amazon.com/eks/latest/userguide/sg-pods-example-deployment.html).
		env.PodSecurityGroupEnforcingMode = "standard"
	}
	if len(b.args.PodNetworks) > 0 {
		env.CustomNetworkConfig = "true"
		env.ENIConfigLabel = "topology.kubernetes.io/zone"
	}
	if env != (vpcCNIEnv{}) {
		out.Env = &env
	}
	return out
}
