package aws

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	roleType            = "aws:iam/role:Role"
	rolePolicyType      = "aws:iam/rolePolicy:RolePolicy"
	attachmentType      = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	instanceProfileType = "aws:iam/instanceProfile:InstanceProfile"
)

// Quotas of IAM (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). Sizes count
// characters other than white space.
const (
	maxTrustPolicy     = 2048
	maxInlinePolicies  = 10240
	maxManagedPolicy   = 6144
	maxPoliciesPerRole = 10
)

var (
	roleNameForm = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	iamNameForm  = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	serviceForm  = regexp.MustCompile(`^[a-z0-9.-]+\.(amazonaws\.com|amazonaws\.com\.cn|amazon\.com|c2s\.ic\.gov|sc2s\.sgov\.gov)$`)
)

func init() {
	register(roleType, &Service{
		Global: true, NewID: claim("", []string{"name"}, "EntityAlreadyExists", "Role with name %s already exists."),
		Create: createRole, Update: checkRole, Delete: deleteRole,
	})
	register(rolePolicyType, &Service{Global: true, Create: putRolePolicy, Update: putRolePolicy})
	register(attachmentType, &Service{Global: true, NewID: attachmentID, Again: true, Create: attachPolicy})
	register(instanceProfileType, &Service{
		Global: true, NewID: claim("", []string{"name"}, "EntityAlreadyExists", "Instance Profile %s already exists."),
		Create: createInstanceProfile, Update: profileRole,
	})
}

func createRole(c *Call) error {
	a := c.attrs()
	name := a.text("name")
	if !roleNameForm.MatchString(name) {
		return refuse("ValidationError", "1 validation error detected: Value '%s' at 'roleName' failed to satisfy constraint: Member must satisfy "+
			"regular expression pattern: [\\w+=,.@-]+ and have length less than or equal to 64", name)
	}
	c.fill("path", "/")
	c.Attributes["arn"] = c.arn("iam", "role"+a.text("path")+name)
	c.Attributes["uniqueId"] = "AROA" + strings.ToUpper(randomHex(17))
	c.Attributes["createDate"] = timestamp()
	c.fill("maxSessionDuration", 3600)
	c.fill("managedPolicyArns", []any{})
	return checkRole(c)
}

