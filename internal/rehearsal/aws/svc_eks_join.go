package aws

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// startNodes places a group's instances and lets them join the cluster, or fails as the group does in AWS: it
// never becomes ready. A group of size zero has nothing to prove.
func startNodes(c *Call, cluster, role *cloud.Object, template attrs) error {
	size, _ := c.attrs().block("scalingConfig").whole("desiredSize")
	if err := c.removeInterfaces(); err != nil {
		return err
	}
	if size == 0 {
		return nil
	}
	subnets, err := nodeSubnets(c, cluster)
	if err != nil {
		return err
	}
	groups := template.texts("vpcSecurityGroupIds")
	for _, n := range template.blocks("networkInterfaces") {
		groups = append(groups, n.texts("securityGroups")...)
	}
	if len(groups) == 0 { // any group in the template takes the place of the cluster's own
		groups = []string{attrs(cluster.Attributes).block("vpcConfig").text("clusterSecurityGroupId")}
	}
	for _, s := range subnets {
		if err := canJoin(c, cluster, s, groups); err != nil {
			return err
		}
		if err := canReceivePods(c, cluster, role, s, groups, template); err != nil {
			return err
		}
	}
	for i := range size {
		_, _, err := placeInterface(c, netInterface{
			subnet: subnets[i%len(subnets)], groups: groups, description: "Node of " + c.ID,
		})
		if err != nil {
			return c.notStable("EKS Node Group", "CREATE_FAILED", ": AsgInstanceLaunchFailures: Could not launch On-Demand Instances. %s", err)
		}
	}
	return nil
}

// notJoined is the failure of a group whose instances never show up. The cause is not in AWS's own answer.
func notJoined(c *Call, cause string) error {
	return c.notStable("EKS Node Group", "CREATE_FAILED", "i-0%s: NodeCreationFailure: Instances failed to join the kubernetes cluster (%s)", randomHex(16), cause)
}

// notReady is the failure of a group whose instances join and stay NotReady.
func notReady(c *Call, cause string) error {
	return c.notStable("EKS Node Group", "CREATE_FAILED", "i-0%s: NodeCreationFailure: Unhealthy nodes in the kubernetes cluster (%s)", randomHex(16), cause)
}

// egress says how instances in a subnet reach the world.
type egress struct {
	// table is the subnet's route table.
	table string
	// internetGateway: the default route leads to one, so that only instances with a public address get out.
	internetGateway bool
	// publicIP is the address that traffic comes from behind a NAT gateway; empty without one.
	publicIP string
}

func egressOf(c *Call, subnet *cloud.Object) egress {
	table, ok := tableOf(c, subnet)
	if !ok {
		return egress{}
	}
	out := egress{table: table.ID}
	for _, r := range routesOf(c, table) {
		if r.destination != "0.0.0.0/0" {
			continue
		}
		if _, ok := c.get(internetGatewayType, r.target.text("gatewayId")); ok {
			out.internetGateway = true
		}
		if nat, ok := c.get(natGatewayType, r.target.text("natGatewayId")); ok {
			out.publicIP = natExit(c, nat)
		}
	}
	return out
}

// natExit returns a NAT gateway's public address, when its own subnet leads to an internet gateway.
func natExit(c *Call, nat *cloud.Object) string {
	home, ok := c.get(subnetType, attrs(nat.Attributes).text("subnetId"))
	if !ok {
		return ""
	}
	table, ok := tableOf(c, home)
	if !ok {
		return ""
	}
	for _, r := range routesOf(c, table) {
		if _, ok := c.get(internetGatewayType, r.target.text("gatewayId")); ok && r.destination == "0.0.0.0/0" {
			return attrs(nat.Attributes).text("publicIp")
		}
	}
	return ""
}

// joinServices are what a node calls before it is ready
// (https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html). Image layers come from S3 besides.
var joinServices = []string{"ec2", "ecr.api", "ecr.dkr", "sts"}

