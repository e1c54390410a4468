package bootstrap_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/bootstrap"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/stacks"
)

// estate reads the frozen estate, with changes: pairs of a text in one of its files and what stands there instead.
func estate(t *testing.T, stack string, changes ...string) *stacks.Estate {
	t.Helper()
	edits := estatetest.Edits{}
	if len(changes) > 0 {
		edits[stack] = changes
	}
	e, err := stacks.LoadEstate(estatetest.Copy(t, edits))
	require.NoError(t, err)
	return e
}

func options(t *testing.T) bootstrap.Options {
	t.Helper()
	return bootstrap.Options{Estate: estate(t, ""), Repository: "acme/platform", OwnerID: "123", RepositoryID: "456"}
}

func open(t *testing.T, c *cloud, o bootstrap.Options) *bootstrap.Bootstrap {
	t.Helper()
	b, err := bootstrap.Open(t.Context(), o, c.config()...)
	require.NoError(t, err)
	return b
}

func plan(t *testing.T, b *bootstrap.Bootstrap) *bootstrap.Plan {
	t.Helper()
	p, err := b.Plan(t.Context())
	require.NoError(t, err)
	return p
}

// made is a cloud where dev and stg were bootstrapped.
func made(t *testing.T) (*cloud, *bootstrap.Bootstrap) {
	t.Helper()
	c := newCloud(t)
	b := open(t, c, options(t))
	require.NoError(t, b.Apply(t.Context(), plan(t, b), nil))
	c.writes = nil
	return c, b
}

// actions lists what a plan does, by name.
func actions(p *bootstrap.Plan) map[string]bootstrap.Action {
	out := map[string]bootstrap.Action{}
	for _, c := range p.Pending() {
		out[c.Name] = c.Action
	}
	return out
}

const bucket = "eks-platform-state-111111111111-eu-west-1"

func TestAnEmptyAccountGetsEverythingOnceAndTheSecondRunHasNothingToDo(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	b := open(t, c, options(t))
	p := plan(t, b)
	want := map[string]bootstrap.Action{}
	for _, name := range []string{
		"token.actions.githubusercontent.com", "alias/eks-platform-state", bucket,
		"eks-platform-plan-dev", "eks-platform-deploy-dev", "eks-platform-plan-stg", "eks-platform-deploy-stg",
		"eks-platform-read-dev", "eks-platform-write-dev", "eks-platform-read-stg", "eks-platform-write-stg",
	} {
		want[name] = bootstrap.Create
	}
	assert.Equal(t, want, actions(p), "prod is in another account")
	assert.Empty(t, c.writes, "to plan writes nothing")

	var done []string
	require.NoError(t, b.Apply(t.Context(), p, func(c bootstrap.Change) { done = append(done, c.Name) }))
	assert.Len(t, done, len(want))
	require.Contains(t, c.buckets, bucket)
	for _, setting := range []string{"versioning", "encryption", "publicAccessBlock", "ownershipControls", "policy", "lifecycle", "tagging"} {
		assert.NotEmpty(t, c.buckets[bucket][setting], setting)
	}
	assert.Contains(t, c.buckets[bucket]["encryption"], ":key/key-1", "the bucket is encrypted with the key")
	assert.True(t, c.keys["key-1"].rotates)
	for name, r := range c.roles {
		assert.Contains(t, r.inline["state"], ":key/key-1", "%s names the key that was made after the plan", name)
		assert.NotContains(t, r.inline["limits"]+r.inline["state"], "not-made-yet", name)
	}
	assert.Equal(t, "14400", c.roles["eks-platform-deploy-dev"].session)
	assert.Equal(t, []string{"arn:aws:iam::111111111111:policy/eks-platform-read-dev"}, c.roles["eks-platform-plan-dev"].attached)

	for _, again := range []*bootstrap.Bootstrap{b, open(t, c, options(t))} {
		c.writes = nil
		p = plan(t, again)
		assert.Empty(t, p.Pending())
		assert.True(t, p.Clean())
		require.NoError(t, again.Apply(t.Context(), p, nil))
		assert.Empty(t, c.writes, "nothing is written twice")
	}
}

