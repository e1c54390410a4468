package bootstrap_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/bootstrap"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/stacks"
)

// roles bootstraps an account and returns what its roles became.
func roles(t *testing.T, o bootstrap.Options, accountID string) map[string]*fakeRole {
	t.Helper()
	c := newCloud(t)
	c.account = accountID
	b := open(t, c, o)
	require.NoError(t, b.Apply(t.Context(), plan(t, b), nil))
	return c.roles
}

func parsed(t *testing.T, text string) document {
	t.Helper()
	var d document
	require.NoError(t, json.Unmarshal([]byte(text), &d))
	return d
}

// like is IAM's StringLike.
func like(pattern, value string) bool {
	expression := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile(`(?s)^` + expression + `$`).MatchString(value)
}

// holds evaluates conditions as IAM does: all keys of all operators must hold, each for one of its values. A key that the
// request does not have fails, except for the operators that ask for that.
func holds(t *testing.T, conditions map[string]map[string][]string, request map[string]string) bool {
	t.Helper()
	for operator, keys := range conditions {
		for key, values := range keys {
			have, present := request[key]
			var ok bool
			switch operator {
			case "StringEquals":
				ok = present && slices.Contains(values, have)
			case "StringNotEquals":
				ok = !present || !slices.Contains(values, have)
			case "StringLike":
				ok = present && slices.ContainsFunc(values, func(v string) bool { return like(v, have) })
			case "ArnEquals":
				ok = present && slices.ContainsFunc(values, func(v string) bool { return like(v, have) })
			case "Null":
				ok = values[0] == strconv.FormatBool(!present)
			default:
				t.Fatalf("operator %s is not evaluated", operator)
			}
			if !ok {
				return false
			}
		}
	}
	return true
}

// allowed evaluates documents together: a denial wins.
func allowed(t *testing.T, documents []string, action, resource string, request map[string]string) bool {
	t.Helper()
	allow := false
	for _, text := range documents {
		for _, s := range parsed(t, text).Statement {
			covers := func(list []string, value string) bool {
				return slices.ContainsFunc(list, func(p string) bool { return like(p, value) })
			}
			if !covers(s.Action, action) || len(s.Resource) > 0 && !covers(s.Resource, resource) || !holds(t, s.Condition, request) {
				continue
			}
			if s.Effect == "Deny" {
				return false
			}
			allow = true
		}
	}
	return allow
}

// documents returns the role's policies by name, inline and attached.
func (r *fakeRole) documents() map[string]string {
	out := maps.Clone(r.inline)
	for _, arn := range r.attached {
		out[arn[strings.LastIndex(arn, "/")+1:]] = r.cloud.policies[arn].versions[len(r.cloud.policies[arn].versions)-1]
	}
	return out
}

// can tells what a role may do.
func (r *fakeRole) can(t *testing.T, action, resource string, request ...string) bool {
	t.Helper()
	var documents []string
	for _, d := range r.documents() {
		documents = append(documents, d)
	}
	keys := map[string]string{"aws:RequestedRegion": "eu-west-1"}
	for i := 0; i+1 < len(request); i += 2 {
		keys[request[i]] = request[i+1]
	}
	return allowed(t, documents, action, resource, keys)
}

// token is a GitHub token with what AWS looks at.
func claims(subject, repository, id string) map[string]string {
	const issuer = "token.actions.githubusercontent.com:"
	return map[string]string{issuer + "aud": "sts.amazonaws.com", issuer + "sub": subject, issuer + "repository": repository, issuer + "repository_id": id}
}

