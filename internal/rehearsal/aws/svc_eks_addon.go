package aws

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const addonType = "aws:eks/addon:Addon"

var (
	addonVersionForm = regexp.MustCompile(`^v\d+\.\d+\.\d+-eksbuild\.\d+$`)
	kubeProxyForm    = regexp.MustCompile(`^v1\.(\d+)\.`)
)

func init() {
	register(addonType, &Service{
		NewID:  claim(":", []string{"clusterName", "addonName"}, "ResourceInUseException", "Addon already exists. (%s)"),
		Create: createAddon, Update: updateAddon, Delete: deleteAddon,
	})
}

func createAddon(c *Call) error {
	a := c.attrs()
	name, clusterName := a.text("addonName"), a.text("clusterName")
	cluster, err := findCluster(c, clusterName)
	if err != nil {
		return err
	}
	minor, _ := minorOf(attrs(cluster.Attributes).text("version"))
	known, ok := facts.Addons()[name]
	if !ok {
		return refuse("InvalidParameterException", "Addon %s specified is not supported in %s kubernetes version", name, versionOf(minor))
	}
	if v := known.VersionFor(versionOf(minor)); v != "" {
		c.fill("addonVersion", v)
	}
	c.Attributes["arn"] = c.arn("eks", strings.Join([]string{"addon", clusterName, name, newUUID()}, "/"))
	c.Attributes["createdAt"] = timestamp()
	c.Attributes["modifiedAt"] = c.Attributes["createdAt"]
	if err := checkAddon(c, cluster); err != nil {
		return err
	}
	if err := adoptLeftInterfaces(c); err != nil {
		return err
	}
	return runAddon(c)
}

func updateAddon(c *Call) error {
	c.Attributes["modifiedAt"] = timestamp()
	cluster, err := findCluster(c, c.attrs().text("clusterName"))
	if err != nil {
		return err
	}
	if err := checkAddon(c, cluster); err != nil {
		return err
	}
	if err := addonStep(c); err != nil {
		return err
	}
	return runAddon(c)
}

// checkAddon checks version, configuration and roles.
func checkAddon(c *Call, cluster *cloud.Object) error {
	a := c.attrs()
	name, version := a.text("addonName"), a.text("addonVersion")
	minor, _ := minorOf(attrs(cluster.Attributes).text("version"))
	if version != "" && !addonVersionForm.MatchString(version) {
		return refuse("InvalidParameterException", "Addon version specified is not supported: %q is not of the form v1.2.3-eksbuild.4", version)
	}
	if m := kubeProxyForm.FindStringSubmatch(version); name == "kube-proxy" && version != c.old().text("addonVersion") && (m == nil || m[1] != strconv.Itoa(minor)) {
		return refuse("InvalidParameterException", "Addon version specified is not supported: %s %s does not run on Kubernetes %s", name, version, versionOf(minor))
	}
	if err := checkConfiguration(name, a.text("configurationValues")); err != nil {
		return err
	}
	if arn := a.text("serviceAccountRoleArn"); arn != "" {
		if _, ok := findRoleByARN(c, arn); !ok {
			return refuse("InvalidParameterException", "The role %s does not exist", arn)
		}
	}
	return addonIdentities(c, cluster)
}

// addonStep allows vpc-cni to move one minor at a time
// (https://docs.aws.amazon.com/eks/latest/userguide/vpc-add-on-update.html).
func addonStep(c *Call) error {
	if c.attrs().text("addonName") != "vpc-cni" {
		return nil
	}
	from, to := c.old().text("addonVersion"), c.attrs().text("addonVersion")
	was, will := addonMinor(from), addonMinor(to)
	if will > was+1 || was > will+1 {
		return refuse("InvalidParameterException", "Addon vpc-cni can only be updated one minor version at a time, not from %s to %s", from, to)
	}
	return nil
}

func addonMinor(version string) int {
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(parts[1])
	return n
}

