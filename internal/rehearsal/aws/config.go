package aws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/eks-platform/eks-platform/internal/region"
)

// ExampleAccount is the caller's account when neither the options nor the provider's configuration name one: the
// account of AWS's own documentation.
const ExampleAccount = "111122223333"

func textArg() *prop                          { return &prop{Type: "string"} }
func flagArg() *prop                          { return &prop{Type: "boolean"} }
func textsArg() *prop                         { return &prop{Type: "list", Elem: "string"} }
func textMapArg() *prop                       { return &prop{Type: "map", Elem: "string"} }
func blockArg(members map[string]*prop) *prop { return &prop{Type: "object", Props: members} }
func blocksArg(members map[string]*prop) *prop {
	return &prop{Type: "list", Elem: "object", Props: members}
}

// assumedRole are the settings of a role that the provider assumes.
var assumedRole = map[string]*prop{
	"duration": textArg(), "externalId": textArg(), "policy": textArg(), "policyArns": textsArg(), "roleArn": {Type: "string", Format: "arn"},
	"sessionName": textArg(), "sourceIdentity": textArg(), "tags": textMapArg(), "transitiveTagKeys": textsArg(),
}

// configProps are the provider's own arguments (ProviderArgs of pulumi-aws sdk/v6 v6.83.4).
var configProps = map[string]*prop{
	"accessKey": textArg(), "allowedAccountIds": textsArg(), "assumeRole": blockArg(assumedRole),
	"assumeRoles": blocksArg(assumedRole),
	"assumeRoleWithWebIdentity": blockArg(map[string]*prop{
		"duration": textArg(), "policy": textArg(), "policyArns": textsArg(), "roleArn": {Type: "string", Format: "arn"}, "sessionName": textArg(),
		"webIdentityToken": textArg(), "webIdentityTokenFile": textArg(),
	}),
	"customCaBundle": textArg(), "defaultTags": blockArg(map[string]*prop{"tags": textMapArg()}),
	"ec2MetadataServiceEndpoint": textArg(), "ec2MetadataServiceEndpointMode": textArg(),
	"endpoints": {Type: "list", Elem: "any"}, "forbiddenAccountIds": textsArg(), "httpProxy": textArg(), "httpsProxy": textArg(),
	"ignoreTags": blockArg(map[string]*prop{"keys": textsArg(), "keyPrefixes": textsArg()}),
	"insecure":   flagArg(), "maxRetries": {Type: "integer"}, "noProxy": textArg(), "profile": textArg(), "region": textArg(),
	"retryMode": {Type: "string", Enum: []string{"legacy", "standard", "adaptive"}}, "s3UsEast1RegionalEndpoint": textArg(), "s3UsePathStyle": flagArg(),
	"secretKey": textArg(), "sharedConfigFiles": textsArg(), "sharedCredentialsFiles": textsArg(), "skipCredentialsValidation": flagArg(),
	"skipMetadataApiCheck": flagArg(), "skipRegionValidation": flagArg(), "skipRequestingAccountId": flagArg(), "stsRegion": textArg(),
	"token": textArg(), "tokenBucketRateLimiterCapacity": {Type: "integer"}, "useDualstackEndpoint": flagArg(), "useFipsEndpoint": flagArg(),
}

// checkConfig checks a provider's own arguments. The SDK sends everything but strings as JSON text.
func checkConfig(news resource.PropertyMap) (resource.PropertyMap, []*pulumirpc.CheckFailure) {
	c := &checker{}
	args := resource.PropertyMap{}
	for k, v := range news {
		if k == "version" || k == "pluginDownloadURL" || internal(k) {
			continue
		}
		p := configProps[string(k)]
		if p != nil && p.Type != "string" {
			v = decodeConfig(v)
		}
		args[k] = v
	}
	return c.object(configProps, args, ""), c.failures
}

// decodeConfig undoes the SDK's JSON encoding of one argument.
func decodeConfig(v resource.PropertyValue) resource.PropertyValue {
	b := bare(v)
	if !b.IsString() {
		return v
	}
	var x any
	if json.Unmarshal([]byte(b.StringValue()), &x) != nil {
		return v
	}
	out := unmark(resource.NewPropertyValue(x))
	if v.IsSecret() {
		return resource.MakeSecret(out)
	}
	return out
}

