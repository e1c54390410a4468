package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
)

func TestEveryDocumentHasAVersionAndOneSpellingOfTheEnvironment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"about one":         {map[string]any{"stack": "dev", "a<b": 1}, `{"version": 1, "environment": "dev", "a<b": 1, "stack": "dev"}`},
		"named already":     {map[string]any{"environment": "x", "stack": "dev"}, `{"version": 1, "environment": "x", "stack": "dev"}`},
		"a list":            {map[string]any{"environments": []any{map[string]any{"name": "dev"}, "y"}}, `{"version": 1, "environments": [{"environment": "dev", "name": "dev"}, "y"]}`},
		"deploys":           {map[string]any{"deployments": []any{map[string]any{"stack": "dev"}}}, `{"version": 1, "deployments": [{"environment": "dev", "stack": "dev"}]}`},
		"nothing of a name": {map[string]any{"environments": nil, "stack": map[string]any{"name": "dev"}}, `{"version": 1, "environments": null, "stack": {"name": "dev"}}`},
		"its own version":   {map[string]any{"version": 7}, `{"version": 7}`},
	} {
		got, err := document(c.value)
		require.NoError(t, err)
		assert.JSONEq(t, c.want, string(got), name)
		assert.NotContains(t, string(got), `\u003c`)
	}
	// Commands of every kind, those that fail included.
	dir := project(t, "")
	for _, args := range [][]string{
		{"environments"}, {"images"}, {"validate"}, {"validate", "nowhere"}, {"plan-network", "dev"}, {"plan-network", "nowhere"}, {"placement", "dev"},
		{"preview", "dev", "--cloud", "nowhere"}, {"lease"},
	} {
		got := platform(t, "", append(args, "--json", "-p", dir)...)
		var doc map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(got.out), &doc), "%v: %s", args, got.out)
		assert.Equal(t, "1", string(doc["version"]), "%v", args)
		if got.code != 0 && doc["problems"] == nil {
			assert.NotEmpty(t, doc["error"], "%v", args)
		}
	}
}

func TestTablesFitATerminalOfEightyColumns(t *testing.T) {
	t.Parallel()
	dir := project(t, "")
	for _, args := range [][]string{{"environments"}, {"plan-network", "dev"}, {"plan-network", "prod"}, {"placement", "dev"}, {"placement", "prod"}} {
		got := platform(t, "", append(args, "-p", dir)...)
		require.Zero(t, got.code, got.err)
		table := false
		for line := range strings.Lines(got.out) {
			line = strings.TrimRight(line, "\n")
			switch {
			case strings.HasPrefix(line, "───"):
				table = true
			case !strings.HasPrefix(line, " "):
				table = false
			}
			if table {
				assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, "%v: %s", args, line)
			}
		}
		assert.Contains(t, got.out, "───")
	}
}

func TestTheProjectIsFoundFromAFolderBelow(t *testing.T) {
	dir := project(t, "")
	below := filepath.Join(dir, "docs", "deep")
	require.NoError(t, os.MkdirAll(below, 0o700))
	t.Chdir(below)
	got := platform(t, "", "validate")
	assert.Zero(t, got.code, got.err)
	assert.Contains(t, got.out, "valid")
	got = platform(t, "", "validate", "-p", ".")
	assert.Equal(t, 2, got.code, "what somebody names is not looked for elsewhere")
	assert.Equal(t, "dev\nstg\nprod\n:36\n", platform(t, "", "__complete", "preview", "").out, "names are completed from there, too")
}

func TestNamesAndValuesAreCompleted(t *testing.T) {
	t.Parallel()
	dir := project(t, "")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"preview", ""}, "dev stg prod"},
		{[]string{"preview", "dev", ""}, "stg prod"},
		{[]string{"deploy", "p"}, "prod"},
		{[]string{"up", "dev", ""}, ""},
		{[]string{"drift", "--cloud", ""}, "aws rehearsal"},
		{[]string{"report", "--format", ""}, "text markdown html json"},
		{[]string{"rehearse", "--latency", ""}, "none aws"},
	} {
		got := platform(t, "", append([]string{"__complete", "-p", dir}, c.args...)...)
		require.Zero(t, got.code, got.err)
		lines := strings.Fields(got.out)
		require.NotEmpty(t, lines)
		assert.Equal(t, c.want, strings.Join(lines[:len(lines)-1], " "), "%v", c.args)
	}
}

func TestTheVersionNamesTheProgramAndThePulumiCLI(t *testing.T) {
	t.Parallel()
	got := platform(t, "", "--version")
	assert.Zero(t, got.code)
	assert.Regexp(t, `^platform (commit|build|sha256) ?[0-9a-f]+\nPulumi CLI v3\.\d+\.\d+\n$`, got.out)
}

func TestAPreviewWithoutALoginNamesTheRehearsalAsTheOtherWay(t *testing.T) {
	t.Parallel()
	err := (&automation.Error{Kind: automation.ErrEngine, Messages: []string{"nobody is logged in"}, Stack: "dev"}).Because(automation.ErrNoLogin)
	text := message(err)
	assert.Contains(t, text, "platform preview dev --cloud rehearsal")
	assert.Equal(t, exitFailed, exitCode(err))
}

func TestOutputsAreReadOneByOne(t *testing.T) {
	t.Parallel()
	all := map[string]any{
		"contract":    map[string]any{"cluster": map[string]any{"name": "nonprod", "kubeconfig": "apiVersion: v1\n"}, "network": map[string]any{"vpcId": "vpc-1"}},
		"environment": map[string]any{"name": "dev", "namespaces": []any{"dev", "qa"}},
	}
	for name, want := range map[string]any{
		"contract.cluster.kubeconfig": "apiVersion: v1\n", "kubeconfig": "apiVersion: v1\n", "vpcId": "vpc-1", "environment.namespaces.1": "qa",
		"namespaces": []any{"dev", "qa"},
	} {
		got, err := output(all, name)
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	for name, want := range map[string]string{
		"name": "contract.cluster.name and environment.name", "kubeconfg": "there is no output \"kubeconfg\"; there are contract, contract.cluster",
		"environment.namespaces.7": "there is no output",
	} {
		_, err := output(all, name)
		assert.ErrorContains(t, err, want, name)
	}
}

func TestThePageOfReferenceNamesEveryCommandThatPrintsADocument(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/json.md")
	require.NoError(t, err)
	var visit func(c *cobra.Command, path string)
	visit = func(c *cobra.Command, path string) {
		if c.Flags().Lookup("json") != nil {
			command, _, _ := strings.Cut(strings.TrimPrefix(path, " "), " ")
			assert.Contains(t, string(page), "`platform "+command, c.CommandPath())
		}
		for _, sub := range c.Commands() {
			visit(sub, path+" "+sub.Name())
		}
	}
	visit(newRoot(&terminal{}), "")
}