func TestTokensOfBothFormatsAssumeTheRolesThatAreTheirsAndNoOthers(t *testing.T) {
	t.Parallel()
	with := options(t)
	without := with
	without.OwnerID, without.RepositoryID = "", ""
	for name, o := range map[string]bootstrap.Options{"numbers given": with, "numbers not given": without} {
		made := roles(t, o, account)
		assumes := func(role string, request map[string]string) bool {
			return allowed(t, []string{made["eks-platform-"+role].trust}, "sts:AssumeRoleWithWebIdentity", "", request)
		}
		const old, immutable = "repo:acme/platform:", "repo:acme@123/platform@456:"
		for _, c := range []struct {
			end   string
			roles []string
		}{
			{"pull_request", nil},
			{"ref:refs/heads/main", []string{"plan-dev", "plan-stg"}},
			{"environment:preview-dev", []string{"plan-dev"}},
			{"environment:preview-stg", []string{"plan-stg"}},
			{"environment:dev", []string{"deploy-dev"}},
			{"environment:stg", []string{"deploy-stg"}},
			{"environment:prod", nil},
			{"environment:dev2", nil},
			{"environment:preview-prod", nil},
			{"ref:refs/heads/feature", nil},
			{"ref:refs/heads/main2", nil},
			{"ref:refs/heads/main/environment%3Adev", nil},
			{"ref:refs/tags/v1", nil},
			{"ref:refs/pull/7/merge", nil},
		} {
			for _, format := range []string{old, immutable} {
				var got []string
				for _, role := range []string{"plan-dev", "plan-stg", "deploy-dev", "deploy-stg"} {
					if assumes(role, claims(format+c.end, "acme/platform", "456")) {
						got = append(got, role)
					}
				}
				assert.Equal(t, c.roles, got, "%s: %s%s", name, format, c.end)
			}
		}
		for _, stranger := range []map[string]string{
			claims("repo:mallory/platform:environment:preview-dev", "mallory/platform", "9"),
			claims("repo:mallory@9/platform@9:environment:preview-dev", "mallory/platform", "9"),
			claims("repo:acme/platform-fork:environment:preview-dev", "acme/platform-fork", "9"),
			claims("repo:acme/other:environment:dev", "acme/other", "9"),
			claims("repo:acme@123/other@9:environment:dev", "acme/other", "9"),
			// What a wildcard would take for the numbers, if GitHub did not escape colons.
			claims("repo:acme@123/other@9:environment:x/platform@1:environment:dev", "acme/other", "9"),
			claims("repo:acme@123/other@9:ref:refs/heads/x/platform@1:environment:preview-dev", "acme/other", "9"),
			{"token.actions.githubusercontent.com:sub": "repo:acme/platform:environment:dev", "token.actions.githubusercontent.com:aud": "https://github.com/acme",
				"token.actions.githubusercontent.com:repository": "acme/platform", "token.actions.githubusercontent.com:repository_id": "456"},
		} {
			for role := range made {
				assert.False(t, assumes(strings.TrimPrefix(role, "eks-platform-"), stranger), "%s: %s for %v", name, role, stranger)
			}
		}
		// Somebody registers the names after they became free.
		recycled := claims("repo:acme/platform:environment:dev", "acme/platform", "999")
		assert.Equal(t, o.RepositoryID == "", assumes("deploy-dev", recycled), "%s: only the number tells them apart", name)
	}
}

func TestRolesReachTheStateOfTheirOwnStackAlone(t *testing.T) {
	t.Parallel()
	made := roles(t, options(t), account)
	const objects = "arn:aws:s3:::" + bucket + "/"
	keys := func(stack string) []string {
		p := "eks-platform/" + stack
		return []string{
			".pulumi/stacks/" + p + ".json", ".pulumi/stacks/" + p + ".json.bak", ".pulumi/stacks/" + p + ".json.gz", ".pulumi/stacks/" + p + ".pulumi-tags",
			".pulumi/locks/organization/" + p + "/1.json", ".pulumi/history/" + p + "/" + stack + "-1.history.json",
			".pulumi/backups/" + p + "/" + stack + ".1.json", ".eks-platform/leases/" + p + ".json",
			".eks-platform/leases/" + p + ".broken/1.json", ".eks-platform/history/" + p + "/1.json",
		}
	}
	for _, role := range []string{"plan-dev", "deploy-dev", "plan-stg", "deploy-stg"} {
		r, deploys, own := made["eks-platform-"+role], strings.HasPrefix(role, "deploy"), role[strings.Index(role, "-")+1:]
		assert.True(t, r.can(t, "s3:ListBucket", "arn:aws:s3:::"+bucket), role)
		assert.True(t, r.can(t, "s3:GetObject", objects+".pulumi/meta.yaml"), role)
		assert.False(t, r.can(t, "s3:PutObject", objects+".pulumi/meta.yaml"), role)
		for _, stack := range []string{"dev", "stg", "dev-2", "prod"} {
			for i, key := range keys(stack) {
				// stg reads the checkpoint of dev, whose cluster it joins.
				reads := stack == own || own == "stg" && stack == "dev" && i < 3
				assert.Equal(t, reads, r.can(t, "s3:GetObject", objects+key), "%s reads %s", role, key)
				for _, action := range []string{"s3:PutObject", "s3:DeleteObject"} {
					assert.Equal(t, deploys && stack == own, r.can(t, action, objects+key), "%s: %s %s", role, action, key)
				}
				assert.False(t, r.can(t, "s3:DeleteObjectVersion", objects+key))
			}
		}
	}
}

