package aws

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/region"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const clusterType = "aws:eks/cluster:Cluster"

var clusterNameForm = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`)

// controlPlaneAddresses is how many free addresses a subnet of the control plane needs
// (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html).
const controlPlaneAddresses = 6

func init() {
	register(clusterType, &Service{
		NewID:  claim("", []string{"name"}, "ResourceInUseException", "Cluster already exists with name: %s"),
		Create: createCluster, Update: updateCluster, Delete: deleteCluster,
	})
}

func createCluster(c *Call) error {
	a := c.attrs()
	name := a.text("name")
	if !clusterNameForm.MatchString(name) {
		return refuse("InvalidParameterException", "The cluster name is not valid: %q must have 1 to 100 letters, digits, - and _, and begin with a letter or digit", name)
	}
	if err := clusterRole(c, a.text("roleArn")); err != nil {
		return err
	}
	c.fill("version", facts.DefaultKubernetesVersion)
	if err := clusterVersion(a); err != nil {
		return err
	}
	subnets, err := clusterSubnets(c)
	if err != nil {
		return err
	}
	vpc := attrs(subnets[0].Attributes).text("vpcId")
	if err := clusterEndpoint(a.block("vpcConfig"), ipv6Cluster(a)); err != nil {
		return err
	}
	if err := groupsIn(c, vpc, a.block("vpcConfig").texts("securityGroupIds")); err != nil {
		return asEKS(err)
	}
	if err := serviceNetwork(c, vpc); err != nil {
		return err
	}
	if err := clusterKey(c); err != nil {
		return err
	}
	if err := fillCluster(c, vpc); err != nil {
		return err
	}
	if err := placeControlPlane(c, subnets); err != nil {
		return err
	}
	if err := creatorEntry(c); err != nil {
		return err
	}
	return controlPlaneLogs(c)
}

// asEKS turns a refusal of EC2 into EKS's, which passes the text on.
func asEKS(err error) error {
	e, ok := err.(*Error)
	if !ok {
		return err
	}
	return refuse("InvalidParameterException", "%s (Service: Ec2, Error Code: %s)", e.Message, e.Code)
}

// clusterRole checks the control plane's role.
func clusterRole(c *Call, arn string) error {
	role, ok := findRoleByARN(c, arn)
	if !ok || !trusts(role, "eks.amazonaws.com", "sts:AssumeRole") {
		return refuse("InvalidParameterException", "Role with arn: %s, could not be assumed because it does not exist or the trusted entity is not correct", arn)
	}
	if !hasManaged(c, role, "AmazonEKSClusterPolicy") && !grants(c, role, "ec2:CreateNetworkInterface") {
		return refuse("InvalidRequestException", "The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the "+
			"following policies [arn:%s:iam::aws:policy/AmazonEKSClusterPolicy] are attached (%s)", c.Partition, arn)
	}
	return nil
}

func clusterVersion(a attrs) error {
	version, known := kubernetesVersion(a.text("version"))
	if !known {
		return refuse("InvalidParameterException", "unsupported Kubernetes version %q (supported: %s)", a.text("version"), supportedVersions())
	}
	if version.ExtendedOnly && a.block("upgradePolicy").text("supportType") == "STANDARD" {
		return refuse("InvalidParameterException", "Kubernetes version %s is in extended support and the cluster's support type is STANDARD", a.text("version"))
	}
	return nil
}

// clusterSubnets checks the subnets of the control plane.
func clusterSubnets(c *Call) ([]*cloud.Object, error) {
	var subnets []*cloud.Object
	vpcs, zones := map[string]bool{}, map[string]bool{}
	for _, id := range c.attrs().block("vpcConfig").texts("subnetIds") {
		s, err := findSubnet(c, id)
		if err != nil {
			return nil, asEKS(err)
		}
		a := attrs(s.Attributes)
		if slices.Contains(region.RefusedZoneIDs, a.text("availabilityZoneId")) {
			var good []string
			for _, z := range zonesOf(c.Scope) {
				if !slices.Contains(region.RefusedZoneIDs, z.id) {
					good = append(good, z.name)
				}
			}
			return nil, refuse("UnsupportedAvailabilityZoneException", "Cannot create cluster '%s' because EKS does not support creating control plane "+
				"instances in %s, the targeted availability zone. Retry cluster creation using control plane subnets that span at least two of these "+
				"availability zones: %s. Note, post cluster creation, you can run worker nodes in separate subnets/availability zones from control plane "+
				"subnets/availability zones passed during cluster creation", c.attrs().text("name"), a.text("availabilityZone"), strings.Join(good, ", "))
		}
		vpcs[a.text("vpcId")], zones[a.text("availabilityZone")] = true, true
		subnets = append(subnets, s)
	}
	if len(zones) < 2 {
		return nil, refuse("InvalidParameterException", "Subnets specified must be in at least two different AZs")
	}
	if len(vpcs) > 1 {
		return nil, refuse("InvalidParameterException", "Subnets specified must belong to the same VPC (%s)", strings.Join(slices.Sorted(maps.Keys(vpcs)), ", "))
	}
	return subnets, dualStackSubnets(c, subnets)
}

// clusterEndpoint checks who can reach the API server. The endpoint of an IPv6 cluster has addresses of both families
// (https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html).
func clusterEndpoint(v attrs, ipv6 bool) error {
	public := v.flagOr("endpointPublicAccess", true)
	if !public && !v.flag("endpointPrivateAccess") {
		return refuse("InvalidParameterException", "Private and public endpoint access cannot be false")
	}
	for _, s := range v.texts("publicAccessCidrs") {
		p, ok := parseCIDR(s)
		if !ok && ipv6 {
			p, ok = parseIPv6CIDR(s)
		}
		if _, private := overlapping(p, privateIPv4); !ok || private && p.Bits() > 0 {
			return refuse("InvalidParameterException", "The following CIDRs are invalid in publicAccessCidrs: [%s]", s)
		}
	}
	return nil
}

// serviceNetwork checks the network of Kubernetes services, or chooses one beside the VPC as EKS does.
func serviceNetwork(c *Call, vpcID string) error {
	k := c.attrs().block("kubernetesNetworkConfig")
	vpc, err := findVPC(c, vpcID)
	if err != nil {
		return asEKS(err)
	}
	networks := vpcCIDRs(c, vpc)
	out := maps.Clone(k)
	if out == nil {
		out = attrs{}
	}
	if out.text("ipFamily") == "" {
		out["ipFamily"] = "ipv4"
	}
	text := k.text("serviceIpv4Cidr")
	switch {
	case out.text("ipFamily") == "ipv6":
		if text != "" {
			return refuse("InvalidParameterException", "serviceIpv4Cidr cannot be specified for a cluster with ipFamily ipv6")
		}
		out["serviceIpv6Cidr"] = serviceIPv6Range()
	case text == "":
		chosen := netip.MustParsePrefix("10.100.0.0/16")
		if _, clash := overlapping(chosen, networks); clash {
			chosen = netip.MustParsePrefix("172.20.0.0/16")
		}
		out["serviceIpv4Cidr"] = chosen.String()
	default:
		p, ok := parseCIDR(text)
		if !ok || !withinAny(p, privateIPv4) || p.Bits() < 12 || p.Bits() > 24 {
			return refuse("InvalidParameterException", "Service CIDR %s is not valid: it must be within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 and "+
				"between /24 and /12", text)
		}
		if other, clash := overlapping(p, networks); clash {
			return refuse("InvalidParameterException", "Service CIDR %s overlaps with the CIDR %s of VPC %s", text, other, vpcID)
		}
	}
	c.Attributes["kubernetesNetworkConfig"] = cloud.Attributes(out)
	return nil
}

// clusterKey checks the KMS key that encrypts secrets.
func clusterKey(c *Call) error {
	arn := c.attrs().block("encryptionConfig").block("provider").text("keyArn")
	if arn == "" {
		return nil
	}
	key, ok := findKey(c, arn)
	if !ok {
		return refuse("InvalidParameterException", "The keyArn in encryptionConfig provider is not valid: %s does not exist", arn)
	}
	k := attrs(key.Attributes)
	if !k.flagOr("isEnabled", true) || k.text("customerMasterKeySpec") != "SYMMETRIC_DEFAULT" {
		return refuse("InvalidParameterException", "The keyArn in encryptionConfig provider is not valid: %s must be an enabled symmetric key", arn)
	}
	return nil
}

// fillCluster sets what EKS makes: endpoint, certificate authority, issuer and security group.
func fillCluster(c *Call, vpc string) error {
	name := c.attrs().text("name")
	identity := strings.ToUpper(randomHex(32))
	ca, err := certificateAuthority()
	if err != nil {
		return err
	}
	c.Attributes["arn"] = c.arn("eks", "cluster/"+name)
	c.Attributes["status"] = "ACTIVE"
	c.Attributes["platformVersion"] = "eks.12"
	c.Attributes["createdAt"] = timestamp()
	c.Attributes["endpoint"] = fmt.Sprintf("https://%s.gr7.%s.%s", identity, c.Scope.Region, clusterDomain(c))
	c.Attributes["certificateAuthority"] = map[string]any{"data": ca}
	c.Attributes["certificateAuthorities"] = []any{map[string]any{"data": ca}}
	issuer := fmt.Sprintf("https://oidc.eks.%s.%s/id/%s", c.Scope.Region, c.dnsSuffix(), identity)
	c.Attributes["identities"] = []any{map[string]any{"oidcs": []any{map[string]any{"issuer": issuer}}}}
	fillAccess(c)
	c.fill("upgradePolicy", map[string]any{"supportType": "EXTENDED"})

	group := newID("sg")
	err = c.Tx.Put(&cloud.Object{
		Scope: c.Scope, Type: hiddenSecurityGroup, ID: group, Owner: c.self(),
		Attributes: cloud.Attributes{
			"name": "eks-cluster-sg-" + name + "-" + randomHex(8), "vpcId": vpc, "arn": c.arn("ec2", "security-group/"+group), "ownerId": c.Scope.Account,
			"description": "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.",
			"tags": map[string]any{
				"Name": "eks-cluster-sg-" + name, "kubernetes.io/cluster/" + name: "owned", "aws:eks:cluster-name": name,
			},
		},
	})
	if err != nil {
		return err
	}
	fillVPCConfig(c, group, vpc)
	return nil
}

func fillAccess(c *Call) {
	access := maps.Clone(c.attrs().block("accessConfig"))
	if access == nil {
		access = attrs{}
	}
	if access.text("authenticationMode") == "" {
		access["authenticationMode"] = "CONFIG_MAP"
		if old := c.old().block("accessConfig").text("authenticationMode"); old != "" {
			access["authenticationMode"] = old
		}
	}
	c.Attributes["accessConfig"] = cloud.Attributes(access)
}

func fillVPCConfig(c *Call, group, vpc string) {
	v := maps.Clone(c.attrs().block("vpcConfig"))
	v["clusterSecurityGroupId"], v["vpcId"] = group, vpc
	if v["publicAccessCidrs"] == nil {
		v["publicAccessCidrs"] = []any{}
		if v.flagOr("endpointPublicAccess", true) {
			v["publicAccessCidrs"] = []any{"0.0.0.0/0"}
			if ipv6Cluster(c.attrs()) {
				v["publicAccessCidrs"] = []any{"0.0.0.0/0", "::/0"}
			}
		}
	}
	c.Attributes["vpcConfig"] = cloud.Attributes(v)
}

// certificateAuthority makes a certificate as a cluster has one: base64 of PEM. Programs hand it on, and some parse it.
func certificateAuthority() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "kubernetes"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

// placeControlPlane puts the control plane's network interfaces into its subnets; EKS uses up to four.
func placeControlPlane(c *Call, subnets []*cloud.Object) error {
	if err := c.removeInterfaces(); err != nil {
		return err
	}
	v := c.attrs().block("vpcConfig")
	groups := append(v.texts("securityGroupIds"), v.text("clusterSecurityGroupId"))
	for i, s := range subnets {
		cidr, _ := parseCIDR(attrs(s.Attributes).text("cidrBlock"))
		used := len(c.referring(hiddenInterface, "subnetId", s.ID))
		if free := 1<<(32-cidr.Bits()) - reservedHead - 1 - used; free < controlPlaneAddresses {
			return refuse("InvalidParameterException", "Subnet %s (%s) has %d free IP addresses; a subnet of the control plane needs at least %d",
				s.ID, cidr, free, controlPlaneAddresses)
		}
		if i >= 4 {
			continue
		}
		_, _, err := placeInterface(c, netInterface{subnet: s, groups: groups, description: "Amazon EKS " + c.attrs().text("name")})
		if err != nil {
			return err
		}
	}
	return nil
}

// creatorEntry gives whoever makes a cluster access to it, unless told not to.
func creatorEntry(c *Call) error {
	access := c.attrs().block("accessConfig")
	if access.text("authenticationMode") == "CONFIG_MAP" || !access.flagOr("bootstrapClusterCreatorAdminPermissions", true) {
		return nil
	}
	return putHiddenEntry(c, c.ID, callerARN(c.Partition, c.Scope.Account), "STANDARD")
}

// callerARN is who runs the rehearsal.
func callerARN(partition, account string) string {
	return fmt.Sprintf("arn:%s:iam::%s:user/rehearsal", partition, account)
}

func controlPlaneLogGroup(cluster string) string { return "/aws/eks/" + cluster + "/cluster" }

// controlPlaneLogs makes the control plane's log group when it logs and there is none. As in AWS nobody owns that
// group: it outlives the cluster and keeps its logs forever.
func controlPlaneLogs(c *Call) error {
	if !c.attrs().has("enabledClusterLogTypes") {
		return nil
	}
	name := controlPlaneLogGroup(c.ID)
	if _, ok := c.get(logGroupType, name); ok {
		return nil
	}
	a := cloud.Attributes{"name": name}
	fillLogGroup(a, c.arn("logs", "log-group:"+name))
	return c.Tx.Put(&cloud.Object{Scope: c.Scope, Type: logGroupType, ID: name, Attributes: a})
}

func updateCluster(c *Call) error {
	before := c.old().block("vpcConfig")
	fillVPCConfig(c, before.text("clusterSecurityGroupId"), before.text("vpcId"))
	fillAccess(c)
	a := c.attrs()
	if err := clusterVersion(a); err != nil {
		return err
	}
	if err := versionStep(c); err != nil {
		return err
	}
	if err := accessStep(c); err != nil {
		return err
	}
	if a.text("roleArn") != c.old().text("roleArn") {
		if err := clusterRole(c, a.text("roleArn")); err != nil {
			return err
		}
	}
	v := a.block("vpcConfig")
	if err := clusterEndpoint(v, ipv6Cluster(a)); err != nil {
		return err
	}
	if err := groupsIn(c, v.text("vpcId"), v.texts("securityGroupIds")); err != nil {
		return asEKS(err)
	}
	if changed(v, before, "subnetIds") || changed(v, before, "securityGroupIds") {
		if err := moveControlPlane(c); err != nil {
			return err
		}
	}
	if before := c.old().block("encryptionConfig"); len(before) > 0 {
		// A cluster keeps its first key for life. The provider does not even ask for another, and succeeds.
		c.Attributes["encryptionConfig"] = cloud.Attributes(before)
	} else if err := clusterKey(c); err != nil {
		return err
	}
	return controlPlaneLogs(c)
}

func changed(after, before attrs, key string) bool {
	a, b := after.texts(key), before.texts(key)
	slices.Sort(a)
	slices.Sort(b)
	return !slices.Equal(a, b)
}

// versionStep allows one minor up, with nodes that are not too far behind.
func versionStep(c *Call) error {
	from, to := c.old().text("version"), c.attrs().text("version")
	was, _ := minorOf(from)
	will, _ := minorOf(to)
	if was == will {
		return nil
	}
	if will != was+1 {
		return refuse("InvalidParameterException", "Unsupported Kubernetes minor version update from %s to %s", from, to)
	}
	for _, o := range c.referring(nodeGroupType, "clusterName", c.ID) {
		a := attrs(o.Attributes)
		if n, ok := minorOf(a.text("version")); ok && will-n > facts.MaxKubeletSkew {
			return refuse("InvalidRequestException", "Nodegroup %s (version %s) must be updated before updating cluster version to %s: nodes may be at most %d minors behind",
				a.text("nodeGroupName"), a.text("version"), to, facts.MaxKubeletSkew)
		}
	}
	return nil
}

// accessStep allows the authentication mode to move towards API, one step at a time.
func accessStep(c *Call) error {
	order := []string{"CONFIG_MAP", "API_AND_CONFIG_MAP", "API"}
	from := c.old().block("accessConfig").text("authenticationMode")
	to := c.attrs().block("accessConfig").text("authenticationMode")
	was, will := slices.Index(order, from), slices.Index(order, to)
	if will != was && will != was+1 {
		return refuse("InvalidParameterException", "Unsupported authentication mode update from %s to %s", from, to)
	}
	return nil
}

// moveControlPlane puts the control plane into other subnets: of its VPC and of its zones.
func moveControlPlane(c *Call) error {
	subnets, err := clusterSubnets(c)
	if err != nil {
		return err
	}
	before := c.old().block("vpcConfig")
	if vpc := attrs(subnets[0].Attributes).text("vpcId"); vpc != before.text("vpcId") {
		return refuse("InvalidParameterException", "Provided subnets belong to the VPC '%s' that is different from the cluster's VPC '%s'", vpc, before.text("vpcId"))
	}
	zones := func(ids []string) map[string]bool {
		out := map[string]bool{}
		for _, id := range ids {
			if s, ok := c.get(subnetType, id); ok {
				out[attrs(s.Attributes).text("availabilityZone")] = true
			}
		}
		return out
	}
	was, will := zones(before.texts("subnetIds")), zones(c.attrs().block("vpcConfig").texts("subnetIds"))
	if !maps.Equal(was, will) {
		return refuse("InvalidParameterException", "Provided subnets belong to different AZs than the cluster's: %s, not %s",
			strings.Join(slices.Sorted(maps.Keys(will)), ", "), strings.Join(slices.Sorted(maps.Keys(was)), ", "))
	}
	return placeControlPlane(c, subnets)
}

func deleteCluster(c *Call) error {
	if held := c.referring(nodeGroupType, "clusterName", c.ID); len(held) > 0 {
		return refuse("ResourceInUseException", "Cluster has nodegroups attached (%s)", heldBy(held))
	}
	if held := c.referring(fargateProfileType, "clusterName", c.ID); len(held) > 0 {
		return refuse("ResourceInUseException", "Cluster has Fargate profiles attached (%s)", heldBy(held))
	}
	// A control plane logs to its last second: a group that was deleted before it comes back.
	last := *c
	last.Attributes = c.Old
	return controlPlaneLogs(&last)
}

// findCluster returns a cluster that can take requests, or EKS's refusal.
func findCluster(c *Call, name string) (*cloud.Object, error) {
	o, ok := c.get(clusterType, name)
	if !ok {
		return nil, refuse("ResourceNotFoundException", "No cluster found for name: %s.", name)
	}
	if status := attrs(o.Attributes).text("status"); status != "ACTIVE" {
		return nil, refuse("InvalidRequestException", "Cluster '%s' is not in ACTIVE status (%s)", name, status)
	}
	return o, nil
}
