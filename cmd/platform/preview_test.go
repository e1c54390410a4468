package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/plan"
	reporting "github.com/eks-platform/eks-platform/automation/report"
	"github.com/eks-platform/eks-platform/internal/clitest"
)

// saved returns the names of the files in a directory.
func saved(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestPreviewsLeaveReportsAndWhatADeployIsHeldTo(t *testing.T) {
	cli := clitest.Find(t)
	t.Setenv("PATH", filepath.Dir(cli.Path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("GITHUB_ACTIONS", "")
	dir, save, page := project(t, ""), filepath.Join(t.TempDir(), "parts"), filepath.Join(t.TempDir(), "page.html")
	rehearsal := []string{"--cloud", "rehearsal", "--dir", t.TempDir(), "-p", dir}

	got := platform(t, "", append([]string{"preview", "prod", "stg", "--save", save, "--html", page, "--exit-code"}, rehearsal...)...)
	require.Equal(t, 4, got.code, got.err)
	assert.Contains(t, got.out, "2 environments · 2 with changes")
	assert.NotContains(t, got.err, "error:")
	assert.Equal(t, []string{"prod.json", "prod.plan.json", "stg.json"}, saved(t, save), "stg has nothing to be held to: dev is not up")
	held, err := plan.Read(filepath.Join(save, "prod.plan.json"))
	require.NoError(t, err)
	raw, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(raw), plan.ShortDigest(held.Digest))

	merged := platform(t, "", "report", save, "--format", "json")
	require.Zero(t, merged.code, merged.err)
	var r reporting.Report
	require.NoError(t, json.Unmarshal([]byte(merged.out), &r))
	require.Len(t, r.Environments, 2)
	assert.Equal(t, []string{"stg", "prod"}, []string{r.Environments[0].Name, r.Environments[1].Name}, "in the order of deployment")
	prod := r.Environments[1]
	assert.Equal(t, held.Digest, prod.Digest)
	assert.Len(t, prod.Changes, held.Result.Count("create"), "what only groups resources is neither shown nor counted")
	assert.Equal(t, len(prod.Changes), prod.Counts.Create)
	require.NotNil(t, prod.Approve)
	assert.Contains(t, prod.Approve.Command, "platform deploy prod --approved "+plan.ShortDigest(held.Digest))
	assert.Contains(t, prod.Approve.Command, "--cloud rehearsal --dir ")
	assert.Contains(t, got.err, fmt.Sprintf("prod  preview: done, %d resources in", prod.Counts.Create), "progress counts the same")

	up := platform(t, "", append([]string{"deploy", "prod", "--approved-file", save + "/prod.plan.json", "--approval", "review 1"}, rehearsal...)...)
	require.Zero(t, up.code, up.err)
	again := platform(t, "", append([]string{"preview", "prod", "--save", save, "--exit-code", "--json"}, rehearsal...)...)
	require.Zero(t, again.code, "nothing is left to do: %s", again.err)
	var document struct {
		Version int
		Error   *string
		Totals  reporting.Totals
	}
	require.NoError(t, json.Unmarshal([]byte(again.out), &document))
	assert.Equal(t, 1, document.Version)
	assert.Nil(t, document.Error)
	assert.Equal(t, 1, document.Totals.Unchanged)
}

func TestAPreviewThatFailsLeavesItsPart(t *testing.T) {
	t.Parallel()
	dir, save := project(t, "prod", "eks-platform:network:", "eks-platform:netwrk:"), t.TempDir()
	stale := filepath.Join(save, "prod"+planSuffix)
	require.NoError(t, os.WriteFile(stale, []byte("{}"), 0o600))
	got := platform(t, "", "preview", "dev", "prod", "--cloud", "rehearsal", "--dir", t.TempDir(), "-p", dir, "--save", save)
	assert.Equal(t, 2, got.code)
	assert.Equal(t, []string{"dev.json", "prod.json"}, saved(t, save), "and what an earlier preview was approved for is gone")
	merged := platform(t, "", "report", save)
	require.Zero(t, merged.code, merged.err)
	assert.Contains(t, merged.out, "2 not finished")
	assert.Contains(t, merged.out, "netwrk")
}