func TestEveryKindOfDriftIsShownAndPutRight(t *testing.T) {
	t.Parallel()
	s3 := func(setting, value string) func(*cloud) {
		return func(c *cloud) { c.buckets[bucket][setting] = value }
	}
	for _, d := range []struct {
		name, resource, detail string
		drift                  func(*cloud)
	}{
		{"versioning", bucket, "versioning is off", s3("versioning", "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>")},
		{"encryption", bucket, "not encrypted with the key", s3("encryption", "<ServerSideEncryptionConfiguration><Rule>"+
			"<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>")},
		{"public access", bucket, "public access is not blocked", s3("publicAccessBlock", "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>")},
		{"ownership", bucket, "ACLs are on", s3("ownershipControls", "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>")},
		{"lifecycle", bucket, "90 days", s3("lifecycle", "<LifecycleConfiguration><Rule><ID>eks-platform-versions</ID><Status>Disabled</Status></Rule></LifecycleConfiguration>")},
		{"bucket policy", bucket, "statement TLSOnly", func(c *cloud) {
			c.buckets[bucket]["policy"] = strings.Replace(c.buckets[bucket]["policy"], `"aws:SecureTransport":["false"]`, `"aws:SecureTransport":["true"]`, 1)
		}},
		{"rotation", "alias/eks-platform-state", "does not rotate", func(c *cloud) { c.keys["key-1"].rotates = false }},
		{"key policy", "alias/eks-platform-state", "statement StackSecrets", func(c *cloud) {
			c.keys["key-1"].policy = strings.Replace(c.keys["key-1"].policy, `"kms:Encrypt"`, `"kms:*"`, 1)
		}},
		{"audience", "token.actions.githubusercontent.com", "sts.amazonaws.com", func(c *cloud) {
			for _, p := range c.providers {
				p.clients = nil
			}
		}},
		{"trust", "eks-platform-deploy-dev", "trust policy: statement GitHub differs", func(c *cloud) {
			r := c.roles["eks-platform-deploy-dev"]
			r.trust = strings.ReplaceAll(r.trust, "environment:dev", "*")
		}},
		{"a second trust", "eks-platform-plan-stg", "statement Backdoor was not written by bootstrap and is removed", func(c *cloud) {
			r := c.roles["eks-platform-plan-stg"]
			r.trust = strings.Replace(r.trust, `"Statement":[`, `"Statement":[{"Sid":"Backdoor","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"sts:AssumeRole"},`, 1)
		}},
		{"what may be seen", "eks-platform-read-dev", "statement Resources differs", func(c *cloud) {
			p := c.policies["arn:aws:iam::111111111111:policy/eks-platform-read-dev"]
			p.versions = append(p.versions, strings.Replace(p.versions[0], `"ec2:DescribeVpcs"`, `"ec2:DescribeVpcs","s3:GetObject"`, 1))
		}},
		{"a policy with as many versions as IAM keeps", "eks-platform-write-dev", "statement Region differs", func(c *cloud) {
			p := c.policies["arn:aws:iam::111111111111:policy/eks-platform-write-dev"]
			for range 4 {
				p.versions = append(p.versions, strings.Replace(p.versions[0], `"ec2:RunInstances"`, `"ec2:*"`, 1))
			}
		}},
		{"more of an inline policy", "eks-platform-plan-dev", "policy state: statement List differs", func(c *cloud) {
			r := c.roles["eks-platform-plan-dev"]
			r.inline["state"] = strings.Replace(r.inline["state"], `"s3:ListBucket"`, `"s3:*"`, 1)
		}},
		{"an inline policy that is gone", "eks-platform-deploy-stg", "policy limits is missing", func(c *cloud) { delete(c.roles["eks-platform-deploy-stg"].inline, "limits") }},
		{"a policy that is not attached", "eks-platform-deploy-stg", "policy eks-platform-write-stg is not attached", func(c *cloud) {
			c.roles["eks-platform-deploy-stg"].attached = c.roles["eks-platform-deploy-stg"].attached[:1]
		}},
		{"sessions", "eks-platform-plan-dev", "maximum session duration", func(c *cloud) { c.roles["eks-platform-plan-dev"].session = "43200" }},
	} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			c, b := made(t)
			d.drift(c)
			p := plan(t, b)
			assert.False(t, p.Clean())
			require.Equal(t, map[string]bootstrap.Action{d.resource: bootstrap.Update}, actions(p))
			assert.Contains(t, strings.Join(p.Pending()[0].Details, "\n"), d.detail)
			require.NoError(t, b.Apply(t.Context(), p, nil))
			assert.NotEmpty(t, c.writes)
			assert.True(t, plan(t, b).Clean(), "it was put right")
		})
	}
}

