package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIssuesAreForWorkflows(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS", "")
	got := platform(t, "", "drift", "dev", "--issue")
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.err, "--issue works only in a GitHub workflow")
}