// unmark replaces secrets as JSON spells them ({"4dabf18...": "1b47061...", "value": x}).
func unmark(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsArray():
		out := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, x := range v.ArrayValue() {
			out[i] = unmark(x)
		}
		return resource.NewArrayProperty(out)
	case v.IsObject():
		m := v.ObjectValue()
		if _, marked := m[resource.SigKey]; marked {
			return resource.MakeSecret(unmark(m["value"]))
		}
		out := resource.PropertyMap{}
		for k, x := range m {
			out[k] = unmark(x)
		}
		return resource.NewObjectProperty(out)
	}
	return v
}

// session is one configured provider.
type session struct {
	account, region, partition string
	tags                       tagRules
	// unknown says that a preview does not know the account or the region yet.
	unknown bool
}

// newSession configures a provider. account is the caller's; empty means whichever the arguments allow.
func newSession(args resource.PropertyMap, account string) (*session, error) {
	args, failures := checkConfig(args)
	if len(failures) > 0 {
		return nil, fmt.Errorf("provider property %s: %s", failures[0].GetProperty(), failures[0].GetReason())
	}
	s := &session{tags: tagRules{keys: map[string]bool{}}}
	deep := deepBare(resource.NewObjectProperty(args)).ObjectValue()
	for _, k := range []resource.PropertyKey{"region", "allowedAccountIds", "forbiddenAccountIds", "assumeRole", "assumeRoles"} {
		s.unknown = s.unknown || deep[k].ContainsUnknowns()
	}
	s.tags.unknown = deep["defaultTags"].ContainsUnknowns() || deep["ignoreTags"].ContainsUnknowns()
	if tags := member(deep["defaultTags"], "tags"); tags.IsObject() && !s.tags.unknown {
		s.tags.defaults = tags.ObjectValue()
	}
	for _, k := range stringsOf(member(deep["ignoreTags"], "keys")) {
		s.tags.keys[k] = true
	}
	s.tags.prefixes = stringsOf(member(deep["ignoreTags"], "keyPrefixes"))
	if s.unknown {
		return s, nil
	}
	if deep["region"].IsString() {
		s.region = deep["region"].StringValue()
	}
	if !region.Valid(s.region) {
		return nil, fmt.Errorf("invalid AWS Region: %s", s.region)
	}
	s.partition = region.Partition(s.region)
	allowed, forbidden := stringsOf(deep["allowedAccountIds"]), stringsOf(deep["forbiddenAccountIds"])
	if len(allowed) > 0 && len(forbidden) > 0 {
		return nil, fmt.Errorf(`provider property allowedAccountIds: "allowedAccountIds" conflicts with "forbiddenAccountIds": give one of them`)
	}
	s.account = callersAccount(account, deep, allowed)
	if len(allowed) > 0 && !slices.Contains(allowed, s.account) || slices.Contains(forbidden, s.account) {
		return nil, fmt.Errorf("AWS account ID not allowed: %s", s.account)
	}
	return s, nil
}

// callersAccount is the account that calls: that of the role that the provider assumes, else the caller's own.
func callersAccount(own string, args resource.PropertyMap, allowed []string) string {
	roles := []resource.PropertyValue{args["assumeRole"]}
	if args["assumeRoles"].IsArray() {
		roles = append(roles, args["assumeRoles"].ArrayValue()...)
	}
	for _, role := range slices.Backward(roles) {
		if arn := member(role, "roleArn"); arn.IsString() {
			if parts := strings.Split(arn.StringValue(), ":"); len(parts) > 4 && parts[4] != "" {
				return parts[4]
			}
		}
	}
	switch {
	case own != "":
		return own
	case len(allowed) > 0:
		return allowed[0]
	}
	return ExampleAccount
}

// member returns a member of an object, or null.
func member(v resource.PropertyValue, name string) resource.PropertyValue {
	if !v.IsObject() {
		return resource.NewNullProperty()
	}
	return v.ObjectValue()[resource.PropertyKey(name)]
}

func stringsOf(v resource.PropertyValue) []string {
	if !v.IsArray() {
		return nil
	}
	var out []string
	for _, x := range v.ArrayValue() {
		if x.IsString() {
			out = append(out, x.StringValue())
		}
	}
	return out
}