func TestSecretsAreToldApartByTheirEncryptionContext(t *testing.T) {
	t.Parallel()
	c, b := made(t)
	const key = "arn:aws:kms:eu-west-1:111111111111:key/key-1"
	// The key gives nothing by itself: both its policy and the role's must allow.
	can := func(role, action string, request ...string) bool {
		keys := map[string]string{}
		for i := 0; i+1 < len(request); i += 2 {
			keys[request[i]] = request[i+1]
		}
		return c.roles["eks-platform-"+role].can(t, action, key, request...) && allowed(t, []string{c.keys["key-1"].policy}, action, key, keys)
	}
	const context = "kms:EncryptionContext:environment"
	for _, x := range []struct {
		role, action, stack string
		want                bool
	}{
		{"plan-dev", "kms:Decrypt", "dev", true},
		{"plan-dev", "kms:Encrypt", "dev", false},
		{"plan-dev", "kms:Decrypt", "stg", false},
		{"deploy-dev", "kms:Decrypt", "dev", true},
		{"deploy-dev", "kms:Encrypt", "dev", true},
		{"deploy-dev", "kms:Decrypt", "stg", false},
		{"deploy-stg", "kms:Decrypt", "dev", true}, // to read the outputs of the stack it joins
		{"deploy-stg", "kms:Encrypt", "dev", false},
		{"deploy-stg", "kms:Encrypt", "stg", true},
	} {
		assert.Equal(t, x.want, can(x.role, x.action, context, x.stack), "%v", x)
		assert.False(t, can(x.role, x.action), "without a context: %v", x)
	}
	via := []string{"kms:ViaService", "s3.eu-west-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn", "arn:aws:s3:::" + bucket}
	assert.True(t, can("plan-stg", "kms:Decrypt", via...))
	assert.False(t, can("plan-stg", "kms:GenerateDataKey", via...))
	assert.True(t, can("deploy-stg", "kms:GenerateDataKey", via...))
	via[3] = "arn:aws:s3:::another"
	assert.False(t, can("deploy-stg", "kms:GenerateDataKey", via...), "the key is for this bucket")
	for _, action := range []string{"kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:CreateGrant"} {
		assert.False(t, can("deploy-dev", action), action)
	}

	for _, e := range b.Site.Environments {
		assert.Equal(t, "awskms://alias/eks-platform-state?region=eu-west-1&context_environment="+e.Name, b.Site.SecretsProvider(e))
	}
	assert.Equal(t, "s3://"+bucket+"?region=eu-west-1", b.Site.BackendURL())
}