// addonIdentities checks the add-on's Pod Identity associations and makes them; they belong to the add-on.
func addonIdentities(c *Call, in *cloud.Object) error {
	a := c.attrs()
	cluster, known := a.text("clusterName"), facts.Addons()[a.text("addonName")]
	for _, o := range c.Tx.Owned(&cloud.Object{Scope: c.Scope, Type: c.Type, ID: c.ID}) {
		if o.Type == hiddenPodAssociation {
			if err := c.Tx.Delete(o.Scope, o.Type, o.ID); err != nil {
				return err
			}
		}
	}
	for _, p := range a.blocks("podIdentityAssociations") {
		account, arn := p.text("serviceAccount"), p.text("roleArn")
		if !slices.Contains(known.Identities, account) {
			return refuse("InvalidParameterException", "Service account %s is not one of the add-on's that take a Pod Identity association: [%s]",
				account, strings.Join(known.Identities, ", "))
		}
		if err := podRole(c, arn, in, known.Namespace, account); err != nil {
			return err
		}
		if err := podAssociationFree(c, cluster, known.Namespace, account); err != nil {
			return err
		}
		id, _ := podAssociationID(c)
		err := c.Tx.Put(&cloud.Object{
			Scope: c.Scope, Type: hiddenPodAssociation, ID: id, Owner: c.self(),
			Attributes: cloud.Attributes{
				"clusterName": cluster, "namespace": known.Namespace, "serviceAccount": account, "roleArn": arn, "associationId": id,
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// runAddon fails as an add-on does in AWS whose pods find no node.
func runAddon(c *Call) error {
	a := c.attrs()
	known := facts.Addons()[a.text("addonName")]
	deployment, ok := known.Deployment()
	if !ok {
		return nil
	}
	values := map[string]any{}
	if text := a.text("configurationValues"); text != "" {
		if err := yaml.Unmarshal([]byte(text), &values); err != nil {
			return err
		}
	}
	pod := podSpec(deployment, values)
	why := "the cluster has no nodes"
	for _, o := range c.referring(nodeGroupType, "clusterName", a.text("clusterName")) {
		reason := pod.refusedBy(o.Attributes)
		if reason == "" {
			return nil
		}
		why = reason
	}
	if pod.runsOnFargate(c, a.text("clusterName"), known.Namespace) || selfManagedNodes(c, a.text("clusterName")) {
		return nil
	}
	return c.notStable("EKS Add-On", "DEGRADED", ": InsufficientNumberOfReplicas: The add-on is unhealthy because it doesn't have the desired number of replicas. (%s)", why)
}

// workload is what decides where an add-on's deployment can run.
type workload struct {
	tolerations []attrs
	selector    attrs
	fargate     bool
}

// podSpec reads the settings of an add-on's deployment, or its defaults.
func podSpec(p facts.Pods, values map[string]any) workload {
	v := attrs(values)
	if p.Values != "" {
		v = v.block(p.Values)
	}
	w := workload{tolerations: v.blocks("tolerations"), selector: v.block("nodeSelector"), fargate: v.text("computeType") == "Fargate"}
	if _, set := v["tolerations"]; !set {
		for _, t := range p.Tolerations {
			w.tolerations = append(w.tolerations, t)
		}
	}
	return w
}

// refusedBy returns why none of a node group's nodes takes the workload, or "".
func (w workload) refusedBy(group cloud.Attributes) string {
	g := attrs(group)
	name := g.text("nodeGroupName")
	if size, _ := g.block("scalingConfig").whole("desiredSize"); size == 0 {
		return "node group " + name + " has no nodes"
	}
	for _, t := range g.blocks("taints") {
		if t.text("effect") != "PREFER_NO_SCHEDULE" && !w.tolerates(t) {
			return "node group " + name + " has the taint " + t.text("key") + ", which the add-on does not tolerate"
		}
	}
	labels := attrs{
		"eks.amazonaws.com/nodegroup": name, "eks.amazonaws.com/capacityType": g.text("capacityType"), "kubernetes.io/os": "linux",
		"kubernetes.io/arch": map[bool]string{true: "arm64", false: "amd64"}[strings.Contains(g.text("amiType"), "ARM")],
	}
	maps.Copy(labels, g.block("labels"))
	for key, want := range w.selector {
		if labels[key] != want {
			return "node group " + name + " has no label " + key + "=" + documentText(want)
		}
	}
	return ""
}

// tolerates follows Kubernetes' rule for one taint
// (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/).
func (w workload) tolerates(taint attrs) bool {
	effect := map[string]string{"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute"}[taint.text("effect")]
	return slices.ContainsFunc(w.tolerations, func(t attrs) bool {
		if e := t.text("effect"); e != "" && e != effect {
			return false
		}
		exists := t.text("operator") == "Exists"
		if t.text("key") == "" {
			return exists
		}
		return t.text("key") == taint.text("key") && (exists || t.text("value") == taint.text("value"))
	})
}

// runsOnFargate reports whether a Fargate profile takes the workload. CoreDNS must be told to leave EC2.
func (w workload) runsOnFargate(c *Call, cluster, namespace string) bool {
	if !w.fargate {
		return false
	}
	for _, o := range c.referring(fargateProfileType, "clusterName", cluster) {
		for _, s := range attrs(o.Attributes).blocks("selectors") {
			if matches(s.text("namespace"), namespace) {
				return true
			}
		}
	}
	return false
}

// selfManagedNodes reports whether an Auto Scaling group of the program's own carries the cluster's tag.
func selfManagedNodes(c *Call, cluster string) bool {
	for _, o := range c.Tx.List(c.Scope, groupType) {
		a := attrs(o.Attributes)
		size, _ := a.whole("desiredCapacity")
		if size == 0 {
			size, _ = a.whole("minSize")
		}
		for _, t := range a.blocks("tags") {
			if t.text("key") == "kubernetes.io/cluster/"+cluster && size > 0 {
				return true
			}
		}
	}
	return false
}

// deleteAddon leaves behind what vpc-cni cannot clean up when it is taken from running nodes: the network
// interfaces that it made for pods. They hold their subnets, as in AWS
// (https://docs.aws.amazon.com/eks/latest/best-practices/vpc-cni.html).
func deleteAddon(c *Call) error {
	a := c.old()
	if a.text("addonName") != "vpc-cni" || a.flag("preserve") {
		return nil
	}
	if _, ok := c.get(clusterType, a.text("clusterName")); !ok {
		return nil
	}
	for _, o := range c.referring(nodeGroupType, "clusterName", a.text("clusterName")) {
		g := attrs(o.Attributes)
		size, _ := g.block("scalingConfig").whole("desiredSize")
		subnet, ok := c.get(subnetType, slices.Concat(g.texts("subnetIds"), []string{""})[0])
		if size == 0 || !ok {
			continue
		}
		id := newID("eni")
		err := c.Tx.Put(&cloud.Object{
			Scope: c.Scope, Type: hiddenInterface, ID: id,
			Attributes: cloud.Attributes{
				"subnetId": subnet.ID, "vpcId": subnet.Attributes["vpcId"], "securityGroupIds": []any{},
				"nodeGroup":   o.ID,
				"description": "aws-K8S-i-0" + randomHex(16) + ", left behind because vpc-cni went before the nodes of " + o.ID,
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// adoptLeftInterfaces removes what deleteAddon left behind on nodes that still run: vpc-cni that is back on them takes
// the interfaces over, and deletes those that nobody uses. In AWS that takes up to an hour
// (https://github.com/aws/amazon-vpc-cni-k8s/pull/624).
func adoptLeftInterfaces(c *Call) error {
	if c.attrs().text("addonName") != "vpc-cni" {
		return nil
	}
	for _, g := range c.referring(nodeGroupType, "clusterName", c.attrs().text("clusterName")) {
		for _, i := range c.referring(hiddenInterface, "nodeGroup", g.ID) {
			if err := c.Tx.Delete(i.Scope, i.Type, i.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
