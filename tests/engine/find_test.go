package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/deploy"
	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/internal/facts"
)

// interrupted makes a stack's state that of a run which was killed while it created some resources: they are in the cloud, or
// are not, and the state knows only that their creation had begun. "pulumi stack import" would drop that.
func (e *estate) interrupted(t *testing.T, stack string, edit func(d *apitype.DeploymentV3)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(e.cloud.Dir(), "state", ".pulumi", "stacks", "*", stack+".json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var kept struct {
		Version    int `json:"version"`
		Checkpoint struct {
			Stack  string               `json:"stack"`
			Latest apitype.DeploymentV3 `json:"latest"`
		} `json:"checkpoint"`
	}
	require.NoError(t, json.Unmarshal(raw, &kept))
	edit(&kept.Checkpoint.Latest)
	raw, err = json.Marshal(kept)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(files[0], raw, 0o600))
}

func TestWhatARunWasKilledCreatingIsFoundByItsTags(t *testing.T) {
	t.Parallel()
	e := frozenStands(t).copied(t, nil)
	p := e.platform()
	for _, stack := range []string{"prod", "stg"} {
		exported, err := p.Export(t.Context(), stack)
		require.NoError(t, err)
		d, err := automation.Decode(exported)
		require.NoError(t, err)
		var pending apitype.DeploymentV3
		var want []string
		for _, r := range d.Resources {
			if facts.Tagged[string(r.Type)] != "" {
				pending.PendingOperations = append(pending.PendingOperations, apitype.OperationV2{Type: apitype.OperationTypeCreating, Resource: r})
				want = append(want, string(r.ID))
			}
		}
		operations := state.Pending(&pending)
		require.NotEmpty(t, operations)
		for _, o := range operations {
			assert.Contains(t, []state.Remedy{state.RemedyFind, state.RemedyClear}, o.Remedy, "%s: a group with a name of its own cannot be made twice", o.URN)
		}
		found, err := p.FindTagged(t.Context(), stack, operations)
		require.NoError(t, err)
		for i, o := range operations {
			// Two keys of prod have the same tags; what the state knows is left out of what was found.
			others := slices.DeleteFunc(slices.Clone(found[i]), func(id string) bool { return id == want[i] })
			assert.Contains(t, found[i], want[i], o.URN)
			for _, id := range others {
				assert.True(t, slices.ContainsFunc(d.Resources, func(r apitype.ResourceV3) bool { return string(r.ID) == id }), "%s of %s", id, o.URN)
			}
			assert.True(t, len(others) == 0 || o.Type == "aws:kms/key:Key", "%s: %v", o.URN, found[i])
		}
	}
}

func TestADeployWithRepairsFindsWhatIsThereAndMakesWhatIsNot(t *testing.T) {
	t.Parallel()
	e := frozenStands(t).copied(t, nil)
	p := e.platform()
	var endpoint string
	e.interrupted(t, "dev", func(d *apitype.DeploymentV3) {
		i := slices.IndexFunc(d.Resources, func(r apitype.ResourceV3) bool { return r.Type == "aws:ec2/vpcEndpoint:VpcEndpoint" })
		require.GreaterOrEqual(t, i, 0)
		there := d.Resources[i]
		endpoint = string(there.ID)
		d.Resources = slices.Delete(d.Resources, i, i+1)
		for i := range d.Resources { // nothing can depend on what is not in the state
			r := &d.Resources[i]
			without := func(u resource.URN) bool { return u == there.URN }
			r.Dependencies = slices.DeleteFunc(r.Dependencies, without)
			for key, of := range r.PropertyDependencies {
				r.PropertyDependencies[key] = slices.DeleteFunc(of, without)
			}
		}
		there.ID, there.Outputs = "", nil
		absent := there
		absent.URN = resource.URN(string(there.URN) + "-not")
		absent.Inputs = map[string]any{"vpcId": there.Inputs["vpcId"], "tags": map[string]any{"Name": "nothing has this name"}}
		for _, r := range []apitype.ResourceV3{there, absent} {
			d.PendingOperations = append(d.PendingOperations, apitype.OperationV2{Type: apitype.OperationTypeCreating, Resource: r})
		}
	})
	before := len(e.objects())
	d, err := deploy.Run(t.Context(), p, "dev", deploy.Options{Repair: true})
	require.NoError(t, err, "%v", d.Repaired)
	said := strings.Join(d.Repaired, "\n")
	assert.Contains(t, said, "("+endpoint+") into the state: it exists")
	assert.Contains(t, said, "dropped the pending creation of aws:ec2/vpcEndpoint:VpcEndpoint ")
	assert.Len(t, e.objects(), before, "there is no second one")
	assert.Empty(t, planOf(t, e, "dev"))
}
