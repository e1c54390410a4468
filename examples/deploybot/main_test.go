package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/estatetest"
)

func TestTheLanesAreThoseOfTheStackFiles(t *testing.T) {
	t.Parallel()
	dir := estatetest.Copy(t, nil)
	stg, err := os.ReadFile(filepath.Join(dir, "Pulumi.stg.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.qa.yaml"), bytes.ReplaceAll(stg, []byte("stg"), []byte("qa")), 0o600))
	for _, gone := range []string{"Pulumi.stg.yaml", "Pulumi.prod.yaml"} {
		require.NoError(t, os.Remove(filepath.Join(dir, gone)))
	}
	platform, err := automation.New(automation.Options{ProjectDir: dir})
	require.NoError(t, err)
	estate, err := platform.Estate()
	require.NoError(t, err)

	assert.Equal(t, [][]string{{"dev", "qa"}}, lanesOf(estate))
}

func TestTheExampleDeploysWhatWasApprovedAndNothingElse(t *testing.T) {
	t.Parallel()
	cloud, err := rehearsal.Open(rehearsal.Options{Dir: t.TempDir(), StateAtEnd: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	platform, err := automation.New(automation.Options{ProjectDir: estatetest.Dir(), Cloud: cloud, Command: clitest.Find(t)})
	require.NoError(t, err)
	objects := func() int {
		all, err := cloud.Objects()
		require.NoError(t, err)
		return len(all)
	}
	var out bytes.Buffer
	b := &bot{platform: platform, approve: func(*plan.Plan) string { return "" }, out: &out}

	err = b.run(t.Context())
	require.ErrorContains(t, err, "dev: ")
	require.ErrorContains(t, err, "prod: ")
	require.ErrorContains(t, err, " was not approved")
	assert.NotContains(t, err.Error(), "stg", "it comes after dev")
	assert.Zero(t, objects(), "what was not approved is not deployed")

	out.Reset()
	b.approve = func(*plan.Plan) string { return "review 1" }
	require.NoError(t, b.run(t.Context()), out.String())
	said := out.String()
	assert.Contains(t, said, "3 of 3 environments change: ")
	for _, env := range []string{"dev", "stg", "prod"} {
		assert.Contains(t, said, env+": deployed\n")
		assert.Contains(t, said, env+": settle ", "it looked at the cloud afterwards")
	}
	assert.Less(t, strings.Index(said, "dev: deployed"), strings.Index(said, "stg: lease"), "dev before stg")
	assert.NotContains(t, said, "stg: error")
	assert.NotZero(t, objects())

	out.Reset()
	before := objects()
	require.NoError(t, b.run(t.Context()), out.String())
	assert.Contains(t, out.String(), "0 of 3 environments change: 0 to create")
	for _, env := range []string{"dev", "stg", "prod"} {
		assert.Contains(t, out.String(), env+": no changes\n")
	}
	assert.Equal(t, before, objects())
}