func TestDeployRolesAreKeptToWhatIsTheirs(t *testing.T) {
	t.Parallel()
	made := roles(t, options(t), account)
	dev, stg, plan := made["eks-platform-deploy-dev"], made["eks-platform-deploy-stg"], made["eks-platform-plan-dev"]
	iam := func(name string) string { return "arn:aws:iam::111111111111:role/" + name }
	regional := func(service, rest string) string { return "arn:aws:" + service + ":eu-west-1:111111111111:" + rest }
	for _, x := range []struct {
		role             *fakeRole
		action, resource string
		request          []string
		want             bool
		why              string
	}{
		{dev, "iam:CreateRole", iam("dev-node-role-1a2b3c4"), nil, true, "its nodes"},
		{dev, "iam:CreateRole", iam("nonprod-control-plane-1a2b3c4"), nil, true, "its cluster"},
		{dev, "iam:CreateRole", iam("stg-node-role-1a2b3c4"), nil, false, "another environment's"},
		{stg, "iam:CreateRole", iam("nonprod-control-plane-1a2b3c4"), nil, false, "the cluster that it joins"},
		{dev, "iam:PutRolePolicy", iam("eks-platform-deploy-dev"), nil, false, "its own permissions"},
		{dev, "iam:UpdateAssumeRolePolicy", iam("eks-platform-plan-dev"), nil, false, "who may preview"},
		{dev, "iam:PassRole", iam("dev-node-role-1"), []string{"iam:PassedToService", "ec2.amazonaws.com"}, true, "nodes"},
		{dev, "iam:PassRole", iam("dev-node-role-1"), []string{"iam:PassedToService", "lambda.amazonaws.com"}, false, "not to everything"},
		{dev, "iam:PassRole", iam("admin"), []string{"iam:PassedToService", "ec2.amazonaws.com"}, false, "not every role"},
		{dev, "iam:AttachRolePolicy", iam("dev-node-role-1"), []string{"iam:PolicyARN", "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"}, true, "nodes"},
		{dev, "iam:AttachRolePolicy", iam("dev-node-role-1"), []string{"iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess"}, false, "no other policy"},
		{stg, "iam:AttachRolePolicy", iam("stg-node-role-1"), []string{"iam:PolicyARN", "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"}, false, "only an owner's"},
		{dev, "iam:CreateServiceLinkedRole", "arn:aws:iam::111111111111:role/aws-service-role/eks.amazonaws.com/x", []string{"iam:AWSServiceName", "eks.amazonaws.com"}, true, "EKS"},
		{dev, "iam:CreateServiceLinkedRole", "arn:aws:iam::111111111111:role/aws-service-role/x", []string{"iam:AWSServiceName", "guardduty.amazonaws.com"}, false, "no other service"},
		{dev, "iam:DeleteOpenIDConnectProvider", "arn:aws:iam::111111111111:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/X", nil, true, "the cluster's"},
		{dev, "iam:DeleteOpenIDConnectProvider", "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com", nil, false, "GitHub's"},
		{dev, "iam:CreateUser", "arn:aws:iam::111111111111:user/mallory", nil, false, "users"},

		{dev, "eks:DeleteCluster", regional("eks", "cluster/nonprod"), nil, true, "its cluster"},
		{dev, "eks:DeleteCluster", regional("eks", "cluster/other"), nil, false, "another's cluster"},
		{stg, "eks:DeleteCluster", regional("eks", "cluster/nonprod"), nil, false, "the cluster that it joins"},
		{stg, "eks:UpdateClusterConfig", regional("eks", "cluster/nonprod"), nil, false, "the cluster that it joins"},
		{stg, "eks:CreateNodegroup", regional("eks", "cluster/nonprod"), nil, true, "its nodes"},
		{stg, "eks:DeleteNodegroup", regional("eks", "nodegroup/nonprod/stg-general-1/x"), []string{"aws:ResourceTag/environment", "stg"}, true, "its nodes"},
		{stg, "eks:DeleteNodegroup", regional("eks", "nodegroup/nonprod/dev-spot-1/x"), nil, false, "another's nodes"},
		{stg, "eks:DeletePodIdentityAssociation", regional("eks", "podidentityassociation/nonprod/a-1"), []string{"aws:ResourceTag/environment", "dev"}, false, "another's association"},

		{dev, "ec2:DeleteVpc", regional("ec2", "vpc/vpc-1"), []string{"aws:ResourceTag/environment", "dev"}, true, "its network"},
		{dev, "ec2:DeleteSubnet", regional("ec2", "subnet/subnet-1"), []string{"aws:ResourceTag/environment", "stg"}, false, "another's subnet"},
		{dev, "ec2:CreateTags", regional("ec2", "subnet/subnet-1"), []string{"aws:ResourceTag/environment", "stg"}, false, "another's subnet, to make it its own"},
		{dev, "ec2:CreateTags", regional("ec2", "subnet/subnet-1"), nil, true, "a new subnet"},
		{dev, "kms:CreateGrant", regional("kms", "key/other"), []string{"aws:ResourceTag/environment", "stg"}, false, "another's key"},
		{dev, "ec2:DeleteVpc", regional("ec2", "vpc/vpc-1"), []string{"aws:RequestedRegion", "us-east-1"}, false, "another region"},
		{stg, "ec2:DeleteVpc", regional("ec2", "vpc/vpc-1"), nil, false, "the network of the owner"},
		{stg, "ec2:RevokeSecurityGroupIngress", regional("ec2", "security-group/sg-1"), nil, true, "the cluster's group, which EKS made, has no tag"},

		{dev, "kms:CreateKey", "*", []string{"aws:RequestTag/environment", "dev"}, true, "a key of its own"},
		{dev, "kms:CreateKey", "*", nil, false, "a key without a tag"},
		{dev, "kms:ScheduleKeyDeletion", regional("kms", "key/other"), []string{"aws:ResourceTag/environment", "stg"}, false, "another's key"},
		{dev, "kms:ScheduleKeyDeletion", regional("kms", "key/key-1"), nil, false, "the key of the state"},
		{dev, "kms:UpdateAlias", regional("kms", "alias/eks-platform-state"), nil, false, "the alias of that key"},
		{dev, "kms:CreateAlias", regional("kms", "alias/nonprod-secrets-1"), nil, true, "its alias"},
		{dev, "kms:Decrypt", regional("kms", "key/other"), nil, false, "nothing is read with other keys"},

		{dev, "logs:DeleteLogGroup", regional("logs", "log-group:/aws/eks/nonprod/cluster:*"), nil, true, "the control plane's"},
		{stg, "logs:DeleteLogGroup", regional("logs", "log-group:/aws/eks/nonprod/cluster:*"), nil, false, "not its own"},
		{stg, "logs:CreateLogGroup", regional("logs", "log-group:/eks-platform/nonprod/environments/stg"), nil, true, "its own"},
		{dev, "logs:DeleteLogGroup", regional("logs", "log-group:/app/payments:*"), nil, false, "anything else's"},
		{dev, "autoscaling:CreateOrUpdateTags", regional("autoscaling", "autoScalingGroup:1:autoScalingGroupName/eks-dev-spot-1-2"), nil, true, "its group"},
		{dev, "autoscaling:CreateOrUpdateTags", regional("autoscaling", "autoScalingGroup:1:autoScalingGroupName/web"), nil, false, "anything else's"},
		{dev, "secretsmanager:GetSecretValue", "*", nil, false, "secrets"},
		{dev, "sts:AssumeRole", iam("admin"), nil, false, "other roles"},

		{plan, "ec2:DescribeVpcs", "*", nil, true, "to look"},
		{plan, "ec2:CreateVpc", "*", nil, false, "to change"},
		{plan, "logs:GetLogEvents", regional("logs", "log-group:/aws/eks/nonprod/cluster:*"), nil, false, "to read logs"},
		{plan, "ssm:GetParameter", "*", nil, false, "to read parameters"},
		{plan, "iam:PassRole", iam("dev-node-role-1"), []string{"iam:PassedToService", "ec2.amazonaws.com"}, false, "to give away roles"},
	} {
		assert.Equal(t, x.want, x.role.can(t, x.action, x.resource, x.request...), "%s %s (%s) %v", x.action, x.resource, x.why, x.request)
	}
	for _, name := range []string{"eks-platform-plan-dev", "eks-platform-plan-stg"} {
		for _, d := range made[name].documents() {
			for _, s := range parsed(t, d).Statement {
				for _, a := range s.Action {
					verb := a[strings.Index(a, ":")+1:]
					assert.Regexp(t, `^(Describe|List|Get|Decrypt$)`, verb, name)
					assert.NotContains(t, verb, "*", "%s: what is read is spelt out", name)
				}
			}
		}
	}
}

