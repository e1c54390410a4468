package aws

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	launchTemplateType = "aws:ec2/launchTemplate:LaunchTemplate"

	// hiddenTemplateVersion is one immutable version of a launch template: node groups name a version.
	hiddenTemplateVersion = "hidden:ec2/launchTemplateVersion"
)

var (
	templateName = regexp.MustCompile(`^[a-zA-Z0-9()./_-]{3,128}$`)
	imageID      = regexp.MustCompile(`^(ami-[0-9a-f]{8}([0-9a-f]{9})?|resolve:ssm:.+)$`)
)

// outsideVersions are the properties of a template that no version holds; changing them makes no new version.
var outsideVersions = map[string]bool{
	"arn": true, "name": true, "namePrefix": true, "latestVersion": true, "defaultVersion": true, "updateDefaultVersion": true,
	"tags": true, "tagsAll": true, "id": true,
}

func init() {
	register(launchTemplateType, &Service{Create: createLaunchTemplate, Update: updateLaunchTemplate})
}

func createLaunchTemplate(c *Call) error {
	name := c.attrs().text("name")
	if !templateName.MatchString(name) {
		return refuse("InvalidLaunchTemplateName.MalformedException", "The launch template name '%s' must have 3 to 128 characters: letters, digits, ()./_-", name)
	}
	if twice := c.others(c.referring(launchTemplateType, "name", name)); len(twice) > 0 {
		return refuse("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
	}
	if err := checkTemplate(c); err != nil {
		return err
	}
	c.Attributes["arn"] = c.arn("ec2", "launch-template/"+c.ID)
	c.Attributes["latestVersion"] = 1
	c.Attributes["defaultVersion"] = 1
	return putTemplateVersion(c, 1)
}

func updateLaunchTemplate(c *Call) error {
	if err := checkTemplate(c); err != nil {
		return err
	}
	latest, _ := c.old().whole("latestVersion")
	if versionContent(c.Old) != versionContent(c.Attributes) {
		latest++
		c.Attributes["latestVersion"] = latest
		if err := putTemplateVersion(c, latest); err != nil {
			return err
		}
	}
	if c.attrs().flag("updateDefaultVersion") {
		c.Attributes["defaultVersion"] = latest
	}
	if n, _ := c.attrs().whole("defaultVersion"); n < 1 || n > latest {
		return refuse("InvalidLaunchTemplateId.VersionNotFound", "Could not find launch template version %d (of %s)", n, c.ID)
	}
	return nil
}

// inVersion is the part of a template that a version holds.
func inVersion(a cloud.Attributes) cloud.Attributes {
	out := cloud.Attributes{}
	for key, value := range a {
		if !outsideVersions[key] && value != nil {
			out[key] = value
		}
	}
	return out
}

func versionContent(a cloud.Attributes) string { return documentText(inVersion(a)) }

func putTemplateVersion(c *Call, n int) error {
	return c.Tx.Put(&cloud.Object{
		Scope: c.Scope, Type: hiddenTemplateVersion, ID: c.ID + "/" + strconv.Itoa(n), Owner: c.self(), Attributes: inVersion(c.Attributes),
	})
}

func checkTemplate(c *Call) error {
	a := c.attrs()
	if data := a.text("userData"); data != "" {
		raw, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return refuse("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data. (%s)", err)
		}
		if len(raw) > 16384 {
			return refuse("InvalidParameterValue", "User data is limited to 16384 bytes (it has %d)", len(raw))
		}
	}
	if image := a.text("imageId"); image != "" && !imageID.MatchString(image) {
		return refuse("InvalidAMIID.Malformed", "Invalid id: \"%s\" (expecting \"ami-...\")", image)
	}
	groups := a.texts("vpcSecurityGroupIds")
	for _, n := range a.blocks("networkInterfaces") {
		groups = append(groups, n.texts("securityGroups")...)
		if len(a.texts("vpcSecurityGroupIds")) > 0 {
			return refuse("InvalidParameterCombination", "Network interfaces and an instance-level security groups may not be specified on the same request")
		}
	}
	for _, g := range groups {
		if _, err := findSecurityGroup(c, g); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for _, s := range a.blocks("tagSpecifications") {
		typ := s.text("resourceType")
		if seen[typ] {
			return refuse("InvalidParameterValue", "'%s' is specified more than once as a tag specification resource type", typ)
		}
		seen[typ] = true
	}
	return checkVolumes(c)
}

// volumeIOPS are the bounds of provisioned IOPS by volume type
// (https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html).
var volumeIOPS = map[string][2]int{"gp3": {3000, 80000}, "io1": {100, 64000}, "io2": {100, 256000}}

func checkVolumes(c *Call) error {
	for _, d := range c.attrs().blocks("blockDeviceMappings") {
		ebs := d.block("ebs")
		if ebs == nil {
			continue
		}
		kind := ebs.text("volumeType")
		bounds, provisioned := volumeIOPS[kind]
		if iops, ok := ebs.whole("iops"); ok && iops != 0 && (!provisioned || iops < bounds[0] || iops > bounds[1]) {
			return refuse("InvalidParameterValue", "The parameter iops (%d) is not supported for %s volumes: %s", iops, kind, iopsRange(kind))
		}
		if mib, ok := ebs.whole("throughput"); ok && mib != 0 && kind != "gp3" {
			return refuse("InvalidParameterValue", "The parameter throughput (%d) is not supported for %s volumes: only gp3 takes it", mib, kind)
		}
		if key := ebs.text("kmsKeyId"); key != "" {
			// The SDK spells this boolean as text.
			if ebs.text("encrypted") != "true" && !ebs.flag("encrypted") {
				return refuse("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
			}
			if _, ok := findKey(c, key); !ok {
				return refuse("InvalidKmsKeyId.NotFound", "The KMS key '%s' does not exist", key)
			}
		}
	}
	return nil
}

func iopsRange(kind string) string {
	b, ok := volumeIOPS[kind]
	if !ok {
		return "only gp3, io1 and io2 take it"
	}
	return fmt.Sprintf("between %d and %d", b[0], b[1])
}

// findTemplateVersion resolves what a node group says of its launch template: the id or the name, and a version
// that may be a number, $Latest or $Default.
func findTemplateVersion(c *Call, spec attrs) (*cloud.Object, attrs, error) {
	template, ok := c.get(launchTemplateType, spec.text("id"))
	if name := spec.text("name"); !ok && spec.text("id") == "" {
		for _, o := range c.referring(launchTemplateType, "name", name) {
			template, ok = o, true
		}
	}
	if !ok {
		return nil, nil, refuse("InvalidParameterException", "Launch template %s%s does not exist", spec.text("id"), spec.text("name"))
	}
	version := spec.text("version")
	if alias, ok := map[string]string{"$Latest": "latestVersion", "$Default": "defaultVersion", "": "defaultVersion"}[version]; ok {
		n, _ := attrs(template.Attributes).whole(alias)
		version = strconv.Itoa(n)
	}
	data, ok := c.get(hiddenTemplateVersion, template.ID+"/"+strings.TrimSpace(version))
	if !ok {
		return nil, nil, refuse("InvalidParameterException", "Launch template version %s of %s does not exist", version, template.ID)
	}
	return template, data.Attributes, nil
}
