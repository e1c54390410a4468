package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/github"
	"github.com/eks-platform/eks-platform/internal/githubtest"
)

func TestTheIssueOfAnEnvironmentOpensAndClosesWithItsDrift(t *testing.T) {
	t.Parallel()
	stand := githubtest.Start(t)
	env := stand.Environment(t, t.TempDir(), 1)
	run, err := github.ReadRun(github.Surroundings{Getenv: func(name string) string { return env[name] }, ReadFile: os.ReadFile})
	require.NoError(t, err)
	issues, err := newDriftIssues(run, githubtest.Token)
	require.NoError(t, err)

	gone := []automation.Step{{Op: "delete", Type: "aws:ec2/subnet:Subnet", Name: "prod-private", URN: "urn:pulumi:prod::p::aws:ec2/subnet:Subnet::prod-private"}}
	drifted := &automation.Drifted{Stack: "prod", Drift: gone, Result: &automation.Result{Operation: automation.OpPreview, Stack: "prod", Drift: gone}}
	said, err := issues.file(t.Context(), drifted)
	require.NoError(t, err)
	assert.Contains(t, said, "prod: issue opened, https://github.com/acme/platform/issues/")
	assert.Equal(t, []string{"open Drift in prod"}, stand.Issues())
	assert.Contains(t, stand.Issue(), "prod-private")

	clean := &automation.Drifted{Stack: "prod", Result: &automation.Result{Operation: automation.OpPreview, Stack: "prod"}}
	said, err = issues.file(t.Context(), clean)
	require.NoError(t, err)
	assert.Contains(t, said, "prod: issue closed")
	assert.Equal(t, []string{"closed Drift in prod"}, stand.Issues())
	assert.NotContains(t, stand.Issue(), "prod-private")

	said, err = issues.file(t.Context(), &automation.Drifted{Stack: "dev", Result: &automation.Result{Stack: "dev"}})
	require.NoError(t, err)
	assert.Equal(t, "dev: issue none", said)
	assert.Len(t, stand.Issues(), 1)
}

func TestTheListOfWhatIsNewInAnIssueFits(t *testing.T) {
	t.Parallel()
	var many []string
	for range 1000 {
		many = append(many, "urn:"+strings.Repeat("x", 100))
	}
	text := changedDrift(many, nil, 5000, "https://x")
	assert.LessOrEqual(t, len(text), 5000)
	assert.Contains(t, text, "The list is cut off")
	assert.Contains(t, changedDrift([]string{"urn:a"}, []string{"urn:b"}, 5000, "https://x"), "- `urn:a` drifted\n- `urn:b` is as it should be again\n")
}

func TestIssuesAreForWorkflows(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS", "")
	got := platform(t, "", "drift", "dev", "--issue")
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.err, "--issue is for GitHub workflows")
}
