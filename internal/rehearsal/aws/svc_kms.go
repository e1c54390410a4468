package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	keyType   = "aws:kms/key:Key"
	aliasType = "aws:kms/alias:Alias"
)

func init() {
	register(keyType, &Service{NewID: keyID, Create: createKey, Update: checkKey})
	register(aliasType, &Service{
		NewID:  claim("", []string{"name"}, "AlreadyExistsException", "An alias with the name %s already exists"),
		Create: createAlias, Update: targetKey,
	})
}

func keyID(*Call) (string, error) { return newUUID(), nil }

func createKey(c *Call) error {
	c.Attributes["keyId"] = c.ID
	c.Attributes["arn"] = c.arn("kms", "key/"+c.ID)
	c.fill("policy", rootPolicy(c))
	c.fill("description", "")
	c.fill("keyUsage", "ENCRYPT_DECRYPT")
	c.fill("customerMasterKeySpec", "SYMMETRIC_DEFAULT")
	c.fill("isEnabled", true)
	c.fill("multiRegion", false)
	return checkKey(c)
}

func checkKey(c *Call) error {
	a := c.attrs()
	if a.flag("enableKeyRotation") {
		c.fill("rotationPeriodInDays", 365)
		if spec := a.text("customerMasterKeySpec"); spec != "SYMMETRIC_DEFAULT" {
			return refuse("UnsupportedOperationException", "Automatic key rotation is not supported for keys of spec %s", spec)
		}
	}
	p, err := parsePolicy(documentText(c.Attributes["policy"]), keyPolicy)
	if err != nil {
		return err
	}
	if err := checkPrincipals(p, keyPolicy.malformed()); err != nil {
		return err
	}
	if !a.flag("bypassPolicyLockoutSafetyCheck") && !keyStaysManaged(c, p) {
		return refuse(keyPolicy.malformed(), "The new key policy will not allow you to update the key policy in the future.")
	}
	return nil
}

// keyStaysManaged reports whether anyone in the account may still change the key's policy: the account's root, which
// hands the decision to IAM, or a principal by name.
func keyStaysManaged(c *Call, p *policy) bool {
	return slices.ContainsFunc(p.statements, func(s statement) bool {
		if !s.allow || !s.covers("kms:PutKeyPolicy") {
			return false
		}
		return slices.ContainsFunc(s.principals["AWS"], func(arn string) bool {
			return arn == "*" || arn == c.Scope.Account || strings.HasPrefix(arn, "arn:"+c.Partition+":iam::"+c.Scope.Account+":")
		})
	})
}

// rootPolicy is what a key gets that is made without a policy
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
func rootPolicy(c *Call) string {
	return fmt.Sprintf(`{"Id":"key-default-1","Statement":[{"Action":"kms:*","Effect":"Allow","Principal":{"AWS":"arn:%s:iam::%s:root"},`+
		`"Resource":"*","Sid":"Enable IAM User Permissions"}],"Version":"2012-10-17"}`, c.Partition, c.Scope.Account)
}

// findKey returns a key by id, ARN or alias.
func findKey(c *Call, name string) (*cloud.Object, bool) {
	if rest, ok := strings.CutPrefix(name, c.arn("kms", "")); ok {
		name = rest
	}
	name = strings.TrimPrefix(name, "key/")
	if strings.HasPrefix(name, "alias/") {
		alias, ok := c.get(aliasType, name)
		if !ok {
			return nil, false
		}
		name = alias.Attributes["targetKeyArn"].(string)
		name = name[strings.LastIndex(name, "/")+1:]
	}
	if key, ok := c.get(keyType, name); ok {
		return key, true
	}
	return c.get(NamedKey, name)
}

// NamedKey is the type of a key that a stack file names by its ARN. Somebody else has made it, and may have let everybody use
// it.
const NamedKey = "hidden:kms/key"

// PutNamedKey makes a key known by its ARN.
func PutNamedKey(tx cloud.Tx, text string) error {
	a, err := arn.Parse(text)
	if err != nil {
		return fmt.Errorf("%s is not the ARN of a key: %w", text, err)
	}
	scope, id := cloud.Scope{Account: a.AccountID, Region: a.Region}, strings.TrimPrefix(a.Resource, "key/")
	for _, typ := range []string{keyType, NamedKey} {
		if _, known := tx.Get(scope, typ, id); known {
			return nil
		}
	}
	return tx.Put(&cloud.Object{Scope: scope, Type: NamedKey, ID: id, Attributes: cloud.Attributes{
		"arn": text, "isEnabled": true, "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
	}})
}

// keyServes reports whether a key's policy lets an AWS service use it for a resource, as CloudWatch Logs asks: by
// the encryption context that carries the resource's ARN.
func keyServes(key *cloud.Object, service, action, contextKey, resource string) bool {
	if key.Type == NamedKey {
		return true
	}
	p, err := parsePolicy(documentText(key.Attributes["policy"]), keyPolicy)
	if err != nil {
		return false
	}
	return p.allows(action, "Service", service, func(s statement) bool {
		for operator, keys := range s.conditions {
			values, ok := keys[contextKey]
			if !ok {
				continue
			}
			exact := strings.HasPrefix(operator, "StringEquals")
			if !slices.ContainsFunc(values, func(v string) bool { return v == resource || !exact && matches(v, resource) }) {
				return false
			}
		}
		return true
	})
}

func createAlias(c *Call) error {
	name := c.attrs().text("name")
	if !strings.HasPrefix(name, "alias/") || len(name) == len("alias/") {
		return refuse("ValidationException", "Alias must start with the prefix \"alias/\". Please see "+
			"https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html (%q)", name)
	}
	if strings.HasPrefix(name, "alias/aws/") {
		return refuse("NotAuthorizedException", "The alias %s is reserved for AWS", name)
	}
	c.Attributes["arn"] = c.arn("kms", name)
	return targetKey(c)
}

func targetKey(c *Call) error {
	target := c.attrs().text("targetKeyId")
	key, ok := findKey(c, target)
	if !ok || strings.Contains(target, "alias/") {
		return refuse("NotFoundException", "Key '%s' does not exist", target)
	}
	c.Attributes["targetKeyArn"] = key.Attributes["arn"]
	return nil
}
