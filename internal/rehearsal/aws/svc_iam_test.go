package aws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

func TestPolicyDocumentsAreRefusedAsAWSRefusesThem(t *testing.T) {
	t.Parallel()
	document := func(statement string) string { return `{"Version":"2012-10-17","Statement":[` + statement + `]}` }
	for _, tc := range []struct {
		name, text string
		kind       policyKind
		want       string
	}{
		{"no JSON", `{`, identityPolicy, "invalid Json"},
		{"an unknown element", `{"Statements":[]}`, identityPolicy, `unknown element "Statements"`},
		{"no statement", `{"Version":"2012-10-17"}`, identityPolicy, "Statement is missing"},
		{"no statements", `{"Version":"2012-10-17","Statement":[]}`, identityPolicy, "Statement is empty"},
		{"a version that is none", `{"Version":"2024-01-01","Statement":[]}`, identityPolicy, "valid version string"},
		{"a misspelt element", document(`{"Effect":"Allow","Action":"s3:*","Resources":"*"}`), identityPolicy, `unknown element "Resources"`},
		{"an effect that is none", document(`{"Effect":"allow","Action":"s3:*","Resource":"*"}`), identityPolicy, "not Allow or Deny"},
		{"no action", document(`{"Effect":"Allow","Resource":"*"}`), identityPolicy, "must contain actions"},
		{"an action of no service", document(`{"Effect":"Allow","Action":"GetObject","Resource":"*"}`), identityPolicy, "prefaced by a vendor"},
		{"no resource", document(`{"Effect":"Allow","Action":"s3:*"}`), identityPolicy, "must contain resources"},
		{"a resource that is no ARN", document(`{"Effect":"Allow","Action":"s3:*","Resource":"bucket"}`), identityPolicy, "must be in ARN format"},
		{"an ARN cut short", document(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3"}`), identityPolicy, "legacy parsing"},
		{"a principal in a role's policy", document(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}`), identityPolicy, "should not specify a principal"},
		{"an action that is no text", document(`{"Effect":"Allow","Action":[{}],"Resource":"*"}`), identityPolicy, "a list of texts"},
		{"a principal that is one text", document(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"root"}`), trustPolicy, `a principal is "*" or an object`},
		{"a statement that is a text", `{"Statement":"Allow"}`, identityPolicy, "neither an object nor a list"},
		{"statements that are texts", `{"Statement":["Allow"]}`, identityPolicy, "a statement is not an object"},
		{"a Sid with blanks", document(`{"Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*"}`), identityPolicy, "alpha-numeric"},
		{
			"a Sid twice",
			document(`{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"s3:*","Resource":"*"}`),
			identityPolicy, "must be unique",
		},
		{"a resource in a trust policy", document(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Resource":"*"}`), trustPolicy, "prohibited field Resource"},
		{"a trust policy for nobody", document(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), trustPolicy, "Missing required field Principal"},
		{"another service's action in a trust policy", document(`{"Effect":"Allow","Action":"s3:*","Principal":"*"}`), trustPolicy, "only specify STS"},
		{"a principal type that is none", document(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Services":"x"}}`), trustPolicy, `unknown principal type "Services"`},
		{"a key policy for nobody", document(`{"Effect":"Allow","Action":"kms:*","Resource":"*"}`), keyPolicy, "must contain principals"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := parsePolicy(tc.text, tc.kind)
			assert.ErrorContains(t, err, tc.want)
		})
	}
	_, err := parsePolicy(document(`{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":true}}}`), identityPolicy)
	assert.NoError(t, err)
}

func TestAPolicyAllowsWhatItsStatementsSay(t *testing.T) {
	t.Parallel()
	p, err := parsePolicy(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"ec2:Assign*","Resource":"*"},
		{"Effect":"Deny","Action":"ec2:AssignIpv6Addresses","Resource":"*"},
		{"Effect":"Allow","NotAction":["ec2:*","iam:*"],"Resource":"*"}]}`, identityPolicy)
	require.NoError(t, err)
	for action, want := range map[string]bool{
		"ec2:AssignPrivateIpAddresses": true, "ec2:AssignIpv6Addresses": false, "ec2:RunInstances": false, "s3:GetObject": true, "iam:PassRole": false,
	} {
		assert.Equal(t, want, p.allows(action, "", "", whatever), action)
	}
}

func TestAPolicyIsAttachedToARoleOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.role("r", iamdoc.ServiceTrust("ec2.amazonaws.com"))
	in := m{"role": "r", "policyArn": "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"}
	first := w.make(attachmentType, in)
	second := w.make(attachmentType, in)
	other := w.make(attachmentType, m{"role": "r", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})
	assert.Equal(t, first.id, second.id)
	assert.NotEqual(t, first.id, other.id)
	require.NoError(t, w.remove(other))
	require.NoError(t, w.remove(first))
	require.NoError(t, w.remove(second), "it is gone already")
	assert.NoError(t, w.remove(role), "nothing holds the role")
}

func TestIAMIsRefusedAsAWSRefusesIt(t *testing.T) {
	t.Parallel()
	trust := iamdoc.ServiceTrust("ec2.amazonaws.com")
	allow := func(statements int) string {
		d := iamdoc.Document{}
		for i := range statements {
			d.Statements = append(d.Statements, iamdoc.Statement{
				Actions: []string{"logs:PutLogEvents"}, Resources: []string{fmt.Sprintf("arn:aws:logs:eu-west-1:111122223333:log-group:group-%d", i)},
			})
		}
		return d.JSON()
	}
	trusting := func(text string) func(w *world) error {
		return func(w *world) error { return w.tryErr(roleType, m{"name": "r", "assumeRolePolicy": text}) }
	}
	refuses(t, nil, []refusal{
		{"a role's name that is taken", func(w *world) error {
			w.role("r", trust)
			return w.tryErr(roleType, m{"name": "r", "assumeRolePolicy": trust.JSON()})
		}, "EntityAlreadyExists: Role with name r"},
		{"a role's name with a blank", func(w *world) error {
			return w.tryErr(roleType, m{"name": "my role", "assumeRolePolicy": trust.JSON()})
		}, "'roleName' failed to satisfy constraint"},
		{"a policy's name with a blank", func(w *world) error {
			return w.tryErr(policyType, m{"name": "my policy", "policy": allow(1)})
		}, "value for policyName is invalid"},
		{"an instance profile's name with a blank", func(w *world) error {
			return w.tryErr(instanceProfileType, m{"name": "my profile"})
		}, "value for instanceProfileName is invalid"},
		{"a trusted service that is none", trusting(iamdoc.ServiceTrust("ec2").JSON()), `Invalid principal in policy: "SERVICE":"ec2"`},
		{"a trust policy that is too long", trusting(strings.Replace(trust.JSON(), `"sts:AssumeRole"`, `"sts:AssumeRole"`+strings.Repeat(`,"sts:AssumeRole"`, 200), 1)), "ACLSizePerRole"},
		{"a role with a policy of AWS's that does not exist", func(w *world) error {
			return w.tryErr(roleType, m{"name": "r", "assumeRolePolicy": trust.JSON(), "managedPolicyArns": list("arn:aws:iam::aws:policy/None")})
		}, "does not exist or is not attachable"},
		{"a role with an inline policy that does not parse", func(w *world) error {
			return w.tryErr(roleType, m{"name": "r", "assumeRolePolicy": trust.JSON(), "inlinePolicies": list(m{"name": "p", "policy": "{}"})})
		}, "MalformedPolicyDocument"},
		{"a boundary that does not exist", func(w *world) error {
			return w.tryErr(roleType, m{"name": "r", "assumeRolePolicy": trust.JSON(), "permissionsBoundary": "arn:aws:iam::111122223333:policy/none"})
		}, "NoSuchEntity"},
		{"deletion of a role with policies", func(w *world) error {
			return w.remove(w.role("r", trust, "AmazonEKSWorkerNodePolicy"))
		}, "must detach all policies first"},
		{"deletion of a role with inline policies", func(w *world) error {
			r := w.role("r", trust)
			w.make(rolePolicyType, m{"role": "r", "name": "p", "policy": allow(1)})
			return w.remove(r)
		}, "must delete policies first"},
		{"deletion of a role in an instance profile", func(w *world) error {
			r := w.role("r", trust)
			w.make(instanceProfileType, m{"role": "r", "name": "p"})
			return w.remove(r)
		}, "must remove roles from instance profile first"},
		{"an attachment to no role", func(w *world) error {
			return w.tryErr(attachmentType, m{"role": "none", "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"})
		}, "The role with name none cannot be found"},
		{"an attachment to an ARN", func(w *world) error {
			r := w.role("r", trust)
			return w.tryErr(attachmentType, m{"role": r.text("arn"), "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"})
		}, "The specified value for roleName is invalid"},
		{"an attachment of no policy", func(w *world) error {
			w.role("r", trust)
			return w.tryErr(attachmentType, m{"role": "r", "policyArn": "arn:aws:iam::aws:policy/AmazonEKSCNIPolicy"})
		}, "does not exist or is not attachable"},
		{"an attachment of another partition's policy", func(w *world) error {
			w.role("r", trust)
			return w.tryErr(attachmentType, m{"role": "r", "policyArn": "arn:aws-cn:iam::aws:policy/AmazonEKSClusterPolicy"})
		}, "does not exist or is not attachable"},
		{"an eleventh policy", func(w *world) error {
			w.role("r", trust)
			for _, p := range awsManaged[:10] {
				w.make(attachmentType, m{"role": "r", "policyArn": "arn:aws:iam::aws:policy/" + p})
			}
			return w.tryErr(attachmentType, m{"role": "r", "policyArn": "arn:aws:iam::aws:policy/" + awsManaged[10]})
		}, "PoliciesPerRole: 10"},
		{"an inline policy of no role", func(w *world) error {
			return w.tryErr(rolePolicyType, m{"role": "none", "policy": allow(1)})
		}, "NoSuchEntity"},
		{"an inline policy that does not parse", func(w *world) error {
			w.role("r", trust)
			return w.tryErr(rolePolicyType, m{"role": "r", "policy": trust.JSON()})
		}, "MalformedPolicyDocument"},
		{"inline policies that are too long together", func(w *world) error {
			w.role("r", trust)
			w.make(rolePolicyType, m{"role": "r", "policy": allow(60)})
			return w.tryErr(rolePolicyType, m{"role": "r", "policy": allow(60)})
		}, "Maximum policy size of 10240 bytes exceeded"},
		{"a policy's name that is taken on another path", func(w *world) error {
			w.make(policyType, m{"name": "p", "policy": allow(1)})
			return w.tryErr(policyType, m{"name": "p", "path": "/other/", "policy": allow(1)})
		}, "A policy called p already exists"},
		{"a policy that is too long", func(w *world) error { return w.tryErr(policyType, m{"name": "p", "policy": allow(80)}) }, "PolicySize: 6144"},
		{"a change that does not parse", func(w *world) error {
			return w.changeErr(w.make(policyType, m{"name": "p", "policy": allow(1)}), m{"policy": `{"Version":"2012-10-17"}`})
		}, "MalformedPolicyDocument"},
		{"deletion of an attached policy", func(w *world) error {
			p := w.make(policyType, m{"name": "p", "policy": allow(1)})
			w.role("r", trust)
			w.make(attachmentType, m{"role": "r", "policyArn": p.text("arn")})
			return w.remove(p)
		}, "Cannot delete a policy attached to entities"},
		{"an instance profile of no role", func(w *world) error { return w.tryErr(instanceProfileType, m{"name": "p", "role": "none"}) }, "NoSuchEntity"},
		{"an instance profile's name that is taken", func(w *world) error {
			w.make(instanceProfileType, m{"name": "p"})
			return w.tryErr(instanceProfileType, m{"name": "p"})
		}, "Instance Profile p already exists"},
		{"a second OIDC provider of one issuer", func(w *world) error {
			w.make(oidcProviderType, m{"url": "https://example.com/id/A", "clientIdLists": list("sts.amazonaws.com")})
			return w.tryErr(oidcProviderType, m{"url": "https://example.com/id/A", "clientIdLists": list("sts.amazonaws.com")})
		}, "Provider with url https://example.com/id/A already exists"},
		{"an OIDC provider without TLS", func(w *world) error {
			return w.tryErr(oidcProviderType, m{"url": "http://example.com", "clientIdLists": list("sts.amazonaws.com")})
		}, "must begin with https"},
	})
}

func TestARoleLivesOutsideRegionsAndIsFoundByItsPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.make(roleType, m{"name": "r", "path": "/platform/", "assumeRolePolicy": iamdoc.ServiceTrust("ec2.amazonaws.com").JSON()})
	assert.Equal(t, "arn:aws:iam::111122223333:role/platform/r", r.text("arn"))
	assert.NotEmpty(t, r.text("uniqueId"))
	assert.NotEmpty(t, r.text("createDate"))
	assert.Empty(t, w.ofType(roleType)[0].Scope.Region)
	require.NoError(t, w.remove(r))
	assert.Empty(t, w.all())
}

func TestKeysAndLogGroupsAreRefusedAsAWSRefusesThem(t *testing.T) {
	t.Parallel()
	keyFor := func(statements string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::111122223333:root"}}` +
			statements + `]}`
	}
	forLogs := func(arn string) string {
		return keyFor(`,{"Effect":"Allow","Action":["kms:Encrypt*","kms:Decrypt*"],"Resource":"*","Principal":{"Service":"logs.eu-west-1.amazonaws.com"},` +
			`"Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"` + arn + `"}}}`)
	}
	refuses(t, nil, []refusal{
		{"a key that nobody may manage", func(w *world) error {
			return w.tryErr(keyType, m{"policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*",` +
				`"Principal":{"AWS":"arn:aws:iam::111122223333:root"}}]}`})
		}, "will not allow you to update the key policy in the future"},
		{"a key for another account's root", func(w *world) error {
			return w.tryErr(keyType, m{"policy": strings.ReplaceAll(keyFor(""), testAccount, "999999999999")})
		}, "will not allow you to update"},
		{"a key for a service that is none", func(w *world) error {
			return w.tryErr(keyType, m{"policy": keyFor(`,{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{"Service":"logs"}}`)})
		}, `"SERVICE":"logs"`},
		{"rotation of a key that cannot", func(w *world) error {
			return w.tryErr(keyType, m{"customerMasterKeySpec": "RSA_2048", "enableKeyRotation": true})
		}, "rotation is not supported"},
		{"an alias without prefix", func(w *world) error {
			return w.tryErr(aliasType, m{"name": "alias/", "targetKeyId": w.make(keyType, m{}).id})
		}, "must start with the prefix"},
		{"an alias of AWS's", func(w *world) error {
			return w.tryErr(aliasType, m{"name": "alias/aws/eks", "targetKeyId": w.make(keyType, m{}).id})
		}, "reserved for AWS"},
		{"an alias that is taken", func(w *world) error {
			k := w.make(keyType, m{})
			w.make(aliasType, m{"name": "alias/a", "targetKeyId": k.id})
			return w.tryErr(aliasType, m{"name": "alias/a", "targetKeyId": k.text("arn")})
		}, "AlreadyExistsException"},
		{"an alias of no key", func(w *world) error { return w.tryErr(aliasType, m{"name": "alias/a", "targetKeyId": newUUID()}) }, "NotFoundException"},
		{"a log group's name that is taken", func(w *world) error {
			w.make(logGroupType, m{"name": "g"})
			return w.tryErr(logGroupType, m{"name": "g"})
		}, "ResourceAlreadyExistsException"},
		{"a log group's key that is none", func(w *world) error {
			return w.tryErr(logGroupType, m{"name": "g", "kmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/none"})
		}, "AccessDeniedException"},
		{"a log group's key that does not let logs use it", func(w *world) error {
			return w.tryErr(logGroupType, m{"name": "g", "kmsKeyId": w.make(keyType, m{"policy": keyFor("")}).text("arn")})
		}, "is not allowed to be used with Arn"},
		{"a log group's key that lets other groups use it", func(w *world) error {
			k := w.make(keyType, m{"policy": forLogs("arn:aws:logs:eu-west-1:111122223333:log-group:/other/*")})
			return w.tryErr(logGroupType, m{"name": "g", "kmsKeyId": k.text("arn")})
		}, "is not allowed to be used with Arn"},
		{"a log group's name with a blank", func(w *world) error { return w.tryErr(logGroupType, m{"name": "my group"}) }, "'logGroupName' failed to satisfy constraint"},
		{"a query of too many groups", func(w *world) error {
			return w.tryErr(queryDefinitionType, m{"name": "q", "queryString": "fields @message", "logGroupNames": anyList(make([]string, 51))})
		}, "at most 50 log groups"},
		{"a query without text", func(w *world) error { return w.tryErr(queryDefinitionType, m{"name": "q", "queryString": ""}) }, "queryString"},
	})
	w := newWorld(t)
	k := w.make(keyType, m{"policy": forLogs("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/*"), "enableKeyRotation": true})
	assert.EqualValues(t, 365, k.attrs["rotationPeriodInDays"])
	assert.Equal(t, k.id, k.text("keyId"))
	alias := w.make(aliasType, m{"name": "alias/a", "targetKeyId": k.id})
	assert.Equal(t, k.text("arn"), alias.text("targetKeyArn"))
	g := w.make(logGroupType, m{"name": "/aws/eks/x/cluster", "kmsKeyId": k.text("arn"), "retentionInDays": 30})
	assert.Equal(t, "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/eks/x/cluster", g.text("arn"))
	assert.NotEmpty(t, w.make(queryDefinitionType, m{"name": "q", "queryString": "fields @message"}).text("queryDefinitionId"))
}