func checkRole(c *Call) error {
	a := c.attrs()
	text := documentText(c.Attributes["assumeRolePolicy"])
	trust, err := parsePolicy(text, trustPolicy)
	if err != nil {
		return err
	}
	if n := policySize(text); n > maxTrustPolicy {
		return refuse("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: %d (the document has %d characters)", maxTrustPolicy, n)
	}
	if err := checkPrincipals(trust, trustPolicy.malformed()); err != nil {
		return err
	}
	if b := a.text("permissionsBoundary"); b != "" && !policyExists(c, b) {
		return refuse("NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", b)
	}
	for _, arn := range a.texts("managedPolicyArns") {
		if !policyExists(c, arn) {
			return refuse("NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
		}
	}
	for _, p := range a.blocks("inlinePolicies") {
		if text := p.text("policy"); text != "" {
			if _, err := parsePolicy(text, identityPolicy); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkPrincipals checks that the services that a document trusts can be services. Whether the people and roles in it
// exist is not checked, though AWS does: an account has more of them than a rehearsal makes.
func checkPrincipals(p *policy, code string) error {
	for _, s := range p.statements {
		for _, service := range s.principals["Service"] {
			if !serviceForm.MatchString(service) {
				return refuse(code, "Invalid principal in policy: \"SERVICE\":\"%s\"", service)
			}
		}
	}
	return nil
}

// roleOfARN returns the name in a role's ARN, when it is a role of the account.
func roleOfARN(arn, account string) (string, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || parts[4] != account || !strings.HasPrefix(parts[5], "role/") {
		return "", false
	}
	return arn[strings.LastIndex(arn, "/")+1:], true
}

func policySize(text string) int {
	return len(strings.Join(strings.Fields(text), ""))
}

func deleteRole(c *Call) error {
	named := func(typ string) []*cloud.Object { return c.referring(typ, "role", c.ID) }
	if held := named(instanceProfileType); len(held) > 0 {
		return refuse("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first. (%s)", heldBy(held))
	}
	if c.old().flag("forceDetachPolicies") {
		return nil
	}
	if held := named(attachmentType); len(held) > 0 {
		return refuse("DeleteConflict", "Cannot delete entity, must detach all policies first. (%s)", heldBy(held))
	}
	if held := named(rolePolicyType); len(held) > 0 {
		return refuse("DeleteConflict", "Cannot delete entity, must delete policies first. (%s)", heldBy(held))
	}
	return nil
}

// findRoleByName returns a role as IAM's API finds it, by name.
func findRoleByName(c *Call, name string) (*cloud.Object, error) {
	if !roleNameForm.MatchString(name) {
		return nil, refuse("ValidationError", "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the "+
			"following: +=,.@_- (%q)", name)
	}
	role, ok := c.Tx.Get(c.global(), roleType, name)
	if !ok {
		return nil, refuse("NoSuchEntity", "The role with name %s cannot be found.", name)
	}
	return role, nil
}

// findRoleByARN returns a role as other services find it. The path is part of the ARN.
func findRoleByARN(c *Call, arn string) (*cloud.Object, bool) {
	name, ok := roleOfARN(arn, c.Scope.Account)
	if !ok {
		return nil, false
	}
	role, ok := c.Tx.Get(c.global(), roleType, name)
	if !ok || attrs(role.Attributes).text("arn") != arn {
		return nil, false
	}
	return role, true
}

// trusts reports whether a role may be assumed by a service, with all of the actions named.
func trusts(role *cloud.Object, service string, actions ...string) bool {
	trust, err := parsePolicy(documentText(role.Attributes["assumeRolePolicy"]), trustPolicy)
	if err != nil {
		return false
	}
	for _, action := range actions {
		if !trust.allows(action, "Service", service, whatever) {
			return false
		}
	}
	return true
}

func putRolePolicy(c *Call) error {
	role, err := findRoleByName(c, c.attrs().text("role"))
	if err != nil {
		return err
	}
	text := documentText(c.Attributes["policy"])
	if _, err := parsePolicy(text, identityPolicy); err != nil {
		return err
	}
	total := policySize(text)
	for _, o := range c.others(c.inGlobal(rolePolicyType, "role", role.ID)) {
		total += policySize(documentText(o.Attributes["policy"]))
	}
	if total > maxInlinePolicies {
		return refuse("LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s (%d)", maxInlinePolicies, role.ID, total)
	}
	return nil
}

// attachmentID is the provider's own: IAM has no ids for attachments. A policy is attached to a role or it is not, so
// that whoever attaches it again has the same one.
func attachmentID(c *Call) (string, error) {
	role, policy := c.attrs().text("role"), c.attrs().text("policyArn")
	return fmt.Sprintf("%s-%.13x", role, sha256.Sum256([]byte(policy))), nil
}

func attachPolicy(c *Call) error {
	role, err := findRoleByName(c, c.attrs().text("role"))
	if err != nil {
		return err
	}
	arn := c.attrs().text("policyArn")
	if !policyExists(c, arn) {
		return refuse("NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
	}
	attached := attachedPolicies(c, role)
	if !slices.Contains(attached, arn) && len(attached) >= maxPoliciesPerRole {
		return refuse("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", maxPoliciesPerRole)
	}
	return nil
}

// inGlobal lists the account's IAM objects of a type that name a value in a property; the call may be regional.
func (c *Call) inGlobal(typ, key, value string) []*cloud.Object {
	global := *c
	global.Scope = c.global()
	return global.referring(typ, key, value)
}

// attachedPolicies lists the ARNs of a role's managed policies.
func attachedPolicies(c *Call, role *cloud.Object) []string {
	out := attrs(role.Attributes).texts("managedPolicyArns")
	for _, o := range c.inGlobal(attachmentType, "role", role.ID) {
		if arn := attrs(o.Attributes).text("policyArn"); !slices.Contains(out, arn) {
			out = append(out, arn)
		}
	}
	return out
}

// hasManaged reports whether a role has a policy of AWS's, by the last part of its name.
func hasManaged(c *Call, role *cloud.Object, name string) bool {
	return slices.ContainsFunc(attachedPolicies(c, role), func(arn string) bool {
		return strings.Contains(arn, ":iam::aws:policy/") && strings.HasSuffix(arn, "/"+name)
	})
}

// grants reports whether one of a role's own documents allows an action; AWS's managed policies are asked by name.
func grants(c *Call, role *cloud.Object, action string) bool {
	var documents []string
	for _, o := range c.inGlobal(rolePolicyType, "role", role.ID) {
		documents = append(documents, documentText(o.Attributes["policy"]))
	}
	for _, p := range attrs(role.Attributes).blocks("inlinePolicies") {
		documents = append(documents, p.text("policy"))
	}
	for _, arn := range attachedPolicies(c, role) {
		if o, ok := c.Tx.Get(c.global(), policyType, arn); ok {
			documents = append(documents, documentText(o.Attributes["policy"]))
		}
	}
	return slices.ContainsFunc(documents, func(text string) bool {
		p, err := parsePolicy(text, identityPolicy)
		return err == nil && p.allows(action, "", "", whatever)
	})
}

func createInstanceProfile(c *Call) error {
	a := c.attrs()
	name := a.text("name")
	if !iamNameForm.MatchString(name) {
		return refuse("ValidationError", "The specified value for instanceProfileName is invalid. It must contain only alphanumeric characters and/or "+
			"the following: +=,.@_- (%q)", name)
	}
	c.fill("path", "/")
	c.Attributes["arn"] = c.arn("iam", "instance-profile"+a.text("path")+name)
	c.Attributes["uniqueId"] = "AIPA" + strings.ToUpper(randomHex(17))
	c.Attributes["createDate"] = timestamp()
	return profileRole(c)
}

func profileRole(c *Call) error {
	if role := c.attrs().text("role"); role != "" {
		_, err := findRoleByName(c, role)
		return err
	}
	return nil
}
