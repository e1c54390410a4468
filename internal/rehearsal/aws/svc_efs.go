package aws

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	fileSystemType       = "aws:efs/fileSystem:FileSystem"
	mountTargetType      = "aws:efs/mountTarget:MountTarget"
	backupPolicyType     = "aws:efs/backupPolicy:BackupPolicy"
	accessPointType      = "aws:efs/accessPoint:AccessPoint"
	fileSystemPolicyType = "aws:efs/fileSystemPolicy:FileSystemPolicy"
)

// Quotas of EFS (https://docs.aws.amazon.com/efs/latest/ug/limits.html).
const (
	maxMountTargetGroups     = 5
	maxFileSystemPolicy      = 20000
	maxProvisionedMibps      = 3414
	maxPathDepth, maxPathLen = 4, 100
)

var (
	// accessPointPath is the path of a directory: an API pattern without its look-ahead, which kept "." out.
	accessPointPath = regexp.MustCompile("^/([^$#<>;`|&?{}^*/\\n]+(/[^$#<>;`|&?{}^*/\\n]+)*)?$")
	octalMode       = regexp.MustCompile(`^[0-7]{3,4}$`)
)

func init() {
	register(fileSystemType, &Service{Create: createFileSystem, Update: checkFileSystem, Delete: deleteFileSystem, Read: readFileSystem})
	register(mountTargetType, &Service{Create: createMountTarget, Update: updateMountTarget})
	register(backupPolicyType, &Service{Create: onFileSystem})
	register(accessPointType, &Service{Create: createAccessPoint})
	register(fileSystemPolicyType, &Service{Create: putFileSystemPolicy, Update: putFileSystemPolicy})
}

// findFileSystem returns a file system or EFS's refusal.
func findFileSystem(c *Call, id string) (*cloud.Object, error) {
	o, ok := c.get(fileSystemType, id)
	if !ok {
		return nil, refuse("FileSystemNotFound", "File system '%s' does not exist.", id)
	}
	return o, nil
}

func onFileSystem(c *Call) error {
	_, err := findFileSystem(c, c.attrs().text("fileSystemId"))
	return err
}

// fileSystemName is the DNS name of a file system in the VPC of its mount targets.
func fileSystemName(c *Call, id string) string {
	return id + ".efs." + c.Scope.Region + "." + c.dnsSuffix()
}

func createFileSystem(c *Call) error {
	a := c.attrs()
	for _, o := range c.others(c.referring(fileSystemType, "creationToken", a.text("creationToken"))) {
		return refuse("FileSystemAlreadyExists", "File system '%s' already exists with creation token '%s'", o.ID, a.text("creationToken"))
	}
	if name := a.text("availabilityZoneName"); name != "" {
		i := slices.IndexFunc(zonesOf(c.Scope), func(z zone) bool { return z.name == name })
		if i < 0 {
			return refuse("UnsupportedAvailabilityZone", "The Availability Zone '%s' is not supported in %s", name, c.Scope.Region)
		}
		c.Attributes["availabilityZoneId"] = zonesOf(c.Scope)[i].id
	}
	if err := encryptFileSystem(c); err != nil {
		return err
	}
	c.fill("performanceMode", "generalPurpose")
	if a.text("performanceMode") == "maxIO" && (a.has("availabilityZoneName") || a.text("throughputMode") == "elastic") {
		return refuse("BadRequest", "Performance mode maxIO is not supported for One Zone file systems or with elastic throughput")
	}
	c.Attributes["arn"] = c.arn("elasticfilesystem", "file-system/"+c.ID)
	c.Attributes["dnsName"] = fileSystemName(c, c.ID)
	c.Attributes["ownerId"] = c.Scope.Account
	c.Attributes["sizeInBytes"] = []any{map[string]any{"value": 6144, "valueInIa": 0, "valueInStandard": 6144}}
	c.fill("protection", map[string]any{"replicationOverwrite": "ENABLED"})
	return checkFileSystem(c)
}

// encryptFileSystem finds the key of a file system: the one that it names, or the account's own for EFS.
func encryptFileSystem(c *Call) error {
	a := c.attrs()
	if name := a.text("kmsKeyId"); name != "" {
		if !a.flag("encrypted") {
			return refuse("BadRequest", "KmsKeyId can be specified only if Encrypted is true (%s)", name)
		}
		if _, ok := findKey(c, name); !ok {
			return refuse("BadRequest", "The KMS key %s does not exist", name)
		}
		return nil
	}
	c.fill("encrypted", false)
	if a.flag("encrypted") {
		c.Attributes["kmsKeyId"] = c.arn("kms", "key/"+newUUID())
	}
	return nil
}