func TestTheDocumentsAreWhatTheyWere(t *testing.T) {
	t.Parallel()
	c, _ := made(t)
	texts := map[string]string{"key.json": c.keys["key-1"].policy, "bucket.json": c.buckets[bucket]["policy"]}
	for _, role := range []string{"plan-dev", "deploy-dev", "deploy-stg"} {
		r := c.roles["eks-platform-"+role]
		texts[role+"-trust.json"] = r.trust
		for name, d := range r.documents() {
			managed, isManaged := strings.CutPrefix(name, "eks-platform-")
			if !isManaged {
				managed = role + "-" + name
			}
			texts[managed+".json"] = d
		}
	}
	for name, text := range texts {
		var got bytes.Buffer
		require.NoError(t, json.Indent(&got, []byte(text), "", "  "))
		got.WriteByte('\n')
		path := filepath.Join("testdata", name)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(path, got.Bytes(), 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(want), got.String(), "%s; if that is meant, rewrite it with UPDATE_GOLDEN=1 go test ./automation/bootstrap", name)
	}
}

func TestTheDocumentsFitIntoIAMsLimitsWithTheLongestNames(t *testing.T) {
	t.Parallel()
	o := options(t)
	environment := strings.Repeat("e", 20)
	o.Estate = estate(t, "dev", "environment: dev", "environment: "+environment, "name: dev-payments", "name: "+environment+"-payments",
		"name: nonprod", "name: "+strings.Repeat("c", 40))
	o.Repository = strings.Repeat("o", 39) + "/" + strings.Repeat("r", 100)
	o.OwnerID, o.RepositoryID = "12345678901", "12345678901"
	for name, r := range roles(t, o, account) {
		total := 0
		for _, d := range r.inline {
			total += len(d)
		}
		t.Logf("%s: trust %d of 2048, inline %d of 10240", name, len(r.trust), total)
		for _, arn := range r.attached {
			n := len(r.cloud.policies[arn].versions[0])
			t.Logf("%s: %d of 6144", arn, n)
			assert.LessOrEqual(t, n, 6144, arn)
		}
		assert.LessOrEqual(t, len(r.trust), 2048, name)
		assert.LessOrEqual(t, total, 10240, name)
	}
}

