package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRenderWritesTheObjectsOfEachEnvironment(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	got := platform(t, "", "render", "-p", project(t, ""), "--out", out)
	require.Equal(t, exitOK, got.code, got.err)
	for _, x := range []struct{ environment, contains string }{
		{"dev", "name: fluent-bit"}, {"stg", "namespace: stg-payments"}, {"prod", "name: pod-cleanup"},
	} {
		objects, err := os.ReadFile(filepath.Join(out, x.environment, "objects.yaml"))
		require.NoError(t, err)
		assert.Contains(t, string(objects), x.contains)
		assert.Contains(t, got.out, filepath.Join(out, x.environment, "objects.yaml"))
		resources, err := os.ReadFile(filepath.Join(out, x.environment, "aws.tf"))
		require.NoError(t, err)
		assert.Contains(t, string(resources), `resource "aws_launch_template" `)
		assert.Contains(t, got.out, filepath.Join(out, x.environment, "aws.tf"))
	}
	assert.Equal(t, exitUsage, platform(t, "", "render", "-p", project(t, "")).code)
}