// checkFileSystem checks what can change later, too.
func checkFileSystem(c *Call) error {
	a := c.attrs()
	mibps, given := a["provisionedThroughputInMibps"].(float64)
	given = given && mibps != 0
	switch provisioned := a.text("throughputMode") == "provisioned"; {
	case provisioned && !given:
		return refuse("BadRequest", "ProvisionedThroughputInMibps must be specified when ThroughputMode is set to PROVISIONED")
	case !provisioned && given:
		return refuse("BadRequest", "ProvisionedThroughputInMibps can be specified only when ThroughputMode is set to PROVISIONED")
	case given && (mibps < 1 || mibps > maxProvisionedMibps):
		return refuse("ThroughputLimitExceeded", "Provisioned throughput is 1 to %d MiB/s, not %g", maxProvisionedMibps, mibps)
	}
	seen := map[string]bool{}
	for _, p := range a.blocks("lifecyclePolicies") {
		count := 0
		for _, transition := range []string{"transitionToIa", "transitionToArchive", "transitionToPrimaryStorageClass"} {
			if !p.has(transition) {
				continue
			}
			count++
			if seen[transition] {
				return refuse("BadRequest", "One or more LifecyclePolicy objects specify the same transition (%s)", transition)
			}
			seen[transition] = true
		}
		if count != 1 {
			return refuse("BadRequest", "Each LifecyclePolicy object can have only a single transition, not %d", count)
		}
	}
	return readFileSystem(c)
}

func readFileSystem(c *Call) error {
	c.Attributes["numberOfMountTargets"] = len(c.referring(mountTargetType, "fileSystemId", c.ID))
	c.Attributes["name"] = c.attrs().block("tags").text("Name")
	return nil
}