func TestPoliciesThatIAMWouldNotTakeAreRefusedBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	o := options(t)
	var accounts strings.Builder
	for account := range 6 {
		fmt.Fprintf(&accounts, "              - name: api-%d\n                policyArns:\n", account)
		for i := range 10 {
			fmt.Fprintf(&accounts, "                  - arn:aws:iam::111111111111:policy/%s-%d-%d\n", strings.Repeat("p", 120), account, i)
		}
	}
	o.Estate = estate(t, "dev", "              - name: api\n", accounts.String()+"              - name: api\n")
	c := newCloud(t)
	_, err := open(t, c, o).Plan(t.Context())
	require.ErrorContains(t, err, "IAM's limit is 10240")
	assert.Empty(t, c.writes)
}

// registered returns the AWS types in the project's goldens of one stack.
func registered(t *testing.T, stack string) []string {
	t.Helper()
	raw, err := os.ReadFile(estatetest.Path("urns-" + stack + ".yaml"))
	require.NoError(t, err)
	types := regexp.MustCompile(`aws:[a-zA-Z0-9]+/[a-zA-Z0-9]+:[A-Za-z0-9]+`).FindAllString(string(raw), -1)
	require.NotEmpty(t, types)
	slices.Sort(types)
	return slices.Compact(types)
}

func TestEveryTypeThatTheProgramRegistersHasActions(t *testing.T) {
	t.Parallel()
	for _, stack := range []string{"dev", "stg", "prod"} {
		for _, typ := range registered(t, stack) {
			assert.True(t, bootstrap.Covers(typ, stack == "stg"), "%s, which %s registers, has no IAM actions: add them to automation/bootstrap/services.go", typ, stack)
		}
	}
	assert.False(t, bootstrap.Covers("aws:s3/bucketV2:BucketV2", false))
	assert.False(t, bootstrap.Covers("aws:ec2/vpc:Vpc", true), "a joining environment makes no network")

	// What no golden has, because no stack file asks for it, is in the components' source.
	sources, err := filepath.Glob("../../components/*/*.go")
	require.NoError(t, err)
	found := 0
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, typ := range constructed(t, path) {
			found++
			assert.True(t, bootstrap.Covers(typ, false), "%s in %s has no actions in services.go", typ, path)
		}
	}
	assert.Greater(t, found, 40)
	assert.True(t, bootstrap.Covers("aws:eks/nodeGroup:NodeGroup", true), "which pulumi-eks registers")
}

// constructed returns the types of the pulumi-aws resources that a source file makes.
func constructed(t *testing.T, path string) []string {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), path, raw, parser.ImportsOnly)
	require.NoError(t, err)
	var out []string
	for _, i := range file.Imports {
		module, isAWS := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/")
		if !isAWS {
			continue
		}
		name := module
		if i.Name != nil {
			name = i.Name.Name
		}
		for _, m := range regexp.MustCompile(`\b`+name+`\.New([A-Z]\w*)\(ctx|\b`+name+`\.New([A-Z]\w*)\(\w+\.ctx`).FindAllStringSubmatch(string(raw), -1) {
			typ := m[1] + m[2]
			out = append(out, "aws:"+module+"/"+strings.ToLower(typ[:1])+typ[1:]+":"+typ)
		}
	}
	return out
}