func TestWhatOthersMadeIsTakenOverAndTheirSettingsStay(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.buckets[bucket] = map[string]string{
		"policy": `{"Version":"2012-10-17","Statement":{"Sid":"Backup","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/backup"},` +
			`"Action":"s3:GetObject","Resource":"arn:aws:s3:::` + bucket + `/*"}}`,
		"lifecycle": "<LifecycleConfiguration><Rule><ID>theirs</ID><Status>Enabled</Status><Filter><Prefix>x/</Prefix></Filter><Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>",
		"tagging":   "<Tagging><TagSet><Tag><Key>owner</Key><Value>ops</Value></Tag></TagSet></Tagging>",
	}
	c.keys["key-1"] = &fakeKey{state: "Enabled", tags: map[string]string{"owner": "ops"}, policy: `{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions",` +
		`"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"}]}`}
	c.aliases["alias/eks-platform-state"] = "key-1"
	c.providers["arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"] = &fakeProvider{clients: []string{"sts.amazonaws.com"}}
	b := open(t, c, options(t))
	p := plan(t, b)
	got := actions(p)
	assert.Equal(t, bootstrap.Adopt, got[bucket])
	assert.Equal(t, bootstrap.Adopt, got["alias/eks-platform-state"])
	assert.Equal(t, bootstrap.Adopt, p.Changes[0].Action)
	assert.False(t, p.Changes[0].Pending, "the provider is used as it is")
	require.NoError(t, b.Apply(t.Context(), p, nil))

	assert.Contains(t, c.buckets[bucket]["policy"], `"Backup"`)
	assert.Contains(t, c.buckets[bucket]["policy"], `"TLSOnly"`)
	assert.Contains(t, c.buckets[bucket]["lifecycle"], "theirs")
	assert.Contains(t, c.buckets[bucket]["tagging"], "ops")
	assert.Contains(t, c.keys["key-1"].policy, "Enable IAM User Permissions")
	assert.Equal(t, "ops", c.keys["key-1"].tags["owner"])
	assert.Len(t, c.keys, 1)
	p = plan(t, b)
	assert.True(t, p.Clean())
	var notes []string
	for _, change := range p.Changes {
		notes = append(notes, change.Notes...)
	}
	assert.Len(t, notes, 4, "foreign policies are reported every time: %v", notes)
}

func TestForeignPoliciesOfARoleAreReportedAndKept(t *testing.T) {
	t.Parallel()
	c, b := made(t)
	r := c.roles["eks-platform-plan-dev"]
	r.attached = append(r.attached, "arn:aws:iam::aws:policy/AdministratorAccess")
	r.inline["extra"] = `{}`
	p := plan(t, b)
	assert.Empty(t, p.Pending())
	assert.False(t, p.Clean())
	i := slices.IndexFunc(p.Changes, func(c bootstrap.Change) bool { return c.Name == "eks-platform-plan-dev" })
	assert.Equal(t, []string{"inline policy extra", "attached policy arn:aws:iam::aws:policy/AdministratorAccess"}, p.Changes[i].Unexpected)
	require.NoError(t, b.Apply(t.Context(), p, nil))
	assert.Empty(t, c.writes)
}

