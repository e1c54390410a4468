package nodegroup

import (
	"encoding/base64"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxUserData is EC2's limit on user data before it is encoded
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html).
const maxUserData = 16384

// coordinates are what a node needs to join the cluster. EKS provides them to its own images, but not to custom ones.
type coordinates struct {
	name, endpoint, authority, serviceCIDR string
}

// exampleCluster represents a cluster that does not exist yet, for the length of the user data.
var exampleCluster = coordinates{
	name: "nonprod", endpoint: "https://0123456789ABCDEF0123456789ABCDEF.gr7.ap-northeast-1.eks.amazonaws.com",
	authority: strings.Repeat("A", 1500), serviceCIDR: "172.20.0.0/16",
}

// userData returns a node's user data. For EKS's images it has only what differs from EKS's own settings, and the cluster c
// is not used: EKS merges it with the user data that makes the node join
// (https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html#launch-template-user-data).
func (a *Args) userData(c coordinates) (string, error) {
	if a.AMI.family() == familyBottlerocket {
		return a.bottlerocketUserData(c)
	}
	return a.al2023UserData(c)
}

// mark says what the VPC CNI does to new nodes only, in words that the user data carries as a comment: a change of it
// rolls the nodes, after the add-on, which they come after. Interfaces are made when a node starts, so that one of before
// keeps the subnets, the trunk and the prefixes that it started with
// (https://docs.aws.amazon.com/eks/latest/userguide/cni-custom-network-tutorial.html,
// https://docs.aws.amazon.com/eks/latest/userguide/cni-increase-ip-addresses-procedure.html,
// https://docs.aws.amazon.com/eks/latest/userguide/security-groups-pods-deployment.html). It is empty for the defaults.
// Single addresses need none where the number of pods tells them from prefixes.
func (a *Args) mark() string {
	n := a.Networking
	if n.IPv6 {
		n.CustomNetworking = false
	}
	var parts []string
	prefixes := n
	prefixes.PrefixDelegation = true
	if !n.PrefixDelegation && a.MaxPods(n) == a.MaxPods(prefixes) && a.MaxPods(n) > 0 {
		parts = append(parts, "single addresses")
	}
	if n.CustomNetworking {
		parts = append(parts, "pods in subnets of their own")
	}
	if n.PodSecurityGroups {
		parts = append(parts, "pod security groups")
	}
	return strings.Join(parts, ", ")
}

// encodedUserData returns the user data in base64, as launch templates want it. Only a custom AMI makes it wait for
// the cluster.
func (a *Args) encodedUserData() (pulumi.StringInput, error) {
	if !a.AMI.custom() {
		text, err := a.userData(coordinates{})
		return pulumi.String(base64.StdEncoding.EncodeToString([]byte(text))), err
	}
	return pulumi.All(a.Cluster.Name, a.Cluster.Endpoint, a.Cluster.CertificateAuthority.Data().Elem(), a.ServiceCIDR).
		ApplyT(func(v []any) (string, error) {
			text, err := a.userData(coordinates{
				name: v[0].(string), endpoint: v[1].(string), authority: v[2].(string), serviceCIDR: v[3].(string),
			})
			return base64.StdEncoding.EncodeToString([]byte(text)), err
		}).(pulumi.StringOutput), nil
}
