package aws

import (
	"regexp"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	logGroupType        = "aws:cloudwatch/logGroup:LogGroup"
	queryDefinitionType = "aws:cloudwatch/queryDefinition:QueryDefinition"
)

var (
	logGroupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	// queryName is the name of a saved query, in folders: the genuine provider's own pattern.
	queryName = regexp.MustCompile(`^([^:*/]+/?)*[^:*/]+$`)
)

func init() {
	register(logGroupType, &Service{
		NewID:  claim("", []string{"name"}, "ResourceAlreadyExistsException", "The specified log group already exists (%s)"),
		Create: createLogGroup, Update: checkLogGroup,
	})
	register(queryDefinitionType, &Service{
		NewID:  func(*Call) (string, error) { return newUUID(), nil },
		Create: createQueryDefinition, Update: checkQueryDefinition,
	})
}

func createLogGroup(c *Call) error {
	name := c.attrs().text("name")
	if !logGroupName.MatchString(name) {
		return refuse("InvalidParameterException", "1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: Member must "+
			"satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", name)
	}
	fillLogGroup(c.Attributes, c.arn("logs", "log-group:"+name))
	return checkLogGroup(c)
}

// fillLogGroup sets what every log group has, also one that a service makes.
func fillLogGroup(a cloud.Attributes, arn string) {
	a["arn"] = arn
	for key, value := range map[string]any{"retentionInDays": 0, "logGroupClass": "STANDARD", "skipDestroy": false} {
		if a[key] == nil {
			a[key] = value
		}
	}
}

func checkLogGroup(c *Call) error {
	a := c.attrs()
	if name := a.text("kmsKeyId"); name != "" {
		key, ok := findKey(c, name)
		service := "logs." + c.Scope.Region + "." + c.dnsSuffix()
		arn := a.text("arn")
		if !ok || !keyServes(key, service, "kms:Encrypt", "kms:EncryptionContext:aws:logs:arn", arn) {
			return refuse("AccessDeniedException", "The specified KMS key does not exist or is not allowed to be used with Arn '%s' (key %s, service %s)", arn, name, service)
		}
	}
	return nil
}

// findLogGroup returns a log group by its ARN, with or without the ":*" that some APIs want.
func findLogGroup(c *Call, arn string) (*cloud.Object, bool) {
	for _, suffix := range []string{"", ":*"} {
		if found := c.where(logGroupType, func(o *cloud.Object) bool { return attrs(o.Attributes).text("arn")+suffix == arn }); len(found) > 0 {
			return found[0], true
		}
	}
	return nil, false
}

func createQueryDefinition(c *Call) error {
	c.Attributes["queryDefinitionId"] = c.ID
	return checkQueryDefinition(c)
}

// checkQueryDefinition holds a saved query to the provider's rules and to those of
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html. The log groups need not
// exist. That names are unique, the page does not say: who gives one twice is refused
// (https://github.com/cds-snc/notification-terraform/pull/2619).
func checkQueryDefinition(c *Call) error {
	a := c.attrs()
	name := a.text("name")
	if !queryName.MatchString(name) {
		return refuse("ValidationException", "invalid value for name (cannot contain a colon or asterisk and cannot start or end with a slash): %q", name)
	}
	for _, o := range c.others(c.referring(queryDefinitionType, "name", name)) {
		return refuse("InvalidParameterException", "A query definition with the name '%s' already exists (%s)", name, o.ID)
	}
	if n := len(a.text("queryString")); n == 0 || n > 10000 {
		return refuse("InvalidParameterException", "1 validation error detected: Value at 'queryString' failed to satisfy constraint: Member must have length "+
			"between 1 and 10000 (it has %d)", n)
	}
	groups := a.texts("logGroupNames")
	if len(groups) > 50 {
		return refuse("InvalidParameterException", "A query can name at most 50 log groups, not %d", len(groups))
	}
	for _, g := range groups {
		if !logGroupName.MatchString(g) {
			return refuse("InvalidParameterException", "1 validation error detected: Value '%s' at 'logGroupNames' failed to satisfy constraint: Member must "+
				"satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", g)
		}
	}
	return nil
}