func TestNothingIsEverDeleted(t *testing.T) {
	t.Parallel()
	c, b := made(t)
	c.roles["eks-platform-plan-dev"].trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	require.NoError(t, b.Apply(t.Context(), plan(t, b), nil))
	o := options(t)
	o.Environments = []string{"dev"}
	p := plan(t, open(t, c, o))
	assert.True(t, p.Clean(), "the roles of stg are none of its business: %v", p.Pending())
	assert.Contains(t, c.roles, "eks-platform-plan-stg")
	for _, w := range c.writes {
		assert.NotContains(t, w, "Delete")
		assert.NotContains(t, w, "Detach")
	}
}

func TestARunThatBrokeOffIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"EnableKeyRotation", "Put:versioning", "Put:tagging", "PutRolePolicy", "CreateRole", "AttachRolePolicy", "CreatePolicy"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			b := open(t, c, options(t))
			c.fail[call] = "AccessDenied"
			err := b.Apply(t.Context(), plan(t, b), nil)
			require.ErrorContains(t, err, "AccessDenied")
			assert.NotContains(t, err.Error(), "https response error", "the SDK's wrapping is left out")
			require.NoError(t, b.Apply(t.Context(), plan(t, b), nil))
			assert.True(t, plan(t, b).Clean())
			assert.Len(t, c.keys, 1)
		})
	}
	c := newCloud(t)
	b := open(t, c, options(t))
	c.fail["CreateAlias"] = "AccessDenied"
	err := b.Apply(t.Context(), plan(t, b), nil)
	assert.ErrorContains(t, err, "give the new key arn:aws:kms:eu-west-1:111111111111:key/key-1 the alias", "a key that nothing finds is named")
}

func TestWhatWasNotShownIsNotDone(t *testing.T) {
	t.Parallel()
	c, b := made(t)
	p := plan(t, b)
	c.keys["key-1"].rotates = false
	err := b.Apply(t.Context(), p, nil)
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.ErrorContains(t, err, "run bootstrap again")
	assert.Empty(t, c.writes)
}

func TestCredentialsOfAnotherAccountAreRefused(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	o := options(t)
	o.Environments = []string{"dev", "prod"}
	_, err := bootstrap.Open(t.Context(), o, c.config()...)
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.ErrorContains(t, err, "for account 111111111111, but prod is in account 222222222222")

	c.account = "333333333333"
	o.Environments = nil
	_, err = bootstrap.Open(t.Context(), o, c.config()...)
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.Empty(t, c.writes)

	c.account = "222222222222"
	b := open(t, c, o)
	assert.Equal(t, "prod", b.Site.Environments[0].Name)
	assert.Len(t, b.Site.Environments, 1, "without names, those of the account are taken")
}