func TestEveryManagedPolicyThatTheProgramAttachesMayBeAttached(t *testing.T) {
	t.Parallel()
	o := options(t)
	for stack, accountID := range map[string]string{"dev": account, "stg": account, "prod": "222222222222"} {
		made := roles(t, o, accountID)["eks-platform-deploy-"+stack]
		raw, err := os.ReadFile(estatetest.Path("urns-" + stack + ".yaml"))
		require.NoError(t, err)
		attachments := regexp.MustCompile(`RolePolicyAttachment::\S+-([A-Za-z0-9_]+)`).FindAllStringSubmatch(string(raw), -1)
		require.NotEmpty(t, attachments)
		var allowed []string
		for _, s := range parsed(t, made.inline["roles"]).Statement {
			allowed = append(allowed, s.Condition["ArnEquals"]["iam:PolicyARN"]...)
		}
		for _, a := range attachments {
			assert.True(t, slices.ContainsFunc(allowed, func(arn string) bool { return strings.HasSuffix(arn, "/"+a[1]) }),
				"the program attaches %s in %s, and the role that deploys may not: allow it in automation/bootstrap/permissions.go", a[1], stack)
		}
	}
	o.Estate = estate(t, "stg", "              - name: api\n", "              - name: api\n                policyArns: [arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess]\n")
	assert.True(t, roles(t, o, account)["eks-platform-deploy-stg"].can(t, "iam:AttachRolePolicy", "arn:aws:iam::111111111111:role/stg-stg-payments.api-1",
		"iam:PolicyARN", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"), "those of service accounts, too")
}

func TestTheMissingAccessEntriesMakeStackFilesThatAreValid(t *testing.T) {
	t.Parallel()
	o := options(t)
	b := open(t, newCloud(t), o)
	entries := b.Site.Entries(o.Estate)
	require.Len(t, entries, 4)
	for _, e := range entries {
		assert.Equal(t, "dev", e.Stack, "the owner of the cluster has the entries of those who join it")
	}
	yaml := bootstrap.YAML(entries)
	o.Estate = estate(t, "dev", "    access:\n      - name: platform-admins\n", "    access:\n"+yaml+"      - name: platform-admins\n")
	assert.Empty(t, b.Site.Entries(o.Estate), "nothing is missing any more")
	access := o.Estate.Config("dev").Cluster.Access
	policies := map[string]string{}
	for _, a := range access[:4] {
		policies[a.PrincipalARN] = a.Policies[0].Policy
	}
	assert.Equal(t, "AmazonEKSAdminViewPolicy", policies["arn:aws:iam::111111111111:role/eks-platform-plan-dev"])
	assert.Equal(t, "AmazonEKSClusterAdminPolicy", policies["arn:aws:iam::111111111111:role/eks-platform-deploy-stg"])
}

func TestAnotherPartitionHasItsOwnAudienceAndNeedsTheNumbers(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Environments = []string{"prod"}
	o.Estate = estate(t, "prod", "region: eu-west-1", "region: cn-north-1", "euw1-az1, euw1-az2, euw1-az3", "cnn1-az1, cnn1-az2, cnn1-az4",
		"arn:aws:iam::222222222222:role/platform-admin", "arn:aws-cn:iam::222222222222:role/platform-admin",
		"arn:aws:iam::222222222222:role/on-call", "arn:aws-cn:iam::222222222222:role/on-call",
		"arn:aws:iam::222222222222:role/developer", "arn:aws-cn:iam::222222222222:role/developer",
		"arn:aws:iam::222222222222:role/payments-owner", "arn:aws-cn:iam::222222222222:role/payments-owner")
	s, err := bootstrap.NewSite(o, "222222222222")
	require.NoError(t, err)
	trust := bootstrap.Trust(s)
	assert.Contains(t, trust, `"token.actions.githubusercontent.com:aud":["sts.amazonaws.com.cn"]`)
	assert.Contains(t, trust, "arn:aws-cn:iam::222222222222:oidc-provider/")
	assert.NotContains(t, trust, "repository_id", "which AWS does not check there")
	o.OwnerID, o.RepositoryID = "", ""
	_, err = bootstrap.NewSite(o, "222222222222")
	assert.ErrorContains(t, err, "repository-id: is required in cn-north-1")
}

func TestTheProjectsNameIsInTheKeysOfTheState(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../Pulumi.yaml")
	require.NoError(t, err)
	assert.Contains(t, string(raw), "name: "+stacks.ProjectName+"\n")
}
