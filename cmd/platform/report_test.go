package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	reporting "github.com/eks-platform/eks-platform/automation/report"
	"github.com/eks-platform/eks-platform/internal/githubtest"
)

// parts writes the parts of a report: prod loses its cluster, dev has nothing to do, and stg failed.
func parts(t *testing.T, runs ...reporting.Run) string {
	t.Helper()
	dir := t.TempDir()
	if len(runs) == 0 {
		runs = []reporting.Run{
			{Environment: "prod", Commit: githubtest.Head, Digest: strings.Repeat("d", 64), Result: &plan.Result{
				Operation: plan.OpPreview, Stack: "prod", Changes: map[string]int{"replace": 1},
				Steps: []plan.Step{{
					Op: "replace", Type: "aws:eks/cluster:Cluster", Name: "prod-cluster", URN: "urn:pulumi:prod::p::aws:eks/cluster:Cluster::prod-cluster",
					ReplaceKeys: []string{"name"}, Critical: "cluster", Status: plan.Planned,
				}},
			}},
			{Environment: "dev", Result: &plan.Result{Operation: plan.OpPreview, Stack: "dev", Changes: map[string]int{"same": 90}}},
			{Environment: "stg", Err: &automation.Error{Kind: automation.ErrProgram, Messages: []string{"the subnets do not fit"}}},
		}
	}
	for _, run := range runs {
		require.NoError(t, writeReport(filepath.Join(dir, run.Environment+".json"), formatJSON, reporting.Of(previewTitle, run)))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prod"+planSuffix), []byte("{}"), 0o600))
	return dir
}

func TestTheReportIsOneOfAllParts(t *testing.T) {
	t.Parallel()
	dir := parts(t)
	for format, want := range map[string][]string{
		"text":     {"3 environments", "prod-cluster", "the subnets do not fit"},
		"markdown": {"3 environments · ", "| environment | result | changes | time |", "**prod-cluster**", "the subnets do not fit"},
		"html":     {"<!doctype html>", "prod-cluster", "the subnets do not fit"},
		"json":     {`"environments": 3`, "prod-cluster", "the subnets do not fit"},
	} {
		got := platform(t, "", "report", dir, "--format", format, "--expect", "dev,stg,prod")
		require.Zero(t, got.code, got.err)
		for _, text := range want {
			assert.Contains(t, got.out, text, format)
		}

		file := filepath.Join(t.TempDir(), "report")
		again := platform(t, "", "report", filepath.Join(dir, "prod.json"), filepath.Join(dir, "dev.json"), "--format", format, "--out", file)
		require.Zero(t, again.code, again.err)
		assert.Empty(t, again.out)
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Contains(t, string(raw), "prod-cluster")
		assert.NotContains(t, string(raw), "subnets")
	}
	var document reporting.Report
	require.NoError(t, json.Unmarshal([]byte(platform(t, "", "report", dir, "--format", "json", "--expect", "dev,stg,prod").out), &document))
	var order []string
	for _, e := range document.Environments {
		order = append(order, e.Name)
	}
	assert.Equal(t, []string{"dev", "stg", "prod"}, order, "as --expect has them")
}

func TestAnEnvironmentWithoutAPartHasFailed(t *testing.T) {
	t.Parallel()
	got := platform(t, "", "report", parts(t), "--expect", "dev,stg,prod,live")
	require.Equal(t, exitFailed, got.code, got.err)
	assert.Contains(t, got.err, "there is no preview of live")
	assert.Contains(t, got.out, "its job wrote no preview")
	assert.Contains(t, got.out, "4 environments")

	got = platform(t, "", "report", filepath.Join(t.TempDir(), "nothing"), "--expect", "dev")
	require.Equal(t, exitFailed, got.code, got.err)
	assert.Contains(t, got.out, "its job wrote no preview")
}

func TestFilesThatAreNotPartsOfAReportAreRefused(t *testing.T) {
	t.Parallel()
	dir := parts(t)
	for want, args := range map[string][]string{
		"there is no part of a report in":            {t.TempDir()},
		"no such file or directory":                  {filepath.Join(t.TempDir(), "nothing")},
		"are both about dev":                         {dir, filepath.Join(dir, "dev.json")},
		"read a report":                              {filepath.Join(dir, "prod"+planSuffix)},
		"--format must be text, markdown":            {dir, "--format", "pdf"},
		"expected directories or files":              {},
		"work only in a GitHub workflow: GITHUB_ACT": {dir, "--summary"},
	} {
		got := platform(t, "", append([]string{"report"}, args...)...)
		assert.NotZero(t, got.code, want)
		assert.Contains(t, got.err, want)
		assert.Empty(t, got.out)
	}
}

// inWorkflow gives the test the environment of a step about a pull request.
func inWorkflow(t *testing.T, github *githubtest.GitHub, run int) (summary string) {
	t.Helper()
	env := github.Environment(t, t.TempDir(), run)
	for name, value := range env {
		t.Setenv(name, value)
	}
	return env["GITHUB_STEP_SUMMARY"]
}

func TestTheCommentIsWrittenOnceAndKeptUpToDate(t *testing.T) {
	github := githubtest.Start(t)
	summary := inWorkflow(t, github, 1)
	got := platform(t, "", "report", parts(t), "--expect", "dev,stg,prod", "--comment", "--summary")
	require.Zero(t, got.code, got.err)
	assert.Contains(t, got.err, "commented: https://github.com/acme/platform/pull/7#issuecomment-")
	require.Len(t, github.Comments(), 1)
	first := github.Comments()[0]
	for _, text := range []string{"prod-cluster", "the subnets do not fit", strings.Repeat("d", 12), githubtest.Head[:7]} {
		assert.Contains(t, first, text)
	}
	assert.Less(t, strings.Index(first, "| dev |"), strings.Index(first, "| prod |"))

	raw, err := os.ReadFile(summary)
	require.NoError(t, err)
	assert.Contains(t, string(raw), "prod-cluster")
	assert.Contains(t, got.out, "::error title=stg%3A failed::the subnets do not fit")
	assert.Contains(t, got.out, "::warning title=prod%3A replace of a cluster::aws:eks/cluster:Cluster prod-cluster")

	inWorkflow(t, github, 2)
	none := &plan.Result{Operation: plan.OpPreview, Changes: map[string]int{"same": 90}}
	again := platform(t, "", "report", parts(t,
		reporting.Run{Environment: "dev", Result: none}, reporting.Run{Environment: "stg", Result: none}, reporting.Run{Environment: "prod", Result: none},
	), "--comment")
	require.Zero(t, again.code, again.err)
	require.Len(t, github.Comments(), 1, "the same one")
	assert.NotContains(t, github.Comments()[0], "prod-cluster")
	assert.Contains(t, github.Comments()[0], "3 without changes")
}

func TestWhereTheTokenOnlyReadsTheReportIsTheSummary(t *testing.T) {
	github := githubtest.Start(t)
	github.ReadOnly()
	summary := inWorkflow(t, github, 1)
	got := platform(t, "", "report", parts(t), "--comment")
	require.Zero(t, got.code, got.err)
	assert.Contains(t, got.err, "GITHUB_TOKEN may not write comments here")
	assert.Empty(t, github.Comments())
	raw, err := os.ReadFile(summary)
	require.NoError(t, err)
	assert.Contains(t, string(raw), "prod-cluster")
}

func TestACommentIsForPullRequestsWithAToken(t *testing.T) {
	github := githubtest.Start(t)
	inWorkflow(t, github, 1)
	t.Setenv("GITHUB_TOKEN", "")
	got := platform(t, "", "report", parts(t), "--comment")
	assert.Equal(t, 1, got.code)
	assert.Contains(t, got.err, "token")
	t.Setenv("GITHUB_EVENT_PATH", "")
	t.Setenv("GITHUB_REF", "refs/heads/main")
	got = platform(t, "", "report", parts(t), "--comment")
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.err, "--comment works only for pull requests")
}

var errBoom = errors.New("boom")

func TestAFailureThatWasShownIsToldShortly(t *testing.T) {
	t.Parallel()
	r := reporting.Of(previewTitle, reporting.Run{Environment: "dev", Err: errBoom}, reporting.Run{Environment: "prod", Result: &plan.Result{}})
	err := &shownError{what: unsuccessful(r), cause: errBoom}
	assert.EqualError(t, err, "1 of 2 environments could not be previewed: dev: failed")
	assert.ErrorIs(t, err, errBoom)
}
