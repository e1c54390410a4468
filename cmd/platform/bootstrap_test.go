package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/bootstrap"
)

// emptyAccount is the example's AWS account, in which there is nothing, and nothing can be made. It returns how many
// requests tried to.
func emptyAccount(t *testing.T) *int {
	t.Helper()
	return emptyAccountOf(t, "111111111111")
}

func emptyAccountOf(t *testing.T, id string) *int {
	t.Helper()
	writes := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		target := r.Header.Get("X-Amz-Target")
		switch {
		case form.Get("Action") == "GetCallerIdentity":
			fmt.Fprint(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::"+id+":assumed-role/admin/alice</Arn>"+
				"<Account>"+id+"</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")
		case strings.HasPrefix(form.Get("Action"), "Get"):
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>")
		case target == "TrentService.DescribeKey":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"NotFoundException"}`)
		case r.Method == http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
		default:
			writes++
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>")
		}
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	return &writes
}

func TestBootstrapShowsWhatItWouldDoAndAsks(t *testing.T) {
	writes := emptyAccount(t)
	args := []string{"bootstrap", "-p", project(t, ""), "--repository", "acme/platform"}

	got := platform(t, "", args...)
	assert.Equal(t, exitRefused, got.code, got.err)
	assert.Contains(t, got.err, "to confirm it in advance: --yes")
	for _, text := range []string{
		"eks-platform-state-111111111111-eu-west-1", "alias/eks-platform-state", "token.actions.githubusercontent.com",
		"eks-platform-plan-dev", "eks-platform-deploy-stg", "create", "11 of 11 to do",
	} {
		assert.Contains(t, got.out, text)
	}
	assert.NotContains(t, got.out, "prod", "which is in another account")

	got = platform(t, "no\n", args...)
	assert.Equal(t, exitRefused, got.code)
	assert.Contains(t, got.err, `Type "111111111111" to continue`)
	assert.Contains(t, got.err, "nothing was changed")
	assert.Zero(t, *writes)

	got = platform(t, "111111111111\n", args...)
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.err, "create the OIDC provider token.actions.githubusercontent.com: api error AccessDenied: not you")
	assert.Equal(t, 1, *writes, "it stops at what fails")
	assert.NotContains(t, got.out, "PULUMI_BACKEND_URL", "there is no backend yet")
}

func TestBootstrapChecksAndReportsInOneDocument(t *testing.T) {
	writes := emptyAccount(t)
	args := []string{"bootstrap", "dev", "-p", project(t, ""), "--repository", "acme/platform", "--check"}
	got := platform(t, "", args...)
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.err, "account 111111111111 differs from what it should be")

	got = platform(t, "", append(args, "--json")...)
	assert.Equal(t, exitFailed, got.code)
	var document struct {
		AccountID, BackendURL, Error string
		Applied                      bool
		Environments                 []struct{ Name, PlanRoleARN, SecretsProvider string }
		Changes                      []struct {
			Resource, Name, Action string
			Pending                bool
		}
		MissingAccessEntries []struct{ Stack, PrincipalARN, Policy string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &document), got.out)
	assert.Equal(t, "111111111111", document.AccountID)
	assert.Equal(t, "s3://eks-platform-state-111111111111-eu-west-1?region=eu-west-1", document.BackendURL)
	assert.Contains(t, document.Error, "differs")
	assert.False(t, document.Applied)
	require.Len(t, document.Environments, 1)
	assert.Equal(t, "arn:aws:iam::111111111111:role/eks-platform-plan-dev", document.Environments[0].PlanRoleARN)
	assert.Equal(t, "awskms://alias/eks-platform-state?region=eu-west-1&context_environment=dev", document.Environments[0].SecretsProvider)
	assert.Len(t, document.Changes, 7)
	assert.Len(t, document.MissingAccessEntries, 2)
	assert.Zero(t, *writes)
}

func TestBootstrapRefusesWhatItCannotDo(t *testing.T) {
	writes := emptyAccount(t)
	dir := project(t, "")
	for _, x := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"prod", "--repository", "acme/platform"}, exitRefused, "prod is in account 222222222222"},
		{[]string{"qa", "--repository", "acme/platform"}, exitUsage, `no environment "qa"`},
		{[]string{"dev"}, exitUsage, "repository: is required"},
		{[]string{"dev", "--repository", "acme/platform", "--check", "--yes"}, exitUsage, "--check changes nothing"},
	} {
		got := platform(t, "", append([]string{"bootstrap", "-p", dir}, x.args...)...)
		assert.Equal(t, x.code, got.code, "%v: %s", x.args, got.err)
		assert.Contains(t, got.err, x.want)
		assert.Empty(t, got.out)
	}
	assert.Zero(t, *writes)
}

func TestBootstrapEndsWithWhatToDoNext(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	entry := func(stack, role, policy string) bootstrap.Entry {
		return bootstrap.Entry{Stack: stack, Name: role, PrincipalARN: "arn:aws:iam::111111111111:role/eks-platform-" + role, Policy: policy}
	}
	showUse(&terminal{out: &out}, foundation{
		BackendURL: "s3://state?region=eu-west-1",
		Environments: []foundationEnvironment{{
			Name: "dev", SecretsProvider: "awskms://alias/x?region=eu-west-1&context_environment=dev",
			PlanRoleARN: "arn:aws:iam::111111111111:role/eks-platform-plan-dev", DeployRoleARN: "arn:aws:iam::111111111111:role/eks-platform-deploy-dev",
		}},
		GitHub: []bootstrap.GitHubEnvironment{
			{Name: "preview-dev"}, {Name: "dev", MainOnly: true}, {Name: "preview-prod", Approval: true}, {Name: "prod", MainOnly: true, Approval: true},
		},
		Missing: []bootstrap.Entry{entry("dev", "plan-dev", "AmazonEKSAdminViewPolicy"), entry("qa", "plan-qa", "AmazonEKSAdminViewPolicy")},
	})
	assert.Equal(t, `
To use the state of these environments, in one shell:

  export PULUMI_BACKEND_URL='s3://state?region=eu-west-1'
  pulumi stack init dev --secrets-provider 'awskms://alias/x?region=eu-west-1&context_environment=dev'

Roles for the workflows:

  dev  plan    arn:aws:iam::111111111111:role/eks-platform-plan-dev
       deploy  arn:aws:iam::111111111111:role/eks-platform-deploy-dev

GitHub environments. Set them up before the roles are used: GitHub creates a missing one without protection.

  preview-dev              all branches
  dev                      default branch only
  preview-prod             all branches, required reviewers
  prod                     default branch only, required reviewers

The roles have no access to the clusters yet.

Add under cluster.access in Pulumi.dev.yaml:

      - name: plan-dev
        principalArn: arn:aws:iam::111111111111:role/eks-platform-plan-dev
        policies:
          - policy: AmazonEKSAdminViewPolicy

Add under cluster.access in Pulumi.qa.yaml:

      - name: plan-qa
        principalArn: arn:aws:iam::111111111111:role/eks-platform-plan-qa
        policies:
          - policy: AmazonEKSAdminViewPolicy
`, out.String())
}
