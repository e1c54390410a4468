package aws

import (
	"encoding/base64"
	"fmt"
	"maps"
	"mime"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	nodeGroupType = "aws:eks/nodeGroup:NodeGroup"

	// hiddenGroup is the Auto Scaling group of a managed node group.
	hiddenGroup = "hidden:autoscaling/group"
)

var (
	nodeGroupNameForm = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,62}$`)
	instanceTypeForm  = regexp.MustCompile(`^[a-z][a-z0-9-]*\.([0-9]*(nano|micro|small|medium|large|xlarge)|metal(-[0-9]+xl)?)$`)
	reservedLabel     = regexp.MustCompile(`^(eks\.amazonaws\.com|kubernetes\.io|k8s\.io)/`)
)

func init() {
	register(nodeGroupType, &Service{
		NewID: claim(":", []string{"clusterName", "nodeGroupName"}, "ResourceInUseException",
			"NodeGroup already exists with this name in the cluster (%s)"),
		Create: createNodeGroup, Update: updateNodeGroup,
	})
}

func createNodeGroup(c *Call) error {
	a := c.attrs()
	name, clusterName := a.text("nodeGroupName"), a.text("clusterName")
	cluster, err := findCluster(c, clusterName)
	if err != nil {
		return err
	}
	if !nodeGroupNameForm.MatchString(name) {
		return refuse("InvalidParameterException", "The node group name is not valid: %q must have 1 to 63 letters, digits, - and _, and begin with a letter or digit", name)
	}
	role, err := nodeRole(c)
	if err != nil {
		return err
	}
	if _, err := nodeSubnets(c, cluster); err != nil {
		return err
	}
	template, err := nodeTemplate(c)
	if err != nil {
		return err
	}
	if err := nodeMachines(c, template); err != nil {
		return err
	}
	fillNodeGroup(c, cluster, template)
	if err := nodeVersion(c, cluster); err != nil {
		return err
	}
	if err := nodeSettings(a); err != nil {
		return err
	}
	if err := nodeUserData(c, template); err != nil {
		return err
	}
	group, err := putAutoScalingGroup(c)
	if err != nil {
		return err
	}
	c.Attributes["resources"] = []any{map[string]any{
		"autoscalingGroups": []any{map[string]any{"name": group}}, "remoteAccessSecurityGroupId": "",
	}}
	// EKS lets the nodes of a managed group in by itself.
	if attrs(cluster.Attributes).block("accessConfig").text("authenticationMode") != "CONFIG_MAP" {
		if err := putHiddenEntry(c, clusterName, a.text("nodeRoleArn"), "EC2_LINUX"); err != nil {
			return err
		}
	}
	return startNodes(c, cluster, role, template)
}

func updateNodeGroup(c *Call) error {
	a, old := c.attrs(), c.old()
	cluster, err := findCluster(c, a.text("clusterName"))
	if err != nil {
		return err
	}
	role, err := nodeRole(c)
	if err != nil {
		return err
	}
	template, err := nodeTemplate(c)
	if err != nil {
		return err
	}
	if a.text("version") != old.text("version") && a.text("releaseVersion") == old.text("releaseVersion") {
		minor, _ := minorOf(a.text("version"))
		c.Attributes["releaseVersion"] = defaultRelease(a.text("amiType"), minor)
	}
	if err := nodeVersion(c, cluster); err != nil {
		return err
	}
	was, _ := minorOf(old.text("version"))
	if will, _ := minorOf(a.text("version")); will < was {
		return refuse("InvalidParameterException", "Requested Nodegroup version %s is lower than its present version %s", a.text("version"), old.text("version"))
	}
	if err := nodeSettings(a); err != nil {
		return err
	}
	if err := nodeUserData(c, template); err != nil {
		return err
	}
	if err := scaleAutoScalingGroup(c); err != nil {
		return err
	}
	rolls := a.text("version") != old.text("version") || a.text("releaseVersion") != old.text("releaseVersion") ||
		documentText(a["launchTemplate"]) != documentText(old["launchTemplate"])
	size, _ := a.block("scalingConfig").whole("desiredSize")
	before, _ := old.block("scalingConfig").whole("desiredSize")
	if !rolls && size == before {
		return nil
	}
	return startNodes(c, cluster, role, template)
}

// nodeRole checks the role of a group's instances.
func nodeRole(c *Call) (*cloud.Object, error) {
	arn := c.attrs().text("nodeRoleArn")
	role, ok := findRoleByARN(c, arn)
	if !ok || !trusts(role, "ec2."+c.dnsSuffix(), "sts:AssumeRole") && !trusts(role, "ec2.amazonaws.com", "sts:AssumeRole") {
		return nil, refuse("InvalidParameterException", "Following required service principals [ec2.amazonaws.com] were not found in the trust relationships "+
			"of nodeRole %s", arn)
	}
	needs := []struct {
		named  []string
		action string
	}{
		{[]string{"AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"}, "ec2:DescribeInstances"},
		{[]string{
			"AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPowerUser",
			"AmazonEC2ContainerRegistryFullAccess",
		}, "ecr:BatchGetImage"},
	}
	for _, need := range needs {
		has := slices.ContainsFunc(need.named, func(name string) bool { return hasManaged(c, role, name) })
		if !has && !grants(c, role, need.action) {
			return nil, refuse("InvalidRequestException", "The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the "+
				"following policies [%s] are attached (%s)", need.named[0], arn)
		}
	}
	return role, nil
}

// nodeSubnets checks the subnets of a group.
func nodeSubnets(c *Call, cluster *cloud.Object) ([]*cloud.Object, error) {
	vpc := attrs(cluster.Attributes).block("vpcConfig").text("vpcId")
	ids := c.attrs().texts("subnetIds")
	if len(ids) == 0 {
		return nil, refuse("InvalidParameterException", "Subnet ID(s) must be specified")
	}
	var out []*cloud.Object
	for _, id := range ids {
		s, err := findSubnet(c, id)
		if err != nil {
			return nil, asEKS(err)
		}
		if of := attrs(s.Attributes).text("vpcId"); of != vpc {
			return nil, refuse("InvalidParameterException", "Subnet %s is in VPC %s, not in the cluster's VPC %s", id, of, vpc)
		}
		out = append(out, s)
	}
	return out, nil
}

// nodeTemplate checks the launch template against what a managed group allows in one
// (https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html). Without one it returns nil.
func nodeTemplate(c *Call) (attrs, error) {
	a := c.attrs()
	spec := a.block("launchTemplate")
	if spec == nil {
		return nil, nil
	}
	_, t, err := findTemplateVersion(c, spec)
	if err != nil {
		return nil, err
	}
	invalid := func(text string) (attrs, error) {
		return nil, refuse("InvalidParameterException", "%s (launch template %s%s)", text, spec.text("id"), spec.text("name"))
	}
	switch image := t.text("imageId"); {
	case t.has("iamInstanceProfile"):
		return invalid("Launch template should not specify an instance profile. The noderole in your request will be used to construct an instance profile")
	case t.has("instanceInitiatedShutdownBehavior") || t.has("hibernationOptions"):
		return invalid("Launch template should not specify shutdown behavior or hibernation options")
	case t.has("instanceMarketOptions"):
		return invalid("Launch template should not specify instance market options. Use the capacity type of the node group")
	case slices.ContainsFunc(t.blocks("networkInterfaces"), func(n attrs) bool { return n.has("subnetId") || n.has("networkInterfaceId") }):
		return invalid("Launch template should not specify a subnet. The subnets in your request will be used")
	case t.has("instanceType") && a.has("instanceTypes") && len(c.Old) == 0:
		return invalid("Instance type specified in both the launch template and the request. It can be specified in only one of them")
	case diskSize(a) && len(c.Old) == 0:
		return invalid("Disk size must be specified within the launch template")
	case a.has("remoteAccess"):
		return invalid("Remote access configuration cannot be specified with a launch template")
	case image != "" && a.text("amiType") != "" && a.text("amiType") != "CUSTOM":
		return invalid("You cannot specify an image id within the launch template and an amiType")
	case image != "" && a.text("releaseVersion") != "" && len(c.Old) == 0:
		return invalid("You cannot specify an image id within the launch template and a releaseVersion")
	case image == "" && a.text("amiType") == "CUSTOM":
		return invalid("AMI type CUSTOM needs a launch template with an image id")
	case image != "" && a.text("version") != "" && len(c.Old) == 0:
		return invalid("You cannot specify an image id within the launch template and a Kubernetes version")
	}
	return t, nil
}

func diskSize(a attrs) bool {
	n, ok := a.whole("diskSize")
	return ok && n != 0
}

// nodeMachines checks the instance types against the AMI type.
func nodeMachines(c *Call, template attrs) error {
	a := c.attrs()
	types := a.texts("instanceTypes")
	if len(types) > 20 {
		return refuse("InvalidParameterException", "A node group can name at most 20 instance types (it names %d)", len(types))
	}
	if t := template.text("instanceType"); t != "" {
		types = []string{t}
	}
	ami := a.text("amiType")
	archs := map[instancetype.Arch]bool{}
	for _, name := range types {
		if !instanceTypeForm.MatchString(name) {
			return refuse("InvalidParameterException", "The following supplied instance types do not exist: [%s]", name)
		}
		arch := archOf(name)
		archs[arch] = true
		arm := strings.Contains(ami, "ARM")
		if ami != "" && ami != "CUSTOM" && (arch == instancetype.Arm) != arm {
			return refuse("InvalidParameterException", "[%s] is not a valid instance type for requested amiType %s", name, ami)
		}
		if t, known := instancetype.Lookup(name); known && strings.HasSuffix(ami, "NVIDIA") && t.GPUs == 0 {
			return refuse("InvalidParameterException", "[%s] is not a valid instance type for requested amiType %s", name, ami)
		}
	}
	if len(archs) > 1 {
		return refuse("InvalidParameterException", "Instance types of one node group must share one architecture: %s", strings.Join(types, ", "))
	}
	if ami == "" && template.text("imageId") == "" {
		c.Attributes["amiType"] = "AL2023_x86_64_STANDARD"
		if archs[instancetype.Arm] {
			c.Attributes["amiType"] = "AL2023_ARM_64_STANDARD"
		}
	}
	return nil
}

// armGeneration finds Graviton families in names newer than the table: a g after the generation's digit (m9g).
var armGeneration = regexp.MustCompile(`^[a-z-]+[0-9]+[a-z]*g[a-z]*\.`)

func archOf(name string) instancetype.Arch {
	if t, known := instancetype.Lookup(name); known {
		if t.Supports(instancetype.Arm) {
			return instancetype.Arm
		}
		return instancetype.X86
	}
	if armGeneration.MatchString(name) {
		return instancetype.Arm
	}
	return instancetype.X86
}

func fillNodeGroup(c *Call, cluster *cloud.Object, template attrs) {
	a := c.attrs()
	custom := template.text("imageId") != ""
	c.Attributes["arn"] = c.arn("eks", strings.Join([]string{"nodegroup", a.text("clusterName"), a.text("nodeGroupName"), newUUID()}, "/"))
	c.Attributes["status"] = "ACTIVE"
	c.fill("capacityType", "ON_DEMAND")
	c.fill("version", attrs(cluster.Attributes).text("version"))
	if custom {
		c.fill("amiType", "CUSTOM")
		c.fill("releaseVersion", template.text("imageId"))
	} else {
		minor, _ := minorOf(a.text("version"))
		c.fill("releaseVersion", defaultRelease(a.text("amiType"), minor))
	}
	if template == nil {
		c.fill("diskSize", 20)
	}
	if template.text("instanceType") == "" {
		c.fill("instanceTypes", []any{"t3.medium"})
	}
	c.fill("updateConfig", map[string]any{"maxUnavailable": 1})
	if u := a.block("updateConfig"); u != nil && !u.has("maxUnavailable") && !u.has("maxUnavailablePercentage") {
		c.Attributes["updateConfig"] = map[string]any{"maxUnavailable": 1}
	}
}

// nodeVersion checks the group's Kubernetes version against the control plane and the AMI release.
func nodeVersion(c *Call, cluster *cloud.Object) error {
	a := c.attrs()
	control, _ := minorOf(attrs(cluster.Attributes).text("version"))
	minor, ok := minorOf(a.text("version"))
	if !ok {
		return refuse("InvalidParameterException", "Nodegroup Kubernetes version %q is not valid", a.text("version"))
	}
	if minor > control {
		return refuse("InvalidParameterException", "Nodegroup Kubernetes version %s is newer than the cluster's version %s", a.text("version"), versionOf(control))
	}
	if control-minor > facts.MaxKubeletSkew {
		return refuse("InvalidParameterException", "Nodegroup Kubernetes version %s is more than %d minors behind the cluster's version %s",
			a.text("version"), facts.MaxKubeletSkew, versionOf(control))
	}
	ami := a.text("amiType")
	if strings.HasPrefix(ami, "AL2_") && minor > 32 {
		return refuse("InvalidParameterException", "AMI Type %s is only supported for kubernetes versions 1.32 or earlier", ami)
	}
	if ami == "CUSTOM" {
		return nil
	}
	return checkRelease(a.text("releaseVersion"), ami, minor)
}

// nodeSettings checks sizes, labels and taints.
func nodeSettings(a attrs) error {
	s := a.block("scalingConfig")
	least, _ := s.whole("minSize")
	desired, _ := s.whole("desiredSize")
	most, _ := s.whole("maxSize")
	switch {
	case least > most:
		return refuse("InvalidParameterException", "Minimum capacity %d can't be greater than maximum size %d", least, most)
	case least > desired:
		return refuse("InvalidParameterException", "Minimum capacity %d can't be greater than desired size %d", least, desired)
	case desired > most:
		return refuse("InvalidParameterException", "desired capacity %d can't be greater than max size %d", desired, most)
	}
	for key := range a.block("labels") {
		if reservedLabel.MatchString(key) {
			return refuse("InvalidParameterException", "Label cannot contain reserved prefixes [kubernetes.io/, k8s.io/, eks.amazonaws.com/]: %s", key)
		}
	}
	taints := map[string]bool{}
	for _, t := range a.blocks("taints") {
		effect := t.text("effect")
		if taints[t.text("key")+effect] {
			return refuse("InvalidParameterException", "Taint %s with effect %s is given more than once", t.text("key"), effect)
		}
		taints[t.text("key")+effect] = true
	}
	return nil
}

// nodeUserData checks that EKS can merge the template's user data with its own: it does not with a custom AMI.
func nodeUserData(c *Call, template attrs) error {
	data := template.text("userData")
	if data == "" || template.text("imageId") != "" {
		return nil
	}
	raw, _ := base64.StdEncoding.DecodeString(data) // the launch template has been refused if it is not base64
	form, ok := "the MIME multipart format", isMultipart(raw)
	if strings.HasPrefix(c.attrs().text("amiType"), "BOTTLEROCKET") {
		var settings map[string]any
		form, ok = "the TOML format", toml.Unmarshal(raw, &settings) == nil
	}
	if !ok {
		return c.notStable("EKS Node Group", "CREATE_FAILED", ": Ec2LaunchTemplateInvalidConfiguration: User data was not in %s.", form)
	}
	return nil
}

func isMultipart(raw []byte) bool {
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return false
	}
	typ, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	return err == nil && strings.HasPrefix(typ, "multipart/") && params["boundary"] != ""
}

// putAutoScalingGroup makes the group's Auto Scaling group and returns its name.
func putAutoScalingGroup(c *Call) (string, error) {
	a := c.attrs()
	cluster, group := a.text("clusterName"), a.text("nodeGroupName")
	name := "eks-" + group + "-" + newUUID()
	tags := map[string]any{
		"eks:cluster-name": cluster, "eks:nodegroup-name": group, "kubernetes.io/cluster/" + cluster: "owned",
		"k8s.io/cluster-autoscaler/enabled": "true", "k8s.io/cluster-autoscaler/" + cluster: "owned",
	}
	attributes := cloud.Attributes{
		"name": name, "nodeGroup": c.ID, "vpcZoneIdentifiers": a["subnetIds"], "tags": tags,
		"arn": c.arn("autoscaling", fmt.Sprintf("autoScalingGroup:%s:autoScalingGroupName/%s", newUUID(), name)),
	}
	maps.Copy(attributes, sizes(a))
	return name, c.Tx.Put(&cloud.Object{Scope: c.Scope, Type: hiddenGroup, ID: name, Owner: c.self(), Attributes: attributes})
}

func sizes(a attrs) cloud.Attributes {
	s := a.block("scalingConfig")
	return cloud.Attributes{"minSize": s["minSize"], "maxSize": s["maxSize"], "desiredCapacity": s["desiredSize"]}
}

func scaleAutoScalingGroup(c *Call) error {
	for _, o := range c.Tx.Owned(&cloud.Object{Scope: c.Scope, Type: c.Type, ID: c.ID}) {
		if o.Type != hiddenGroup {
			continue
		}
		maps.Copy(o.Attributes, sizes(c.attrs()))
		if err := c.Tx.Put(o); err != nil {
			return err
		}
	}
	return nil
}