func TestOptionsThatAreWrongAreNamed(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for name, w := range map[string]struct {
		change func(*bootstrap.Options)
		want   string
	}{
		"no repository":      {func(o *bootstrap.Options) { o.Repository = "" }, "repository: is required"},
		"a URL":              {func(o *bootstrap.Options) { o.Repository = "https://github.com/acme/x" }, "repository: must be"},
		"a wildcard":         {func(o *bootstrap.Options) { o.Repository = "acme/*" }, "repository: must be"},
		"one number":         {func(o *bootstrap.Options) { o.OwnerID = "" }, "must be given together with owner-id: gh api repos/acme/platform"},
		"a number that is *": {func(o *bootstrap.Options) { o.RepositoryID = "*" }, "repository-id: must be GitHub's ID"},
		"a branch that is *": {func(o *bootstrap.Options) { o.Branch = "*" }, "branch: must be the name of one branch"},
		"a bucket":           {func(o *bootstrap.Options) { o.Bucket = "My_Bucket" }, "bucket: must be 3 to 63"},
		"AWS's own alias":    {func(o *bootstrap.Options) { o.KeyAlias = "alias/aws/s3" }, "is reserved for AWS"},
		"a boundary":         {func(o *bootstrap.Options) { o.PermissionsBoundary = "developers" }, "permissions-boundary: must be the ARN"},
		"an environment":     {func(o *bootstrap.Options) { o.Environments = []string{"qa"} }, `there is no environment "qa": there are dev, prod, stg`},
		"a role that is assumed": {func(o *bootstrap.Options) {
			o.Estate = estate(t, "dev", "    region: eu-west-1", "    region: eu-west-1\n    assumeRoleArn: arn:aws:iam::111111111111:role/x")
		}, "Pulumi.dev.yaml: aws.assumeRoleArn: must not be set"},
	} {
		o := options(t)
		w.change(&o)
		_, err := bootstrap.Open(t.Context(), o, c.config()...)
		require.ErrorIs(t, err, automation.ErrInvalid, name)
		assert.ErrorContains(t, err, w.want, name)
	}
	o := options(t)
	o.Estate = estate(t, "prod", `accountId: "222222222222"`, `accountId: "111111111111"`, "region: eu-west-1", "region: eu-north-1", "euw1-az1, euw1-az2, euw1-az3", "eun1-az1, eun1-az2, eun1-az3",
		"arn:aws:iam::222222222222:role/platform-admin", "arn:aws:iam::111111111111:role/platform-admin")
	_, err := bootstrap.Open(t.Context(), o, c.config()...)
	require.ErrorIs(t, err, automation.ErrInvalid)
	assert.ErrorContains(t, err, "one region at a time")
	assert.Empty(t, c.writes)
}

func TestABucketOfAnotherAccountIsNeverUsed(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.foreign[bucket] = true
	_, err := open(t, c, options(t)).Plan(t.Context())
	assert.ErrorContains(t, err, "belongs to another account")
	assert.Empty(t, c.writes)
}

func TestAKeyThatIsOfNoUseIsNamed(t *testing.T) {
	t.Parallel()
	c, b := made(t)
	c.keys["key-1"].state = "PendingDeletion"
	_, err := b.Plan(t.Context())
	assert.ErrorContains(t, err, "it is PendingDeletion")
}

func TestABoundaryIsPutOnRolesAndNeverTakenAway(t *testing.T) {
	t.Parallel()
	c, _ := made(t)
	o := options(t)
	o.PermissionsBoundary = "arn:aws:iam::111111111111:policy/developers"
	b := open(t, c, o)
	p := plan(t, b)
	assert.Len(t, p.Pending(), 4)
	require.NoError(t, b.Apply(t.Context(), p, nil))
	assert.True(t, plan(t, b).Clean())
	for name, r := range c.roles {
		assert.Equal(t, o.PermissionsBoundary, r.boundary, name)
	}
	p = plan(t, open(t, c, options(t)))
	assert.True(t, p.Clean())
	assert.Contains(t, p.Changes[5].Notes[0], "which is kept")
}

func TestAnInterruptedRunStops(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	b := open(t, c, options(t))
	ctx, cancel := context.WithCancel(t.Context())
	err := b.Apply(ctx, plan(t, b), func(bootstrap.Change) { cancel() })
	assert.True(t, errors.Is(err, context.Canceled), "%v", err)
	assert.Empty(t, c.keys, "nothing is made after the interruption")
}