// deleteFileSystem takes policies and access points along, as EFS does, and no mount target.
func deleteFileSystem(c *Call) error {
	if held := c.referring(mountTargetType, "fileSystemId", c.ID); len(held) > 0 {
		return refuse("FileSystemInUse", "File system '%s' has mount targets. Delete the mount targets before deleting the file system. (%s)", c.ID, heldBy(held))
	}
	for _, typ := range []string{accessPointType, backupPolicyType, fileSystemPolicyType} {
		for _, o := range c.referring(typ, "fileSystemId", c.ID) {
			if err := c.Tx.Delete(o.Scope, o.Type, o.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// createMountTarget places a mount target as
// https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html tells.
func createMountTarget(c *Call) error {
	a := c.attrs()
	system, err := findFileSystem(c, a.text("fileSystemId"))
	if err != nil {
		return err
	}
	subnet, ok := c.get(subnetType, a.text("subnetId"))
	if !ok {
		return refuse("SubnetNotFound", "The subnet ID '%s' does not exist", a.text("subnetId"))
	}
	s := attrs(subnet.Attributes)
	if zone := attrs(system.Attributes).text("availabilityZoneName"); zone != "" && zone != s.text("availabilityZone") {
		return refuse("AvailabilityZonesMismatch", "The file system %s is in %s, and the subnet %s in %s", system.ID, zone, subnet.ID, s.text("availabilityZone"))
	}
	for _, o := range c.others(c.referring(mountTargetType, "fileSystemId", system.ID)) {
		other, _ := c.get(subnetType, attrs(o.Attributes).text("subnetId")) // held by the mount target
		switch sibling := attrs(other.Attributes); {
		case sibling.text("vpcId") != s.text("vpcId"):
			return refuse("MountTargetConflict", "requested subnet for new mount target is not in the same VPC as existing mount targets (%s)", o.ID)
		case sibling.text("availabilityZone") == s.text("availabilityZone"):
			return refuse("MountTargetConflict", "mount target already exists in this AZ (%s in %s)", o.ID, s.text("availabilityZone"))
		}
	}
	if !a.has("securityGroups") {
		c.Attributes["securityGroups"] = []any{defaultGroupOf(c, s.text("vpcId"))}
	}
	if err := mountTargetGroups(c, s.text("vpcId")); err != nil {
		return err
	}
	if err := placeMountTarget(c, subnet); err != nil {
		return err
	}
	c.Attributes["ownerId"] = c.Scope.Account
	c.Attributes["fileSystemArn"] = system.Attributes["arn"]
	c.Attributes["availabilityZoneName"] = s.text("availabilityZone")
	c.Attributes["availabilityZoneId"] = s.text("availabilityZoneId")
	c.Attributes["dnsName"] = fileSystemName(c, system.ID)
	c.Attributes["mountTargetDnsName"] = s.text("availabilityZone") + "." + fileSystemName(c, system.ID)
	return nil
}

// mountTargetGroups checks the security groups of a mount target.
func mountTargetGroups(c *Call, vpc string) error {
	groups := c.attrs().texts("securityGroups")
	if len(groups) > maxMountTargetGroups {
		return refuse("SecurityGroupLimitExceeded", "A mount target takes at most %d security groups, not %d", maxMountTargetGroups, len(groups))
	}
	if err := groupsIn(c, vpc, groups); err != nil {
		return refuse("SecurityGroupNotFound", "%s", err)
	}
	return nil
}

// placeMountTarget gives a mount target its network interface, at the address that it asks for or at any.
func placeMountTarget(c *Call, subnet *cloud.Object) error {
	want := netInterface{
		subnet: subnet, groups: c.attrs().texts("securityGroups"),
		description: "EFS mount target for " + c.attrs().text("fileSystemId") + " (" + c.ID + ")",
	}
	if asked := c.attrs().text("ipAddress"); asked != "" {
		cidr, _ := parseCIDR(attrs(subnet.Attributes).text("cidrBlock"))
		address, err := netip.ParseAddr(asked)
		if err != nil || !cidr.Contains(address) {
			return refuse("BadRequest", "Address '%s' does not fall within the subnet's address range %s", asked, cidr)
		}
		want.address = address
	}
	id, address, err := placeInterface(c, want)
	if err != nil {
		return err
	}
	c.Attributes["networkInterfaceId"], c.Attributes["ipAddress"] = id, address
	return nil
}

func updateMountTarget(c *Call) error {
	for _, o := range c.ownInterfaces() {
		if err := mountTargetGroups(c, attrs(o.Attributes).text("vpcId")); err != nil {
			return err
		}
		o.Attributes["securityGroupIds"] = anyList(c.attrs().texts("securityGroups"))
		if err := c.Tx.Put(o); err != nil {
			return err
		}
	}
	return nil
}

// createAccessPoint checks an access point as https://docs.aws.amazon.com/efs/latest/ug/API_CreateAccessPoint.html tells.
func createAccessPoint(c *Call) error {
	a := c.attrs()
	system, err := findFileSystem(c, a.text("fileSystemId"))
	if err != nil {
		return err
	}
	c.Attributes["arn"] = c.arn("elasticfilesystem", "access-point/"+c.ID)
	c.Attributes["ownerId"] = c.Scope.Account
	c.Attributes["fileSystemArn"] = system.Attributes["arn"]
	root, _ := a["rootDirectory"].(map[string]any)
	if root == nil {
		root = map[string]any{}
		c.Attributes["rootDirectory"] = root
	}
	if attrs(root).text("path") == "" {
		root["path"] = "/"
	}
	path := attrs(root).text("path")
	if !accessPointPath.MatchString(path) || len(path) > maxPathLen || path != "/" && strings.Count(path, "/") > maxPathDepth {
		return refuse("ValidationException", "1 validation error detected: Value '%s' at 'rootDirectory.path' failed to satisfy constraint: at most %d "+
			"directories and %d characters", path, maxPathDepth, maxPathLen)
	}
	if mode := attrs(root).block("creationInfo").text("permissions"); mode != "" && !octalMode.MatchString(mode) {
		return refuse("ValidationException", "1 validation error detected: Value '%s' at 'rootDirectory.creationInfo.permissions' failed to satisfy "+
			"constraint: Member must satisfy regular expression pattern: ^[0-7]{3,4}$", mode)
	}
	return nil
}

func putFileSystemPolicy(c *Call) error {
	if err := onFileSystem(c); err != nil {
		return err
	}
	text := documentText(c.Attributes["policy"])
	if n := len(text); n > maxFileSystemPolicy {
		return refuse("InvalidPolicyException", "The policy has %d characters; a file system's has at most %d", n, maxFileSystemPolicy)
	}
	p, err := parsePolicy(text, fileSystemPolicy)
	if err != nil {
		return err
	}
	if c.attrs().flag("bypassPolicyLockoutSafetyCheck") {
		return nil
	}
	locks := func(s statement) bool {
		return !s.allow && len(s.conditions) == 0 && slices.Contains(s.principals["AWS"], "*") && s.covers("elasticfilesystem:PutFileSystemPolicy")
	}
	if slices.ContainsFunc(p.statements, locks) {
		return refuse("InvalidPolicyException", "Policy lockout safety check failed: nobody could change the file system's policy any more")
	}
	return nil
}
