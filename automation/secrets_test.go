package automation

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/warehouse"
)

func lines(changes []plan.PropertyChange) []string {
	out := []string{}
	for _, c := range changes {
		out = append(out, string(c.Kind)+" "+c.Path+": "+c.Old+" => "+c.New)
	}
	return out
}

// vault is a program with secrets everywhere: from the configuration, nested, in lists, in documents, in outputs.
func vault(ctx *pulumi.Context) error {
	plain, _ := ctx.GetConfig("warehouse:key")
	key := pulumi.ToSecret(pulumi.String(plain)).(pulumi.StringOutput)
	doc := pulumi.JSONMarshal(pulumi.Map{"user": pulumi.String("me"), "key": key})
	err := ctx.RegisterResource("fake:index:Box", "safe-1", pulumi.Map{
		"colour": pulumi.String("red"), "shape": key, "list": pulumi.Array{pulumi.String("public"), key},
		"nested": pulumi.Map{"user": pulumi.String("me"), "deep": pulumi.Map{"key": key}}, "document": doc, "description": pulumi.Sprintf("the key is %s", key),
	}, &warehouse.Box{})
	ctx.Export("key", key)
	ctx.Export("nested", pulumi.Map{"key": key})
	return err
}

func TestASecretIsNowhereInResultsAndEvents(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.program = vault
	var seen []plan.Event
	observe := func(e plan.Event) { seen = append(seen, e) }
	var results []*plan.Result
	for _, key := range []string{"hunter2-first", "hunter2-second"} {
		r.configure("prod", "key: "+key)
		preview, err := r.Preview(t.Context(), "prod", PreviewOptions{OnEvent: observe})
		require.NoError(t, err)
		up, err := r.Up(t.Context(), "prod", UpOptions{OnEvent: observe})
		require.NoError(t, err)
		refresh, err := r.Refresh(t.Context(), "prod", RefreshOptions{OnEvent: observe})
		require.NoError(t, err)
		results = append(results, preview, up, refresh)
	}
	raw, err := json.Marshal([]any{results, seen})
	require.NoError(t, err)
	for _, never := range []string{"hunter2", sig.Key} {
		i := strings.Index(string(raw), never)
		assert.Negative(t, i, "%s", raw[max(0, i-200):min(len(raw), max(0, i)+100)])
	}

	var changes []plan.PropertyChange
	for _, s := range results[3].Steps {
		if s.Name == "safe-1" {
			changes = s.Properties
			assert.Equal(t, "replace", s.Op)
		}
	}
	assert.Contains(t, changes, plan.PropertyChange{Path: "shape", Kind: plan.PropertyUpdated, Replaces: true, Old: "[secret]", New: "[secret]"})
	assert.Contains(t, lines(changes), `update nested: {deep: {key: [secret]}, user: "me"} => {deep: {key: [secret]}, user: "me"}`)
	assert.Contains(t, lines(changes), `update list: ["public", [secret]] => ["public", [secret]]`)
	assert.Contains(t, lines(changes), "update description: [secret] => [secret]")
}
