package state

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

func TestTheStateIsWhatTheCLIExports(t *testing.T) {
	t.Parallel()
	backend := "file://" + filepath.ToSlash(t.TempDir())
	b, err := Open(t.Context(), statestore.Stack{Project: "eks-platform", Name: "dev"}, backend)
	require.NoError(t, err)
	found, err := b.Exists(t.Context())
	require.NoError(t, err)
	assert.False(t, found)

	run := cli(t, backend)
	run("stack", "init", "--no-select", "--stack", "dev")
	root := map[string]any{
		"urn": "urn:pulumi:dev::eks-platform::pulumi:pulumi:Stack::eks-platform-dev", "type": resource.RootStackType, "custom": false,
		"outputs": map[string]any{"open": "said", "size": 3, "nested": []any{map[string]any{"a": "<&>"}}},
	}
	for _, version := range []int{apitype.DeploymentSchemaVersionCurrent, apitype.DeploymentSchemaVersionLatest} {
		if version == apitype.DeploymentSchemaVersionLatest {
			root["resourceHooks"] = map[resource.HookType][]string{resource.AfterCreate: {"tag"}} // what makes it that version
		}
		raw, err := json.Marshal(map[string]any{"version": version, "features": []string{"hooks"}, "deployment": map[string]any{"resources": []any{root}}})
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "state.json")
		require.NoError(t, os.WriteFile(file, raw, 0o600))
		run("stack", "import", "--stack", "dev", "--file", file)

		found, err = b.Exists(t.Context())
		require.NoError(t, err)
		assert.True(t, found)
		var exported apitype.UntypedDeployment
		require.NoError(t, json.Unmarshal([]byte(run("stack", "export", "--stack", "dev")), &exported))
		read, err := b.Deployment(t.Context())
		require.NoError(t, err)
		require.NotNil(t, read)
		assert.Equal(t, version, read.Version)
		assert.Equal(t, exported.Version, read.Version)
		assert.Equal(t, exported.Features, read.Features)
		assert.JSONEq(t, string(exported.Deployment), string(read.Deployment))
		assert.Contains(t, string(read.Deployment), "said")
	}
}

func TestAStateThatOnlyTheCLIUnderstandsIsLeftToIt(t *testing.T) {
	t.Parallel()
	state := []byte(`{"version":3,"checkpoint":{"latest":{"resources":[]}}}`)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write(state)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for name, c := range map[string]struct {
		files  map[string][]byte // by what follows the state's key
		exists bool
		read   bool
	}{
		"none":                      {nil, false, false},
		"an ordinary one":           {map[string][]byte{"": state, ".bak": state, ".attrs": []byte("{}")}, true, true},
		"only a copy of it":         {map[string][]byte{".bak": state, ".attrs": []byte("{}")}, false, false},
		"compressed":                {map[string][]byte{".gz": packed.Bytes()}, true, false},
		"compressed and not":        {map[string][]byte{"": state, ".gz": packed.Bytes()}, true, false},
		"compressed with Zstandard": {map[string][]byte{".zst": {1}}, true, false},
		"an older version":          {map[string][]byte{"": []byte(`{"version":2,"checkpoint":{"latest":{"resources":[]}}}`)}, true, false},
		"a newer version":           {map[string][]byte{"": []byte(`{"version":5,"checkpoint":{"latest":{"resources":[]}}}`)}, true, false},
		"damaged":                   {map[string][]byte{"": state[:20]}, true, false},
		"without a deployment":      {map[string][]byte{"": []byte(`{"version":3,"checkpoint":{"latest":null}}`)}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := Open(t.Context(), statestore.Stack{Project: "eks-platform", Name: "dev"}, "file://"+filepath.ToSlash(t.TempDir()))
			require.NoError(t, err)
			for suffix, data := range c.files {
				_, err := b.Store.Put(t.Context(), b.stateKey()+suffix, data)
				require.NoError(t, err)
			}
			found, err := b.Exists(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.exists, found)
			d, err := b.Deployment(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.read, d != nil)
		})
	}
}
