package aws

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	securityGroupType        = "aws:ec2/securityGroup:SecurityGroup"
	defaultSecurityGroupType = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	ingressRuleType          = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressRuleType           = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"

	// hiddenSecurityGroup is a VPC's default group or a cluster's own.
	hiddenSecurityGroup = "hidden:ec2/securityGroup"
)

func init() {
	register(securityGroupType, &Service{Create: createSecurityGroup, Update: inlineRules, Delete: deleteSecurityGroup})
	register(defaultSecurityGroupType, &Service{NewID: defaultSecurityGroupID, Create: adoptDefaultSecurityGroup, Update: inlineRules})
	for _, typ := range []string{ingressRuleType, egressRuleType} {
		register(typ, &Service{Create: createSecurityGroupRule, Update: checkSecurityGroupRule})
	}
}

func createSecurityGroup(c *Call) error {
	a := c.attrs()
	vpc, name := a.text("vpcId"), a.text("name")
	if vpc == "" {
		return refuse("VPCIdNotSpecified", "No default VPC for this user")
	}
	if _, err := findVPC(c, vpc); err != nil {
		return err
	}
	if strings.HasPrefix(name, "sg-") {
		return refuse("InvalidParameterValue", "invalid value for parameter groupName: %s. Group names may not start with 'sg-'.", name)
	}
	for _, typ := range []string{securityGroupType, hiddenSecurityGroup} {
		for _, o := range c.others(c.referring(typ, "vpcId", vpc)) {
			if attrs(o.Attributes).text("name") == name {
				return refuse("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, vpc)
			}
		}
	}
	c.Attributes["arn"] = c.arn("ec2", "security-group/"+c.ID)
	c.Attributes["ownerId"] = c.Scope.Account
	c.fill("description", "Managed by Pulumi")
	for _, given := range []string{"name", "description"} {
		if err := groupText("security group "+given, a.text(given)); err != nil {
			return err
		}
	}
	return inlineRules(c)
}

// groupCharacters are what EC2 takes in names and descriptions of security groups, and in descriptions of their rules; no
// apostrophe is among them (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html).
var groupCharacters = regexp.MustCompile(`^[a-zA-Z0-9 ._:/()#,@\[\]+=&;{}!$*-]{0,255}$`)

func groupText(what, text string) error {
	if groupCharacters.MatchString(text) {
		return nil
	}
	return refuse("InvalidParameterValue", "Invalid %s. Valid descriptions are strings less than 256 characters from the following set: "+
		"a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*", what)
}

// inlineRules checks the rules that a program writes into the group itself.
func inlineRules(c *Call) error {
	for _, direction := range []string{"ingress", "egress"} {
		for _, r := range c.attrs().blocks(direction) {
			if err := portRange(r.text("protocol"), r); err != nil {
				return err
			}
			if err := groupText("rule description", r.text("description")); err != nil {
				return err
			}
			for _, cidr := range append(r.texts("cidrBlocks"), r.texts("ipv6CidrBlocks")...) {
				if p, err := netip.ParsePrefix(cidr); err != nil || p != p.Masked() {
					return refuse("InvalidParameterValue", "CIDR block %s is malformed", cidr)
				}
			}
			for _, g := range r.texts("securityGroups") {
				if _, err := findSecurityGroup(c, g); err != nil && g != c.ID {
					return err
				}
			}
		}
	}
	return nil
}

func deleteSecurityGroup(c *Call) error {
	held := interfacesWith(c, c.ID)
	if len(held) > 0 {
		return refuse("DependencyViolation", "resource %s has a dependent object (%s)", c.ID, describeInterfaces(held))
	}
	for _, typ := range []string{ingressRuleType, egressRuleType} {
		// Its own rules go with the group; another group's rule that names it holds it.
		held = append(held, c.mentioning(typ, c.ID, func(a attrs) bool {
			return a.text("referencedSecurityGroupId") == c.ID && a.text("securityGroupId") != c.ID
		})...)
	}
	inline := c.mentioning(securityGroupType, c.ID, func(a attrs) bool {
		return slices.ContainsFunc(append(a.blocks("ingress"), a.blocks("egress")...), func(r attrs) bool {
			return slices.Contains(r.texts("securityGroups"), c.ID)
		})
	})
	held = append(held, c.others(inline)...)
	if len(held) > 0 {
		return refuse("DependencyViolation", "resource %s has a dependent object (%s)", c.ID, heldBy(held))
	}
	return nil
}

// findSecurityGroup returns a group, also one that AWS made, or EC2's refusal.
func findSecurityGroup(c *Call, id string) (*cloud.Object, error) {
	if _, own, ok := strings.Cut(id, "/"); ok { // "account/group" in a rule
		id = own
	}
	for _, typ := range []string{securityGroupType, hiddenSecurityGroup} {
		if o, ok := c.get(typ, id); ok {
			return o, nil
		}
	}
	return nil, refuse("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
}

// groupsIn checks that security groups exist in a VPC.
func groupsIn(c *Call, vpc string, ids []string) error {
	for _, id := range ids {
		g, err := findSecurityGroup(c, id)
		if err != nil {
			return err
		}
		if of := attrs(g.Attributes).text("vpcId"); of != vpc {
			return refuse("InvalidGroup.NotFound", "The security group '%s' does not exist in VPC '%s' (it is in %s)", id, vpc, of)
		}
	}
	return nil
}

// defaultGroupOf returns the id of the default security group that every VPC has.
func defaultGroupOf(c *Call, vpc string) string {
	o, ok := c.get(vpcType, vpc)
	if !ok {
		return ""
	}
	return attrs(o.Attributes).text("defaultSecurityGroupId")
}

// defaultSecurityGroupID is the id of the group that the VPC has had since it was made.
func defaultSecurityGroupID(c *Call) (string, error) {
	vpc := c.attrs().text("vpcId")
	if vpc == "" {
		return "", refuse("VPCIdNotSpecified", "No default VPC for this user")
	}
	if _, err := findVPC(c, vpc); err != nil {
		return "", err
	}
	return defaultGroupOf(c, vpc), nil
}

func adoptDefaultSecurityGroup(c *Call) error {
	g, err := findSecurityGroup(c, c.ID)
	if err != nil {
		return err
	}
	for _, known := range []string{"arn", "ownerId", "name", "description", "vpcId"} {
		c.Attributes[known] = g.Attributes[known]
	}
	return inlineRules(c)
}

func createSecurityGroupRule(c *Call) error {
	c.Attributes["arn"] = c.arn("ec2", "security-group-rule/"+c.ID)
	c.Attributes["securityGroupRuleId"] = c.ID
	return checkSecurityGroupRule(c)
}

func checkSecurityGroupRule(c *Call) error {
	a := c.attrs()
	if err := groupText("rule description", a.text("description")); err != nil {
		return err
	}
	group, err := findSecurityGroup(c, a.text("securityGroupId"))
	if err != nil {
		return err
	}
	if id := a.text("referencedSecurityGroupId"); id != "" {
		other, err := findSecurityGroup(c, id)
		if err != nil {
			return err
		}
		if attrs(other.Attributes).text("vpcId") != attrs(group.Attributes).text("vpcId") {
			return refuse("InvalidGroup.NotFound", "You have specified two resources that belong to different networks. (%s, %s)", group.ID, other.ID)
		}
	}
	if err := portRange(a.text("ipProtocol"), a); err != nil {
		return err
	}
	for _, o := range c.others(c.referring(c.Type, "securityGroupId", group.ID)) {
		if ruleKey(o.Attributes) == ruleKey(a) {
			return refuse("InvalidPermission.Duplicate", "the specified rule \"peer: %s, %s, ALLOW\" already exists (%s)", rulePeer(a), rulePorts(a), o.ID)
		}
	}
	return nil
}

// rulePeer is what a rule admits, in whichever of its properties it stands.
func rulePeer(a attrs) string {
	return a.text("cidrIpv4") + a.text("cidrIpv6") + a.text("prefixListId") + a.text("referencedSecurityGroupId")
}

func rulePorts(a attrs) string {
	if everyProtocol(a.text("ipProtocol")) {
		return "ALL"
	}
	from, _ := a.whole("fromPort")
	to, _ := a.whole("toPort")
	return fmt.Sprintf("%s, from port: %d, to port: %d", strings.ToUpper(a.text("ipProtocol")), from, to)
}

func ruleKey(a attrs) string { return rulePeer(a) + " " + rulePorts(a) }

func everyProtocol(p string) bool { return p == "-1" || p == "all" }

// portRange checks a rule's ports against its protocol.
func portRange(protocol string, r attrs) error {
	from, hasFrom := r.whole("fromPort")
	to, hasTo := r.whole("toPort")
	if !slices.Contains([]string{"tcp", "udp", "6", "17"}, protocol) {
		return nil
	}
	if !hasFrom || !hasTo {
		return refuse("MissingParameter", "The request must contain the parameter fromPort and toPort for protocol %s", protocol)
	}
	if from < 0 || to > 65535 || from > to {
		return refuse("InvalidParameterValue", "Invalid value for portRange: from %d to %d. Must be within 0 to 65535 and in order.", from, to)
	}
	return nil
}

// admits reports whether some groups let TCP traffic to a port in, from a network or from members of other groups.
func admits(c *Call, groups []string, port int, from netip.Prefix, members []string) bool {
	for _, id := range groups {
		for _, o := range c.referring(ingressRuleType, "securityGroupId", id) {
			a := attrs(o.Attributes)
			if coversPort(a.text("ipProtocol"), a, port) &&
				(coversSource([]string{a.text("cidrIpv4")}, from) || slices.Contains(members, a.text("referencedSecurityGroupId"))) {
				return true
			}
		}
		for _, r := range inlineIngress(c, id) {
			named := slices.ContainsFunc(r.texts("securityGroups"), func(g string) bool { return slices.Contains(members, g) })
			self := r.flag("self") && slices.Contains(members, id)
			if coversPort(r.text("protocol"), r, port) && (coversSource(r.texts("cidrBlocks"), from) || named || self) {
				return true
			}
		}
	}
	return false
}

// inlineIngress lists the ingress rules that stand in a group itself. A group that AWS made admits its members,
// unless the program has taken it over.
func inlineIngress(c *Call, id string) []attrs {
	for _, typ := range []string{securityGroupType, defaultSecurityGroupType} {
		if o, ok := c.get(typ, id); ok {
			return attrs(o.Attributes).blocks("ingress")
		}
	}
	return []attrs{{"protocol": "-1", "self": true}}
}

func coversPort(protocol string, r attrs, port int) bool {
	if everyProtocol(protocol) {
		return true
	}
	from, _ := r.whole("fromPort")
	to, _ := r.whole("toPort")
	return (protocol == "tcp" || protocol == "6") && from <= port && port <= to
}

func coversSource(cidrs []string, from netip.Prefix) bool {
	for _, s := range cidrs {
		if p, ok := parseCIDR(s); ok && within(from, p) {
			return true
		}
	}
	return false
}