func TestTheStateAloneNeedsNoRepositoryAndMakesNoRoles(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	b := open(t, c, bootstrap.Options{Estate: estate(t, ""), StateOnly: true})
	p := plan(t, b)
	assert.Equal(t, map[string]bootstrap.Action{"alias/eks-platform-state": bootstrap.Create, bucket: bootstrap.Create}, actions(p))
	require.NoError(t, b.Apply(t.Context(), p, nil))
	assert.Empty(t, c.roles)
	assert.Empty(t, c.providers)
	assert.True(t, plan(t, b).Clean())
	assert.Empty(t, b.Site.GitHubEnvironments())
	assert.Empty(t, b.Site.Entries(estate(t, "")))
	assert.Equal(t, []string{"dev", "stg"}, []string{b.Site.Environments[0].Name, b.Site.Environments[1].Name})
	// The roles can follow.
	assert.Len(t, plan(t, open(t, c, options(t))).Pending(), 9)
}

func TestJobsOfAnyOIDCIssuerAssumeTheRolesThatAreTheirsAndNoOthers(t *testing.T) {
	t.Parallel()
	gitlab := bootstrap.Options{
		Estate: estate(t, ""), Issuer: "https://gitlab.example.com/oidc", Audience: "https://gitlab.example.com",
		PlanSubject: "project_path:acme/platform:ref_type:branch:ref:*", DeploySubject: "project_path:acme/platform:environment:{environment}",
	}
	c := newCloud(t)
	b := open(t, c, gitlab)
	require.NoError(t, b.Apply(t.Context(), plan(t, b), nil))
	require.Contains(t, c.providers, "arn:aws:iam::111111111111:oidc-provider/gitlab.example.com/oidc")
	assert.True(t, plan(t, b).Clean())
	assert.Empty(t, b.Site.GitHubEnvironments())
	const issuer = "gitlab.example.com/oidc:"
	for _, x := range []struct {
		subject, audience string
		roles             []string
	}{
		{"project_path:acme/platform:ref_type:branch:ref:fix", gitlab.Audience, []string{"plan-dev", "plan-stg"}},
		{"project_path:acme/platform:environment:dev", gitlab.Audience, []string{"deploy-dev"}},
		{"project_path:acme/platform:environment:stg", gitlab.Audience, []string{"deploy-stg"}},
		{"project_path:evil/platform:environment:dev", gitlab.Audience, nil},
		{"project_path:acme/platform:environment:dev", "sts.amazonaws.com", nil},
	} {
		for _, role := range []string{"plan-dev", "deploy-dev", "plan-stg", "deploy-stg"} {
			got := allowed(t, []string{c.roles["eks-platform-"+role].trust}, "sts:AssumeRoleWithWebIdentity", "", map[string]string{issuer + "sub": x.subject, issuer + "aud": x.audience})
			assert.Equal(t, slices.Contains(x.roles, role), got, "%s with %s", role, x.subject)
		}
	}
}

func TestWhoMayAssumeTheRolesIsSaidInOneWay(t *testing.T) {
	t.Parallel()
	gitlab := bootstrap.Options{Issuer: "https://gitlab.com", Audience: "aud", PlanSubject: "project:x", DeploySubject: "project:x"}
	for want, change := range map[string]func(o *bootstrap.Options){
		"repository: is required":          func(o *bootstrap.Options) { *o = bootstrap.Options{} },
		"state-only: makes no roles":       func(o *bootstrap.Options) { o.StateOnly = true },
		"leave out the repository":         func(o *bootstrap.Options) { o.Repository = "acme/platform" },
		"oidc-issuer: must be the address": func(o *bootstrap.Options) { o.Issuer = "http://gitlab.com" },
		"oidc-audience: is required":       func(o *bootstrap.Options) { o.Audience = "" },
		"oidc-audience: must say whose":    func(o *bootstrap.Options) { o.Audience = "*" },
		"plan-subject: must say whose":     func(o *bootstrap.Options) { o.PlanSubject = "*:{environment}" },
		"deploy-subject: is required":      func(o *bootstrap.Options) { o.DeploySubject = "" },
	} {
		o := gitlab
		change(&o)
		o.Estate = estate(t, "")
		_, err := bootstrap.NewSite(o, "111111111111")
		require.ErrorIs(t, err, automation.ErrInvalid, want)
		assert.ErrorContains(t, err, want)
	}
}