// canJoin checks that instances in a subnet reach the control plane and the services they need to join.
func canJoin(c *Call, cluster, subnet *cloud.Object, groups []string) error {
	if err := assignsIPv6(c, cluster, subnet); err != nil {
		return err
	}
	way := egressOf(c, subnet)
	if way.internetGateway && !attrs(subnet.Attributes).flag("mapPublicIpOnLaunch") {
		return c.notStable("EKS Node Group", "CREATE_FAILED", "%s: Ec2SubnetInvalidConfiguration: One or more Amazon EC2 Subnets of [%s] for "+
			"node group %s does not automatically assign public IP addresses to instances launched into it. If you want your instances to be assigned a "+
			"public IP address, then you need to enable auto-assign public IP address for the subnet.", subnet.ID, subnet.ID, c.attrs().text("nodeGroupName"))
	}
	internet := way.internetGateway || way.publicIP != ""
	v := attrs(cluster.Attributes).block("vpcConfig")
	if !v.flag("endpointPrivateAccess") {
		if !internet {
			return notJoined(c, "the cluster's endpoint is public only and subnet "+subnet.ID+" has no way out")
		}
		if from, err := netip.ParseAddr(way.publicIP); err == nil && !coversSource(v.texts("publicAccessCidrs"), netip.PrefixFrom(from, 32)) {
			return notJoined(c, "the cluster's endpoint is public only and does not admit the NAT gateway's address "+way.publicIP)
		}
	}
	if internet {
		return nil
	}
	missing := slices.DeleteFunc(slices.Clone(joinServices), func(s string) bool { return reachesService(c, subnet, groups, s) })
	if !reachesS3(c, subnet, way.table) {
		missing = append(missing, "s3")
	}
	if len(missing) > 0 {
		return notJoined(c, "subnet "+subnet.ID+" has neither a route to a NAT or internet gateway nor endpoints for "+strings.Join(missing, ", "))
	}
	return nil
}

// reachesService reports whether instances in a subnet reach a service through an interface endpoint with private
// DNS, whose security groups let them in.
func reachesService(c *Call, subnet *cloud.Object, groups []string, service string) bool {
	s := attrs(subnet.Attributes)
	from, _ := parseCIDR(s.text("cidrBlock"))
	for _, o := range c.referring(endpointType, "vpcId", s.text("vpcId")) {
		e := attrs(o.Attributes)
		name, _ := endpointService(c, e)
		if name == service && endpointKind(e) == "Interface" && e.flag("privateDnsEnabled") && len(e.texts("subnetIds")) > 0 &&
			admits(c, e.texts("securityGroupIds"), 443, from, groups) {
			return true
		}
	}
	return false
}

func reachesS3(c *Call, subnet *cloud.Object, table string) bool {
	for _, o := range c.referring(endpointType, "vpcId", attrs(subnet.Attributes).text("vpcId")) {
		e := attrs(o.Attributes)
		name, _ := endpointService(c, e)
		if name == "s3" && (endpointKind(e) == "Interface" || slices.Contains(e.texts("routeTableIds"), table)) {
			return true
		}
	}
	return false
}

// canReceivePods checks that nodes become ready: the network plugin and kube-proxy run, and the plugin may make
// network interfaces.
func canReceivePods(c *Call, cluster, role, subnet *cloud.Object, groups []string, template attrs) error {
	// Unless told not to, EKS has put a plugin and a proxy of its own into the cluster.
	own := attrs(cluster.Attributes).flagOr("bootstrapSelfManagedAddons", true)
	cni, hasCNI := c.get(addonType, cluster.ID+":vpc-cni")
	if !hasCNI && !own {
		return notReady(c, "container runtime network not ready: the cluster has no add-on vpc-cni")
	}
	if _, ok := c.get(addonType, cluster.ID+":kube-proxy"); !ok && !own {
		return notReady(c, "the cluster has no add-on kube-proxy, so that pods do not reach the API server's service")
	}
	if err := servesIPv6(c, cluster, cni, template); err != nil {
		return err
	}
	pods, err := cniIdentity(c, cluster, cni, subnet, groups)
	if err != nil {
		return err
	}
	if pods == nil {
		pods = role
	}
	if ipv6Cluster(cluster.Attributes) {
		if !grants(c, pods, "ec2:AssignIpv6Addresses") {
			return notReady(c, "vpc-cni may not assign addresses: role "+pods.ID+" lacks ec2:AssignIpv6Addresses, which no policy of AWS's allows")
		}
		return nil
	}
	if !hasManaged(c, pods, "AmazonEKS_CNI_Policy") && !grants(c, pods, "ec2:AssignPrivateIpAddresses") {
		return notReady(c, "vpc-cni may not assign addresses: role "+pods.ID+" lacks AmazonEKS_CNI_Policy")
	}
	return nil
}

// cniIdentity returns the role that vpc-cni's pods get, or nil when they use the node's.
func cniIdentity(c *Call, cluster, cni, subnet *cloud.Object, groups []string) (*cloud.Object, error) {
	if o, ok := podAssociationOf(c, cluster.ID, "kube-system", "aws-node"); ok {
		if _, agent := c.get(addonType, cluster.ID+":eks-pod-identity-agent"); agent {
			if way := egressOf(c, subnet); !way.internetGateway && way.publicIP == "" && !reachesService(c, subnet, groups, "eks-auth") {
				return nil, notReady(c, "vpc-cni gets its credentials through Pod Identity and subnet "+subnet.ID+" has no way to the eks-auth service")
			}
			role, _ := findRoleByARN(c, attrs(o.Attributes).text("roleArn"))
			return role, nil
		}
	}
	if cni == nil {
		return nil, nil
	}
	role, _ := findRoleByARN(c, attrs(cni.Attributes).text("serviceAccountRoleArn"))
	return role, nil
}
