package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/clitest"
)

func TestDriftThatIsMadeByHandIsFound(t *testing.T) {
	cli := clitest.Find(t)
	t.Setenv("PATH", filepath.Dir(cli.Path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	project, dir := project(t, ""), t.TempDir()
	command := func(code int, args ...string) said {
		t.Helper()
		got := platform(t, "", append(args, "--dir", dir, "-p", project)...)
		require.Equal(t, code, got.code, "%v: %s%s", args, got.out, got.err)
		return got
	}
	assert.Contains(t, command(1, "rehearsal", "show", "dev").err, "there is no rehearsal")
	command(0, "up", "dev", "--cloud", "rehearsal")
	assert.Contains(t, command(0, "rehearsal", "show", "dev").out, "aws:eks/nodeGroup:NodeGroup dev-spot-nodes (nonprod:")
	assert.Contains(t, command(0, "rehearsal", "show", "dev", "dev-spot-nodes").out, `"maxSize":10`)

	command(0, "rehearsal", "edit", "dev", "dev-spot-nodes", "scalingConfig.maxSize=20", "tags.team=payments")
	command(0, "rehearsal", "edit", "dev", "kubernetes:core/v1:Namespace dev-namespace-dev", `metadata.labels["eks-platform/environment"]=hand`)
	command(0, "rehearsal", "delete", "dev", "nonprod-metrics-server")

	var found struct {
		Environments []struct {
			Environment string
			Drift       []struct{ Op, Name string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(command(4, "drift", "dev", "--cloud", "rehearsal", "--json").out), &found))
	require.Len(t, found.Environments, 1)
	assert.Equal(t, "dev", found.Environments[0].Environment)
	ops := map[string]string{}
	for _, d := range found.Environments[0].Drift {
		ops[d.Name] = d.Op
	}
	assert.Equal(t, map[string]string{"dev-spot-nodes": "update", "dev-namespace-dev": "update", "nonprod-metrics-server": "delete"}, ops)

	// Every refusal says what there is instead.
	for _, c := range []struct {
		want string
		args []string
	}{
		{"did you mean dev-spot-nodes?", []string{"edit", "dev", "dev-spot-node", "tags.a=b"}},
		{"did you mean scalingConfig?", []string{"edit", "dev", "dev-spot-nodes", "scalingConfg.maxSize=3"}},
		{"must stay a number", []string{"edit", "dev", "dev-spot-nodes", "scalingConfig.maxSize=many"}},
		{"expected PROPERTY=VALUE", []string{"edit", "dev", "dev-spot-nodes", "tags"}},
		{"has no property", []string{"edit", "dev", "dev-spot-nodes", "tags.nothing="}},
		{"there is no environment", []string{"delete", "nowhere", "x"}},
	} {
		got := command(2, append([]string{"rehearsal"}, c.args...)...)
		assert.Contains(t, got.err, c.want, "%v", c.args)
	}
	command(2, "rehearsal")
}
