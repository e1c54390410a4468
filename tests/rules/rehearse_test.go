package rules_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/stacks"
)

// rehearsed takes the estate in a directory up, finds nothing to do after that, changes it in place, and destroys it,
// after which nothing is left. It returns the environments that it did this with.
func rehearsed(t *testing.T, dir string) []string {
	t.Helper()
	report, err := rehearsal.Run(t.Context(), rehearsal.RunOptions{ProjectDir: dir, Dir: t.TempDir(), Command: clitest.Find(t)})
	require.NoError(t, err)
	assert.True(t, report.OK)
	assert.Zero(t, report.Objects, "%v", report.Leftovers)
	var names []string
	for _, env := range report.Environments {
		names = append(names, env.Name)
		assert.NotZero(t, env.Resources, env.Name)
		assert.Empty(t, env.Error, env.Name)
	}
	return names
}

func TestTheEstateAtTheRootComesUpChangesAndGoes(t *testing.T) {
	t.Parallel()
	e, err := stacks.LoadEstate(estatetest.Root())
	require.NoError(t, err)
	assert.ElementsMatch(t, e.Names(), rehearsed(t, estatetest.Root()))
}

// Another account and region, other names, another tenant, two environments on one cluster, and no production.
func TestAnAdoptersEstateComesUpChangesAndGoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	copied := func(from, to string, replacements ...string) {
		raw, err := os.ReadFile(filepath.Join(estatetest.Dir(), from))
		require.NoError(t, err)
		text := strings.NewReplacer(replacements...).Replace(string(raw))
		require.NoError(t, os.WriteFile(filepath.Join(dir, to), []byte(text), 0o600))
	}
	copied("Pulumi.yaml", "Pulumi.yaml")
	word := regexp.MustCompile(`\b(dev|stg)\b`)
	for from, to := range map[string]string{"dev": "sandbox", "stg": "qa"} {
		copied("Pulumi."+from+".yaml", "Pulumi."+to+".yaml",
			"111111111111", "345678901234", "eu-west-1", "us-west-2", "euw1-", "usw2-", "10.16.0.0/16", "10.80.0.0/16",
			"      - name: search\n", "      - name: search\n      - name: billing\n")
		file := filepath.Join(dir, "Pulumi."+to+".yaml")
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		renamed := word.ReplaceAllStringFunc(string(raw), func(old string) string {
			return map[string]string{"dev": "sandbox", "stg": "qa"}[old]
		})
		require.NoError(t, os.WriteFile(file, []byte(renamed), 0o600))
	}
	assert.Equal(t, []string{"sandbox", "qa"}, rehearsed(t, dir), "the owner of the cluster comes first")
}

// Whoever brings keys of their own can rehearse with them.
func TestKeysThatAStackFileNamesAreThereInARehearsal(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"
	dir := estatetest.Copy(t, estatetest.Edits{"dev": {
		"    version: \"1.35\"\n", "    version: \"1.35\"\n    secretsKeyArn: " + key + "\n",
		"      instanceTypes: [m6i.large]\n", "      instanceTypes: [m6i.large]\n      volume: {kmsKeyArn: \"" + key + "\"}\n",
	}})
	for _, stack := range []string{"stg", "prod"} {
		require.NoError(t, os.Remove(filepath.Join(dir, "Pulumi."+stack+".yaml")))
	}
	assert.Equal(t, []string{"dev"}, rehearsed(t, dir))
}
