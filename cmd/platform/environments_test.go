package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheEnvironmentsAreListedForPeopleAndForWorkflows(t *testing.T) {
	t.Parallel()
	dir := project(t, "")
	got := platform(t, "", "environments", "-p", dir)
	require.Equal(t, exitOK, got.code, got.err)
	assert.Regexp(t, `(?s)dev .*stg .*dev.*prod .*required`, got.out)

	got = platform(t, "", "environments", "-p", dir, "--json")
	require.Equal(t, exitOK, got.code, got.err)
	var document struct {
		Version      int
		Environments []map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &document))
	assert.Equal(t, 1, document.Version)
	require.Len(t, document.Environments, 3)
	assert.Equal(t, map[string]any{
		"environment": "stg", "owner": "dev", "variable": "STG", "accountId": "111111111111", "region": "eu-west-1", "requireApproval": false,
		"planRole": "arn:aws:iam::111111111111:role/eks-platform-plan-stg", "deployRole": "arn:aws:iam::111111111111:role/eks-platform-deploy-stg",
		"backend": "s3://eks-platform-state-111111111111-eu-west-1?region=eu-west-1",
	}, document.Environments[1])

	got = platform(t, "", "environments", "-p", project(t, "prod", "requireApproval:", "requireApprovals:"))
	assert.NotEqual(t, exitOK, got.code)
}
